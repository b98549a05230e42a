import { join } from 'node:path';
import type { Disk } from './disk.ts';
import { journalName, snapshotName, sortNames } from './files.ts';
import type { JournalHeader } from './files.ts';
import { readLines } from './lines.ts';

/**
 * Removes what is no longer needed: all but the two newest snapshots; and, of the segments that only serve
 * as the log of commits (DESIGN.md §3.5), those too old or too many. The segments after the older of the
 * two snapshots always stay, so that a damaged snapshot can be done without.
 */
export async function prune(options: {
  disk: Disk;
  directory: string;
  nowAt: number;
  logMsMax: number;
  logBytesMax: number;
}): Promise<void> {
  const { disk, directory } = options;
  const { journals, snapshots } = sortNames(await disk.list(directory));
  for (const seq of snapshots.slice(0, -2)) await disk.remove(join(directory, snapshotName(seq)));
  const neededSeq = (snapshots.length < 2 ? 0 : snapshots.at(-2)!) + 1;
  const neededFrom = Math.max(
    0,
    journals.findLastIndex((firstSeq) => firstSeq <= neededSeq),
  );
  const segments = await Promise.all(journals.map((firstSeq) => inspect(disk, directory, firstSeq)));
  let totalBytes = segments.reduce((sum, segment) => sum + segment.bytes, 0);
  for (let i = 0; i < neededFrom; i += 1) {
    // It ended when the next one began.
    const endedAt = segments[i + 1]!.createdAt;
    if (totalBytes <= options.logBytesMax && endedAt >= options.nowAt - options.logMsMax) break;
    await disk.remove(join(directory, journalName(journals[i]!)));
    totalBytes -= segments[i]!.bytes;
  }
}

async function inspect(
  disk: Disk,
  directory: string,
  firstSeq: number,
): Promise<{ bytes: number; createdAt: number }> {
  const file = await disk.open(join(directory, journalName(firstSeq)), 'read');
  try {
    const bytes = await file.size();
    for await (const line of readLines(file)) {
      const header = line.value as Partial<JournalHeader> | undefined;
      // A log segment that is damaged is kept until its place in the order goes.
      return { bytes, createdAt: header?.created_at ?? Infinity };
    }
    return { bytes, createdAt: Infinity };
  } finally {
    await file.close();
  }
}
