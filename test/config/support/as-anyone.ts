import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { LoadResult } from '../../../src/config/load.ts';

const run = promisify(execFile);
const LOADER = new URL('../../../dist/config/load.js', import.meta.url).href;
/** That of `nobody` nearly everywhere. */
const NOBODY = 65_534;
const OTHERS_MAY_ENTER = 0o001;

/** Makes a folder that every user may enter and read; where the usual place of temporary folders is private, beside it. */
export function makeOpenFolder(prefix: string): string {
  const place = [tmpdir(), '/tmp', '/var/tmp'].find(mayBeEnteredByAll);
  if (place === undefined)
    throw new Error('no temporary folder that every user may enter: set TMPDIR to one');
  const folder = mkdtempSync(join(place, prefix));
  chmodSync(folder, 0o755);
  return folder;
}

function mayBeEnteredByAll(path: string): boolean {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
  if ((mode & OTHERS_MAY_ENTER) === 0) return false;
  return dirname(path) === path || mayBeEnteredByAll(dirname(path));
}

/**
 * Loads a configuration in a process that is held to the rights of files: root is not, so where the tests run as root
 * the process becomes somebody else. That user may not even enter the folder of the project, so the process reads all
 * of the program while it is still root.
 * @param path in a folder made by `makeOpenFolder`
 */
export async function loadAsAnyone(path: string): Promise<LoadResult> {
  const script = `
    const { loadConfig } = await import(${JSON.stringify(LOADER)});
    if (process.getuid?.() === 0) {
      await loadConfig(${JSON.stringify(path)}, {});
      process.setegid(${NOBODY});
      process.seteuid(${NOBODY});
    }
    process.stdout.write(JSON.stringify(await loadConfig(${JSON.stringify(path)}, {})));
  `;
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script]);
  return JSON.parse(stdout) as LoadResult;
}
