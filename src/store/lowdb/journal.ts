import type { Clock } from '../../clock.ts';
import { join } from 'node:path';
import { CronflowError, errorText } from '../../core/model/errors.ts';
import { type Disk, type DiskFile, writeAll } from './disk.ts';
import { type JournalHeader, journalName, unfinishedName } from './files.ts';
import { encodeLine } from './lines.ts';

/** A segment as recovery left it. */
export interface Segment {
  firstSeq: number;
  /** The end of the last good line in bytes, where the next line goes. */
  size: number;
  createdAt: number;
}

interface JournalOptions {
  disk: Disk;
  directory: string;
  schemaVersion: number;
  /**
   * Is called when a sync failed, because the kernel may have dropped what it could not write, and says so only once.
   * It should not return.
   */
  fatal: (error: Error) => void;
  /** Is told how long each sync of a commit took, in milliseconds; absent, nobody is. */
  sync?: { clock: Clock; note: (durationMs: number) => void };
}

/**
 * The newest segment of the journal, open for appending by one caller at a time.
 *
 * A failed write is undone by cutting the file back, durably, before anyone is told that nothing changed. Otherwise a
 * crash could bring back what was refused. Where the cut fails, too, every append is refused until it works.
 */
export class Journal {
  readonly #options: JournalOptions;
  /** Null until the segment could be made. */
  #file: DiskFile | null;
  #segment: Segment;
  /** Says that there may be bytes on disk beyond `size`. */
  #dirty = false;
  #dead = false;

  private constructor(options: JournalOptions, file: DiskFile | null, segment: Segment) {
    this.#options = options;
    this.#file = file;
    this.#segment = segment;
  }

  /** Returns a segment that is not on disk yet. Nothing can be appended before `begin` has made it. */
  static planned(options: JournalOptions, firstSeq: number, nowAt: number): Journal {
    return new Journal(options, null, { firstSeq, size: 0, createdAt: nowAt });
  }

  static async reopen(options: JournalOptions, segment: Segment): Promise<Journal> {
    const path = join(options.directory, journalName(segment.firstSeq));
    return new Journal(options, await options.disk.open(path, 'change'), segment);
  }

  /** Tells whether a sync has failed, so that nothing is known of what was written last. */
  get isDead(): boolean {
    return this.#dead;
  }

  /** Tells whether the segment is on disk, so that its size is known. */
  get isBegun(): boolean {
    return this.#file !== null;
  }

  get segment(): Readonly<Segment> {
    return this.#segment;
  }

  /**
   * Makes the segment unless it is there. Its directory entry is durable before this returns. A file that stood under
   * its name holds no commit and is replaced.
   * @throws CronflowError `store_unavailable`; then it can be tried again, unless a sync has failed
   */
  async begin(nowAt: number): Promise<void> {
    if (this.#file !== null) return;
    this.refuseWhenDead();
    try {
      const { file, segment } = await createSegment(this.#options, this.#segment.firstSeq, nowAt);
      this.#file = file;
      this.#segment = segment;
    } catch (error) {
      if (error instanceof UnsyncedError) this.#dead = true;
      throw this.#unavailable(errorText(error), error);
    }
  }

  /**
   * Appends one line, which is durable once this returns.
   * @throws CronflowError `store_unavailable`; then the line is not in the journal, now or after a crash
   */
  async append(line: Buffer): Promise<void> {
    this.refuseWhenDead();
    const file = this.#begun();
    if (this.#dirty) await this.#cutBack(file, 'an earlier failure has not been undone');
    try {
      this.#dirty = true;
      await writeAll(file, line, this.#segment.size);
    } catch (error) {
      await this.#cutBack(file, errorText(error));
      throw this.#unavailable(errorText(error), error);
    }
    await this.#sync(file);
    this.#segment = { ...this.#segment, size: this.#segment.size + line.length };
    this.#dirty = false;
  }

  /**
   * Goes on in a new segment. On failure the old one stays in use.
   * @throws any error of the disk
   */
  async rotate(firstSeq: number, nowAt: number): Promise<void> {
    this.refuseWhenDead();
    this.#begun();
    try {
      const { file, segment } = await createSegment(this.#options, firstSeq, nowAt);
      await this.close();
      this.#file = file;
      this.#segment = segment;
    } catch (error) {
      if (error instanceof UnsyncedError) this.#dead = true;
      // Under its name the unfinished segment would stand in the way of the commits that the old segment still takes.
      else await removeIfPossible(this.#options, journalName(firstSeq));
      throw error;
    }
  }

  async close(): Promise<void> {
    // Everything in the file is synced, so an error on closing would be of no use.
    await this.#file?.close().catch(() => undefined);
  }

  #begun(): DiskFile {
    if (this.#file === null) throw new Error('the segment was not begun: a bug');
    return this.#file;
  }

  async #cutBack(file: DiskFile, why: string): Promise<void> {
    try {
      await file.truncate(this.#segment.size);
    } catch (error) {
      throw this.#unavailable(`${why}; and it cannot be cut back: ${errorText(error)}`, error);
    }
    await this.#sync(file);
    this.#dirty = false;
  }

  async #sync(file: DiskFile): Promise<void> {
    const { sync } = this.#options;
    const startedMs = sync?.clock.monotonic() ?? 0;
    try {
      await file.datasync();
      sync?.note(sync.clock.monotonic() - startedMs);
    } catch (error) {
      this.#dead = true;
      const name = journalName(this.#segment.firstSeq);
      const failure = new UnsyncedError(name, error);
      this.#options.fatal(failure);
      throw this.#unavailable(failure.message, failure);
    }
  }

  /**
   * Throws once a sync has failed.
   * @throws CronflowError `store_unavailable`
   */
  refuseWhenDead(): void {
    if (this.#dead) throw this.#unavailable('a sync has failed, so the process must end');
  }

  #unavailable(why: string, cause?: unknown): CronflowError {
    const path = join(this.#options.directory, journalName(this.#segment.firstSeq));
    return new CronflowError('store_unavailable', `Cannot write to ${path}: ${why}`, { cause });
  }
}

/** A sync failed, so what was written may or may not survive, and no later call can tell. */
class UnsyncedError extends Error {
  constructor(name: string, cause: unknown) {
    super(`syncing ${name} failed: ${errorText(cause)}`, { cause });
  }
}

/**
 * Creates a segment. Its header is durable before the file gets its name, and its name before the first commit. So a
 * segment with a broken header is damage and never the trace of a crash.
 */
async function createSegment(
  options: JournalOptions,
  firstSeq: number,
  createdAt: number,
): Promise<{ file: DiskFile; segment: Segment }> {
  const { disk, directory, schemaVersion } = options;
  const header: JournalHeader = {
    cronflow: 'journal',
    schema_version: schemaVersion,
    first_seq: firstSeq,
    created_at: createdAt,
  };
  const line = encodeLine(header);
  const name = journalName(firstSeq);
  const unfinished = join(directory, unfinishedName(name));
  const file = await disk.open(unfinished, 'create');
  try {
    await writeAll(file, line, 0);
    await file.datasync();
    await disk.rename(unfinished, join(directory, name));
  } catch (error) {
    await file.close().catch(() => undefined);
    await removeIfPossible(options, unfinishedName(name));
    throw error;
  }
  try {
    await disk.syncDirectory(directory);
  } catch (error) {
    // The new name is there but may vanish, so neither segment can be written to.
    const failure = new UnsyncedError(directory, error);
    options.fatal(failure);
    throw failure;
  }
  return { file, segment: { firstSeq, size: line.length, createdAt } };
}

async function removeIfPossible({ disk, directory }: JournalOptions, name: string): Promise<void> {
  await disk.remove(join(directory, name)).catch(() => undefined);
}
