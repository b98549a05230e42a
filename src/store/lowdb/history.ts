import { join } from 'node:path';
import { CronflowError } from '../../core/model/errors.ts';
import { silentLogger } from '../../observe/log.ts';
import { Tables } from '../local/tables.ts';
import { ReadAgainError } from '../read-again.ts';
import type { LoggedCommit } from './commit-line.ts';
import { Versions } from './before.ts';
import { unusable } from './directory.ts';
import { type Disk, isMissing, realDisk } from './disk.ts';
import {
  checkHeader,
  damaged,
  type JournalHeader,
  journalName,
  type SnapshotHeader,
  snapshotName,
  sortNames,
} from './files.ts';
import { readLines } from './lines.ts';
import { readLog } from './log.ts';
import { MIGRATIONS } from '../local/migrations.ts';
import { recover } from './recovery.ts';
import { readSnapshot } from './snapshot.ts';

/** A writer that changes the directory during each of so many reads leaves nobody else a chance. */
const TRIES_MAX = 20;

/** What people can do where the past cannot be read because of one file. */
const WITHOUT_IT =
  'If Cronflow itself starts with this directory, move the file out of it: then the past is read from a later file on.';

/** A file of a data directory. */
interface Place {
  directory: string;
  name: string;
}

/** The past of a data directory: a state, and every commit since. */
export interface History {
  /** The instant at which the log begins, in milliseconds since the Unix epoch. */
  begin_at: number;
  /** All records as they were at that instant. */
  begin: Tables;
  /** Reads the commits since then, oldest first, as they are asked for. */
  commits(): AsyncGenerator<LoggedCommit>;
}

/**
 * Reads what a data directory holds now, with or without a Cronflow that writes to it. It takes no lock and changes
 * nothing.
 * @throws CronflowError `store_missing` when there is no data; `store_damaged` when the data does not check out
 */
export async function readTables(directory: string, disk: Disk = realDisk): Promise<Tables> {
  await expectData(directory, disk);
  const options = { disk: readOnly(disk), directory, log: silentLogger, migrations: MIGRATIONS };
  return beside(directory, disk, async () => (await recover({ ...options, tables: {} })).tables);
}

/**
 * Opens the log of commits (docs/design.md §3.5) at the oldest state from which it can be replayed.
 * @throws CronflowError `store_missing`; `store_damaged`, also when the log was pruned while it was read
 */
export async function readHistory(directory: string, disk: Disk = realDisk): Promise<History> {
  await expectData(directory, disk);
  return beside(directory, disk, async () => {
    const { journals, snapshots } = sortNames(await disk.list(directory));
    const baseSeq = [0, ...snapshots].find((seq) => journals.includes(seq + 1));
    if (baseSeq === undefined) throw gone(directory, 1);
    return historyFrom(directory, baseSeq, disk);
  });
}

async function historyFrom(directory: string, baseSeq: number, disk: Disk): Promise<History> {
  const begin = new Tables();
  const name = baseSeq === 0 ? journalName(1) : snapshotName(baseSeq);
  const header = await headerOf({ directory, name }, disk);
  if (baseSeq > 0) {
    const place = { directory, seq: baseSeq };
    await readSnapshot(
      disk,
      place,
      begin,
      new Versions(MIGRATIONS),
      'Backtest a shorter time: move it away.',
    );
  }
  return { begin_at: header.created_at, begin, commits: () => commitsAfter(directory, baseSeq, disk) };
}

async function* commitsAfter(directory: string, baseSeq: number, disk: Disk): AsyncGenerator<LoggedCommit> {
  let seq = baseSeq;
  for await (const commit of readLog(directory, disk)) {
    if (commit.seq <= baseSeq) continue;
    if (commit.seq !== seq + 1) throw gone(directory, seq + 1);
    seq = commit.seq;
    yield commit;
  }
}

/**
 * Reads the header of a journal or a snapshot, which is its first line.
 * @throws CronflowError `store_damaged`, also where the file is empty
 */
export async function headerOf(place: Place, disk: Disk): Promise<JournalHeader | SnapshotHeader> {
  const header = await headerIn(place, disk);
  if (header !== null) return header;
  throw damaged({ ...place, offset: 0 }, 'it is empty, and every such file begins with a header', WITHOUT_IT);
}

/**
 * Reads the header of a journal or a snapshot; null where the file is empty, as one is that people made to start without
 * a lost journal.
 * @throws CronflowError `store_damaged`
 */
export async function headerIn(place: Place, disk: Disk): Promise<JournalHeader | SnapshotHeader | null> {
  const file = await disk.open(join(place.directory, place.name), 'read');
  const lines = readLines(file);
  try {
    const first = await lines.next();
    if (first.done === true) return null;
    const { fault, value, start } = first.value;
    if (fault !== null)
      throw damaged({ ...place, offset: start }, `its header is damaged (${fault})`, WITHOUT_IT);
    const kind = place.name.startsWith('journal-') ? 'journal' : 'snapshot';
    return checkHeader<JournalHeader | SnapshotHeader>(place, value, kind, Infinity, WITHOUT_IT);
  } finally {
    await lines.return(undefined);
    await file.close();
  }
}

/**
 * Refuses a directory without data.
 * @throws CronflowError `store_missing`; `store_unusable` where the directory may not be read, or is none
 */
export async function expectData(directory: string, disk: Disk): Promise<void> {
  const names = await disk.list(directory).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw unusable(directory, error);
  });
  if (sortNames(names).journals.length > 0) return;
  throw new CronflowError(
    'store_missing',
    `${directory} holds no data of Cronflow. Name its data directory with --data-dir DIR or CRONFLOW_DATA_DIR.`,
  );
}

/**
 * Reads files beside a Cronflow that may write snapshots and prune old files meanwhile. What does not check out is read
 * again if the names in the directory have changed since, because then it may be whole.
 * @param read lists the directory by itself each time
 * @throws CronflowError `store_damaged` where nothing has changed, or too often; else what an error of the disk means
 */
export async function beside<T>(directory: string, disk: Disk, read: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    const before = await disk.list(directory);
    try {
      return await read();
    } catch (error) {
      const isDamaged = error instanceof CronflowError && error.code === 'store_damaged';
      if (!isDamaged && !isMissing(error)) throw unusable(directory, error);
      const hasChanged = before.toSorted().join() !== (await disk.list(directory)).toSorted().join();
      if (hasChanged && tries < TRIES_MAX) continue;
      if (isDamaged) throw error;
      throw new ReadAgainError(`A file in ${directory} was pruned while it was read.`, { cause: error });
    }
  }
}

export function gone(directory: string, seq: number): CronflowError {
  return new ReadAgainError(
    `The log in ${directory} lacks commit ${seq}: it is damaged, or was pruned meanwhile.`,
  );
}

/** Returns a disk that reads as the given one does and drops every change. */
function readOnly(disk: Disk): Disk {
  return {
    ...disk,
    list: (path) => disk.list(path),
    open: async (path) => {
      const file = await disk.open(path, 'read');
      return {
        size: () => file.size(),
        read: (target, position) => file.read(target, position),
        close: () => file.close(),
        write: async (data) => data.length,
        truncate: async () => {},
        datasync: async () => {},
      };
    },
    makeDirectory: async () => undefined,
    rename: async () => {},
    remove: async () => {},
    removeDirectory: async () => {},
    syncDirectory: async () => {},
  };
}
