import { join } from 'node:path';
import type { Logger } from '../../observe/log.ts';
import { type Changes, TABLE_NAMES } from '../local/changes.ts';
import { type TableOptions, Tables } from '../local/tables.ts';
import { Versions } from './before.ts';
import { type Commit, decodeCommit } from './commit-line.ts';
import type { Disk } from './disk.ts';
import { checkHeader, damaged, type JournalHeader, journalName, snapshotName, sortNames } from './files.ts';
import type { Segment } from './journal.ts';
import { type Line, readLines } from './lines.ts';
import type { Migration } from '../local/migrations.ts';
import { readSnapshot } from './snapshot.ts';

export interface Recovered {
  tables: Tables;
  /** The sequence number of the last commit; 0 when there is none. */
  seq: number;
  /** The number of commits that no snapshot holds. */
  replayedCommits: number;
  replayedBytes: number;
  snapshotBytes: number;
  /** The segment in which the journal goes on; null when a new one must be made. */
  segment: Segment | null;
}

interface RecoveryOptions {
  disk: Disk;
  directory: string;
  log: Logger;
  tables: TableOptions;
  migrations: readonly Migration[];
}

/**
 * Reads the newest snapshot and every commit after it. The only fault that it forgives is what a crash leaves behind: a
 * last line of the newest segment that is not whole. Such a line was never acknowledged.
 * @throws CronflowError `store_damaged` for anything else that does not check out
 */
export async function recover(options: RecoveryOptions): Promise<Recovered> {
  const { disk, directory, migrations } = options;
  const names = sortNames(await disk.list(directory));
  for (const name of names.unfinished) await disk.remove(join(directory, name));
  const tables = new Tables(options.tables);
  const versions = new Versions(migrations);
  const snapshotSeq = names.snapshots.at(-1) ?? 0;
  const snapshotBytes =
    snapshotSeq === 0
      ? 0
      : await readSnapshot(
          disk,
          { directory, seq: snapshotSeq },
          tables,
          versions,
          waysFromSnapshot(names.snapshots),
        );
  const needed = segmentsAfter(directory, snapshotSeq, names.journals);
  const replay = new Replay(options, { tables, versions }, snapshotSeq);
  for (const firstSeq of needed) await replay.segment(firstSeq, firstSeq === needed.at(-1));
  // After a kill the names may be in the page cache only, and everything that is read from now on counts as durable.
  await disk.syncDirectory(directory);
  return {
    tables,
    seq: replay.seq,
    replayedCommits: replay.commits,
    replayedBytes: replay.bytes,
    snapshotBytes,
    segment: replay.last,
  };
}

/**
 * Returns the first sequence numbers of the segments that hold the commits after the snapshot.
 * @throws CronflowError `store_damaged` when the first of them is missing, because a segment is begun durably before
 * the snapshot of all segments before it
 */
function segmentsAfter(directory: string, snapshotSeq: number, journals: readonly number[]): number[] {
  const from = journals.indexOf(snapshotSeq + 1);
  if (from !== -1) return journals.slice(from);
  if (snapshotSeq === 0 && journals.length === 0) return [];
  throw missing(directory, snapshotSeq + 1, journalName(snapshotSeq + 1));
}

class Replay {
  /** The sequence number of the last commit that was read. */
  seq: number;
  /** The number of commits that were applied, and their size in bytes. */
  commits = 0;
  bytes = 0;
  last: Segment | null = null;
  readonly #options: RecoveryOptions;
  readonly #tables: Tables;
  readonly #versions: Versions;

  constructor(
    options: RecoveryOptions,
    { tables, versions }: { tables: Tables; versions: Versions },
    snapshotSeq: number,
  ) {
    this.#options = options;
    this.#tables = tables;
    this.#versions = versions;
    this.seq = snapshotSeq;
  }

  async segment(firstSeq: number, newest: boolean): Promise<void> {
    const { disk, directory } = this.#options;
    const name = journalName(firstSeq);
    if (firstSeq !== this.seq + 1) throw missing(directory, this.seq + 1, name);
    const file = await disk.open(join(directory, name), newest ? 'change' : 'read');
    try {
      const fileSize = await file.size();
      // An empty file was made by hand to start without a lost segment. Cronflow itself gives a segment its name
      // together with its header.
      if (newest && fileSize === 0) return;
      const place = { directory, name };
      let size = 0;
      let header: JournalHeader | undefined;
      for await (const line of readLines(file)) {
        const at = { ...place, offset: line.start };
        if (line.fault !== null) {
          if (!newest || line.end !== fileSize || header === undefined)
            throw damaged(at, `a line is damaged (${line.fault})`, this.#waysFrom(name, line.start));
          this.#options.log.warn('dropped the last line of the journal, which a crash left incomplete', {
            file: join(directory, name),
            byte: line.start,
            bytes: line.end - line.start,
          });
          await file.truncate(line.start);
          break;
        }
        size = line.end;
        if (header !== undefined) {
          this.#commit(header.schema_version, line, { ...at, segment: firstSeq });
          continue;
        }
        const ways = this.#waysFrom(name, 0);
        header = checkHeader<JournalHeader>(place, line.value, 'journal', this.#versions.present, ways);
        if (header.first_seq !== firstSeq)
          throw damaged(at, `it begins with commit ${header.first_seq}, but its name says otherwise`, ways);
      }
      if (header === undefined)
        throw damaged({ ...place, offset: 0 }, 'it is empty', this.#waysFrom(name, 0));
      // A killed process may have written the last lines and not synced them.
      if (newest) await file.datasync();
      // Lines of two versions must not meet in one file.
      if (newest && header.schema_version === this.#versions.present)
        this.last = { firstSeq, size, createdAt: header.created_at };
    } finally {
      await file.close();
    }
  }

  /**
   * Applies the commit of a line.
   * @param version the schema version of its segment
   */
  #commit(
    version: number,
    { value, start, end }: Line,
    at: { directory: string; name: string; offset: number; segment: number },
  ): void {
    // What a line changes can be told only where the commits before it are all there.
    const { seq } = value as { seq: number };
    if (seq !== this.seq + 1)
      throw damaged(at, `commit ${seq} follows commit ${this.seq}`, this.#waysFrom(at.name, at.offset));
    this.seq = seq;
    const before = this.#versions.asOf(version, this.#tables);
    const commit = decodeCommit(value, { before, place: { segment: at.segment, offset: start } });
    this.#tables.apply(migrated(commit, version, this.#versions));
    this.commits += 1;
    this.bytes += end - start;
  }

  #waysFrom(name: string, offset: number): string {
    return (
      `Restore the directory from a backup. Or give up every commit after ${this.seq}: cut ${name} to ` +
      `${offset} bytes${offset === 0 ? ' (an empty file)' : ''} and move every later journal and snapshot away.`
    );
  }
}

/** Brings a commit of an earlier version to the present one. */
function migrated(commit: Commit, version: number, versions: Versions): Changes {
  if (version === versions.present) return commit;
  const put: Partial<Record<string, unknown[]>> = {};
  for (const table of TABLE_NAMES)
    put[table] = (commit.put[table] ?? []).map((record) => versions.migrated<object>(version, table, record));
  // A record that changed its key is deleted by the new one.
  const keys = commit.del.meta?.map((key) => versions.migrated(version, 'meta', { key, value: null }).key);
  const del = keys === undefined ? commit.del : { ...commit.del, meta: keys };
  return { put, del, events: commit.events };
}

function missing(directory: string, seq: number, name: string): Error {
  return damaged(
    { directory, name, offset: 0 },
    `the journal with commit ${seq} is missing`,
    `Put it back from a backup. Or give up commit ${seq} and all after it: move every later journal and ` +
      `snapshot away, and make an empty file ${journalName(seq)}.`,
  );
}

/**
 * Says how to start without the newest snapshot. That is possible because the journals after the snapshot before it are
 * kept.
 */
function waysFromSnapshot(snapshots: readonly number[]): string {
  const before = snapshots.at(-2);
  const away = `move ${snapshotName(snapshots.at(-1)!)} away`;
  return before === undefined
    ? `If ${journalName(1)} is still there, ${away}: Cronflow then replays the journals, and nothing is lost. ` +
        'Otherwise restore the directory from a backup.'
    : `To recover, ${away}: Cronflow then starts from ${snapshotName(before)} and replays the journals, and ` +
        'nothing is lost.';
}
