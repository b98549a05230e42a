import type { Tables } from '../local/tables.ts';
import type { Disk } from './disk.ts';
import { type SnapshotHeader, snapshotName } from './files.ts';
import { Journal } from './journal.ts';
import { writeSnapshot } from './snapshot.ts';

/**
 * Makes a state the one that a start begins with. It writes first a segment for the commits to come, then the snapshot,
 * which counts once it has its name. The caller holds the lock, and nothing was committed after `header.seq`.
 * @returns the name of the snapshot, or null for a state before the first commit, which needs the segment alone
 */
export async function writeBase(
  disk: Disk,
  directory: string,
  header: Omit<SnapshotHeader, 'cronflow'>,
  tables: Tables,
): Promise<string | null> {
  const { seq, schema_version: schemaVersion, created_at: createdAt } = header;
  const journal = Journal.planned({ disk, directory, schemaVersion, fatal: thrown }, seq + 1, createdAt);
  await journal.begin(createdAt);
  await journal.close();
  if (seq === 0) return null;
  await writeSnapshot(disk, directory, header, tables.packedSnapshot());
  return snapshotName(seq);
}

/** Passes on the error of a sync that failed, because the caller is told and can try again. */
function thrown(error: Error): never {
  throw error;
}
