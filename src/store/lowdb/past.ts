import { join } from 'node:path';
import type { TableName } from '../local/changes.ts';
import { pastRecordsIn } from '../local/past-records.ts';
import { Tables } from '../local/tables.ts';
import type { ReadBudget } from '../read-budget.ts';
import type { Past, PastEvent, PastRecords } from '../store.ts';
import { Versions } from './before.ts';
import { decodeLogged } from './commit-line.ts';
import { type Disk, type DiskFile, isMissing } from './disk.ts';
import { damaged, journalName, type SnapshotHeader, snapshotName, sortNames } from './files.ts';
import { beside, expectData, gone, headerOf } from './history.ts';
import { JSON_OFFSET, readLines, type Selection } from './lines.ts';
import { MIGRATIONS } from '../local/migrations.ts';
import { shortName } from './packing.ts';
import { type SnapshotLine, unpackedRecords } from './snapshot.ts';

/** How the past of a job is read. */
export interface PastReading {
  disk: Disk;
  directory: string;
  budget: ReadBudget;
  /** The last commit that counts; absent where nobody writes, or where all that is on disk counts. */
  uptoSeq?: number;
}

/** The tables of a snapshot that say something of one job's past. */
const TABLES: ReadonlySet<string> = new Set<TableName>(['jobs', 'runs', 'incidents', 'meta']);

/**
 * Reads the past of one job, as `Store.past` says, from the files of a data directory. It takes no lock and changes
 * nothing. Lines without the id of the job are passed over unread, so that a gigabyte takes about a second.
 * @throws CronflowError `store_missing`, `store_damaged`, `overloaded`
 */
export async function readPast(jobId: string, fromAt: number, reading: PastReading): Promise<Past> {
  const { directory, disk } = reading;
  await expectData(directory, disk);
  return beside(directory, disk, () => pastFrom(jobId, fromAt, reading));
}

async function pastFrom(jobId: string, fromAt: number, reading: PastReading): Promise<Past> {
  const { directory, disk } = reading;
  const { journals, snapshots } = sortNames(await disk.list(directory));
  const seqs = [0, ...snapshots].filter((seq) => journals.includes(seq + 1));
  const bases = await Promise.all(
    seqs.map(async (seq) => {
      const name = seq === 0 ? journalName(1) : snapshotName(seq);
      return { seq, at: (await headerOf({ directory, name }, disk)).created_at };
    }),
  );
  const [oldest] = bases;
  if (oldest === undefined) throw gone(directory, 1);
  const base = bases.findLast(({ at }) => at <= fromAt) ?? oldest;
  return {
    log_from_at: oldest.at,
    begin_at: base.at,
    begin: base.seq === 0 ? null : await recordsIn(base.seq, jobId, reading),
    events: () => eventsAfter(base.seq, jobId, reading),
  };
}

/** Reads what a snapshot holds of one job. */
async function recordsIn(seq: number, jobId: string, reading: PastReading): Promise<PastRecords | null> {
  const { disk, directory } = reading;
  const name = snapshotName(seq);
  const file = await disk.open(join(directory, name), 'read');
  const id = Buffer.from(JSON.stringify(jobId));
  const meta = Buffer.from('["meta",');
  const wants = (line: Buffer): boolean =>
    line.includes(id) || line.subarray(JSON_OFFSET, JSON_OFFSET + meta.length).equals(meta);
  const put: Record<string, unknown[]> = {};
  const versions = new Versions(MIGRATIONS);
  try {
    const header = (await headerOf({ directory, name }, disk)) as SnapshotHeader;
    for await (const line of readLines(file, selection(reading, wants))) {
      if (line.fault !== null)
        throw damaged(
          { directory, name, offset: line.start },
          `a line is damaged (${line.fault})`,
          'Ask for a later instant.',
        );
      for (const [table, record] of unpackedRecords(line.value as SnapshotLine)) {
        if (TABLES.has(table))
          (put[table] ??= []).push(versions.migrated(header.schema_version, table, record));
      }
    }
  } finally {
    await file.close();
  }
  const tables = new Tables();
  tables.apply({ put, del: {}, events: [] });
  return pastRecordsIn(tables, jobId);
}

/** Reads the events of one job in the commits after one. */
async function* eventsAfter(baseSeq: number, jobId: string, reading: PastReading): AsyncGenerator<PastEvent> {
  const { disk, directory, uptoSeq = Infinity } = reading;
  // Lines of earlier versions have the id as it is.
  const names = [...new Set([shortName(jobId), jobId])].map((name) => Buffer.from(JSON.stringify(name)));
  const wants = (line: Buffer): boolean => names.some((name) => line.includes(name));
  const { journals } = sortNames(await disk.list(directory));
  if (!journals.includes(baseSeq + 1)) throw gone(directory, baseSeq + 1);
  for (const firstSeq of journals.filter((each) => each > baseSeq)) {
    if (firstSeq > uptoSeq) return;
    const file = await openKept(disk, directory, firstSeq);
    try {
      for await (const line of readLines(file, selection(reading, wants))) {
        // A damaged line of the log is left out, since nothing but history depends on it.
        if (line.fault !== null || line.start === 0) continue;
        const { seq, at, events } = decodeLogged(line.value, jobId);
        if (seq > uptoSeq) return;
        for (const { event } of events) yield { at, event };
      }
    } finally {
      await file.close();
    }
  }
}

function selection({ budget }: PastReading, wants: Selection['wants']): Selection {
  return { wants, spend: (bytes) => budget.spend(bytes) };
}

async function openKept(disk: Disk, directory: string, firstSeq: number): Promise<DiskFile> {
  try {
    return await disk.open(join(directory, journalName(firstSeq)), 'read');
  } catch (error) {
    if (isMissing(error)) throw gone(directory, firstSeq);
    throw error;
  }
}
