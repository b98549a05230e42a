import { lstat, readlink, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, parse, resolve, sep } from 'node:path';

/** More symbolic links than any file system follows in one path. */
const LINKS_MAX = 40;

/** The places in which changes of files are looked for. */
export interface Watched {
  directories: ReadonlySet<string>;
  /** The entries of these directories that matter. */
  entries: ReadonlySet<string>;
  /** The directories of which every entry matters. */
  searched: ReadonlySet<string>;
  /** A text that changes when a directory is replaced by another one, also by one of the same name. */
  identity: string;
}

/**
 * Finds the directories in which something may change what the files hold, or which files there are.
 * @param searched directories in which files are looked for; they need not exist
 */
export async function placesOf(files: readonly string[], searched: readonly string[]): Promise<Watched> {
  const entries = new Set<string>();
  for (const path of [...files, ...searched]) {
    for (const entry of await entriesOf(path)) entries.add(entry);
  }
  const real = await Promise.all(searched.map((path) => realpath(path).catch(() => null)));
  return identified(entries, new Set(real.filter((path) => path !== null)));
}

/** Finds the directories in which something may change what one file holds. */
export function directoriesOf(path: string): Promise<Watched> {
  return placesOf([path], []);
}

/**
 * Finds the directory entries that decide what a path holds. These are the entry of the file, the entry of every
 * symbolic link on the way, and the entry that each link leads to: a Kubernetes ConfigMap swaps a link two steps away
 * from the file, and a release may be unpacked in the place of the one before. The directory above is one of them,
 * because a directory that is made again is a new one. A path that does not exist is waited for in the nearest
 * directory that does.
 */
async function entriesOf(path: string): Promise<Set<string>> {
  const entries = new Set<string>();
  let rest = resolve(path);
  for (let links = 0; links <= LINKS_MAX; links += 1) {
    const step = await firstLink(rest);
    if (step.missing) {
      entries.add(step.at);
      break;
    }
    if (step.target === null) {
      entries.add(rest);
      break;
    }
    entries.add(step.at);
    // The target of a link may be replaced as a whole, by another entry of the same name.
    entries.add(step.linked);
    rest = step.target;
  }
  for (const above of [dirname(resolve(path)), dirname(rest)]) {
    if (dirname(above) !== above) entries.add(above);
  }
  return entries;
}

/** The first symbolic link of a path, or the first entry that is missing. */
type Step =
  /** `linked` is the target of the link, and `target` is the whole path with the link replaced by that. */
  | { at: string; missing: false; linked: string; target: string }
  | { at: string; missing: boolean; target: null };

async function firstLink(path: string): Promise<Step> {
  const { root } = parse(path);
  const names = path.slice(root.length).split(sep);
  let at = root;
  for (const [i, name] of names.entries()) {
    at = join(at, name);
    try {
      const stats = await lstat(at);
      if (!stats.isSymbolicLink()) continue;
      const linked = resolve(dirname(at), await readlink(at));
      return { at, missing: false, linked, target: join(linked, ...names.slice(i + 1)) };
    } catch {
      return { at, missing: true, target: null };
    }
  }
  return { at, missing: false, target: null };
}

async function identified(entries: Set<string>, searched: Set<string>): Promise<Watched> {
  const directories = new Set([...[...entries].map((entry) => dirname(entry)), ...searched]);
  const identities: string[] = [];
  for (const directory of [...directories].sort()) {
    try {
      // An inode number may be used again at once, so the time of creation is compared, too.
      const { dev, ino, birthtimeMs } = await stat(directory);
      identities.push(`${directory} ${dev}:${ino}:${birthtimeMs}`);
    } catch {
      // The directory has gone meanwhile, as when one above it was made again. The next look finds the new one.
      directories.delete(directory);
    }
  }
  const names = [...entries].map((entry) => `${dirname(entry)} ${basename(entry)}`).sort();
  return { directories, entries, searched, identity: [...identities, ...names, ...searched].join('\n') };
}
