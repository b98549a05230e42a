import type { AuditRecord } from '../../core/model/audit.ts';
import type { LoggedEvent } from '../../core/model/event.ts';
import type { Day } from '../../core/model/daily.ts';
import type { Delivery, Incident, Job, Ping, Row, Run } from '../../core/model/records.ts';
import { rowIdOf } from '../../core/model/rows.ts';
import type { Changes, MetaRecord, OutputRef } from '../local/changes.ts';
import { jobIdOf } from '../local/tables.ts';
import type { Before } from './before.ts';
import { encodeJson, JSON_OFFSET } from './lines.ts';
import {
  Names,
  namesOf,
  packDate,
  type Packed,
  type Packing,
  packText,
  packValue,
  type Patch,
  patched,
  recordPatch,
  unpackDate,
  type Unpacking,
  unpackText,
  unpackValue,
} from './packing.ts';
import { wholeJobs } from './whole-jobs.ts';

/** One commit, which is one line of the journal. */
export interface Commit extends Changes {
  seq: number;
  /** The instant of the commit. */
  at: number;
}

/** The part of a commit that history needs. */
export type LoggedCommit = Pick<Commit, 'seq' | 'at' | 'events'>;

/** The place of a line: its segment, by the number of the first commit, and its offset in bytes. */
export interface LinePlace {
  segment: number;
  offset: number;
}

/** The number of a job's id among the names of a line. */
type Id = number;
type StoredRow = [job: Id, row: number | string, Patch, kind?: Row['kind']];
type StoredOutput = [job: Id, row: number | string, bytes: number, textBytes: number, droppedBytes: number];
type StoredEvent = [job: Id, kind: Ping['kind'], Patch] | [job: Id, event: Packed];

/**
 * A commit as a line holds it. Texts come first, so that their places follow from their lengths alone. Of each record
 * the line has what the commit changes, held against the record before it, or against a record of which nothing is
 * known. So a ping writes as little as it changes. Nothing but the record before is needed to read it back: no rule of
 * the core, no time zone, and so no version of them.
 */
interface StoredCommit {
  texts?: string[];
  seq: number;
  at: number;
  names: string[];
  jobs?: [job: Id, Patch][];
  runs?: StoredRow[];
  days?: [job: Id, date: string | number, Patch][];
  incidents?: [job: Id | null, id: string, Patch][];
  deliveries?: [job: Id | null, id: string, Patch][];
  outputs?: StoredOutput[];
  audit?: AuditRecord[];
  meta?: MetaRecord[];
  del?: Changes['del'];
  events?: StoredEvent[];
}

export interface EncodedCommit {
  line: Buffer;
  /** The changes with the places that the outputs have in the line. */
  changes: Changes;
}

const TEXTS_OFFSET = JSON_OFFSET + '{"texts":['.length;

/** The rows and pings of which nothing is known. They belong to the schema version and never change. */
const RUN: Omit<Run, 'id' | 'job_id' | 'number' | 'reason'> = {
  kind: 'run',
  rid: null,
  slot_at: null,
  late: false,
  started_at: null,
  start_received: false,
  replaces_run_id: null,
  ended_at: null,
  ended_after_number: null,
  duration_ms: null,
  limit_at: null,
  outcome: null,
  detail: null,
  counted: true,
  exit_code: null,
  signal: null,
  host: null,
  output_bytes: 0,
  output_dropped_bytes: 0,
};
const PING: Omit<Ping, 'kind' | 'received_at'> = {
  delay_ms: 0,
  rid: null,
  exit_code: null,
  signal: null,
  duration_ms: null,
  host: null,
  output: null,
  output_dropped_bytes: 0,
};

/**
 * Encodes a commit with its outputs.
 * @param texts the texts of the outputs by run
 */
export function encodeCommit(
  commit: Commit,
  texts: ReadonlyMap<string, string>,
  { before, place }: { before: Before; place: LinePlace },
): EncodedCommit {
  const refs = commit.put.outputs;
  if (refs === undefined)
    return { line: encodeJson(`{${new Encoding(commit, before).fields([], [])}}`), changes: commit };
  const all = refs.map((ref) => texts.get(ref.run_id) ?? '');
  const literals = all.map((text) => JSON.stringify(text));
  const lengths = literals.map((literal) => Buffer.byteLength(literal));
  const fields = new Encoding(commit, before).fields(all, lengths);
  const places = placesOfTexts(lengths, place);
  const outputs = refs.map((ref, index): OutputRef => ({ ...ref, place: places[index]! }));
  const line = encodeJson(`{"texts":[${literals.join(',')}],${fields}}`);
  return { line, changes: { ...commit, put: { ...commit.put, outputs } } };
}

/** Tells whether a line holds a commit as versions before 6 wrote it, with whole records. */
function isWhole(value: unknown): value is Commit {
  return !('names' in (value as object));
}

/**
 * Decodes a line.
 * @param options.before returns records as the version that wrote the line knew them
 */
export function decodeCommit(value: unknown, options: { before: Before; place: LinePlace }): Commit {
  return isWhole(value) ? value : new Decoding(value as StoredCommit).commit(options);
}

/**
 * Decodes the part of a line that history needs.
 * @param jobId the one job whose events are wanted; absent for all of them
 */
export function decodeLogged(value: unknown, jobId?: string): LoggedCommit {
  if (!isWhole(value)) return new Decoding(value as StoredCommit).logged(jobId);
  return jobId === undefined
    ? value
    : { ...value, events: value.events.filter((event) => event.job_id === jobId) };
}

function placesOfTexts(
  lengths: readonly number[],
  { segment, offset: lineOffset }: LinePlace,
): Required<OutputRef>['place'][] {
  let offset = lineOffset + TEXTS_OFFSET;
  return lengths.map((bytes) => {
    const place = { segment, offset, bytes };
    // A comma follows.
    offset += bytes + 1;
    return place;
  });
}

/** A text of a ping that is at least this long, and that its run may have, too, is named once. */
const NAMED_LENGTH_MIN = 6;

class Encoding {
  readonly #commit: Commit;
  readonly #before: Before;
  readonly #names = new Names();
  readonly #pings: ReadonlyMap<string, Ping>;
  readonly #around: Packing;

  constructor(commit: Commit, before: Before) {
    this.#commit = commit;
    this.#before = before;
    this.#around = { at: commit.at, jobId: null, names: this.#names };
    this.#pings = pingsOf(commit.events);
  }

  /** Returns the fields of the line but its texts, as JSON. */
  fields(texts: readonly string[], textBytes: readonly number[]): string {
    const { seq, at, put, del, events } = this.#commit;
    this.#nameTexts();
    let json = '';
    const jobs = this.#jobs();
    if (jobs.length > 0) json += listed('jobs', jobs, (job) => job);
    if (put.runs !== undefined) json += listed('runs', put.runs, (row) => this.#row(row));
    if (put.days !== undefined) json += listed('days', put.days, (day) => this.#day(day));
    if (put.incidents !== undefined)
      json += listed('incidents', put.incidents, (each) =>
        this.#owned(each, this.#before.incident(each.id), jobIdOf(each)),
      );
    if (put.deliveries !== undefined)
      json += listed('deliveries', put.deliveries, (each) =>
        this.#owned(each, this.#before.delivery(each.id), each.job_id),
      );
    if (put.outputs !== undefined)
      json += listed('outputs', put.outputs, (ref, index) => this.#output(ref, textBytes[index]!));
    // An entry is new and never changes, so it is written whole.
    if (put.audit !== undefined) json += `,"audit":${JSON.stringify(put.audit)}`;
    if (put.meta !== undefined) json += `,"meta":${JSON.stringify(put.meta)}`;
    if (Object.keys(del).length > 0) json += `,"del":${JSON.stringify(del)}`;
    if (events.length > 0) json += this.#events(texts);
    return `"seq":${seq},"at":${at},"names":${this.#names.json()}${json}`;
  }

  #nameTexts(): void {
    for (const { rid, host } of this.#pings.values()) {
      if (rid !== null && rid.length >= NAMED_LENGTH_MIN) this.#names.add(rid);
      if (host !== null && host.length >= NAMED_LENGTH_MIN) this.#names.add(host);
    }
  }

  /** Returns what changes in each job: in what it declares and lives through, or in the second alone. */
  #jobs(): string[] {
    const { put } = this.#commit;
    const declared = wholeJobs(put, this.#before.job);
    const whole = declared.map((job) => this.#job(job.id, this.#before.job(job.id) ?? {}, job));
    const declaredIds = new Set(declared.map(({ id }) => id));
    for (const { job_id: id, state } of put.states ?? []) {
      if (declaredIds.has(id)) continue;
      const before = this.#before.job(id);
      if (before === undefined) throw new Error(`There is no job "${id}" for a state: a bug.`);
      // Nothing else of the job changes, so nothing else is compared.
      whole.push(this.#job(id, { state: before.state }, { state }));
    }
    return whole;
  }

  #job(id: string, before: object, after: object): string {
    return `${this.#names.add(id)},${recordPatch(before, after, this.#packing(id)) || '{}'}`;
  }

  #row(row: Row): string {
    const { job_id: jobId, kind } = row;
    const number = numberOf(row.id, jobId, row.number);
    const before = this.#before.row(row.id);
    const patch = recordPatch(
      before ?? newRow(jobId, number, kind, this.#pings.get(jobId)),
      row,
      this.#packing(jobId),
    );
    const json = `${this.#names.add(jobId)},${JSON.stringify(number)},${patch || '{}'}`;
    return before !== undefined || kind === 'run' ? json : `${json},"${kind}"`;
  }

  #day(day: Day): string {
    const { job_id: jobId, date } = day;
    const before = this.#before.day(jobId, date) ?? newDay(jobId, date);
    const patch = recordPatch(before, day, this.#packing(jobId));
    return `${this.#names.add(jobId)},${packDate(date, this.#commit.at)},${patch || '{}'}`;
  }

  #owned<T extends Incident | Delivery>(record: T, before: T | undefined, jobId: string | null): string {
    const packing = this.#packing(jobId);
    const job = jobId === null ? null : this.#names.add(jobId);
    const patch = recordPatch(before ?? { id: record.id }, record, packing);
    return `${job},${packText(record.id, packing)},${patch || '{}'}`;
  }

  #output(ref: OutputRef, textBytes: number): string {
    const { job_id: jobId, run_id: runId, bytes, dropped_bytes: droppedBytes } = ref;
    const number = numberOf(runId, jobId, Number(runId.slice(jobId.length + 1)));
    return `${this.#names.add(jobId)},${JSON.stringify(number)},${bytes},${textBytes},${droppedBytes}`;
  }

  /** A text that a ping brought is named by its number among the texts, which come in the order of the events. */
  #events(texts: readonly string[]): string {
    const { at, events } = this.#commit;
    let next = 0;
    return listed('events', events, ({ job_id: jobId, event }) => {
      const packing = this.#packing(jobId);
      const job = this.#names.add(jobId);
      if (event.type !== 'ping') return `${job},${packValue(event, packing)}`;
      const { kind, output } = event.ping;
      const index = output === null ? -1 : texts[next] === output ? next : texts.indexOf(output);
      if (index !== -1) next = index + 1;
      const ping = index === -1 ? event.ping : { ...event.ping, output: index };
      return `${job},"${kind}",${recordPatch(newPing(kind, at), ping, packing) || '{}'}`;
    });
  }

  /** Returns what the short form of a record of this job depends on, until the next call. */
  #packing(jobId: string | null): Packing {
    this.#around.jobId = jobId;
    return this.#around;
  }
}

/** Returns a field of the line with a list of lists, as JSON, with the comma before it. */
function listed<T>(field: string, items: readonly T[], itemOf: (item: T, index: number) => string): string {
  let json = '';
  for (const [index, item] of items.entries()) json += `${index === 0 ? '' : ','}[${itemOf(item, index)}]`;
  return `,"${field}":[${json}]`;
}

class Decoding {
  readonly #stored: StoredCommit;
  readonly #names: readonly string[];

  constructor(stored: StoredCommit) {
    this.#stored = stored;
    this.#names = namesOf(stored.names);
  }

  logged(jobId?: string): LoggedCommit {
    const { seq, at, events = [] } = this.#stored;
    // To decode takes longer than to read, and a line may hold the events of a thousand jobs.
    const id = jobId === undefined ? null : this.#names.indexOf(jobId);
    const wanted = id === null ? events : events.filter((event) => event[0] === id);
    return { seq, at, events: wanted.map((event) => this.#event(event)) };
  }

  commit({ before, place }: { before: Before; place: LinePlace }): Commit {
    const stored = this.#stored;
    const { del = {} } = stored;
    const logged = this.logged();
    const pings = pingsOf(logged.events);
    const put: Changes['put'] = {};
    if (stored.jobs !== undefined)
      put.jobs = stored.jobs.map(([number, patch]) => {
        const id = this.#id(number);
        return patched(before.job(id) ?? {}, patch, this.#unpacking(id)) as Job;
      });
    if (stored.runs !== undefined)
      put.runs = stored.runs.map(([job, number, patch, kind = 'run']) => {
        const jobId = this.#id(job);
        const row = before.row(rowId(jobId, number)) ?? newRow(jobId, number, kind, pings.get(jobId));
        return patched(row, patch, this.#unpacking(jobId)) as Row;
      });
    if (stored.days !== undefined)
      put.days = stored.days.map(([job, packedDate, patch]) => {
        const jobId = this.#id(job);
        const date = unpackDate(packedDate, stored.at);
        const day = before.day(jobId, date) ?? newDay(jobId, date);
        return patched(day, patch, this.#unpacking(jobId)) as Day;
      });
    if (stored.incidents !== undefined)
      put.incidents = stored.incidents.map((each) => this.#owned(each, before.incident) as Incident);
    if (stored.deliveries !== undefined)
      put.deliveries = stored.deliveries.map((each) => this.#owned(each, before.delivery) as Delivery);
    if (stored.outputs !== undefined) put.outputs = this.#outputs(stored.outputs, place);
    if (stored.audit !== undefined) put.audit = stored.audit;
    if (stored.meta !== undefined) put.meta = stored.meta;
    return { ...logged, put, del };
  }

  #owned(
    [job, packedId, patch]: [Id | null, string, Patch],
    before: (id: string) => object | undefined,
  ): object {
    const jobId = job === null ? null : this.#id(job);
    const unpacking = this.#unpacking(jobId);
    const id = unpackText(packedId, unpacking);
    return patched(before(id) ?? { id }, patch, unpacking);
  }

  #outputs(stored: readonly StoredOutput[], place: LinePlace): OutputRef[] {
    const places = placesOfTexts(
      stored.map(([, , , textBytes]) => textBytes),
      place,
    );
    return stored.map(([job, number, bytes, , droppedBytes], index) => {
      const jobId = this.#id(job);
      const run_id = rowId(jobId, number);
      return { job_id: jobId, run_id, bytes, dropped_bytes: droppedBytes, place: places[index]! };
    });
  }

  #event(stored: StoredEvent): Commit['events'][number] {
    const jobId = this.#id(stored[0]);
    const unpacking = this.#unpacking(jobId);
    if (stored.length === 2)
      return { job_id: jobId, event: unpackValue(stored[1], unpacking) as LoggedEvent };
    const [, kind, patch] = stored;
    const ping = patched(newPing(kind, unpacking.at), patch, unpacking) as Ping;
    const output = ping.output as string | number | null;
    if (typeof output === 'number') ping.output = this.#stored.texts?.[output] ?? null;
    return { job_id: jobId, event: { type: 'ping', ping } };
  }

  #id(number: Id): string {
    return this.#names[number]!;
  }

  #unpacking(jobId: string | null): Unpacking {
    return { at: this.#stored.at, jobId, names: this.#names };
  }
}

/** Returns what names a row beside its job: its number, where its id follows from that. */
function numberOf(id: string, jobId: string, number: number): number | string {
  return id === rowIdOf(jobId, number) ? number : id;
}

function rowId(jobId: string, number: number | string): string {
  return typeof number === 'string' ? number : rowIdOf(jobId, number);
}

/** Returns the last ping of each job. */
function pingsOf(events: Commit['events']): ReadonlyMap<string, Ping> {
  const pings = new Map<string, Ping>();
  for (const { job_id: jobId, event } of events) if (event.type === 'ping') pings.set(jobId, event.ping);
  return pings;
}

/** The run and the ping that the next two functions fill and return again and again. */
const run: Omit<Run, 'reason'> = { id: '', job_id: '', number: 0, ...RUN };
const ping: Ping = { ...PING, kind: 'success', received_at: 0 };

/**
 * Returns a row of which nothing is known but its key, and for a run what the ping said that came with the same commit,
 * because it mostly came of that ping. The row is valid until the next call: to make one for each ping takes as long as
 * to encode all else.
 */
function newRow(jobId: string, number: number | string, kind: Row['kind'], from: Ping | undefined): object {
  const id = rowId(jobId, number);
  if (typeof number === 'string') return { id, job_id: jobId, kind };
  if (kind !== 'run') return { id, job_id: jobId, number, kind };
  run.id = id;
  run.job_id = jobId;
  run.number = number;
  run.rid = from?.rid ?? null;
  run.host = from?.host ?? null;
  run.exit_code = from?.exit_code ?? null;
  run.signal = from?.signal ?? null;
  run.duration_ms = from?.duration_ms ?? null;
  return run;
}

function newDay(jobId: string, date: string): Day {
  return { job_id: jobId, date, outcomes: {}, durations: [] };
}

/** Returns a ping of which only its kind is known. It is valid until the next call. */
function newPing(kind: Ping['kind'], at: number): Ping {
  ping.kind = kind;
  ping.received_at = at;
  return ping;
}
