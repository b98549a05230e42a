import { crc32 } from 'node:zlib';
import type { DiskFile } from './disk.ts';

/**
 * Encodes one line of a journal or a snapshot: `CHECKSUM JSON\n`, where CHECKSUM is the CRC-32 of the JSON in eight
 * hexadecimal digits. JSON never holds a line feed, so a line feed is always the end of a line.
 */
export function encodeLine(value: unknown): Buffer {
  return encodeJson(JSON.stringify(value));
}

/** Encodes one line whose JSON is there already. */
export function encodeJson(json: string): Buffer {
  const bytes = Buffer.byteLength(json);
  const line = Buffer.allocUnsafe(JSON_OFFSET + bytes + 1);
  line.write(json, JSON_OFFSET, bytes, 'utf8');
  line.write(`${checksum(line.subarray(JSON_OFFSET, JSON_OFFSET + bytes))} `, 0, JSON_OFFSET, 'latin1');
  line[JSON_OFFSET + bytes] = LINE_FEED;
  return line;
}

/** A line as it was found in a file. Offsets are in bytes. */
export interface Line {
  start: number;
  /** The offset after the line feed, or the end of the file where there is no line feed. */
  end: number;
  /** The fault of the line, or null when it checks out. */
  fault: 'incomplete' | 'checksum' | null;
  /** Undefined where the line does not check out. */
  value: unknown;
}

const LINE_FEED = 0x0a;
const CHECKSUM_LENGTH = 8;
/** The place of the JSON in its line, in bytes. */
export const JSON_OFFSET = CHECKSUM_LENGTH + 1;
const CHUNK_BYTES = 256 * 1024;

/** The choice of lines of a file, for a reader who needs only some of them. */
export interface Selection {
  /** Tells by the bytes of a line, without its line feed, whether it is read. Other lines are neither checked nor told. */
  wants: (line: Buffer) => boolean;
  /** Is told of the bytes of each chunk that was read, and may throw. */
  spend: (bytes: number) => void;
}

/** Reads a file line by line and never holds more than one line and one chunk at a time. */
export async function* readLines(file: DiskFile, selection?: Selection): AsyncGenerator<Line> {
  let parts: Buffer[] = [];
  let start = 0;
  for (let position = 0; ;) {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const length = await file.read(chunk, position);
    if (length === 0) break;
    selection?.spend(length);
    let from = 0;
    for (;;) {
      const at = chunk.subarray(0, length).indexOf(LINE_FEED, from);
      if (at === -1) break;
      parts.push(chunk.subarray(from, at));
      const end = position + at + 1;
      const line = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
      if (selection?.wants(line) ?? true) yield { start, end, ...decodeLine(line) };
      parts = [];
      start = end;
      from = at + 1;
    }
    if (from < length) parts.push(chunk.subarray(from, length));
    position += length;
  }
  const end = parts.reduce((sum, part) => sum + part.length, start);
  if (end > start) yield { start, end, fault: 'incomplete', value: undefined };
}

/** Checks and decodes a line that is given without its line feed. */
export function decodeLine(line: Buffer): Pick<Line, 'fault' | 'value'> {
  const json = line.subarray(JSON_OFFSET);
  const head = line.toString('latin1', 0, JSON_OFFSET);
  if (head !== `${checksum(json)} `) return { fault: 'checksum', value: undefined };
  return { fault: null, value: JSON.parse(json.toString('utf8')) as unknown };
}

function checksum(json: Uint8Array): string {
  return crc32(json).toString(16).padStart(CHECKSUM_LENGTH, '0');
}
