import type { Adapter } from 'lowdb';
import type { Clock } from '../../clock.ts';
import { CronflowError, errorText } from '../../core/model/errors.ts';
import type { Logger } from '../../observe/log.ts';
import type { Changes, OutputRef } from '../local/changes.ts';
import type { Tables } from '../local/tables.ts';
import { beforeIn } from './before.ts';
import { type Commit, type EncodedCommit, encodeCommit } from './commit-line.ts';
import type { Disk } from './disk.ts';
import { Journal } from './journal.ts';
import { type Migration, schemaVersion } from '../local/migrations.ts';
import { Outputs } from './outputs.ts';
import { prune } from './prune.ts';
import { withoutOutputs } from './without-outputs.ts';
import { recover } from './recovery.ts';
import { hasRoom } from './room.ts';
import { writeSnapshot } from './snapshot.ts';
import { MINUTE_MS } from '../../schedule/units.ts';

/** A snapshot that is due by age and failed is tried again after this time. */
const SNAPSHOT_RETRY_MS = 10 * MINUTE_MS;

/** A start reads a snapshot about this many times faster than a journal of the same size, whose lines are short. */
const READ_FASTER = 4;

/** A start reads over the text of an output this many times faster, at least, than over as many bytes of changes. */
const TEXT_READ_FASTER = 4;

/** The data of lowdb: the tables, which are durable, and the changes that `write` shall add to them. */
export interface Data {
  tables: Tables;
  pending: Pending | null;
}

interface Pending {
  changes: Changes;
  outputTexts: ReadonlyMap<string, string>;
  /** Why the outputs could not be kept, once `write` has committed the changes without them. */
  outputsRefused: string | null;
}

export interface AdapterLimits {
  /**
   * A snapshot is taken when the journal since the last one has grown beyond this and beyond a part of the size of that
   * snapshot.
   */
  snapshotJournalBytes: number;
  /**
   * A segment that has been in use for longer than this is followed by another, so that the log can be pruned by age.
   */
  segmentMsMax: number;
  /** The limits on the log of commits (docs/design.md §3.5). */
  logMsMax: number;
  logBytesMax: number;
  /** The disk that all outputs together may take. */
  outputBytesMax: number;
}

export interface AdapterOptions {
  directory: string;
  clock: Clock;
  log: Logger;
  disk: Disk;
  limits: AdapterLimits;
  migrations: readonly Migration[];
  /** See `TableOptions`. */
  freeze: boolean;
  /** Ends the process after a sync that failed, because the state of the disk is no longer known then. */
  fatal: (error: Error) => void;
  /** Is told how long each sync of a commit took, in milliseconds. */
  onSync?: (durationMs: number) => void;
}

/**
 * The adapter for lowdb (docs/design.md §6). `read` recovers from snapshot and journal. `write` appends the pending
 * changes as one line of the journal and applies them to the tables once the line is durable. Snapshots are taken
 * beside the traffic, from references to records that nobody mutates.
 */
export class JournalAdapter implements Adapter<Data> {
  readonly #options: AdapterOptions;
  readonly #outputs: Outputs;
  #journal: Journal | null = null;
  #seq = 0;
  #commitsSinceSnapshot = 0;
  #bytesSinceSnapshot = 0;
  #snapshotBytes = 0;
  /**
   * The size of the journal at which the next snapshot is due. After a failure that snapshot waits until the journal
   * has grown by as much again.
   */
  #snapshotAtBytes = 0;
  #retryAt = 0;
  #snapshot: Promise<void> | null = null;
  /** The size of the largest commit that was refused since all was well. */
  #refusedBytes = 0;
  /** The size of the last commit. */
  #writtenBytes = 0;

  constructor(options: AdapterOptions) {
    this.#options = options;
    const { disk, directory, migrations } = options;
    this.#outputs = new Outputs({ disk, directory, schemaVersion: schemaVersion(migrations) });
  }

  async read(): Promise<Data> {
    const { onSync, directory, disk, clock, log, limits, migrations, freeze } = this.#options;
    const tableOptions = { freeze, outputBytesMax: limits.outputBytesMax };
    const recovered = await recover({ disk, directory, log, migrations, tables: tableOptions });
    const { tables, segment } = recovered;
    // Until now a line of an earlier version could change a row, and it needs the row as that version knew it.
    tables.runs.beginPacking();
    this.#seq = recovered.seq;
    this.#commitsSinceSnapshot = recovered.replayedCommits;
    this.#bytesSinceSnapshot = recovered.replayedBytes;
    this.#snapshotBytes = recovered.snapshotBytes;
    this.#snapshotAtBytes = this.#nextSnapshotAt(0);
    const journalOptions = {
      disk,
      directory,
      schemaVersion: schemaVersion(migrations),
      fatal: this.#options.fatal,
      ...(onSync === undefined ? {} : { sync: { clock, note: onSync } }),
    };
    this.#journal =
      segment === null
        ? await this.#beginIfPossible(Journal.planned(journalOptions, this.#seq + 1, clock.now()))
        : await Journal.reopen(journalOptions, segment);
    await this.#outputs.open(tables);
    log.info('store opened', { directory, seq: this.#seq, replayed: recovered.replayedCommits });
    // The snapshot makes the next start fast, and it writes anew what a crash left in the page cache alone.
    if (recovered.replayedCommits > 0) await this.#startSnapshot(tables);
    return { tables, pending: null };
  }

  /**
   * Commits the pending changes. Where they cannot be committed with their outputs, they are committed without them.
   * @throws CronflowError `store_unavailable`; nothing changed
   */
  async write(data: Data): Promise<void> {
    const { pending, tables } = data;
    if (pending === null) return;
    const { changes, outputTexts } = pending;
    try {
      await this.#commit(changes, outputTexts, tables);
    } catch (error) {
      const without = this.#open().isDead ? null : withoutOutputs(changes, outputTexts, tables);
      if (without === null) throw error;
      await this.#commit(without, new Map(), tables);
      pending.outputsRefused = errorText(error);
    }
    if (this.#isSnapshotDue()) await this.#startSnapshot(tables);
  }

  async #commit(changes: Changes, outputTexts: ReadonlyMap<string, string>, tables: Tables): Promise<void> {
    const commit: Commit = { seq: this.#seq + 1, at: this.#options.clock.now(), ...changes };
    const journal = this.#open();
    journal.refuseWhenDead();
    const encode = (): EncodedCommit => encoded(commit, outputTexts, { journal, tables });
    let line = encode();
    try {
      if (!journal.isBegun) {
        await journal.begin(this.#options.clock.now());
        line = encode();
      }
      await journal.append(line.line);
    } catch (error) {
      this.#refusedBytes = Math.max(this.#refusedBytes, line.line.length);
      throw error;
    }
    const { length: bytes } = line.line;
    this.#writtenBytes = bytes;
    this.#seq += 1;
    this.#commitsSinceSnapshot += 1;
    this.#bytesSinceSnapshot += bytes - textBytesOf(line.changes) * (1 - 1 / TEXT_READ_FASTER);
    this.#outputs.remove(tables.apply(line.changes));
  }

  /**
   * Tells whether what was refused would be taken now. A small commit that succeeds does not show it: the last bytes
   * of a disk may hold signs of life for hours while every ping with an output is refused.
   */
  async isMended(): Promise<boolean> {
    const { disk, directory } = this.#options;
    const isMended =
      this.#writtenBytes >= this.#refusedBytes ||
      (await hasRoom(disk, directory, this.#seq + 1, this.#refusedBytes));
    if (isMended) this.#refusedBytes = 0;
    return isMended;
  }

  /** The number of the last commit that is durable. */
  get seq(): number {
    return this.#seq;
  }

  output(ref: OutputRef): ReturnType<Outputs['read']> {
    return this.#outputs.read(ref);
  }

  /**
   * Takes a last snapshot if anything was committed since the one before. It never fails, because the journal has
   * everything.
   */
  async close(tables: Tables): Promise<void> {
    await this.#snapshot;
    if (this.#commitsSinceSnapshot > 0) await this.#startSnapshot(tables);
    await this.#snapshot;
    await this.#outputs.close();
    await this.#journal?.close();
    this.#journal = null;
  }

  /** Closes what `read` opened before it failed. */
  async abandon(): Promise<void> {
    await this.#snapshot;
    await this.#journal?.close();
    this.#journal = null;
  }

  /**
   * Begins the segment if the disk lets it. A disk that is full now may have space for the first commit, and until then
   * every commit is refused.
   */
  async #beginIfPossible(journal: Journal): Promise<Journal> {
    try {
      await journal.begin(this.#options.clock.now());
    } catch (error) {
      if (journal.isDead) throw error;
      this.#options.log.warn('nothing can be stored yet', { error: errorText(error) });
    }
    return journal;
  }

  #open(): Journal {
    if (this.#journal === null) throw new CronflowError('stopping', 'The store is closed.');
    return this.#journal;
  }

  #isSnapshotDue(): boolean {
    if (this.#snapshot !== null) return false;
    if (this.#bytesSinceSnapshot > this.#snapshotAtBytes) return true;
    const nowAt = this.#options.clock.now();
    const ageMs = nowAt - this.#open().segment.createdAt;
    return ageMs > this.#options.limits.segmentMsMax && nowAt >= this.#retryAt;
  }

  #nextSnapshotAt(fromBytes: number): number {
    return fromBytes + Math.max(this.#options.limits.snapshotJournalBytes, this.#snapshotBytes / READ_FASTER);
  }

  /**
   * Begins a snapshot of what is committed now, and a new segment with it, so that the snapshot holds exactly the
   * segments before. Resolves when the segment is there, while the snapshot goes on beside the traffic.
   */
  async #startSnapshot(tables: Tables): Promise<void> {
    const { clock, migrations } = this.#options;
    const journal = this.#open();
    const seq = this.#seq;
    try {
      // A snapshot counts only beside the segment that follows it.
      await journal.begin(clock.now());
      if (journal.segment.firstSeq <= seq) await journal.rotate(seq + 1, clock.now());
    } catch (error) {
      this.#snapshotFailed(error);
      return;
    }
    const header = { schema_version: schemaVersion(migrations), seq, created_at: clock.now() };
    this.#snapshot = this.#takeSnapshot(header, tables).finally(() => (this.#snapshot = null));
  }

  async #takeSnapshot(
    header: { schema_version: number; seq: number; created_at: number },
    tables: Tables,
  ): Promise<void> {
    const { disk, directory, clock, limits, log } = this.#options;
    const records = tables.packedSnapshot();
    const bytesBefore = this.#bytesSinceSnapshot;
    const commitsBefore = this.#commitsSinceSnapshot;
    try {
      this.#snapshotBytes = await writeSnapshot(disk, directory, header, records);
      this.#bytesSinceSnapshot -= bytesBefore;
      this.#commitsSinceSnapshot -= commitsBefore;
      this.#snapshotAtBytes = this.#nextSnapshotAt(0);
      log.debug('snapshot written', { seq: header.seq, bytes: this.#snapshotBytes });
    } catch (error) {
      return this.#snapshotFailed(error);
    }
    const moveOutOf = (segments: readonly number[]): Promise<void> =>
      this.#outputs.moveOutOf(segments, tables);
    await prune({ disk, directory, nowAt: clock.now(), ...limits, moveOutOf }).catch((error: unknown) =>
      log.warn('old journals cannot be removed', { error: errorText(error) }),
    );
  }

  #snapshotFailed(error: unknown): void {
    this.#snapshotAtBytes = this.#nextSnapshotAt(this.#bytesSinceSnapshot);
    this.#retryAt = this.#options.clock.now() + SNAPSHOT_RETRY_MS;
    this.#options.log.warn('no snapshot could be written; the journal has everything', {
      error: errorText(error),
    });
  }
}

/** Returns how many bytes of a line are the texts of outputs. */
function textBytesOf({ put: { outputs = [] } }: Changes): number {
  return outputs.reduce((sum, { place }) => sum + (place?.bytes ?? 0), 0);
}

function encoded(
  commit: Commit,
  texts: ReadonlyMap<string, string>,
  { journal: { segment }, tables }: { journal: Journal; tables: Tables },
): EncodedCommit {
  try {
    const place = { segment: segment.firstSeq, offset: segment.size };
    return encodeCommit(commit, texts, { before: beforeIn(tables), place });
  } catch (error) {
    // No string can hold a commit of more than half a gigabyte.
    throw new CronflowError('store_unavailable', `The commit cannot be written: ${errorText(error)}`, {
      cause: error,
    });
  }
}
