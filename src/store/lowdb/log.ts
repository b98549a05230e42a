import { join } from 'node:path';
import { type Disk, type DiskFile, isMissing, realDisk } from './disk.ts';
import { journalName, sortNames } from './files.ts';
import { readLines } from './lines.ts';
import { decodeLogged, type LoggedCommit } from './commit-line.ts';

/**
 * Reads the log of commits (docs/design.md §3.5) for backtest and audit, oldest first, as far back as it goes. It needs
 * no lock and changes nothing. It leaves out the line that is being written while it reads, and also damaged lines of
 * the log, since nothing but history depends on them.
 */
export async function* readLog(directory: string, disk: Disk = realDisk): AsyncGenerator<LoggedCommit> {
  const { journals } = sortNames(await disk.list(directory));
  for (const firstSeq of journals) {
    const file = await openExisting(disk, join(directory, journalName(firstSeq)));
    // The segment was pruned meanwhile.
    if (file === null) continue;
    try {
      for await (const line of readLines(file)) {
        // The first line is the header.
        if (line.fault === null && line.start > 0) yield decodeLogged(line.value);
      }
    } finally {
      await file.close();
    }
  }
}

async function openExisting(disk: Disk, path: string): Promise<DiskFile | null> {
  try {
    return await disk.open(path, 'read');
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}
