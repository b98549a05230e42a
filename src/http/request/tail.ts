/** The kept end of an output, and how many bytes came before it. */
export interface Tail {
  text: string;
  dropped_bytes: number;
}

/** A replaced byte becomes U+FFFD, which takes three bytes. */
const BYTES_PER_REPLACED_MAX = 3;

/**
 * Returns the last bytes of an output as text of at most `bytesMax` bytes of UTF-8, which never starts inside a
 * character. Bytes that are no UTF-8 are replaced, and so is NUL, which PostgreSQL cannot store.
 * @param end the end of the output, or all of it
 * @param totalBytes the length of the whole output
 */
export function tailOf(end: Buffer, totalBytes: number, bytesMax: number): Tail {
  let kept = lastBytes(end, bytesMax, totalBytes > end.length);
  let text = decode(kept);
  for (let excess = Buffer.byteLength(text) - bytesMax; excess > 0;) {
    kept = lastBytes(kept, kept.length - Math.ceil(excess / BYTES_PER_REPLACED_MAX), true);
    text = decode(kept);
    excess = Buffer.byteLength(text) - bytesMax;
  }
  return { text, dropped_bytes: Math.max(0, totalBytes - kept.length) };
}

/**
 * Returns the last bytes.
 * @param isCut true if something stood before these bytes, so that even their first may be inside a character
 */
function lastBytes(bytes: Buffer, count: number, isCut: boolean): Buffer {
  let from = Math.max(0, bytes.length - count);
  if (from === 0 && !isCut) return bytes;
  // At most three bytes continue a character; a longer row of them is no UTF-8 and is replaced anyway.
  const fromMax = Math.min(from + 3, bytes.length);
  while (from < fromMax && isContinuation(bytes[from])) from += 1;
  return bytes.subarray(from);
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0b1100_0000) === 0b1000_0000;
}

function decode(bytes: Buffer): string {
  return bytes.toString('utf8').replaceAll('\0', '\ufffd');
}

/** This many chunks are joined into one, because a body of single bytes must not cost a hundred times its size. */
const CHUNKS_JOINED = 256;

const HEAD_BYTES = 1_024;

/** Takes a stream of any length and keeps at least its last `keepBytes`, in memory little larger than that. */
export class TailBuffer {
  totalBytes = 0;
  /** The first bytes, which tell what a body is whose beginning was let go. */
  head: Buffer = Buffer.alloc(0);
  #joined: Buffer[] = [];
  #chunks: Buffer[] = [];
  /** The length of `chunks`. */
  #chunkBytes = 0;
  /** The length of `joined` and `chunks` together. */
  #keptBytes = 0;
  #keepBytes: number;

  constructor(keepBytes: number) {
    this.#keepBytes = keepBytes;
  }

  /** So many of the last bytes are kept at least. */
  get keepBytes(): number {
    return this.#keepBytes;
  }

  /** Keeps less from now on, and lets go of what is too much already. */
  keepLess(keepBytes: number): void {
    this.#keepBytes = Math.min(this.#keepBytes, keepBytes);
    const kept = this.bytes().subarray(-this.#keepBytes);
    [this.#joined, this.#chunks, this.#chunkBytes] = [[Buffer.from(kept)], [], 0];
    this.#keptBytes = kept.length;
  }

  push(chunk: Buffer): void {
    const missing = HEAD_BYTES - this.head.length;
    if (missing > 0) this.head = Buffer.concat([this.head, chunk.subarray(0, missing)]);
    this.totalBytes += chunk.length;
    this.#keptBytes += chunk.length;
    this.#chunks.push(chunk);
    this.#chunkBytes += chunk.length;
    if (this.#chunks.length >= CHUNKS_JOINED || this.#chunkBytes >= this.#keepBytes) this.#join();
    let oldest = this.#joined[0];
    while (oldest !== undefined && this.#keptBytes - oldest.length >= this.#keepBytes) {
      this.#keptBytes -= oldest.length;
      this.#joined.shift();
      oldest = this.#joined[0];
    }
  }

  /** Tells whether nothing has been dropped. */
  get isWhole(): boolean {
    return this.#keptBytes === this.totalBytes;
  }

  /** Returns the bytes that are kept, which are all while `isWhole`. */
  bytes(): Buffer {
    return Buffer.concat([...this.#joined, ...this.#chunks]);
  }

  #join(): void {
    const all = Buffer.concat(this.#chunks);
    const kept = all.length > this.#keepBytes ? Buffer.from(all.subarray(-this.#keepBytes)) : all;
    this.#keptBytes -= all.length - kept.length;
    this.#joined.push(kept);
    this.#chunks = [];
    this.#chunkBytes = 0;
  }
}
