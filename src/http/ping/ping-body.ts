import { isUtf8 } from 'node:buffer';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { LIMITS } from '../../core/model/limits.ts';
import { mediaTypeOf, noRoom } from '../request/body.ts';
import type { BodyBudget } from '../request/body-budget.ts';
import type { HttpLimits } from '../limits.ts';
import { type Given, givenIn, hasKnownKey, isParameter } from './ping-keys.ts';
import { tailOf, type Tail, TailBuffer } from '../request/tail.ts';

/** A body as it came, with what its headers say of it. */
export interface PingBody {
  tail: TailBuffer;
  /** `Content-Type`, whole, because its boundary tells the parts of a form apart; empty without one. */
  type: string;
  /** `Content-Encoding` in lower case; empty without one. */
  encoding: string;
}

/** The content of a body: parameters, output, or both. */
export interface UnderstoodBody {
  given: Given;
  output: Tail | null;
  /** Says, for people, why the body may hold a result that nobody can read; null where it does not. */
  unreadable: string | null;
}

/**
 * The claim that a body's type makes. `fields` says that it has keys. `unsaid` is the type that curl, wget and others
 * give to any body, or none. `text` is output, unless it is made of nothing but our keys.
 */
type Claim = 'fields' | 'unsaid' | 'text';

interface Means {
  limits: HttpLimits;
  /** The memory for bodies of requests, of which a compressed one takes its share. */
  budget: BodyBudget;
  /** True where the query tells how the run did. Then a body without a type of its own is output, as the wrapper's. */
  isToldByQuery: boolean;
}

const FORM = 'application/x-www-form-urlencoded';
const MULTIPART = 'multipart/form-data';

/** Matches a key that tells how a run did in a text that only resembles JSON, as shells and other languages leave it. */
const RESULT_KEY = /\b(?:exit[-_. ]?code|signal)\\*["']?\s*[:=]/i;
/** Matches such a key in a form, and in a form of several parts. */
const RESULT_PAIR = /(?:^|&)\s*(?:exit[-_. ]?code|signal)\s*=/i;
const RESULT_PART = /(?<![a-z])name="?(?:exit[-_. ]?code|signal)(?=["\s;]|$)/im;

/** Matches the beginning of a JSON object, with what a shell may have put around it. */
const OBJECT = /^\s*["'[]*\{/;

/** No body with keys is larger when it is decompressed. A few bytes can stand for gigabytes. */
const DECOMPRESSED_BYTES_MAX = 8 * 1024 * 1024;

/**
 * Tells whether a body of such headers is worth keeping whole although it is longer than an output: keys that say how a
 * run did may stand at its beginning.
 */
export function isStructured(type: string, encoding: string): boolean {
  return isCompressed(encoding) || claimOf(type) === 'fields';
}

/**
 * Reads what a body says. Known keys count in a JSON object and in a form, also compressed; everything else is output.
 * @throws CronflowError `overloaded` where the memory for bodies is taken, and for nothing else
 */
export async function understandBody(body: PingBody, means: Means): Promise<UnderstoodBody> {
  const tail = await decompressed(body, means);
  if (typeof tail === 'string') return { ...outputOnly(null), unreadable: tail };
  const claim = claimOf(body.type);
  if (claim !== 'fields' && means.isToldByQuery) return outputOnly(tail);
  if (mediaTypeOf(body.type) === MULTIPART) return understandParts(tail, body.type);
  const text = textOf(tail.isWhole ? tail.bytes() : tail.head);
  if (OBJECT.test(text)) return understandObject(tail, text, claim);
  return claim === 'unsaid' ? understandForm(tail, text) : outputOnly(tail);
}

/** Reads a body that is output whatever it looks like. What cannot be decompressed is counted as dropped. */
export async function outputOfBody(
  body: PingBody,
  means: Omit<Means, 'isToldByQuery'>,
): Promise<Tail | null> {
  const tail = await decompressed(body, means);
  return typeof tail === 'string' ? { text: '', dropped_bytes: body.tail.totalBytes } : rawOutput(tail);
}

/** Reads a form, which is a single line: the output of a command has several, or no key of ours. */
function understandForm(tail: TailBuffer, text: string): UnderstoodBody {
  const line = text.trim();
  if (!tail.isWhole) {
    const hasResult =
      RESULT_PAIR.test(line.split('\n', 1)[0]!) || /&(?:exit_?code|signal)=\w+$/i.test(endOf(tail));
    return unreadableIf(
      hasResult,
      tail,
      `the body is a form of ${tail.totalBytes} bytes, which is more than is read`,
    );
  }
  if (/[\r\n]/.test(line) || !line.includes('=')) return outputOnly(tail);
  const fields = [...new URLSearchParams(line)];
  return hasKnownKey(fields) ? structured(fields, tail, 'unsaid') : outputOnly(tail);
}

function understandObject(tail: TailBuffer, text: string, claim: Claim): UnderstoodBody {
  const mayFail = claim !== 'text';
  if (!tail.isWhole) {
    const hasResult = RESULT_KEY.test(text) || RESULT_KEY.test(endOf(tail));
    const why = `the body is JSON of ${tail.totalBytes} bytes, which is more than is read`;
    return unreadableIf(mayFail && hasResult, tail, why);
  }
  const value = parsed(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const hasResult = mayFail && RESULT_KEY.test(text) && !isJsonLines(text);
    return unreadableIf(hasResult, tail, 'the body resembles a JSON object and is none');
  }
  const fields = Object.entries(value);
  if (fields.length === 0) return outputOnly(claim === 'fields' ? null : tail);
  return isMeant(fields, claim) ? structured(fields, tail, claim) : outputOnly(tail);
}

/** Tells whether an object is a report to Cronflow, and not what a command printed. */
function isMeant(fields: readonly (readonly [string, unknown])[], claim: Claim): boolean {
  if (claim === 'fields') return hasKnownKey(fields);
  const hasCode = claim === 'unsaid' && typeof givenIn(fields).get('exit_code')?.[0] === 'number';
  return hasCode || fields.every(([key]) => isParameter(key));
}

async function understandParts(tail: TailBuffer, type: string): Promise<UnderstoodBody> {
  const fields = tail.isWhole ? await partsOf(tail.bytes(), type) : null;
  if (fields !== null) return hasKnownKey(fields) ? structured(fields, tail, 'fields') : outputOnly(tail);
  const hasResult = RESULT_PART.test(textOf(tail.head)) || RESULT_PART.test(endOf(tail));
  return unreadableIf(hasResult, tail, 'the body is a form of several parts that cannot be read');
}

/** Reads the parts of a form; null for one that is broken. */
async function partsOf(bytes: Buffer, type: string): Promise<[string, string][] | null> {
  // Some clients leave the quotes out, and the parser insists on them.
  const quoted = bytes
    .toString('latin1')
    .replace(/^(content-disposition:[^\r\n]*?[;\s]name=)([^"\s;][^;\r\n]*)/gim, '$1"$2"');
  try {
    const headers = { 'content-type': type };
    const form = await new Response(Buffer.from(quoted, 'latin1'), { headers }).formData();
    const fields: [string, string][] = [];
    for (const [key, value] of form)
      fields.push([key, typeof value === 'string' ? value : await value.text()]);
    return fields;
  } catch {
    return null;
  }
}

/** Splits fields into parameters and output. A body that may be what a command printed is kept as output, too. */
function structured(
  fields: readonly (readonly [string, unknown])[],
  tail: TailBuffer,
  claim: Claim,
): UnderstoodBody {
  const given = givenIn(fields);
  const [output] = given.get('output') ?? [];
  const isOutputToo = claim !== 'fields' && fields.some(([key]) => !isParameter(key));
  return { given, output: isOutputToo ? rawOutput(tail) : fieldOutput(output, tail), unreadable: null };
}

function outputOnly(tail: TailBuffer | null): UnderstoodBody {
  return { given: new Map(), output: tail === null ? null : rawOutput(tail), unreadable: null };
}

function unreadableIf(hasResult: boolean, tail: TailBuffer, why: string): UnderstoodBody {
  return { ...outputOnly(tail), unreadable: hasResult ? why : null };
}

function rawOutput(tail: TailBuffer): Tail | null {
  if (tail.totalBytes === 0) return null;
  return tailOf(tail.bytes(), tail.totalBytes, LIMITS.outputBytesMax);
}

function fieldOutput(output: unknown, tail: TailBuffer): Tail | null {
  if (output === undefined || output === null || output === '') return null;
  const text = typeof output === 'string' ? output : jsonOf(output);
  if (text === null) return rawOutput(tail);
  const bytes = Buffer.from(text);
  return tailOf(bytes, bytes.length, LIMITS.outputBytesMax);
}

/** Writes a value as JSON; null for one that is nested too deeply. */
function jsonOf(value: unknown): string | null {
  try {
    return JSON.stringify(value);
  } catch {
    return null;
  }
}

/** Parses JSON; undefined for what is none. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Tells whether each line is JSON of its own, as programs write logs. */
function isJsonLines(text: string): boolean {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.length > 1 && lines.every((line) => parsed(line) !== undefined);
}

/** Decodes UTF-8, and UTF-16 where its mark says so, as PowerShell writes files; the mark itself is dropped. */
function textOf(bytes: Buffer): string {
  const isUtf16 = bytes.length >= 2 && bytes[0] === 0xff && bytes[1] === 0xfe;
  return bytes.toString(isUtf16 ? 'utf16le' : 'utf8').replace(/^\uFEFF/, '');
}

function endOf(tail: TailBuffer): string {
  return tail.bytes().toString('latin1').trimEnd();
}

function claimOf(type: string): Claim {
  const media = mediaTypeOf(type);
  if (media === MULTIPART || /^[^/]+\/(?:.*\+)?json$/.test(media)) return 'fields';
  return media === '' || media === FORM ? 'unsaid' : 'text';
}

function isCompressed(encoding: string): boolean {
  return encoding !== '' && encoding !== 'identity';
}

const DECOMPRESSORS: ReadonlyMap<string, () => NodeJS.ReadWriteStream & { destroy(): void }> = new Map([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
]);

/** Returns what a body holds, as far as it is kept; or why a compressed one cannot be read, for people. */
async function decompressed(
  { tail, encoding }: PingBody,
  { limits, budget }: Omit<Means, 'isToldByQuery'>,
): Promise<TailBuffer | string> {
  if (!isCompressed(encoding)) return tail;
  const create = DECOMPRESSORS.get(encoding);
  if (create === undefined) {
    // Some clients name a charset here, and what is text needs no decompression.
    if (tail.isWhole && isUtf8(tail.bytes())) return tail;
    const known = [...DECOMPRESSORS.keys()].join(', ');
    return `the body is encoded as ${JSON.stringify(encoding.slice(0, 40))}, which is not one of ${known}`;
  }
  if (!tail.isWhole) return `the body is compressed to ${tail.totalBytes} bytes, which is more than is read`;
  if (!budget.take(limits.pingJsonBytesMax)) throw noRoom();
  try {
    return await inflate(tail.bytes(), create(), limits.pingJsonBytesMax);
  } catch {
    return `the body is not what "${encoding}" says it is, or is larger than is read`;
  } finally {
    budget.give(limits.pingJsonBytesMax);
  }
}

/** @throws Error for bytes that the stream does not understand, and for a content that is too large */
function inflate(
  bytes: Buffer,
  stream: NodeJS.ReadWriteStream & { destroy(): void },
  keepBytes: number,
): Promise<TailBuffer> {
  const tail = new TailBuffer(keepBytes);
  return new Promise((resolve, reject) => {
    stream.on('data', (chunk: Buffer) => {
      tail.push(chunk);
      if (tail.totalBytes <= DECOMPRESSED_BYTES_MAX) return;
      stream.destroy();
      reject(new Error('too large'));
    });
    stream.on('end', () => resolve(tail));
    stream.on('error', reject);
    stream.end(bytes);
  });
}
