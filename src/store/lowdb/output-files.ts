import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { CronflowError } from '../../core/model/errors.ts';
import type { OutputRef } from '../local/changes.ts';
import type { Tables } from '../local/tables.ts';
import type { Output } from '../store.ts';
import { type Disk, isMissing } from './disk.ts';
import { OUTPUTS } from './files.ts';

const NAME_LENGTH_MAX = 200;
const HASH_LENGTH = 16;
/** The names that Cronflow makes: of files, and of directories and files whose id is no harmless name. */
const FILE = new RegExp(`^[=A-Za-z0-9_][A-Za-z0-9._-]*-[0-9a-f]{${HASH_LENGTH}}\\.txt(\\.tmp)?$`);
const HASHED = /^=[0-9a-f]{64}$/;

/** An output in a file of its own. */
export type OutputInFile = OutputRef & { hash: string };

/**
 * The outputs that a Cronflow before schema version 6 has written, each in a file `outputs/JOB/RUN-HASH.txt`. They are
 * read and removed here, and none is added. A file that is missing or cut short is an output that is lost, and no error.
 */
export class OutputFiles {
  readonly #disk: Disk;
  readonly #root: string;
  #removing: Promise<void> = Promise.resolve();

  constructor(disk: Disk, directory: string) {
    this.#disk = disk;
    this.#root = join(directory, OUTPUTS);
  }

  /**
   * Removes files to which no record refers, which are traces of a crash, and the directory once it is empty. It touches
   * only names that Cronflow makes, and nothing through a link.
   * @throws CronflowError `store_unusable`
   */
  async open(tables: Tables): Promise<void> {
    const jobs = await this.#disk.list(this.#root).catch((error: unknown) => {
      if (isMissing(error)) return null;
      throw error;
    });
    if (jobs === null) return;
    const known = new Map<string, Set<string>>();
    for (const ref of tables.outputRefs()) {
      if (!isInFile(ref)) continue;
      const files = known.get(safeName(ref.job_id)) ?? new Set<string>();
      known.set(safeName(ref.job_id), files.add(fileName(ref)));
    }
    for (const job of jobs) {
      const directory = join(this.#root, job);
      if (safeName(job) !== job && !HASHED.test(job)) continue;
      const { kind } = await this.#disk.inspect(directory, 'itself');
      if (kind === 'link') throw linked(directory);
      // Nothing depends on this clean-up, so a file that cannot be removed, or went meanwhile, is no reason not to
      // start.
      if (kind === 'directory') await this.#clean(directory, known.get(job)).catch(() => undefined);
    }
    await this.#removeIfEmpty(this.#root).catch(() => undefined);
  }

  /** Removes the files that are not `known`, and the directory if that leaves it empty. */
  async #clean(directory: string, known: ReadonlySet<string> | undefined): Promise<void> {
    const files = await this.#disk.list(directory);
    const orphans = files.filter((file) => FILE.test(file) && !known?.has(file));
    for (const file of orphans) await this.#disk.remove(join(directory, file));
    if (orphans.length === files.length) await this.#disk.removeDirectory(directory);
  }

  async #removeIfEmpty(directory: string): Promise<void> {
    const names = await this.#disk.list(directory);
    if (names.length === 0) await this.#disk.removeDirectory(directory);
  }

  async read(ref: OutputInFile): Promise<Output | undefined> {
    try {
      const file = await this.#disk.open(this.#path(ref), 'read');
      try {
        const bytes = Buffer.alloc(ref.bytes);
        const length = await file.read(bytes, 0);
        return { text: bytes.toString('utf8', 0, length), dropped_bytes: ref.dropped_bytes };
      } finally {
        await file.close();
      }
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  /** Removes the files some time soon. A file that cannot be removed is left for the next start. */
  remove(refs: readonly OutputRef[]): void {
    const inFiles = refs.filter(isInFile);
    if (inFiles.length > 0) this.#removing = this.#removeAfter(this.#removing, inFiles);
  }

  async #removeAfter(before: Promise<void>, refs: readonly OutputInFile[]): Promise<void> {
    await before;
    for (const ref of refs) await this.#disk.remove(this.#path(ref)).catch(() => undefined);
  }

  /** Waits until nothing is being removed. */
  async close(): Promise<void> {
    await this.#removing;
  }

  #path(ref: OutputInFile): string {
    return join(this.#root, safeName(ref.job_id), fileName(ref));
  }
}

/** Tells whether an output is in a file of its own. */
export function isInFile(ref: OutputRef): ref is OutputInFile {
  return ref.hash !== undefined;
}

function linked(path: string): CronflowError {
  return new CronflowError(
    'store_unusable',
    `Cannot keep data in ${dirname(path)}: ${path} is a symbolic link. Remove it.`,
  );
}

function fileName({ run_id: runId, hash }: OutputInFile): string {
  return `${safeName(runId)}-${hash}.txt`;
}

/**
 * Returns the id itself where it is a harmless file name, as every id is that Cronflow makes, and otherwise its hash.
 */
function safeName(id: string): string {
  if (/^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(id) && id.length <= NAME_LENGTH_MAX) return id;
  return `=${createHash('sha256').update(id).digest('hex')}`;
}
