import { type Author, changesOf, listed, putAudit } from '../apply/audit.ts';
import { acknowledgeIncident } from '../apply/acknowledge.ts';
import { DECLARING_META, readFill } from '../apply/stored-configuration.ts';
import { applyEvent, EVENT_META, specOfJob } from '../apply/events.ts';
import { addJob, removeJob } from '../apply/jobs.ts';
import { pauseJob, placeOf, resumeJob } from '../apply/pausing.ts';
import { formerOwnerId, renameJob, RENAMES_KEY } from '../apply/renames.ts';
import { type Clock, type Reading, readingOf, setSince } from '../clock.ts';
import { type Actor, type AuditChange, type AuditRecord, NOBODY } from '../core/model/audit.ts';
import type { Declaration } from '../core/model/declaration.ts';
import { applyDefaults } from '../core/model/defaults.ts';
import { CronflowError } from '../core/model/errors.ts';
import { isGivenUp } from '../core/model/reasons.ts';
import type { Incident, Job, Ping, PingedRow } from '../core/model/records.ts';
import { outputBytesMaxOf } from '../core/model/spec.ts';
import { differences } from '../core/plan/comparisons.ts';
import { hasHistory } from '../core/plan/rename.ts';
import { withinOutputLimit } from './output-limit.ts';
import { isRefusal } from '../store/backlog.ts';
import type { Scope, Store, Tx } from '../store/store.ts';
import type { Ingest, PingResult } from './ingest.ts';

/** A job beyond this number is refused, so that a script gone wild cannot fill the store. */
export const JOBS_MAX_DEFAULT = 100_000;

/** An instance that lives judges a job within this time after it was due. */
const JUDGED_WITHIN_MS = 2_000;

export interface JobIngestOptions {
  store: Store;
  clock: Clock;
  jobsMax?: number;
  /** Is called when a change could not be stored and was refused. */
  onRefusal: () => void;
  /** Tells whether a job of this name is declared and could not be stored yet. */
  isUnstored?: (name: string) => boolean;
  /**
   * Returns a time of which it is not known yet whether another instance took pings in it. A job on which time should
   * have acted by then must not be judged as if somebody had.
   */
  doubt?: () => { from_at: number; to_at: number } | null;
  /** Takes secrets out of a text, for the audit log. */
  hide?: (text: string) => string;
}

/** Takes pings and API writes. Each is one transaction and is answered when it is durable. */
export class JobIngest implements Ingest {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #jobsMax: number;
  readonly #onRefusal: () => void;
  readonly #isUnstored: (name: string) => boolean;
  readonly #hide: Pick<Author, 'hide'>;
  readonly #doubt: () => { from_at: number; to_at: number } | null;
  #stopping = false;

  constructor(options: JobIngestOptions) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#jobsMax = options.jobsMax ?? JOBS_MAX_DEFAULT;
    this.#onRefusal = options.onRefusal;
    this.#doubt = options.doubt ?? (() => null);
    this.#isUnstored = options.isUnstored ?? (() => false);
    this.#hide = options.hide === undefined ? {} : { hide: options.hide };
  }

  /** Refuses every write from now on with `stopping`. */
  stop(): void {
    this.#stopping = true;
  }

  ping(name: string, ping: Ping): Promise<PingResult> {
    const { output } = ping;
    return output === null || output === ''
      ? this.#recordPing(name, ping)
      : this.#recordWithOutput(name, ping);
  }

  /** Records a ping. The store keeps one whose output it cannot keep, and then the run says so. */
  async #recordWithOutput(name: string, ping: Ping): Promise<PingResult> {
    const result = await this.#recordPing(name, ping);
    if (result.run_id === null || result.reason === 'duplicate') return result;
    // A database takes a ping with its output or refuses both. To ask it again could fail, though the ping is stored.
    if (this.#store.isShared === true) return result;
    const run = await this.#store.run(result.job.id, result.run_id);
    const isKept = run === undefined || run.kind === 'slots' || run.output_bytes > 0;
    if (isKept) return result;
    // What the job declares not to keep is not lost.
    const { output } = withinOutputLimit(ping, outputBytesMaxOf(result.job.declaration));
    return output === null || output === ''
      ? result
      : { ...result, output_lost_bytes: Buffer.byteLength(output) };
  }

  async #recordPing(name: string, ping: Ping): Promise<PingResult> {
    const read = readingOf(this.#clock);
    try {
      return await this.#write({ names: [name], ...neededFor(ping) }, (tx) =>
        this.#record(tx, currentJob(tx, name), this.#dated(ping, read)),
      );
    } catch (error) {
      if (!(error instanceof CronflowError && error.code === 'unknown_job')) throw error;
      const id = await formerOwnerId(this.#store, name, this.#clock.now());
      // A rename that shares the commit with this ping gives the name to a job, and takes it off the former ones.
      if (id === undefined && (await this.#store.jobByName(name)) !== undefined)
        return this.#recordPing(name, ping);
      if (id === undefined) throw this.#isUnstored(name) ? notStoredYet(name) : error;
      return this.#write({ ids: [id], ...neededFor(ping) }, (tx) => {
        const job = tx.jobById(id);
        if (job === undefined || job.removed_at !== null) throw error;
        return { ...this.#record(tx, job, this.#dated(ping, read)), former_name: name };
      });
    }
  }

  /** Dates a ping by the clock as the transaction knows it, which may have been set since the ping came. */
  #dated(ping: Ping, read: Reading): Ping {
    const setMs = setSince(this.#clock, read);
    return setMs === 0 ? ping : { ...ping, received_at: ping.received_at + setMs };
  }

  #record(tx: Tx, job: Job, ping: Ping): PingResult {
    const doubt = this.#doubt();
    const { due_at: dueAt } = job.state;
    const isUnjudged = dueAt !== null && dueAt + JUDGED_WITHIN_MS < ping.received_at;
    if (doubt === null || !isUnjudged) return recordPing(tx, job, ping);
    // An instance that lived would have judged the job by now.
    const { from_at, to_at } = doubt;
    applyEvent(tx, job, { type: 'gap', from_at, to_at });
    return recordPing(tx, tx.jobById(job.id) ?? job, ping);
  }

  async register(name: string, declared: Declaration, by: Actor = NOBODY): Promise<Job> {
    const { renamed_from: from, ...others } = declared;
    if (from !== undefined) {
      const renamed = { name, from, declared: others };
      const scope = { names: [name, from], meta: [...DECLARING_META, RENAMES_KEY] };
      return this.#write(scope, (tx) => {
        const before = tx.jobByName(from)?.declared ?? {};
        const job = registerRenamed(tx, renamed, this.#clock.now());
        const changes = [{ job: name, key: 'name', from, to: name }, ...changesOf(name, before, others)];
        this.#audit(tx, by, { action: 'job_renamed', job: name, changes });
        return job;
      });
    }
    await this.#makeSureOfRoom();
    return this.#write(declaring(name), (tx) => this.#register(tx, name, others, by));
  }

  async declare(
    name: string,
    declared: Declaration,
    by: Actor = NOBODY,
  ): Promise<{ job: Job; isNew: boolean }> {
    if ((await this.#store.jobByName(name)) === undefined) {
      if (declared.renamed_from !== undefined) {
        return { job: await this.register(name, declared, by), isNew: true };
      }
      await this.#makeSureOfRoom();
    }
    return this.#write(declaring(name), (tx) => {
      const existing = tx.jobByName(name);
      if (existing === undefined || existing.removed_at !== null) {
        const { renamed_from: _from, ...others } = declared;
        return { job: this.#register(tx, name, others, by), isNew: true };
      }
      this.#change(tx, existing, declared, by);
      return { job: currentJob(tx, name), isNew: false };
    });
  }

  #register(tx: Tx, name: string, declared: Declaration, by: Actor): Job {
    const job = registerJob(tx, name, declared, this.#clock.now());
    this.#audit(tx, by, { action: 'job_registered', job: name, changes: changesOf(name, {}, declared) });
    return job;
  }

  #change(tx: Tx, job: Job, declared: Declaration, by: Actor): void {
    changeJob(tx, job, declared, this.#clock.now());
    this.#auditChange(tx, by, {
      action: 'job_changed',
      job: job.name,
      changes: changesOf(job.name, job.declared, declared),
    });
  }

  async #makeSureOfRoom(): Promise<void> {
    const { total } = await this.#store.listJobs({ skip: 0, limit: 1 });
    if (total < this.#jobsMax) return;
    throw new CronflowError(
      'too_many_jobs',
      `There are ${total} jobs, and at most ${this.#jobsMax} are allowed. Delete some that are not needed.`,
    );
  }

  remove(name: string, by: Actor = NOBODY): Promise<void> {
    return this.#write({ names: [name], meta: EVENT_META }, (tx) => {
      const job = currentJob(tx, name);
      if (job.source === 'file') {
        throw new CronflowError(
          'job_in_file',
          `Job "${job.name}" is declared in ${placeOf(job)}. Remove it there.`,
        );
      }
      removeJob(tx, job, this.#clock.now());
      this.#audit(tx, by, { action: 'job_removed', job: name, changes: changesOf(name, job.declared, {}) });
    });
  }

  change(name: string, edit: (declared: Declaration) => Declaration, by: Actor = NOBODY): Promise<Job> {
    return this.#write(declaring(name), (tx) => {
      const job = currentJob(tx, name);
      this.#change(tx, job, edit(job.declared), by);
      return currentJob(tx, name);
    });
  }

  pause(name: string, untilAt: number | null = null, by: Actor = NOBODY): Promise<Job> {
    return this.#write({ names: [name], meta: EVENT_META }, (tx) => {
      const job = currentJob(tx, name);
      pauseJob(tx, job, untilAt, this.#clock.now());
      const changes = pauseChanges(job, currentJob(tx, name));
      this.#auditChange(tx, by, { action: 'job_paused', job: name, changes });
      return currentJob(tx, name);
    });
  }

  resume(name: string, by: Actor = NOBODY): Promise<Job> {
    return this.#write({ names: [name], meta: EVENT_META }, (tx) => {
      const job = currentJob(tx, name);
      resumeJob(tx, job, this.#clock.now());
      const changes = pauseChanges(job, currentJob(tx, name));
      this.#auditChange(tx, by, { action: 'job_resumed', job: name, changes });
      return currentJob(tx, name);
    });
  }

  async acknowledge(incidentId: string, untilAt: number, by: Actor = NOBODY): Promise<Incident> {
    const incident = await this.#store.incident(incidentId);
    const scope: Scope = {
      incident_ids: [incidentId],
      ids: incident?.kind === 'job' ? [incident.job_id] : [],
      meta: EVENT_META,
    };
    return this.#write(scope, (tx) => {
      const from = tx.incident(incidentId)?.acknowledged_until_at ?? null;
      const acknowledged = acknowledgeIncident(tx, incidentId, untilAt, this.#clock.now());
      const job = acknowledged.kind === 'job' ? (tx.jobById(acknowledged.job_id)?.name ?? null) : null;
      const [before, to] = [from, untilAt].map((at) => (at === null ? null : new Date(at).toISOString()));
      const changes = before === to ? [] : [{ job, key: 'acknowledged_until', from: before, to }];
      this.#auditChange(tx, by, { action: 'incident_acknowledged', job, incident_id: incidentId, changes });
      return acknowledged;
    });
  }

  /** Adds an entry about a write, unless it changed nothing, as where a job that is paused is paused again. */
  #auditChange(tx: Tx, by: Actor, done: Done): void {
    if (done.changes.length > 0) this.#audit(tx, by, done);
  }

  #audit(tx: Tx, by: Actor, { job, changes, ...done }: Done): void {
    const jobs = job === null ? [] : [job];
    putAudit(
      tx,
      { by, ...this.#hide },
      {
        at: this.#clock.now(),
        jobs,
        changes: listed(changes),
        ...done,
      },
    );
  }

  async #write<T>(scope: Scope, fn: (tx: Tx) => T): Promise<T> {
    if (this.#stopping) throw new CronflowError('stopping', 'Cronflow is stopping. Try again in a moment.');
    try {
      return await this.#store.transact(scope, fn);
    } catch (error) {
      if (isRefusal(error)) this.#onRefusal();
      throw error;
    }
  }
}

/** A write, for the audit log. */
interface Done {
  action: AuditRecord['action'];
  job: string | null;
  changes: readonly AuditChange[];
  incident_id?: string;
}

function pauseChanges(before: Job, after: Job): AuditChange[] {
  const changes: AuditChange[] = [
    { job: after.name, key: 'paused', from: isPaused(before), to: isPaused(after) },
    { job: after.name, key: 'paused_until_at', from: pauseEndOf(before), to: pauseEndOf(after) },
  ];
  return changes.filter(({ from, to }) => from !== to);
}

/** Returns when the pause of a job ends by itself, as people read it. */
function pauseEndOf({ state: { paused_until_at: at } }: Job): string | null {
  return at === undefined ? null : new Date(at).toISOString();
}

function isPaused({ state, declaration }: Job): boolean {
  return state.paused_by_api || declaration.paused === true;
}

/**
 * Returns the error for a ping of such a job. A client keeps a ping that is refused with it, but gives up one that is
 * refused because nobody knows the job.
 */
function notStoredYet(name: string): CronflowError {
  const detail = `Job "${name}" is declared and could not be stored yet. Try again in a moment.`;
  return new CronflowError('store_unavailable', detail);
}

/** Returns the part of a scope that a ping needs beside its job. */
function neededFor({ rid, kind }: Ping): Pick<Scope, 'runs' | 'meta'> {
  const begins = kind === 'start' || kind === 'log';
  return { meta: EVENT_META, runs: { rids: rid === null ? [] : [rid], begins } };
}

/** Returns the scope of a transaction that declares a job anew. */
function declaring(name: string): Scope {
  return { names: [name], meta: DECLARING_META };
}

function recordPing(tx: Tx, job: Job, received: Ping): PingResult {
  const ping = withinOutputLimit(received, outputBytesMaxOf(job.declaration));
  const { reason, run_id: runId, state } = applyEvent(tx, job, { type: 'ping', ping });
  if (runId !== null && ping.output !== null && reason !== 'duplicate') {
    const run = tx.runsOf(job.id).get(runId);
    if (run !== undefined && run.kind !== 'slots' && !isOutdated(ping, run)) {
      const dropped = ping.output_dropped_bytes;
      tx.putRun({ ...run, output_bytes: Buffer.byteLength(ping.output), output_dropped_bytes: dropped });
      tx.putOutput(job.id, runId, { text: ping.output, dropped_bytes: dropped });
    }
  }
  return { job: { ...job, state: state.job }, run_id: runId, reason };
}

/**
 * Tells whether a ping may not replace the output of its run. A `log` that comes twice, or late, does not take the
 * place of the output that the end of its run sent (docs/design.md §3.2).
 */
function isOutdated(ping: Ping, run: PingedRow): boolean {
  return ping.kind === 'log' && run.outcome !== null && !isGivenUp(run.outcome) && run.output_bytes > 0;
}

function registerJob(tx: Tx, name: string, declared: Declaration, at: number): Job {
  const existing = tx.jobByName(name);
  if (existing !== undefined && existing.removed_at === null) throw nameTaken(existing);
  const declaration = applyDefaults(declared, readFill(tx));
  const shared = { name, source: 'api' as const, place: null, declared, declaration, updated_at: at };
  if (existing !== undefined) {
    const restored: Job = { ...existing, ...shared, removed_at: null };
    applyEvent(tx, restored, { type: 'restored', at, resumed: true });
  } else {
    addJob(tx, { ...shared, created_at: at, removed_at: null });
  }
  return currentJob(tx, name);
}

/**
 * Declares a job of the API anew.
 * @throws CronflowError `job_in_file`
 */
function changeJob(tx: Tx, job: Job, declared: Declaration, at: number): void {
  if (job.source === 'file') {
    throw new CronflowError(
      'job_in_file',
      `Job "${job.name}" is declared in ${placeOf(job)}. Change it there.`,
    );
  }
  const declaration = applyDefaults(declared, readFill(tx));
  if (differences(job.declaration, declaration).length === 0) {
    tx.putJob({ ...job, declared, declaration, updated_at: at });
    return;
  }
  const previous = specOfJob(tx, job);
  const next: Job = { ...job, declared, declaration, updated_at: at };
  applyEvent(tx, next, { type: 'spec_changed', at, previous });
}

/** Lets a job of the API go on under another name, as `renamed_from` in a file does for a job of that file. */
function registerRenamed(
  tx: Tx,
  { name, from, declared }: { name: string; from: string; declared: Declaration },
  at: number,
): Job {
  const replaced = tx.jobByName(name);
  if (replaced !== undefined && (replaced.removed_at === null || hasHistory(replaced))) {
    throw nameTaken(replaced);
  }
  const job = currentJob(tx, from);
  if (job.source === 'file') {
    throw new CronflowError('job_in_file', `Job "${from}" is declared in ${placeOf(job)}. Rename it there.`);
  }
  const declaration = applyDefaults(declared, readFill(tx));
  const next: Job = { ...job, name, declared, declaration, updated_at: at };
  renameJob(tx, { job, next, replaced }, specOfJob(tx, job), at);
  return currentJob(tx, name);
}

function nameTaken(job: Job): CronflowError {
  const where = job.source === 'file' ? `, declared in ${placeOf(job)}` : '';
  const what =
    job.removed_at === null
      ? `A job named "${job.name}" exists already${where}.`
      : `A job named "${job.name}" was removed, and its history is kept for 30 days.`;
  return new CronflowError('name_taken', `${what} Choose another name.`);
}

function currentJob(tx: Tx, name: string): Job {
  const job = tx.jobByName(name);
  if (job === undefined || job.removed_at !== null) {
    throw new CronflowError(
      'unknown_job',
      `No job is named "${name}". Declare it in cronflow.yaml, or POST /jobs.`,
    );
  }
  return job;
}
