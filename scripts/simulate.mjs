// Plays new seeded worlds to Cronflow and prints those in which it is wrong:
//   npm run simulate -- --seeds 1000 --from 1 [--check NAME]
// or plays a month of many hourly jobs, of which every run and message must be as expected:
//   npm run simulate -- --month [--jobs 1000] [--days 31]
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const run = (command, args) => spawnSync(command, args, { cwd: root, stdio: 'inherit' }).status ?? 1;

const built = run('npx', ['tsc', '-p', 'test/simulation/tsconfig.json']);
if (built !== 0) process.exit(built);
process.exitCode = run(process.execPath, [
  '--enable-source-maps',
  // Most objects die young, and room for them saves a month of pings a good part of the garbage collection.
  '--max-semi-space-size=64',
  'build/simulation/test/simulation/simulate.js',
  ...process.argv.slice(2),
]);
