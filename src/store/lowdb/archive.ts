import { join } from 'node:path';
import type { OutputPlace } from '../local/changes.ts';
import { type Disk, type DiskFile, writeAll } from './disk.ts';
import { type ArchiveHeader, archiveName, type Range, unfinishedName } from './files.ts';
import { decodeLine, encodeLine } from './lines.ts';

/**
 * An archive holds the outputs that segments of the log of commits held which are gone since: a header, the texts as
 * they stood in the segments, one a line, and an index. The last line says where the index begins.
 */

/** This much is written at a time, and synced at a time, for the same reasons as with a snapshot. */
const CHUNK_BYTES = 128 * 1024;
const SYNC_BYTES = 4 * 2 ** 20;
const TRAILER_DIGITS = 16;
const TRAILER_BYTES = TRAILER_DIGITS + 1;
const LINE_FEED = Buffer.from('\n');

/** The index of an archive as its file holds it: segment, offset in the segment, offset here, again and again. */
type Index = number[];

/** Writes an archive under an unfinished name, which counts once `finish` has given it its own. */
export class ArchiveWriter {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #range: Range;
  readonly #file: DiskFile;
  readonly #index: Index = [];
  #chunk: Buffer[] = [];
  #chunkBytes = 0;
  #position = 0;
  #syncedBytes = 0;

  private constructor(disk: Disk, directory: string, range: Range, file: DiskFile) {
    this.#disk = disk;
    this.#directory = directory;
    this.#range = range;
    this.#file = file;
  }

  /** @throws any error of the disk */
  static async begin(
    disk: Disk,
    directory: string,
    { range, schemaVersion }: { range: Range; schemaVersion: number },
  ): Promise<ArchiveWriter> {
    const file = await disk.open(join(directory, unfinishedName(archiveName(range))), 'create');
    const writer = new ArchiveWriter(disk, directory, range, file);
    const header: ArchiveHeader = { cronflow: 'outputs', schema_version: schemaVersion, ...range };
    await writer.#write(encodeLine(header));
    return writer;
  }

  /**
   * Adds a text.
   * @param json the text as it stood in its segment
   * @throws any error of the disk
   */
  async add({ segment, offset }: Omit<OutputPlace, 'bytes'>, json: Buffer): Promise<void> {
    this.#index.push(segment, offset, this.#position + this.#chunkBytes);
    await this.#write(json);
    await this.#write(LINE_FEED);
  }

  /**
   * Makes the archive durable and gives it its name.
   * @returns its size in bytes
   * @throws any error of the disk
   */
  async finish(): Promise<number> {
    const indexAt = this.#position + this.#chunkBytes;
    await this.#write(encodeLine(this.#index));
    await this.#write(Buffer.from(`${String(indexAt).padStart(TRAILER_DIGITS, '0')}\n`));
    await this.#flush();
    await this.#file.datasync();
    await this.#file.close();
    const name = archiveName(this.#range);
    await this.#disk.rename(join(this.#directory, unfinishedName(name)), join(this.#directory, name));
    await this.#disk.syncDirectory(this.#directory);
    return this.#position;
  }

  /** Removes what was written. */
  async abandon(): Promise<void> {
    await this.#file.close().catch(() => undefined);
    const name = unfinishedName(archiveName(this.#range));
    await this.#disk.remove(join(this.#directory, name)).catch(() => undefined);
  }

  async #write(data: Buffer): Promise<void> {
    this.#chunk.push(data);
    this.#chunkBytes += data.length;
    if (this.#chunkBytes >= CHUNK_BYTES) await this.#flush();
  }

  async #flush(): Promise<void> {
    await writeAll(this.#file, Buffer.concat(this.#chunk), this.#position);
    this.#position += this.#chunkBytes;
    this.#chunk = [];
    this.#chunkBytes = 0;
    if (this.#position - this.#syncedBytes < SYNC_BYTES) return;
    await this.#file.datasync();
    this.#syncedBytes = this.#position;
  }
}

/** Maps each output of an archive to its offset there. */
export type ArchiveIndex = ReadonlyMap<string, number>;

export function indexKey({ segment, offset }: Omit<OutputPlace, 'bytes'>): string {
  return `${segment}:${offset}`;
}

/** Reads the index of an archive. An archive that is damaged holds nothing. */
export async function readIndex(file: DiskFile): Promise<ArchiveIndex> {
  const size = await file.size();
  const trailer = Buffer.alloc(TRAILER_BYTES);
  await file.read(trailer, Math.max(0, size - TRAILER_BYTES));
  const digits = trailer.toString('latin1', 0, TRAILER_DIGITS);
  const indexAt = Number(digits);
  const bytes = size - TRAILER_BYTES - LINE_FEED.length - indexAt;
  if (!/^\d+$/.test(digits) || bytes < 0) return new Map();
  const line = Buffer.alloc(bytes);
  await file.read(line, indexAt);
  const { value } = decodeLine(line);
  const index = (value ?? []) as Index;
  const offsets = new Map<string, number>();
  for (let at = 0; at < index.length; at += 3)
    offsets.set(indexKey({ segment: index[at]!, offset: index[at + 1]! }), index[at + 2]!);
  return offsets;
}
