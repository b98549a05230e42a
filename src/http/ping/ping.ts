import { constants } from 'node:os';
import { LIMITS } from '../../core/model/limits.ts';
import type { PingKind } from '../../core/model/reasons.ts';
import type { Ping } from '../../core/model/records.ts';
import type { HttpLimits } from '../limits.ts';
import type { UnderstoodBody } from './ping-body.ts';
import { type Given, givenIn, type Parameter } from './ping-keys.ts';

export interface PingInput {
  kind: PingKind;
  /** The query string, without `?`. */
  query: string;
  /** Null when the request had no body. */
  body: UnderstoodBody | null;
  received_at: number;
  limits: HttpLimits;
}

export interface PingRead {
  ping: Ping;
  /** One sentence for each known key whose value cannot be read, for people. */
  warnings: string[];
}

/** A reader of one value. It returns null for a value that says nothing, and undefined for one that it cannot read. */
type Reader<T> = (value: unknown) => T | null | undefined;

/** So many values that cannot be read are named, since a client can send thousands. */
const WARNINGS_MAX = 5;

/** The keys that tell how a run did. Where one of them cannot be read, nobody knows whether the run failed. */
const RESULTS: ReadonlySet<Parameter> = new Set<Parameter>(['exit_code', 'signal']);

/**
 * Builds the ping that a request stands for. Nothing in a request can make this fail, since a ping with a wrong detail
 * is still a sign of life (docs/design.md §8). Where query and body both give a parameter, the query wins. A known key
 * whose value cannot be read is a warning, and one that tells how the run did keeps it from being a success.
 */
export function pingOf({ kind, query, body, received_at, limits }: PingInput): PingRead {
  const parameters = new Parameters(...sourcesOf(query, body));
  if (body?.unreadable) parameters.noteResult(body.unreadable);
  const captured = parameters.read('captured', boolean);
  const clientDroppedBytes = parameters.read('output_dropped_bytes', count(Number.MAX_SAFE_INTEGER)) ?? 0;
  const output = body?.output ?? null;
  const ping: Ping = {
    kind,
    received_at,
    delay_ms: parameters.read('delay_ms', delayMs) ?? 0,
    rid: parameters.read('rid', rid),
    exit_code: parameters.read('exit_code', exitCode),
    signal: parameters.read('signal', signal),
    duration_ms: parameters.read('duration_ms', count(limits.durationMsMax)),
    host: parameters.read('host', host),
    output: output?.text ?? null,
    output_dropped_bytes: Math.min(
      Number.MAX_SAFE_INTEGER,
      (output?.dropped_bytes ?? 0) + clientDroppedBytes,
    ),
    ...(captured === false ? { captured } : {}),
  };
  const { unreadable, warnings } = parameters;
  return { ping: unreadable.length === 0 ? ping : { ...ping, unreadable: unreadable.join('; ') }, warnings };
}

/** Returns what a request gives, first that of the query. Most pings give nothing, and finding that out costs as well. */
function sourcesOf(query: string, body: UnderstoodBody | null): Given[] {
  const ofQuery = query === '' ? [] : [givenIn(new URLSearchParams(query))];
  return body === null ? ofQuery : [...ofQuery, body.given];
}

/** Tells whether a query says how the run did, so that nothing else needs to. */
export function isToldBy(query: string): boolean {
  const codes = givenIn(new URLSearchParams(query)).get('exit_code') ?? [];
  return codes.some((code) => exitCode(code) !== undefined);
}

/** The parameters of one request, and a note of each that cannot be read. */
class Parameters {
  readonly warnings: string[] = [];
  /** Those of the warnings that concern how the run did. */
  readonly unreadable: string[] = [];
  readonly #sources: readonly Given[];

  /** @param sources the earlier one wins */
  constructor(...sources: readonly Given[]) {
    this.#sources = sources;
  }

  /** Returns the first value that can be read, null where none says anything. */
  read<T>(key: Parameter, reader: Reader<T>): T | null {
    let found: T | null = null;
    for (const source of this.#sources) {
      const values = source.get(key) ?? [];
      for (const value of values) {
        const read = isEmpty(key, value) ? null : reader(value);
        if (read === undefined) this.#note(key, `${key} ${quoted(value)} cannot be read`);
        else if (read !== null && found === null) found = read;
      }
      this.#noteContradiction(key, values, reader);
    }
    return found;
  }

  /** Notes that what the run reported of its end may be among what cannot be read. */
  noteResult(what: string): void {
    if (this.unreadable.length < WARNINGS_MAX) this.unreadable.push(what);
    this.#warn(what);
  }

  #warn(what: string): void {
    if (this.warnings.length < WARNINGS_MAX) this.warnings.push(what);
  }

  #note(key: Parameter, what: string): void {
    if (RESULTS.has(key)) this.noteResult(what);
    else this.#warn(what);
  }

  /** A failure that is named beside a success, in one place, must not be lost behind it. */
  #noteContradiction<T>(key: Parameter, values: readonly unknown[], reader: Reader<T>): void {
    if (!RESULTS.has(key) || values.length < 2) return;
    const read = new Set(values.map(reader).filter((value) => value !== undefined && value !== null));
    if (read.size > 1) this.noteResult(`${key} is given as ${[...read].join(' and as ')}`);
  }
}

/** A field that nobody filled in says nothing. Only an exit code is never left out by intention. */
function isEmpty(key: Parameter, value: unknown): boolean {
  return key !== 'exit_code' && typeof value === 'string' && value.trim() === '';
}

function quoted(value: unknown): string {
  if (typeof value === 'object') return Array.isArray(value) ? 'a list' : 'an object';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text);
}

/** Any run of visible ASCII: schedulers have ids of many shapes, and none of them has a space in it. */
const RID = /^[\x21-\x7e]+$/;

function rid(value: unknown): string | undefined {
  const text = Number.isSafeInteger(value) ? String(value) : value;
  return typeof text === 'string' && text.length <= LIMITS.ridLengthMax && RID.test(text) ? text : undefined;
}

/** Reads whole numbers as people and programs write them: `3`, `3.0` and, for what Windows reports, `0x80070005`. */
function integer(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value + 0 : undefined;
  if (typeof value !== 'string') return undefined;
  const isNumber = /^\s*(?:[+-]?\d{1,15}(?:\.0*)?|0x[0-9a-f]{1,8})\s*$/i.test(value);
  // `+ 0` turns -0 into 0.
  return isNumber ? Number(value) + 0 : undefined;
}

const EXIT_CODE_MIN = -(2 ** 31);
const EXIT_CODE_MAX = 2 ** 32 - 1;

/** 0 to 255 on Unix; Python gives the negative number of a signal, and Windows 32 bits. */
function exitCode(value: unknown): number | undefined {
  const code = integer(value);
  return code !== undefined && code >= EXIT_CODE_MIN && code <= EXIT_CODE_MAX ? code : undefined;
}

const BOOLEANS = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
]);

function boolean(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  const isText = typeof value === 'string' || typeof value === 'number';
  return isText ? BOOLEANS.get(String(value).trim().toLowerCase()) : undefined;
}

function count(max: number): Reader<number> {
  return (value) => {
    const rounded = fraction(value);
    return rounded !== undefined && rounded >= 0 && rounded <= max ? rounded : undefined;
  };
}

/** Clients that compute milliseconds from seconds send fractions. */
function fraction(value: unknown): number | undefined {
  const isNumber = typeof value === 'string' && /^\s*[+-]?\d{1,15}(\.\d+)?\s*$/.test(value);
  const number = isNumber ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number)) return undefined;
  return Math.abs(number) <= Number.MAX_SAFE_INTEGER ? Math.round(number) + 0 : undefined;
}

function delayMs(value: unknown): number | undefined {
  const delay = fraction(value);
  return delay === undefined ? undefined : Math.min(Math.max(0, delay), LIMITS.delayMsMax);
}

const SIGNAL_NAMES = new Map(
  Object.entries(constants.signals).map(([name, number]) => [number, name.slice(3)]),
);
const SIGNAL_MAX = 64;

/** `TERM`, `SIGTERM`, `sigterm` and `15` are the same signal; 0 is none. */
function signal(value: unknown): string | null | undefined {
  const number = integer(value);
  if (number === 0) return null;
  if (number !== undefined)
    return number > 0 && number <= SIGNAL_MAX ? (SIGNAL_NAMES.get(number) ?? String(number)) : undefined;
  if (typeof value !== 'string') return undefined;
  const name = value.trim().toUpperCase().replace(/^SIG/, '');
  return name.length <= LIMITS.signalLengthMax && /^[A-Z][A-Z0-9+-]*$/.test(name) ? name : undefined;
}

function host(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const name = value.trim();
  const isName = name.length > 0 && name.length <= LIMITS.hostLengthMax && /^\P{C}+$/u.test(name);
  return isName ? name : undefined;
}
