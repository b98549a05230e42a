import { dateOf } from '../../core/model/daily.ts';
import { memoised } from '../../schedule/memo.ts';
import { DAY_MS } from '../../schedule/units.ts';

/**
 * The short form of records in the journal. Known keys and words have codes, an instant is told from that of the commit,
 * a text that the line names is its number there, and the id of the record's job, at the beginning of a text, is one
 * character.
 *
 * The codes belong to the schema version: keys and words are added at the end, and none is ever moved or removed.
 */
const KEYS = listed(`
  status expected_at due_at settled_at run_count last_start_at last_success_at last_outcome last_outcome_at
  skips_from_at claim_delays_ms anonymous_end at kind reason outcome rid host started_at ended_at exit_code run_id
  slot_at start_received ended_after_number duration_ms limit_at output_bytes output_dropped_bytes outcomes
  durations success failure output received_at delay_ms state detail bad number job_id id remembered is_ended
  started_since_at began_at signal counted late seen count missed
  name source place declared declaration created_at updated_at removed_at renamed from expected_from_at
  deadline_at_min paused_by_api incident_count unclaimed skips late_ends after_ms_max gaps from_at to_at
  unreadable
  replaces_run_id replaces_outcome limit_at_min own_end first_slot_at latest_slots_at
  date timeout abandoned unknown skipped
  opened_at closed_at close_reason told next_reminder_at reminder_count acknowledged_until_at job_name
  opened_by_run_id opened_by_began_at kinds bad_count newest_bad_at good_run_ids announce_at held_instants causes
  subject
  incident_id notifier attempts next_attempt_at finished_at last_error merged_ids merged_into redelivered receipt
  facts incident_opened_at deadline_at next_slot_at advice
  type ping captured now_at spec previous until_at resumed
`);
const WORDS = listed(`
  success succeeded started running failure missed timeout abandoned unknown skipped exit_code reported_failure
  signal pending opened closed reminder closed_silently sent logged dead recovered run slots skip job tick
  superseded too_fast overlap
`);

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
/** The characters at the beginning of a text that say what it stands for; the last one, that what follows is a text. */
const JOB = '~';
const WORD = '!';
const NAMED = '@';
const ESCAPE = '^';
const MARKS = JOB + WORD + NAMED + ESCAPE;
/** Stands before a key that has no code, or whose value cannot be told from the instant of the commit. */
const PLAIN = ':';

interface Code {
  /** The code as JSON, with the colon. */
  json: string;
  isInstant: boolean;
}

const CODES = new Map<string, Code>();
const KEYS_BY_CODE = new Map<string, { key: string; isInstant: boolean }>();
for (const [index, key] of KEYS.entries()) {
  const code = codeOf(index);
  const isInstant = key.endsWith('_at') || key === 'at';
  CODES.set(key, { json: `"${code}":`, isInstant });
  KEYS_BY_CODE.set(code, { key, isInstant });
}
const WORD_CODES = new Map(WORDS.map((word, index) => [word, `"${WORD}${codeOf(index)}"`]));
const WORDS_BY_CODE = new Map(WORDS.map((word, index) => [codeOf(index), word]));

function listed(words: string): string[] {
  return words.trim().split(/\s+/);
}

function codeOf(index: number): string {
  const more = Math.floor(index / LETTERS.length);
  return (more === 0 ? '' : LETTERS[more - 1]!) + LETTERS[index % LETTERS.length]!;
}

/** Stands before a UUID in its short form, and before a text that begins with it. */
const UUID = '*';
const UUID_LENGTH = 36;

/** The texts that a line names, each once. */
export class Names {
  readonly #all: string[] = [];
  readonly #numbers = new Map<string, number>();

  /** Returns the number of a text, which is named if it was not. */
  add(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    const number = this.#all.push(text) - 1;
    this.#numbers.set(text, number);
    return number;
  }

  numberOf(text: string): number | undefined {
    return this.#numbers.get(text);
  }

  /** Returns the texts in their short form, as JSON. */
  json(): string {
    return JSON.stringify(this.#all.map(shortName));
  }
}

/** This many short forms are kept of ids, which are those of jobs and come with every ping. */
const SHORT_IDS_MAX = 10_000;

const shortId = memoised(
  SHORT_IDS_MAX,
  (id): string => UUID + Buffer.from(id.replaceAll('-', ''), 'hex').toString('base64url'),
);

/** Returns a text as the names of a line have it. */
export function shortName(text: string): string {
  if (text.length === UUID_LENGTH && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text))
    return shortId(text);
  return text.startsWith(UUID) ? UUID + text : text;
}

/** Returns the texts that a line names. */
export function namesOf(stored: readonly string[]): string[] {
  return stored.map((text) => {
    if (!text.startsWith(UUID)) return text;
    if (text.startsWith(UUID, 1)) return text.slice(1);
    const hex = Buffer.from(text.slice(1), 'base64url').toString('hex');
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
  });
}

/** The day of the last commit, which is mostly the one of the next, too. */
let today = { day: NaN, date: '' };

/** Returns a day as it is told from the instant of a commit: how many days later it is, for a day as people write it. */
export function packDate(date: string, at: number): string {
  const day = Math.floor(at / DAY_MS);
  if (today.day !== day) today = { day, date: dateOf(at) };
  if (date === today.date) return '0';
  const days = Math.round(Date.parse(date) / DAY_MS - day);
  return Number.isSafeInteger(days) && unpackDate(days, at) === date ? String(days) : JSON.stringify(date);
}

export function unpackDate(packed: string | number, at: number): string {
  return typeof packed === 'string' ? packed : dateOf(at + packed * DAY_MS);
}

/** What the short form of a record depends on. */
export interface Packing {
  /** The instant of the commit. */
  at: number;
  /** The id of the record's job; null where it has none. */
  jobId: string | null;
  names: Names;
}

/** What it takes to read the short form. */
export interface Unpacking {
  at: number;
  jobId: string | null;
  names: readonly string[];
}

/** A value of JSON in its short form. */
export type Packed = null | boolean | number | string | Packed[] | { [key: string]: Packed };

/**
 * What must be done to a record to get another: `[]` removes a key, `[value]` sets an object or a list, and an object
 * changes one. Any other value is set. A list is changed by `<` (so many items go from its beginning, and these come at
 * its end) or by `@` (at a place so many items go, and these come).
 */
export type Patch = { [key: string]: Packed };

/** Returns the short form of a text, as JSON. */
export function packText(text: string, { jobId, names }: Packing): string {
  const word = WORD_CODES.get(text);
  if (word !== undefined) return word;
  const named = names.numberOf(text);
  if (named !== undefined) return `"${NAMED}${named}"`;
  if (jobId !== null && text.startsWith(jobId)) return JSON.stringify(JOB + text.slice(jobId.length));
  return JSON.stringify(text !== '' && MARKS.includes(text[0]!) ? ESCAPE + text : text);
}

export function unpackText(text: string, { jobId, names }: Unpacking): string {
  switch (text[0]) {
    case WORD:
      return WORDS_BY_CODE.get(text.slice(1)) ?? unknown(text);
    case NAMED:
      return names[Number(text.slice(1))] ?? unknown(text);
    case JOB:
      return (jobId ?? '') + text.slice(1);
    case ESCAPE:
      return text.slice(1);
    default:
      return text;
  }
}

function unknown(code: string): never {
  throw new Error(
    `a line of the journal has ${JSON.stringify(code)}, which this version does not know: a bug`,
  );
}

/** Returns the short form of a value, as JSON. */
export function packValue(value: unknown, packing: Packing): string {
  if (typeof value === 'string') return packText(value, packing);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${packItems(value, packing)}]`;
  const object = value as Record<string, unknown>;
  let json = '';
  for (const key in object) {
    const each = object[key];
    if (each === undefined) continue;
    const code = CODES.get(key);
    if (json !== '') json += ',';
    if (code === undefined || !canTell(code, each, packing)) json += plainKey(key) + packValue(each, packing);
    else if (code.isInstant && typeof each === 'number') json += code.json + (each - packing.at);
    else json += code.json + packValue(each, packing);
  }
  return `{${json}}`;
}

function packItems(items: readonly unknown[], packing: Packing): string {
  let json = '';
  for (const [index, item] of items.entries()) json += (index === 0 ? '' : ',') + packValue(item, packing);
  return json;
}

function plainKey(key: string): string {
  return `${JSON.stringify(PLAIN + key)}:`;
}

/** Tells whether a value can be told from the instant of the commit, as that of a key with a code has to be. */
function canTell({ isInstant }: Code, value: unknown, { at }: Packing): boolean {
  if (!isInstant || typeof value !== 'number') return true;
  return Number.isSafeInteger(value) && Number.isSafeInteger(value - at);
}

export function unpackValue(packed: Packed, unpacking: Unpacking): unknown {
  if (typeof packed === 'string') return unpackText(packed, unpacking);
  if (typeof packed !== 'object' || packed === null) return packed;
  if (Array.isArray(packed)) return packed.map((each) => unpackValue(each, unpacking));
  const value: Record<string, unknown> = {};
  for (const code in packed) {
    const { key, isInstant } = keyOf(code);
    const each = packed[code]!;
    value[key] = isInstant && typeof each === 'number' ? each + unpacking.at : unpackValue(each, unpacking);
  }
  return value;
}

function keyOf(code: string): { key: string; isInstant: boolean } {
  const known = KEYS_BY_CODE.get(code);
  if (known !== undefined) return known;
  if (code.startsWith(PLAIN)) return { key: code.slice(PLAIN.length), isInstant: false };
  return unknown(code);
}

/** Returns what must be done to get `after`, as JSON; empty where nothing must. */
export function recordPatch(before: object, after: object, packing: Packing): string {
  const old = before as Record<string, unknown>;
  const now = after as Record<string, unknown>;
  let json = '';
  let keptKeys = 0;
  for (const key in now) {
    const was = old[key];
    const is = now[key];
    if (was !== undefined) keptKeys += 1;
    if (is === was) continue;
    const code = CODES.get(key);
    const isPlain = code === undefined || !canTell(code, is, packing);
    const isInstant = !isPlain && code.isInstant && typeof is === 'number';
    const change = isInstant ? String(is - packing.at) : changeOf(was, is, packing);
    if (change === '') continue;
    if (json !== '') json += ',';
    json += (isPlain ? plainKey(key) : code.json) + change;
  }
  if (keptKeys < Object.keys(old).length) {
    for (const key in old) {
      if (old[key] === undefined || key in now) continue;
      if (json !== '') json += ',';
      json += `${CODES.get(key)?.json ?? plainKey(key)}[]`;
    }
  }
  return json === '' ? '' : `{${json}}`;
}

/** Returns the change of one value, as JSON; empty where it is the same. */
function changeOf(was: unknown, is: unknown, packing: Packing): string {
  if (is === undefined) return was === undefined ? '' : '[]';
  if (typeof is !== 'object' || is === null) return packValue(is, packing);
  if (typeof was !== 'object' || was === null || Array.isArray(was) !== Array.isArray(is))
    return `[${packValue(is, packing)}]`;
  if (Array.isArray(is)) return changeOfList(was as unknown[], is, packing);
  return recordPatch(was, is, packing);
}

/** A list that loses its first item as another comes is a queue. */
const QUEUE_DROPPED_MAX = 2;

function changeOfList(was: readonly unknown[], is: readonly unknown[], packing: Packing): string {
  if (was.length === 0) return is.length === 0 ? '' : `[${packValue(is, packing)}]`;
  for (let dropped = 0; dropped <= QUEUE_DROPPED_MAX && dropped < was.length; dropped += 1) {
    const kept = was.length - dropped;
    if (kept > is.length || !isSameRange(was, dropped, is, 0, kept)) continue;
    if (dropped === 0 && kept === is.length) return '';
    return `{"<":[${withItems([dropped], is.slice(kept), packing)}]}`;
  }
  let before = 0;
  while (before < was.length && before < is.length && isSame(was[before], is[before])) before += 1;
  let behind = 0;
  const most = Math.min(was.length, is.length) - before;
  while (behind < most && isSame(was[was.length - 1 - behind], is[is.length - 1 - behind])) behind += 1;
  if (before + behind === 0) return `[${packValue(is, packing)}]`;
  const items = is.slice(before, is.length - behind);
  return `{"@":[${withItems([before, was.length - before - behind], items, packing)}]}`;
}

function withItems(numbers: readonly number[], items: readonly unknown[], packing: Packing): string {
  return items.length === 0 ? numbers.join(',') : `${numbers.join(',')},${packItems(items, packing)}`;
}

function isSameRange(
  a: readonly unknown[],
  fromA: number,
  b: readonly unknown[],
  fromB: number,
  count: number,
): boolean {
  for (let index = 0; index < count; index += 1)
    if (!isSame(a[fromA + index], b[fromB + index])) return false;
  return true;
}

function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b))
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && isSameRange(a, 0, b, 0, a.length);
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) =>
    isSame((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]),
  );
}

/** Returns a record as it is after a change. Parts that are not changed stay the same objects. */
export function patched(before: object, patch: Patch, unpacking: Unpacking): object {
  const old = before as Record<string, unknown>;
  const now: Record<string, unknown> = { ...old };
  let removed: Set<string> | null = null;
  for (const code in patch) {
    const { key, isInstant } = keyOf(code);
    const change = patch[code]!;
    if (typeof change !== 'object' || change === null)
      now[key] =
        isInstant && typeof change === 'number' ? change + unpacking.at : unpackValue(change, unpacking);
    else if (!Array.isArray(change)) now[key] = changed(old[key], change, unpacking);
    else if (change.length > 0) now[key] = unpackValue(change[0]!, unpacking);
    else (removed ??= new Set()).add(key);
  }
  if (removed === null) return now;
  // An object from which a key is deleted takes more memory ever after.
  return Object.fromEntries(Object.entries(now).filter(([key]) => !removed.has(key)));
}

function changed(was: unknown, change: { [key: string]: Packed }, unpacking: Unpacking): unknown {
  if (!Array.isArray(was)) return patched(was as object, change, unpacking);
  const unpack = (items: readonly Packed[]): unknown[] => items.map((each) => unpackValue(each, unpacking));
  if ('<' in change) {
    const [dropped, ...items] = change['<'] as [number, ...Packed[]];
    return [...(was as unknown[]).slice(dropped), ...unpack(items)];
  }
  const [at, count, ...items] = change['@'] as [number, number, ...Packed[]];
  return (was as unknown[]).toSpliced(at, count, ...unpack(items));
}
