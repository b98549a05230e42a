import { forgetOldest } from '../../core/model/bounded.ts';
import { setImmediate } from 'node:timers/promises';
import { join } from 'node:path';
import type { OutputPlace, OutputRef } from '../local/changes.ts';
import { ArchiveWriter, type ArchiveIndex, indexKey, readIndex } from './archive.ts';
import { type Disk, type DiskFile, isMissing } from './disk.ts';
import { archiveName, journalName, type Range, sortNames } from './files.ts';

/** An archive grows no further than to this, so that its index is read in a few milliseconds. */
const ARCHIVE_BYTES_MAX = 64 * 2 ** 20;
/** An archive of which less than this part is still in use is written anew. */
const USED_PART_MIN = 0.75;
/** The indexes of this many archives are kept in memory once they were read. */
const INDEXES_MAX = 4;
/** This many outputs are looked at before pings get through. */
const LOOKED_AT_MAX = 20_000;

/** An archive as this process knows it. One that is written anew is another. */
interface Archive extends Range {
  bytes: number;
}

/** An output whose text is in the log of commits, or was. */
export type OutputInLog = OutputRef & { place: OutputPlace };

export function isInLog(ref: OutputRef): ref is OutputInLog {
  return ref.place !== undefined;
}

/**
 * The texts of outputs that segments of the log of commits held which are gone since. Each is found by the place that
 * it had there.
 */
export class Archives {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #schemaVersion: number;
  /** The archives, oldest first. No two of them hold the same segment. */
  #archives: readonly Archive[] = [];
  /** Says that `#archives` are the archives on disk, by durable names. */
  #isKnown = true;
  /** The indexes that were read last, the latest at the end. */
  readonly #indexes = new Map<Archive, ArchiveIndex>();

  constructor(options: { disk: Disk; directory: string; schemaVersion: number }) {
    this.#disk = options.disk;
    this.#directory = options.directory;
    this.#schemaVersion = options.schemaVersion;
  }

  /** Finds the archives that are there, and removes those that a crash has left. */
  async open(): Promise<void> {
    // Nothing depends on this clean-up, so an archive that cannot be removed is no reason not to start.
    for (const range of await this.#find())
      await this.#disk.remove(join(this.#directory, archiveName(range))).catch(() => undefined);
  }

  /** Finds the archives that are there, beside a Cronflow that may run. Nothing is changed. */
  async openToRead(): Promise<void> {
    await this.#find();
  }

  /**
   * Finds the archives that are there. An archive whose segments all are in another is the trace of a crash: it went
   * into the other, and was not removed.
   * @returns those traces
   */
  async #find(): Promise<Range[]> {
    const found: Archive[] = [];
    const traces: Range[] = [];
    for (const range of sortNames(await this.#disk.list(this.#directory)).archives) {
      const holder = found.at(-1);
      if (holder !== undefined && holder.last >= range.last) {
        traces.push(range);
        continue;
      }
      const bytes = await this.#withFile(archiveName(range), (file) => file.size());
      if (bytes !== null) found.push({ ...range, bytes });
    }
    this.#archives = found;
    return traces;
  }

  /** Reads a text as it stood in its segment. Returns null where it is lost. */
  async read(place: OutputPlace): Promise<Buffer | null> {
    for (let tried: Archive | undefined; ;) {
      const archive = this.#holderOf(place.segment);
      // An archive may be written anew while it is read, and then the new one has the text.
      if (archive === undefined || archive === tried) return null;
      const text = await this.#withFile(archiveName(archive), (file) => this.#textIn(archive, file, place));
      if (text !== null) return text;
      tried = archive;
    }
  }

  /**
   * Moves the outputs out of segments that are about to be removed, and writes archives anew of which much is no longer
   * in use. The segments may be removed once this returns. A segment that an archive holds already is there because its
   * removal was cut short. Its outputs stay in that archive.
   * @param segments the segments, by the numbers of their first commits, ascending
   * @param refs all outputs in the log
   * @throws any error of the disk; then the segments must stay
   */
  async take(segments: readonly number[], refs: Iterable<OutputInLog>): Promise<void> {
    if (!this.#isKnown) await this.#lookAgain();
    try {
      await this.#take(new Set(segments), refs);
    } catch (error) {
      // An archive may have got its name before the call that failed.
      this.#isKnown = false;
      await this.#lookAgain().catch(() => undefined);
      throw error;
    }
  }

  /** Finds the archives once more after a failure. Segments may go only once the names of these are durable. */
  async #lookAgain(): Promise<void> {
    await this.#find();
    await this.#disk.syncDirectory(this.#directory);
    this.#isKnown = true;
  }

  async #take(segments: ReadonlySet<number>, refs: Iterable<OutputInLog>): Promise<void> {
    const { moved, used } = await this.#sorted(segments, refs);
    await this.#move(moved, used);
    for (const [archive, inUse] of used) {
      if (!this.#archives.includes(archive)) continue;
      if (inUse.length === 0) await this.#drop(archive);
      else if (bytesOf(inUse) < archive.bytes * USED_PART_MIN) await this.#write(archive, inUse, [archive]);
    }
  }

  /** Sorts outputs into those that only the segments that go hold, and those of each archive. */
  async #sorted(
    segments: ReadonlySet<number>,
    refs: Iterable<OutputInLog>,
  ): Promise<{ moved: OutputInLog[]; used: Map<Archive, OutputInLog[]> }> {
    const moved: OutputInLog[] = [];
    const used = new Map<Archive, OutputInLog[]>(this.#archives.map((archive) => [archive, []]));
    let count = 0;
    for (const ref of refs) {
      const { segment } = ref.place;
      const archive = this.#holderOf(segment);
      if (archive !== undefined) used.get(archive)!.push(ref);
      else if (segments.has(segment)) moved.push(ref);
      count += 1;
      if (count % LOOKED_AT_MAX === 0) await setImmediate();
    }
    return { moved, used };
  }

  /**
   * Writes outputs of segments into an archive. Archives before it that are not much larger join it, so that there are
   * few of them however often segments go.
   */
  async #move(moved: OutputInLog[], used: ReadonlyMap<Archive, OutputInLog[]>): Promise<void> {
    let bytes = bytesOf(moved);
    if (bytes === 0) return;
    const outputs = [moved];
    const joined: Archive[] = [];
    for (const archive of this.#archives.toReversed()) {
      const inUse = used.get(archive)!;
      const more = bytesOf(inUse);
      if (more > 2 * bytes || bytes + more > ARCHIVE_BYTES_MAX) break;
      bytes += more;
      outputs.push(inUse);
      joined.push(archive);
    }
    // All these outputs are in segments after every archive, because the oldest segments go first.
    const segments = moved.map(({ place }) => place.segment);
    const first = joined.at(-1)?.first ?? least(segments);
    await this.#write({ first, last: greatest(segments) }, outputs.flat(), joined);
  }

  /** Writes an archive in place of others, which are removed. */
  async #write(range: Range, refs: readonly OutputInLog[], replaced: readonly Archive[]): Promise<void> {
    const options = { range, schemaVersion: this.#schemaVersion };
    const writer = await ArchiveWriter.begin(this.#disk, this.#directory, options);
    let bytes: number;
    try {
      for (const [segment, places] of bySegment(refs)) await this.#copy(segment, places, writer);
      bytes = await writer.finish();
    } catch (error) {
      await writer.abandon();
      throw error;
    }
    const others = this.#archives.filter((archive) => !replaced.includes(archive));
    const { first, last } = range;
    this.#archives = [...others, { first, last, bytes }].toSorted((a, b) => a.first - b.first);
    const name = archiveName(range);
    for (const archive of replaced)
      if (archiveName(archive) !== name) await this.#disk.remove(join(this.#directory, archiveName(archive)));
  }

  /** Copies texts of one segment. One that is lost is no reason to keep what holds the others. */
  async #copy(segment: number, places: readonly OutputPlace[], writer: ArchiveWriter): Promise<void> {
    const copied = await this.#withFile(journalName(segment), async (file) => {
      for (const place of places) {
        const text = await slice(file, place);
        if (text !== null) await writer.add(place, text);
      }
      return true;
    });
    if (copied !== null) return;
    for (const place of places) {
      const text = await this.read(place);
      if (text !== null) await writer.add(place, text);
    }
  }

  async #drop(archive: Archive): Promise<void> {
    this.#archives = this.#archives.filter((each) => each !== archive);
    await this.#disk.remove(join(this.#directory, archiveName(archive)));
  }

  #holderOf(segment: number): Archive | undefined {
    // Most outputs are in segments that are still there, after all archives.
    if (segment > (this.#archives.at(-1)?.last ?? 0)) return undefined;
    // Where two hold it, which earlier versions could leave behind, the one that was written later has all of it.
    return this.#archives.findLast(({ first, last }) => first <= segment && segment <= last);
  }

  async #textIn(archive: Archive, file: DiskFile, place: OutputPlace): Promise<Buffer | null> {
    // A file of another size is another archive, and its name is the same.
    if ((await file.size()) !== archive.bytes) return null;
    const index = this.#indexes.get(archive) ?? (await readIndex(file));
    this.#indexes.delete(archive);
    this.#indexes.set(archive, index);
    forgetOldest(this.#indexes, INDEXES_MAX);
    const offset = index.get(indexKey(place));
    return offset === undefined ? null : slice(file, { ...place, offset });
  }

  /** Reads a file of the store. Returns null where there is none. */
  async #withFile<T>(name: string, use: (file: DiskFile) => Promise<T>): Promise<T | null> {
    let file: DiskFile;
    try {
      file = await this.#disk.open(join(this.#directory, name), 'read');
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
    try {
      return await use(file);
    } finally {
      await file.close();
    }
  }
}

/** Reads a part of a file. Returns null where the file ends before. */
export async function slice(file: DiskFile, { offset, bytes }: OutputPlace): Promise<Buffer | null> {
  const text = Buffer.alloc(bytes);
  return (await file.read(text, offset)) === bytes ? text : null;
}

function least(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => Math.min(a, b));
}

function greatest(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => Math.max(a, b));
}

function bytesOf(refs: readonly OutputInLog[]): number {
  return refs.reduce((sum, ref) => sum + ref.place.bytes, 0);
}

/** Returns the places of outputs by segment, in the order in which they stand there. */
function bySegment(refs: readonly OutputInLog[]): [segment: number, places: OutputPlace[]][] {
  const groups = new Map<number, OutputPlace[]>();
  for (const { place } of refs) {
    const group = groups.get(place.segment);
    if (group === undefined) groups.set(place.segment, [place]);
    else group.push(place);
  }
  return [...groups]
    .map(([segment, places]): [number, OutputPlace[]] => [
      segment,
      places.toSorted((a, b) => a.offset - b.offset),
    ])
    .toSorted(([a], [b]) => a - b);
}
