// Runs the checks that need no test beside each other, `npm run check`: format, types, lint and unused code. Each
// leaves a core idle for seconds, so together they take two thirds of the time. The output of each is printed whole
// once it has ended. Ends with 1 if any check fails.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
/** The slowest is started first. */
const CHECKS = ['check:format', 'check:lint', 'check:types', 'check:unused'];

const codes = await Promise.all(CHECKS.map(check));
process.exitCode = codes.every((code) => code === 0) ? 0 : 1;

function check(name) {
  return new Promise((resolve, reject) => {
    const child = spawn('npm', ['run', '--silent', name], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    const said = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => said.push(chunk));
    child.once('error', reject);
    child.once('close', (code, signal) => {
      process.stdout.write(`> ${name}${code === 0 ? '' : `: failed (${signal ?? code})`}\n`);
      process.stdout.write(Buffer.concat(said));
      resolve(code);
    });
  });
}
