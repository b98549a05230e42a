import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type Disk, writeAll } from './disk.ts';
import { journalName, unfinishedName } from './files.ts';

/** No more is tried, however large what was refused: trying must not fill a disk that others use. */
const TRIED_BYTES_MAX = 2 ** 20;

/**
 * Whether the disk takes as many bytes as a commit that it refused had. It is found out by writing them, since only that
 * also sees quotas. A crash meanwhile leaves a file that the next start removes.
 * @param nextSeq of the next commit; no file of the store has the name that this makes
 */
export async function hasRoom(
  disk: Disk,
  directory: string,
  nextSeq: number,
  bytes: number,
): Promise<boolean> {
  const path = join(directory, unfinishedName(journalName(nextSeq)));
  try {
    const file = await disk.open(path, 'create');
    try {
      // Random, since a file system that compresses keeps zeros for nothing.
      await writeAll(file, randomBytes(Math.min(bytes, TRIED_BYTES_MAX)), 0);
      await file.datasync();
    } finally {
      await file.close().catch(() => undefined);
      await disk.remove(path);
    }
    return true;
  } catch {
    return false;
  }
}
