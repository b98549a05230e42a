import { firstOf } from '../core/text/counts.ts';
import type { SourceFile } from './config.ts';
import type { LoadResult } from './load.ts';
import { sha256 } from './read.ts';

/** Changed files are named in the log up to this number. */
const CHANGED_MAX = 5;

/** Remembers the files of the configuration as they were read last, so that the log can say why they were read. */
export class FilesRead {
  #hashes: ReadonlyMap<string, string> = new Map();
  #changed: string | null = null;
  #revision: string | null = null;

  /** The revision of the files; null where they were not valid. */
  get revision(): string | null {
    return this.#revision;
  }

  /** The files that differed from those read before; null where none did, as when only a secret is new. */
  get changed(): string | null {
    return this.#changed;
  }

  /** Notes what the start read, for which there is nothing to compare it with. */
  noteFirst(loaded: LoadResult): void {
    this.note(loaded);
    this.#changed = null;
  }

  /** Notes what was read, and finds the files that are new, different or gone. */
  note(loaded: LoadResult): void {
    this.#revision = loaded.ok ? loaded.config.revision : null;
    const hashes = new Map(filesOf(loaded).map((file) => [file.path, sha256(file.text)]));
    const paths = new Set([...this.#hashes.keys(), ...hashes.keys()]);
    const changed = [...paths].filter((path) => hashes.get(path) !== this.#hashes.get(path));
    this.#changed = changed.length === 0 ? null : firstOf(changed, CHANGED_MAX, ',');
    this.#hashes = hashes;
  }
}

/** Returns the files that could be read. */
export function filesOf(loaded: LoadResult): readonly SourceFile[] {
  return loaded.ok ? loaded.config.files : loaded.files;
}
