import { spawnSync } from 'node:child_process';
import { accessSync, chmodSync, constants, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { KEPT, OF_PLAYWRIGHT } from './kept.ts';
import { WAIT_LIMIT_MS } from './limits.ts';
import { SHARED_SOCKET, shareServer } from './postgres/shared.ts';
import { processesOf } from './processes.ts';

/**
 * Runs once around all tests. The program is built before them, because some tests start it as its users do. All
 * temporary folders of the run lie in one, so that after the last test the run can tell which files or processes were
 * left behind, and fail for them.
 */
export default function wholeRun(): () => Promise<void> {
  build();
  const folder = mkdtempSync(join(tmpdir(), 'cronflow-tests-'));
  // Tests that act as another user have folders of their own in it.
  chmodSync(folder, 0o711);
  process.env.TMPDIR = folder;
  process.env.PATH = searchable(process.env.PATH ?? '');
  process.env[SHARED_SOCKET] = join(folder, 'postgres');
  const endSharedServer = shareServer(process.env[SHARED_SOCKET]);
  return async () => {
    await endSharedServer();
    const left = [...(await endProcesses(folder)), ...filesIn(folder)];
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    // A listing loads the files and runs no hook, so everything that a file makes as it is loaded stays.
    if (left.length === 0 || process.argv.includes('list')) return;
    // An error alone would be printed and forgotten.
    process.exitCode = 1;
    throw new Error(`the tests left behind:\n  ${left.join('\n  ')}`);
  };
}

/**
 * Leaves out folders that this user may not enter, as root's own are for another user. With such a folder in PATH, a
 * command that is nowhere ends with 127 in one shell and with 126 in another, and tests name the code.
 */
function searchable(path: string): string {
  return path.split(delimiter).filter(mayEnter).join(delimiter);
}

function mayEnter(folder: string): boolean {
  try {
    accessSync(folder, constants.X_OK);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'EACCES';
  }
}

/**
 * Builds the program without checking types. `npm test` has checked them by then, and where a single file is run in the
 * middle of a change, a type error elsewhere does not matter.
 */
function build(): void {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/build.mjs', '--no-check'], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    encoding: 'utf8',
  });
  if (status !== 0) process.stderr.write(`the build has errors, and dist/ is an older one:\n${stderr}`);
}

function filesIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => !KEPT.has(name) && !name.startsWith(OF_PLAYWRIGHT));
}

/** Waits for processes that are just ending, and ends those that stay. */
async function endProcesses(folder: string): Promise<string[]> {
  const giveUpAt = performance.now() + WAIT_LIMIT_MS / 10;
  let running = processesOf(folder);
  while (running.length > 0 && performance.now() < giveUpAt) {
    await sleep(50);
    running = processesOf(folder);
  }
  for (const { pid } of running) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has just ended by itself.
    }
  }
  return running.map(({ pid, command }) => `process ${pid}: ${command}`);
}
