import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import type picomatch from 'picomatch';
import type { Fault } from '../core/model/errors.ts';
import { unreadable } from './read.ts';

const FILES_MAX = 1_000;
const DIRECTORIES_MAX = 1_000;

/** The files that one item of `include` stands for. */
export interface Included {
  /** Index of the item in `include`. */
  item: number;
  path: string;
  /** True for an item without a pattern: its file must exist, whereas a pattern only finds files that are there. */
  isLiteral: boolean;
}

/** The files that `include` stands for at a moment. */
export interface Expansion {
  /**
   * The files in the order of the items; those of one pattern are sorted by name. Each file comes once, and the
   * including file never.
   */
  files: Included[];
  /** The directories that were searched: a file that appears in them may belong to the configuration. */
  directories: string[];
  /**
   * Directories that could not be searched, so that jobs might be missing. These faults have no line, because no file
   * is to blame.
   */
  faults: Fault[];
}

/**
 * Finds the files that `include` names (docs/design.md §5). `*`, `?`, `[abc]` and `{a,b}` stand for parts of one name,
 * `**` for any directories; none of them finds hidden files, such as those of editors.
 * @param main the including file: relative items start from its directory
 */
export async function expandIncludes(main: string, items: readonly string[]): Promise<Expansion> {
  if (items.length === 0) return { files: [], directories: [], faults: [] };
  // The library is loaded only here, because most configurations include nothing.
  const { default: globs } = await import('picomatch');
  const search = new Search(main, globs);
  for (const [item, text] of items.entries()) await search.add(item, text);
  return search;
}

class Search implements Expansion {
  readonly files: Included[] = [];
  readonly directories: string[] = [];
  readonly faults: Fault[] = [];
  readonly #main: string;
  readonly #known: Set<string>;
  readonly #globs: typeof picomatch;
  readonly #entries = new Map<string, readonly Dirent[]>();

  constructor(main: string, globs: typeof picomatch) {
    this.#globs = globs;
    this.#main = main;
    this.#known = new Set([resolve(main)]);
  }

  async add(item: number, text: string): Promise<void> {
    const base = isAbsolute(text) ? '/' : dirname(this.#main);
    const names = text.split('/').filter((name) => name !== '' && name !== '.');
    const first = names.findIndex((name) => this.#globs.scan(name).isGlob);
    if (first === -1) {
      this.#found({ item, path: join(base, ...names), isLiteral: true });
      return;
    }
    const paths = new Set<string>();
    await this.#walk(join(base, ...names.slice(0, first)), names.slice(first), paths);
    for (const path of [...paths].sort()) this.#found({ item, path, isLiteral: false });
  }

  #found(included: Included): void {
    const id = resolve(included.path);
    if (this.#known.has(id)) return;
    this.#known.add(id);
    if (this.files.length < FILES_MAX) this.files.push(included);
    else this.#limit(`"include" finds more than ${FILES_MAX} files`);
  }

  /** Adds to `paths` the files that the names find below a directory. */
  async #walk(directory: string, names: readonly string[], paths: Set<string>): Promise<void> {
    const [name = '', ...rest] = names;
    if (name === '**') {
      await this.#walk(directory, rest.length === 0 ? ['*'] : rest, paths);
      // `**` does not follow links to directories, because these may lead round in circles.
      for (const entry of await this.#entriesOf(directory)) {
        if (entry.isDirectory() && !entry.name.startsWith('.')) {
          await this.#walk(join(directory, entry.name), names, paths);
        }
      }
      return;
    }
    const matches = this.#globs(name, { nonegate: true });
    for (const entry of await this.#entriesOf(directory)) {
      if (!matches(entry.name)) continue;
      const path = join(directory, entry.name);
      const isDirectory = entry.isDirectory() || (entry.isSymbolicLink() && (await leadsToDirectory(path)));
      if (rest.length > 0 && isDirectory) await this.#walk(path, rest, paths);
      else if (rest.length === 0 && !isDirectory) paths.add(path);
    }
  }

  async #entriesOf(directory: string): Promise<readonly Dirent[]> {
    const known = this.#entries.get(directory);
    if (known !== undefined) return known;
    if (this.directories.length === DIRECTORIES_MAX) {
      this.#limit(`"include" searches more than ${DIRECTORIES_MAX} directories`);
      return [];
    }
    this.directories.push(directory);
    const entries = await readdir(directory, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) =>
      this.#unsearched(directory, error.code ?? 'unknown error'),
    );
    this.#entries.set(directory, entries);
    return entries;
  }

  /** Tells of a directory that cannot be read, because it may have files. A directory that is not there has none. */
  #unsearched(directory: string, code: string): [] {
    if (code !== 'ENOENT' && code !== 'ENOTDIR') {
      this.faults.push({ code: 'file_unreadable', path: '', message: unreadable(code), file: directory });
    }
    return [];
  }

  #limit(message: string): void {
    if (this.faults.some((fault) => fault.message === message)) return;
    this.faults.push({ code: 'include_limit', path: 'include', message, file: this.#main });
  }
}

async function leadsToDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}
