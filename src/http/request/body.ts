import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../clock.ts';
import { CronflowError } from '../../core/model/errors.ts';
import type { BodyBudget } from './body-budget.ts';
import type { HttpLimits } from '../limits.ts';
import { TailBuffer } from './tail.ts';

/**
 * The end of reading a body: it was complete, time was up, it was longer than `readBytesMax`, the client went away in the
 * middle, or bodies of others have taken the memory that there is for all.
 */
export type BodyEnd = 'complete' | 'timeout' | 'limit' | 'aborted' | 'no_room';

export interface ReadOptions {
  clock: Clock;
  keepBytes: number;
  readBytesMax: number;
  readMsMax: number;
  budget: BodyBudget;
  /** True keeps less of a body for which there is no room, and reads on; false, the default, gives it up. */
  keepsLess?: boolean;
}

/** A body may take so much memory without asking. It is more than most pings bring. */
const BYTES_FREE = 32 * 1024;

/** Returns the error for a body that there is no room for. The client may send it again. */
export function noRoom(): CronflowError {
  return new CronflowError(
    'overloaded',
    'Other requests with large bodies take the memory that there is for them. Try again in a moment.',
  );
}

/**
 * Reads a body and keeps its end. Never rejects: what came is in `tail`, and how it ended in `end`. What is
 * not read here is thrown away by Node after the answer.
 */
export function readBody(
  req: IncomingMessage,
  { clock, keepBytes, readBytesMax, readMsMax, budget, keepsLess = false }: ReadOptions,
): Promise<{ tail: TailBuffer; end: BodyEnd }> {
  const tail = new TailBuffer(keepBytes);
  // Most pings have no body. Nothing of it can come late, or get lost with a client that goes away.
  if (!hasBody(req)) return Promise.resolve({ tail, end: 'complete' });
  let takenBytes = 0;
  const isRoom = (): boolean => {
    const bytes = Math.min(tail.totalBytes, tail.keepBytes) - BYTES_FREE - takenBytes;
    if (bytes <= 0) return true;
    if (budget.take(bytes)) {
      takenBytes += bytes;
      return true;
    }
    if (!keepsLess) return false;
    tail.keepLess(BYTES_FREE);
    return true;
  };
  return new Promise((resolve) => {
    const finish = (end: BodyEnd): void => {
      cancel();
      budget.give(takenBytes);
      req.off('data', onData).off('end', onEnd).off('close', onClose);
      // The error listener stays: an aborted request emits one after everything is over. So does the flow,
      // which taking the other listeners away does not stop.
      resolve({ tail, end });
    };
    const onData = (chunk: Buffer): void => {
      tail.push(chunk);
      if (tail.totalBytes > readBytesMax) finish('limit');
      else if (!isRoom()) finish('no_room');
    };
    const onEnd = (): void => finish('complete');
    const onClose = (): void => finish(req.complete ? 'complete' : 'aborted');
    const cancel = clock.after(readMsMax, () => finish('timeout'));
    req
      .on('error', () => {})
      .on('data', onData)
      .on('end', onEnd)
      .on('close', onClose);
    // A client that went away before anybody listened has closed the request already, and what it sent is lost.
    if (req.destroyed && !req.readableEnded) finish('aborted');
  });
}

/** Tells whether a request says that it has a body. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** Returns the media type of a `Content-Type` without its parameters, in lower case; empty without one. */
export function mediaTypeOf(type: string): string {
  return type.split(';', 1)[0]!.trim().toLowerCase();
}

/**
 * Reads a body that must be JSON. A missing `Content-Type` is taken for JSON, as many a small client sends
 * none.
 * @throws CronflowError `unsupported_media_type`, `body_too_large`, `request_timeout`, `overloaded`, `bad_request`
 */
export async function readJson(req: IncomingMessage, services: BodyServices): Promise<unknown> {
  const type = mediaTypeOf(req.headers['content-type'] ?? '');
  if (type !== '' && type !== 'application/json') {
    throw new CronflowError(
      'unsupported_media_type',
      `The body is of type ${JSON.stringify(type)}. Send JSON with "Content-Type: application/json".`,
    );
  }
  return parseJson(await readShort(req, services));
}

/** What it takes to read a body. */
interface BodyServices {
  clock: Clock;
  limits: HttpLimits;
  bodies: BodyBudget;
}

/**
 * Reads a body that must be understood, whatever its type.
 * @throws CronflowError `unsupported_media_type`, `body_too_large`, `request_timeout`, `overloaded`, `bad_request`
 */
export async function readShort(
  req: IncomingMessage,
  { clock, limits, bodies }: BodyServices,
): Promise<Buffer> {
  const encoding = req.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') {
    throw new CronflowError(
      'unsupported_media_type',
      `The body is encoded as ${JSON.stringify(encoding)}. Send it without Content-Encoding.`,
    );
  }
  const { jsonBytesMax: bytesMax, bodyMsMax: readMsMax } = limits;
  const options = { clock, keepBytes: bytesMax + 1, readBytesMax: bytesMax, readMsMax, budget: bodies };
  const { tail, end } = await readBody(req, options);
  if (end === 'limit') {
    throw new CronflowError('body_too_large', `The body is larger than the ${bytesMax} bytes allowed here.`);
  }
  if (end === 'timeout') {
    throw new CronflowError('request_timeout', `The body did not arrive within ${readMsMax / 1000} s.`);
  }
  if (end === 'no_room') throw noRoom();
  if (end === 'aborted') throw new CronflowError('bad_request', 'The body ended in the middle.');
  return tail.bytes();
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    const why = cause instanceof SyntaxError ? jsonProblem(cause) : 'it is not UTF-8';
    throw new CronflowError(
      'bad_request',
      bytes.length === 0 ? 'The body is empty. Send a JSON object.' : `The body is not JSON: ${why}.`,
      { cause },
    );
  }
}

/** Says where it goes wrong, as far as Node says so. The words of Node are not passed on, because they quote the body. */
function jsonProblem({ message }: SyntaxError): string {
  const position = /at position (\d+)/.exec(message)?.[1];
  if (position !== undefined) return `it goes wrong at position ${position}`;
  return message.startsWith('Unexpected end') ? 'it ends in the middle' : 'a character is out of place';
}
