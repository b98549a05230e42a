import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { LoadResult } from '../../../src/config/load.ts';

const run = promisify(execFile);
const LOADER = new URL('../../../dist/config/load.js', import.meta.url).href;
/** That of `nobody` nearly everywhere. */
const NOBODY = 65_534;

/**
 * Loads a configuration in a process that is held to the rights of files: root is not, so where the tests run as root
 * it becomes somebody else once it has read the program.
 */
export async function loadAsAnyone(path: string): Promise<LoadResult> {
  const script = `
    const { loadConfig } = await import(${JSON.stringify(LOADER)});
    // What is read late must be read before.
    await loadConfig('/nowhere/cronflow.yaml', {});
    if (process.getuid?.() === 0) {
      process.setegid(${NOBODY});
      process.seteuid(${NOBODY});
    }
    process.stdout.write(JSON.stringify(await loadConfig(${JSON.stringify(path)}, {})));
  `;
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script]);
  return JSON.parse(stdout) as LoadResult;
}
