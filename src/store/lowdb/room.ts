import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type Disk, writeAll } from './disk.ts';
import { journalName, unfinishedName } from './files.ts';

/**
 * No more than this is written, however large the refused commit was, because the try must not fill a disk that others
 * use.
 */
const TRIED_BYTES_MAX = 2 ** 20;

/**
 * Tells whether the disk takes as many bytes as a commit had that it refused. The bytes are written to find out, since
 * only that also sees quotas. A crash meanwhile leaves a file that the next start removes.
 * @param nextSeq the number of the next commit; no file of the store has the name that this makes
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
      // The bytes are random, since a file system that compresses stores zeros in no space.
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
