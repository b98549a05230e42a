import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { LIMITS } from '../core/model/limits.ts';
import type { HttpLimits } from './limits.ts';
import { type Given, givenIn, hasKnownKey, isParameter } from './ping-keys.ts';
import { tailOf, type Tail, TailBuffer } from './tail.ts';

/** A body as it came, with what its headers say of it. */
export interface PingBody {
  tail: TailBuffer;
  /** `Content-Type`, whole, because its boundary tells the parts of a form apart; empty without one. */
  type: string;
  /** `Content-Encoding` in lower case; empty without one. */
  encoding: string;
}

/** What a body says: parameters, output, or both. */
export interface UnderstoodBody {
  given: Given;
  output: Tail | null;
  /** Says, for people, why the body may hold a result that nobody can read; null where it does not. */
  unreadable: string | null;
}

const FORM = 'application/x-www-form-urlencoded';
const MULTIPART = 'multipart/form-data';

/** Matches a key that tells how a run did, in a text that only resembles JSON. */
const RESULT_KEY = /\b(?:exit[-_ ]?code|signal)\b["']?\s*:/i;
/** Matches such a key in a form of several parts. */
const RESULT_PART = /name="?(?:exit[-_ ]?code|signal)"?/i;

/** Matches a form: pairs on a single line, without a space, because a form writes that as `+`. */
const PAIRS = /^[^=&\s]+=[^\s&]*(?:&[^=&\s]+=[^\s&]*)*$/;

/**
 * Tells whether a body of such headers is worth keeping whole although it is longer than an output: keys that say how a
 * run did may stand at its beginning.
 */
export function isStructured(type: string, encoding: string): boolean {
  return isCompressed(encoding) || isJson(type) || mediaTypeOf(type) === MULTIPART;
}

/**
 * Reads what a body says. Known keys count in a JSON object and in a form, whatever its type says and however it is
 * compressed; everything else is output. Never rejects, because a ping is not refused for its body.
 */
export async function understandBody(body: PingBody, limits: HttpLimits): Promise<UnderstoodBody> {
  const { type, encoding } = body;
  if (!isCompressed(encoding)) return understandPlain(body.tail, type);
  const tail = await decompress(body, limits);
  if (typeof tail === 'string') return { given: new Map(), output: null, unreadable: tail };
  return understandPlain(tail, type);
}

/** Reads a body that is output whatever it looks like. What cannot be decompressed is counted as dropped. */
export async function outputOfBody(body: PingBody, limits: HttpLimits): Promise<Tail | null> {
  if (!isCompressed(body.encoding)) return rawOutput(body.tail);
  const tail = await decompress(body, limits);
  return typeof tail === 'string' ? { text: '', dropped_bytes: body.tail.totalBytes } : rawOutput(tail);
}

async function understandPlain(tail: TailBuffer, type: string): Promise<UnderstoodBody> {
  const isForm = mediaTypeOf(type) === MULTIPART;
  if (isForm) return understandParts(tail, type);
  const bytes = tail.bytes();
  const head = textOf(tail.isWhole ? bytes : tail.head);
  if (head.trimStart().startsWith('{')) return understandObject(tail, isJson(type), head);
  const line = head.trim();
  if (mediaTypeOf(type) === FORM && tail.isWhole && PAIRS.test(line)) {
    const fields = [...new URLSearchParams(line)];
    if (hasKnownKey(fields)) return structured(fields, tail, false);
  }
  return { given: new Map(), output: rawOutput(tail), unreadable: null };
}

function understandObject(tail: TailBuffer, isDeclared: boolean, head: string): UnderstoodBody {
  const output = rawOutput(tail);
  if (!tail.isWhole) {
    const hasResult = RESULT_KEY.test(head) || RESULT_KEY.test(textOf(tail.bytes()));
    const why = `the body is JSON of ${tail.totalBytes} bytes, which is more than is read`;
    return { given: new Map(), output, unreadable: hasResult ? why : null };
  }
  let value: unknown;
  try {
    value = JSON.parse(head);
  } catch {
    const hasResult = RESULT_KEY.test(head);
    return { given: new Map(), output, unreadable: hasResult ? 'the body resembles JSON and is none' : null };
  }
  const fields = Object.entries(value as Record<string, unknown>);
  if (fields.length === 0 && isDeclared) return { given: new Map(), output: null, unreadable: null };
  if (!hasKnownKey(fields)) return { given: new Map(), output, unreadable: null };
  return structured(fields, tail, isDeclared);
}

async function understandParts(tail: TailBuffer, type: string): Promise<UnderstoodBody> {
  const output = rawOutput(tail);
  const hasResult = RESULT_PART.test(textOf(tail.isWhole ? tail.bytes() : tail.head));
  const unreadable = hasResult ? 'the body is a form of several parts that cannot be read' : null;
  if (!tail.isWhole) return { given: new Map(), output, unreadable };
  try {
    const form = await new Response(new Uint8Array(tail.bytes()), {
      headers: { 'content-type': type },
    }).formData();
    const fields: [string, unknown][] = [];
    for (const [key, value] of form)
      fields.push([key, typeof value === 'string' ? value : await value.text()]);
    if (!hasKnownKey(fields)) return { given: new Map(), output, unreadable: null };
    return structured(fields, tail, true);
  } catch {
    return { given: new Map(), output, unreadable };
  }
}

/**
 * Splits fields into parameters and output.
 * @param isDeclared the body said by its type that it is made of fields; otherwise it may as well be the output of a
 *   command, which is kept where it has more than known keys
 */
function structured(
  fields: readonly (readonly [string, unknown])[],
  tail: TailBuffer,
  isDeclared: boolean,
): UnderstoodBody {
  const given = givenIn(fields);
  const [output] = given.get('output') ?? [];
  const isOutputToo = !isDeclared && fields.some(([key]) => !isParameter(key));
  return { given, output: isOutputToo ? rawOutput(tail) : fieldOutput(output), unreadable: null };
}

function rawOutput(tail: TailBuffer): Tail | null {
  if (tail.totalBytes === 0) return null;
  return tailOf(tail.bytes(), tail.totalBytes, LIMITS.outputBytesMaxDefault);
}

function fieldOutput(output: unknown): Tail | null {
  if (output === undefined || output === null || output === '') return null;
  const bytes = Buffer.from(typeof output === 'string' ? output : JSON.stringify(output));
  return tailOf(bytes, bytes.length, LIMITS.outputBytesMaxDefault);
}

/** Decodes UTF-8, and UTF-16 where its mark says so, as PowerShell writes files; the mark itself is dropped. */
function textOf(bytes: Buffer): string {
  const isUtf16 = bytes.length >= 2 && bytes[0] === 0xff && bytes[1] === 0xfe;
  return bytes.toString(isUtf16 ? 'utf16le' : 'utf8').replace(/^\uFEFF/, '');
}

function mediaTypeOf(type: string): string {
  return type.split(';', 1)[0]!.trim().toLowerCase();
}

function isJson(type: string): boolean {
  return /^[^/]+\/(?:.*\+)?json$/.test(mediaTypeOf(type));
}

function isCompressed(encoding: string): boolean {
  return encoding !== '' && encoding !== 'identity';
}

const DECOMPRESSORS: Readonly<Record<string, () => NodeJS.ReadWriteStream & { destroy(): void }>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/** Returns what a compressed body holds, as far as it is kept; or why it cannot be read, for people. */
function decompress(body: PingBody, limits: HttpLimits): Promise<TailBuffer | string> {
  const create = DECOMPRESSORS[body.encoding];
  const encoding = JSON.stringify(body.encoding.slice(0, 40));
  if (create === undefined) {
    const known = Object.keys(DECOMPRESSORS).join(', ');
    return Promise.resolve(`the body is encoded as ${encoding}, which is not one of ${known}`);
  }
  if (!body.tail.isWhole)
    return Promise.resolve(`the body is compressed to ${body.tail.totalBytes} bytes, which is too much`);
  const tail = new TailBuffer(limits.pingJsonBytesMax);
  const stream = create();
  return new Promise((resolve) => {
    const finish = (result: TailBuffer | string): void => {
      resolve(result);
      stream.destroy();
    };
    stream.on('data', (chunk: Buffer) => {
      tail.push(chunk);
      // A few bytes can stand for gigabytes.
      if (tail.totalBytes > limits.pingBodyBytesMax) finish(tail);
    });
    stream.on('end', () => finish(tail));
    stream.on('error', () => finish(`the body is not what ${encoding} says it is`));
    stream.end(body.tail.bytes());
  });
}
