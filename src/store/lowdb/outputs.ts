import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { CronflowError } from '../../core/model/errors.ts';
import { OUTPUT_HASH_LENGTH, type OutputRef } from '../local/changes.ts';
import type { Tables } from '../local/tables.ts';
import type { Output } from '../store.ts';
import { type Disk, isFull, isMissing, writeAll } from './disk.ts';
import { OUTPUTS } from './files.ts';

const NAME_LENGTH_MAX = 200;
const PROBE = '=probe';
/** The names that Cronflow makes: of files, and of directories and files whose id is no harmless name. */
const FILE = new RegExp(`^[=A-Za-z0-9_][A-Za-z0-9._-]*-[0-9a-f]{${OUTPUT_HASH_LENGTH}}\\.txt(\\.tmp)?$`);
const HASHED = /^=[0-9a-f]{64}$/;

/**
 * Keeps the output of each run in a file `outputs/JOB/RUN-HASH.txt`. The records say which outputs there are. A file
 * that is missing or cut short is an output that is lost, and no error.
 */
export class OutputFiles {
  readonly #disk: Disk;
  readonly #root: string;
  /** The directories that are known to exist durably. */
  readonly #directories = new Set<string>();
  /** True once the directory that holds all outputs exists durably. */
  #hasRoot = false;
  #removing: Promise<void> = Promise.resolve();

  constructor(disk: Disk, directory: string) {
    this.#disk = disk;
    this.#root = join(directory, OUTPUTS);
  }

  /**
   * Removes files to which no record refers, which are traces of a crash. It touches only names that Cronflow makes,
   * and nothing through a link. On a full disk the first output makes the directory.
   * @throws CronflowError `store_unusable`
   */
  async open(tables: Tables): Promise<void> {
    try {
      await this.#makeRoot();
    } catch (error) {
      if (isFull(error)) return;
      throw error;
    }
    const known = new Map<string, Set<string>>();
    for (const { job_id, run_id, hash } of tables.outputRefs()) {
      const files = known.get(safeName(job_id)) ?? new Set<string>();
      known.set(safeName(job_id), files.add(fileName(run_id, hash)));
    }
    for (const job of await this.#disk.list(this.#root)) {
      const directory = join(this.#root, job);
      if (safeName(job) !== job && !HASHED.test(job)) continue;
      const { kind } = await this.#disk.inspect(directory, 'itself');
      if (kind === 'link') throw linked(directory);
      if (kind !== 'directory') continue;
      // Nothing depends on this clean-up, so a file that cannot be removed, or went meanwhile, is no reason not to
      // start.
      const isUsed = await this.#clean(directory, known.get(job)).catch(() => false);
      if (isUsed) this.#directories.add(directory);
    }
  }

  /**
   * Removes the files that are not `known`, and the directory if that leaves it empty. Returns whether the directory
   * stays.
   */
  async #clean(directory: string, known: ReadonlySet<string> | undefined): Promise<boolean> {
    const files = await this.#disk.list(directory);
    const orphans = files.filter((file) => FILE.test(file) && !known?.has(file));
    for (const file of orphans) await this.#disk.remove(join(directory, file));
    if (orphans.length < files.length) return true;
    await this.#disk.removeDirectory(directory);
    return false;
  }

  /** Writes the outputs, which are durable once this returns. */
  async write(outputs: readonly { ref: OutputRef; text: string }[]): Promise<void> {
    if (outputs.length === 0) return;
    await this.#removing;
    await this.#makeRoot();
    const directories = new Set(outputs.map(({ ref }) => dirname(this.#path(ref))));
    const made = [...directories].filter((directory) => !this.#directories.has(directory));
    for (const directory of made) await this.#disk.makeDirectory(directory);
    await Promise.all(outputs.map(({ ref, text }) => this.#writeOne(this.#path(ref), Buffer.from(text))));
    await Promise.all(Array.from(directories, (directory) => this.#disk.syncDirectory(directory)));
    if (made.length > 0) await this.#disk.syncDirectory(this.#root);
    for (const directory of made) this.#directories.add(directory);
  }

  /** Tells whether an output of this size can be written. It is written to find out, and removed. */
  async canWrite(bytes: number): Promise<boolean> {
    const path = join(this.#root, PROBE);
    try {
      await this.#makeRoot();
      await this.#writeOne(path, Buffer.alloc(bytes, 'x'));
      await this.#disk.remove(path);
      return true;
    } catch {
      return false;
    }
  }

  async read(ref: OutputRef): Promise<Output | undefined> {
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
    if (refs.length === 0) return;
    this.#removing = this.#removeAfter(this.#removing, refs);
  }

  async #removeAfter(before: Promise<void>, refs: readonly OutputRef[]): Promise<void> {
    await before;
    for (const ref of refs) await this.#disk.remove(this.#path(ref)).catch(() => undefined);
  }

  /** Waits until nothing is being removed. */
  async close(): Promise<void> {
    await this.#removing;
  }

  /**
   * Writes a file under another name first, so that the file that was there stays whole until the new text is complete.
   */
  async #writeOne(path: string, bytes: Buffer): Promise<void> {
    const unfinished = `${path}.tmp`;
    const file = await this.#disk.open(unfinished, 'create');
    try {
      await writeAll(file, bytes, 0);
      await file.datasync();
    } catch (error) {
      await file.close().catch(() => undefined);
      await this.#disk.remove(unfinished).catch(() => undefined);
      throw error;
    }
    await file.close();
    await this.#disk.rename(unfinished, path);
  }

  /**
   * Makes the directory of outputs. It is synced even if it is there, because an earlier try may have made it and come
   * no further.
   */
  async #makeRoot(): Promise<void> {
    if (this.#hasRoot) return;
    await this.#disk.makeDirectory(this.#root);
    await this.#disk.syncDirectory(dirname(this.#root));
    this.#hasRoot = true;
  }

  #path(ref: OutputRef): string {
    return join(this.#root, safeName(ref.job_id), fileName(ref.run_id, ref.hash));
  }
}

function linked(path: string): CronflowError {
  return new CronflowError(
    'store_unusable',
    `Cannot keep data in ${dirname(path)}: ${path} is a symbolic link. Remove it.`,
  );
}

function fileName(runId: string, hash: string): string {
  return `${safeName(runId)}-${hash}.txt`;
}

/**
 * Returns the id itself where it is a harmless file name, as every id is that Cronflow makes, and otherwise its hash.
 */
function safeName(id: string): string {
  if (/^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(id) && id.length <= NAME_LENGTH_MAX) return id;
  return `=${createHash('sha256').update(id).digest('hex')}`;
}
