import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type Disk, writeAll } from './disk.ts';
import { journalName, unfinishedName } from './files.ts';

/** This much is written at a time, so that a large try does not keep pings waiting. */
const CHUNK_BYTES = 2 ** 20;

/**
 * Tells whether the disk takes as many bytes as a commit had that it refused. All of them are written to find out. Only
 * that also sees quotas. And fewer would not do: between bursts of pings, each of which is refused, the store would
 * count as mended, and nobody would be told. A crash meanwhile leaves a file that the next start removes.
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
      const chunk = randomBytes(Math.min(bytes, CHUNK_BYTES));
      for (let position = 0; position < bytes; position += chunk.length)
        await writeAll(file, chunk.subarray(0, bytes - position), position);
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
