import { lstat, readlink, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, parse, resolve, sep } from 'node:path';

/** More symbolic links than any file system follows. */
const LINKS_MAX = 40;

/** Where to look for changes of files. */
export interface Watched {
  /** Directories to watch. */
  directories: ReadonlySet<string>;
  /** Entries of these directories that matter. */
  entries: ReadonlySet<string>;
  /** Directories of which every entry matters. */
  searched: ReadonlySet<string>;
  /** Changes when a directory is another one than before, though it may have the same name. */
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

/** Where to look for changes of one file. */
export function directoriesOf(path: string): Promise<Watched> {
  return placesOf([path], []);
}

/**
 * Finds the directory entries that decide what a path holds: that of the file, those of every
 * symbolic link on the way and of what it leads to (a Kubernetes ConfigMap swaps a link two steps away from the
 * file; a release may be unpacked in the place of the one before), and the one above, because a directory that is recreated is a new one. What does not exist is waited for in the
 * nearest directory that does.
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
    // What the link leads to may be replaced as a whole, by another of the same name.
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
  /** `linked` is what the link leads to, `target` the whole path with it in the place of the link. */
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
      // An inode may be used again at once, so the time of creation tells, too.
      const { dev, ino, birthtimeMs } = await stat(directory);
      identities.push(`${directory} ${dev}:${ino}:${birthtimeMs}`);
    } catch {
      // Gone meanwhile, as when something above it was recreated: nothing to watch until the next look.
      directories.delete(directory);
    }
  }
  const names = [...entries].map((entry) => `${dirname(entry)} ${basename(entry)}`).sort();
  return { directories, entries, searched, identity: [...identities, ...names, ...searched].join('\n') };
}
