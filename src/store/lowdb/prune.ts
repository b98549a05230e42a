import { join } from 'node:path';
import type { Disk } from './disk.ts';
import { type JournalHeader, journalName, type SnapshotHeader, snapshotName, sortNames } from './files.ts';
import { readLines } from './lines.ts';
import { DAY_MS } from '../../schedule/units.ts';

/**
 * Snapshots that only serve the log are at least this far apart, in time or in the size of the journal between them.
 */
const BASE_MS_APART = 7 * DAY_MS;
const BASES_MIN = 8;

interface Base {
  /** The last commit that the snapshot holds, or 0 where the log begins with the first commit of all. */
  seq: number;
  createdAt: number;
  bytes: number;
}

interface Segment {
  firstSeq: number;
  createdAt: number;
  bytes: number;
}

/**
 * Removes files that are no longer needed. The two newest snapshots and every segment after the older of them always
 * stay, so that Cronflow can start without a snapshot that is damaged. Everything older is the log of commits
 * (docs/design.md §3.5). It begins with a snapshot, so that its commits can be replayed from a known state. A few of
 * the later snapshots stay, too: the log can begin with one of them once the snapshot before is too old, or the log too
 * large.
 */
export async function prune(options: {
  disk: Disk;
  directory: string;
  nowAt: number;
  logMsMax: number;
  logBytesMax: number;
  /** Moves what is still in use out of segments, by the numbers of their first commits, so that they may go. */
  moveOutOf: (segments: readonly number[]) => Promise<void>;
}): Promise<void> {
  const { disk, directory } = options;
  const names = sortNames(await disk.list(directory));
  const measureFile = (name: string): ReturnType<typeof measure> => measure(disk, join(directory, name));
  const segments = await Promise.all(
    names.journals.map(async (firstSeq) => ({ firstSeq, ...(await measureFile(journalName(firstSeq))) })),
  );
  const snapshots = await Promise.all(
    names.snapshots.map(async (seq) => ({ seq, ...(await measureFile(snapshotName(seq))) })),
  );
  // As long as the first commit of all is there, the log can begin with it.
  const begin = segments[0]?.firstSeq === 1 ? [{ ...segments[0], seq: 0, bytes: 0 }] : [];
  const places = [...begin, ...snapshots];
  const bases = thinned(places, segments, options.logBytesMax / BASES_MIN);
  while (bases.length > 2 && isOldestSpare(bases, segments, options)) bases.shift();
  const kept = new Set(bases.map((base) => base.seq));
  for (const seq of names.snapshots)
    if (!kept.has(seq)) await disk.remove(join(directory, snapshotName(seq)));
  const going = names.journals.filter((firstSeq) => firstSeq <= (bases[0]?.seq ?? 0));
  await options.moveOutOf(going);
  for (const firstSeq of going) await disk.remove(join(directory, journalName(firstSeq)));
}

/**
 * Tells whether the log should begin with a later snapshot, because it is too large or would go back far enough even
 * then.
 */
function isOldestSpare(
  bases: readonly Base[],
  segments: readonly Segment[],
  limits: { nowAt: number; logMsMax: number; logBytesMax: number },
): boolean {
  if (bases[1]!.createdAt <= limits.nowAt - limits.logMsMax) return true;
  const snapshotBytes = bases.reduce((sum, base) => sum + base.bytes, 0);
  return snapshotBytes + bytesBetween(segments, bases[0]!.seq, Infinity) > limits.logBytesMax;
}

/** Returns the two newest, and of those before them the ones that are far enough from the last one kept. */
function thinned(bases: readonly Base[], segments: readonly Segment[], bytesApart: number): Base[] {
  const kept: Base[] = [];
  for (const base of bases.slice(0, -2)) {
    const last = kept.at(-1);
    // A damaged snapshot does not say when it was made.
    if (Number.isNaN(base.createdAt)) continue;
    const isApart =
      last === undefined ||
      base.createdAt - last.createdAt >= BASE_MS_APART ||
      bytesBetween(segments, last.seq, base.seq) >= bytesApart;
    if (isApart) kept.push(base);
  }
  return [...kept, ...bases.slice(-2)];
}

/** Returns the size of the segments with the commits after one snapshot up to another. */
function bytesBetween(segments: readonly Segment[], afterSeq: number, uptoSeq: number): number {
  return segments
    .filter(({ firstSeq }) => firstSeq > afterSeq && firstSeq <= uptoSeq)
    .reduce((sum, segment) => sum + segment.bytes, 0);
}

async function measure(disk: Disk, path: string): Promise<{ bytes: number; createdAt: number }> {
  const file = await disk.open(path, 'read');
  try {
    const bytes = await file.size();
    for await (const line of readLines(file)) {
      const header = line.value as Partial<JournalHeader | SnapshotHeader> | undefined;
      return { bytes, createdAt: header?.created_at ?? NaN };
    }
    return { bytes, createdAt: NaN };
  } finally {
    await file.close();
  }
}
