import { constants } from 'node:os';
import { LIMITS } from '../core/model/limits.ts';
import type { PingKind } from '../core/model/reasons.ts';
import type { Ping } from '../core/model/records.ts';
import type { HttpLimits } from './limits.ts';
import { tailOf, type Tail, type TailBuffer } from './tail.ts';

/** What a ping may carry beside its output; a JSON body with none of these keys is output itself. */
const PARAMETERS = [
  'rid',
  'exit_code',
  'signal',
  'duration_ms',
  'delay_ms',
  'host',
  'output_dropped_bytes',
  'captured',
] as const;
type Parameter = (typeof PARAMETERS)[number];
type Given = Partial<Record<Parameter | 'output', unknown>>;

export interface PingInput {
  kind: PingKind;
  /** The query string, without `?`. */
  query: string;
  /** The request said that its body is `application/json`. */
  isJson: boolean;
  /** Null when the request had no body. */
  body: TailBuffer | null;
  received_at: number;
  limits: HttpLimits;
}

/**
 * Builds the ping that a request stands for. Nothing in a request can make this fail: what is malformed
 * counts as absent, since a ping with a wrong detail is still a sign of life (docs/design.md §8). Where query and
 * JSON body both give a parameter, the query wins.
 */
export function pingOf({ kind, query, isJson, body, received_at, limits }: PingInput): Ping {
  const json = isJson && body?.isWhole === true ? jsonParameters(body.bytes()) : null;
  const search = new URLSearchParams(query);
  const read = <T>(key: Parameter, parse: (value: unknown) => T | null): T | null =>
    parse(search.get(key)) ?? parse(json?.[key]);
  const output = json === null ? rawOutput(body) : jsonOutput(json.output);
  const captured = read('captured', boolean);
  const clientDroppedBytes = read('output_dropped_bytes', count(Number.MAX_SAFE_INTEGER)) ?? 0;
  return {
    kind,
    received_at,
    delay_ms: read('delay_ms', delayMs) ?? 0,
    rid: read('rid', rid),
    exit_code: read('exit_code', exitCode),
    signal: read('signal', signal),
    duration_ms: read('duration_ms', count(limits.durationMsMax)),
    host: read('host', host),
    output: output?.text ?? null,
    output_dropped_bytes: Math.min(
      Number.MAX_SAFE_INTEGER,
      (output?.dropped_bytes ?? 0) + clientDroppedBytes,
    ),
    ...(captured === false ? { captured } : {}),
  };
}

/** The JSON object if it is one with known keys (an empty one has nothing to say either), else null. */
function jsonParameters(bytes: Buffer): Given | null {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const keys = Object.keys(value);
  const isKnown =
    keys.length === 0 || keys.some((key) => key === 'output' || PARAMETERS.includes(key as Parameter));
  return isKnown ? value : null;
}

function rawOutput(body: TailBuffer | null): Tail | null {
  if (body === null || body.totalBytes === 0) return null;
  return tailOf(body.bytes(), body.totalBytes, LIMITS.outputBytesMaxDefault);
}

function jsonOutput(output: unknown): Tail | null {
  if (output === undefined || output === null || output === '') return null;
  const bytes = Buffer.from(typeof output === 'string' ? output : JSON.stringify(output));
  return tailOf(bytes, bytes.length, LIMITS.outputBytesMaxDefault);
}

/** Any run of visible ASCII: schedulers have ids of many shapes, and none of them has a space in it. */
const RID = /^[\x21-\x7e]+$/;

function rid(value: unknown): string | null {
  const text = Number.isSafeInteger(value) ? String(value) : value;
  return typeof text === 'string' && text.length <= LIMITS.ridLengthMax && RID.test(text) ? text : null;
}

function integer(value: unknown): number | null {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : null;
  if (typeof value !== 'string' || !/^\s*[+-]?\d{1,15}\s*$/.test(value)) return null;
  // `+ 0` turns -0 into 0.
  return Number(value) + 0;
}

const EXIT_CODE_MIN = -(2 ** 31);
const EXIT_CODE_MAX = 2 ** 32 - 1;

/**
 * 0 to 255 on Unix; Python gives the negative number of a signal, and Windows 32 bits. To drop one of those
 * would make a success of a failure.
 */
function exitCode(value: unknown): number | null {
  const code = integer(value);
  return code !== null && code >= EXIT_CODE_MIN && code <= EXIT_CODE_MAX ? code : null;
}

const BOOLEANS = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
]);

function boolean(value: unknown): boolean | null {
  if (typeof value === 'boolean') return value;
  const isText = typeof value === 'string' || typeof value === 'number';
  return isText ? (BOOLEANS.get(String(value).trim().toLowerCase()) ?? null) : null;
}

function count(max: number): (value: unknown) => number | null {
  return (value) => {
    const rounded = fraction(value);
    return rounded !== null && rounded >= 0 && rounded <= max ? rounded : null;
  };
}

/** Clients that compute milliseconds from seconds send fractions. */
function fraction(value: unknown): number | null {
  const isNumber = typeof value === 'string' && /^\s*[+-]?\d{1,15}(\.\d+)?\s*$/.test(value);
  const number = isNumber ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number)) return null;
  return Math.abs(number) <= Number.MAX_SAFE_INTEGER ? Math.round(number) + 0 : null;
}

function delayMs(value: unknown): number | null {
  const delay = fraction(value);
  return delay === null ? null : Math.min(Math.max(0, delay), LIMITS.delayMsMax);
}

const SIGNAL_NAMES = new Map(
  Object.entries(constants.signals).map(([name, number]) => [number, name.slice(3)]),
);

/** `TERM`, `SIGTERM`, `sigterm` and `15` are the same signal; 0 is none. */
function signal(value: unknown): string | null {
  const number = integer(value);
  if (number !== null)
    return number > 0 && number <= 64 ? (SIGNAL_NAMES.get(number) ?? String(number)) : null;
  if (typeof value !== 'string') return null;
  const name = value.trim().toUpperCase().replace(/^SIG/, '');
  return name.length <= LIMITS.signalLengthMax && /^[A-Z][A-Z0-9+-]*$/.test(name) ? name : null;
}

function host(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  const name = value.trim();
  const isName = name.length > 0 && name.length <= LIMITS.hostLengthMax && /^\P{C}+$/u.test(name);
  return isName ? name : null;
}
