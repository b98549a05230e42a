import { systemClock } from '../../clock.ts';
import { silentLogger } from '../../observe/log.ts';
import type { Upgraded } from '../offline.ts';
import { writeBase } from './base.ts';
import { takeDirectory } from './directory.ts';
import { type Disk, realDisk } from './disk.ts';
import { journalName, snapshotName, sortNames } from './files.ts';
import { expectData, headerIn } from './history.ts';
import { acquireLock, type Lock } from './lock.ts';
import { type Migration, MIGRATIONS, schemaVersion } from '../local/migrations.ts';
import { recover } from './recovery.ts';

/**
 * Writes what a data directory holds under the schema version of this Cronflow. A start reads older versions just as
 * well, but some people want to know beforehand that it works. The log of older commits stays as it is.
 * @param nowAt milliseconds since the Unix epoch
 * @throws CronflowError `store_missing`; `store_damaged`, also for a version that is newer; `store_locked`
 */
export async function upgradeStore(options: {
  directory: string;
  nowAt: number;
  disk?: Disk;
  lock?: (directory: string) => Promise<Lock>;
  migrations?: readonly Migration[];
}): Promise<Upgraded> {
  const { directory, nowAt, disk = realDisk, migrations = MIGRATIONS } = options;
  const lock = options.lock ?? ((path: string) => acquireLock(path, systemClock));
  await expectData(directory, disk);
  await takeDirectory(disk, directory);
  const held = await lock(directory);
  try {
    const { tables, seq } = await recover({ disk, directory, log: silentLogger, migrations, tables: {} });
    const to = schemaVersion(migrations);
    const from = await oldestVersion(disk, directory, to);
    const records = [...tables.snapshot()].length;
    if (from === to) return { from, to, records, snapshot: null };
    const header = { schema_version: to, seq, created_at: nowAt };
    return { from, to, records, snapshot: await writeBase(disk, directory, header, tables) };
  } finally {
    await held.release();
  }
}

/**
 * Returns the oldest version among the newest snapshot and the journals after it, which are all that a start reads.
 * @param present the version of a directory whose files are empty
 */
async function oldestVersion(disk: Disk, directory: string, present: number): Promise<number> {
  const { journals, snapshots } = sortNames(await disk.list(directory));
  const newest = snapshots.at(-1) ?? 0;
  const names = [
    ...(newest === 0 ? [] : [snapshotName(newest)]),
    ...journals.filter((firstSeq) => firstSeq > newest).map(journalName),
  ];
  const headers = await Promise.all(names.map((name) => headerIn({ directory, name }, disk)));
  return Math.min(...headers.map((header) => header?.schema_version ?? present));
}
