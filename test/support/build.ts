import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * Builds `dist/` once before the tests: some start the program as its users do. `npm test` has checked the
 * types by then; where a single file is run in the middle of a change, a type error elsewhere does not matter.
 */
export default function build(): void {
  const { status, stdout } = spawnSync('npm', ['run', '--silent', 'build'], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    encoding: 'utf8',
  });
  if (status !== 0) process.stderr.write(`the build has errors; dist/ may be incomplete:\n${stdout}`);
}
