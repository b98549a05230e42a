import { execFile, spawnSync } from 'node:child_process';
import { mkdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { VERSION_BEFORE_FOLDER } from './kept.ts';
import { madeOnce } from './made-once.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * The commit of the version before this one, which instances of this version run beside during an upgrade. It is the
 * first that serves from PostgreSQL. Move it to the commit of a release once the next one is being made: what the
 * database has is then held to that version, and a migration may take away what only older ones needed.
 */
const VERSION_BEFORE = 'de535bb4cb0848c960a51b268a09a2264a040bb3';

/** What of that commit makes a service that tests can start. */
const PARTS = [
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'src',
  'scripts',
  'schemas',
  'assets',
  'test/support/serve-shared.mjs',
  'test/support/serve-here.mjs',
];

/** Says why the version before cannot be built here; null if it can. */
export function missingVersionBefore(): string | null {
  const { status, error } = spawnSync(
    'git',
    ['rev-parse', '--verify', '--quiet', `${VERSION_BEFORE}^{commit}`],
    {
      cwd: ROOT,
      encoding: 'utf8',
    },
  );
  if (error !== undefined) return 'there is no git';
  if (status === 0) return null;
  return `the history of the repository lacks the commit ${VERSION_BEFORE.slice(0, 7)}, as in a shallow clone`;
}

/** Builds the version before, once in a run of the tests, and returns the path of its `serve-shared.mjs`. */
export async function versionBefore(): Promise<string> {
  const folder = join(tmpdir(), VERSION_BEFORE_FOLDER);
  await madeOnce(folder, build);
  return join(folder, 'test/support/serve-shared.mjs');
}

async function build(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const archive = join(folder, 'sources.tar');
  await run('git', ['archive', '--format=tar', '-o', archive, VERSION_BEFORE, '--', ...PARTS], { cwd: ROOT });
  await run('tar', ['-xf', archive], { cwd: folder });
  await rm(archive);
  // It is made and run with the packages that are there, whichever it named.
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  await run(process.execPath, ['scripts/build.mjs', '--no-check'], { cwd: folder });
}
