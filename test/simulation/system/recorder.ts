import type { Declaration } from '../../../src/core/model/declaration.ts';
import type { Delivery, Incident, Job, Row, SlotsRow } from '../../../src/core/model/records.ts';
import { slotAfter } from '../../../src/core/model/slots.ts';
import { DEFAULT_GLOBALS, specOf } from '../../../src/core/model/spec.ts';
import type { Ending, OutageTelling, Telling, Verdict } from '../script.ts';

export type Write =
  | { table: 'run'; record: Row }
  | { table: 'delivery'; record: Delivery }
  | { table: 'incident'; record: Incident }
  | { table: 'job'; record: Job }
  | { table: 'run_deleted'; id: string };

/**
 * Keeps everything that was committed, because the store forgets: history is trimmed, and misses in a row become one
 * row. It keeps what the store held at some time and nothing else.
 */
export class Recorder {
  readonly deliveries = new Map<string, Delivery>();
  readonly incidents = new Map<string, Incident>();
  readonly jobs = new Map<string, Job>();
  readonly runs = new Map<string, Row>();
  /** The deliveries that were put into the outbox although they had been there, and may have been sent. */
  readonly owedTwice: string[] = [];
  /** Maps each row of history to the slots for which it stands. */
  readonly #slots = new Map<string, number[]>();
  /** Maps each row to the slots that runs have taken out of it, because they took place after all. */
  readonly #claimed = new Map<string, Set<number>>();

  /** Takes over one commit. */
  commit(writes: readonly Write[]): void {
    const declarations = new Map<string, Declaration[]>();
    for (const write of writes) {
      if (write.table !== 'job') continue;
      const { id, declaration } = write.record;
      const before = this.jobs.get(id);
      // A slot that was due before a change of the job was due by the declaration of that time.
      if (!declarations.has(id)) declarations.set(id, before === undefined ? [] : [before.declaration]);
      declarations.get(id)!.push(declaration);
      this.jobs.set(id, write.record);
    }
    for (const write of writes) if (write.table === 'run') this.#noteClaim(write.record);
    const deleted = new Set(writes.flatMap((write) => (write.table === 'run_deleted' ? [write.id] : [])));
    for (const write of writes)
      // A row may be made and taken over in one commit.
      if (write.table !== 'run' || !deleted.has(write.record.id)) this.#take(write, declarations);
  }

  verdict(): Verdict {
    const live = [...this.jobs.values()].filter((job) => job.removed_at === null);
    return {
      tellings: [...this.deliveries.values()].flatMap((delivery) => this.#telling(delivery)),
      endings: [...this.runs.values()].flatMap((run) => this.#endings(run)),
      outages: this.#outages(),
      statuses: Object.fromEntries(live.map((job) => [job.name, job.state.status])),
    };
  }

  #take(write: Write, declarations: ReadonlyMap<string, Declaration[]>): void {
    switch (write.table) {
      case 'run':
        this.#takeRun(write.record, declarations.get(write.record.job_id) ?? []);
        return;
      case 'run_deleted':
        this.runs.delete(write.id);
        this.#slots.delete(write.id);
        return;
      case 'delivery':
        if (this.deliveries.has(write.record.id)) this.owedTwice.push(write.record.id);
        else this.deliveries.set(write.record.id, write.record);
        return;
      case 'incident':
        this.incidents.set(write.record.id, write.record);
        return;
      case 'job':
    }
  }

  /** Notes that a run took over a slot. The slot ends as the run does, as soon as that is known. */
  #noteClaim(row: Row): void {
    if (row.kind !== 'run') return;
    const { replaces_run_id: rowId, slot_at: slotAt, outcome, counted } = row;
    if (rowId === null || slotAt === null || outcome === null || outcome === 'unknown' || !counted) return;
    this.#claimed.set(rowId, (this.#claimed.get(rowId) ?? new Set()).add(slotAt));
  }

  #takeRun(run: Row, declarations: readonly Declaration[]): void {
    this.runs.set(run.id, run);
    if (run.kind !== 'slots') return;
    const claimed = this.#claimed.get(run.id) ?? new Set();
    const kept = (this.#slots.get(run.id) ?? []).filter((slot) => !claimed.has(slot));
    if (kept.length === run.count) return void this.#slots.set(run.id, kept);
    const found = declarations
      .map((declaration) => slotsUpTo(declaration, kept, run).filter((slot) => !claimed.has(slot)))
      .map((slots) => [...kept, ...slots.slice(-(run.count - kept.length))]);
    const slots = found.find((list) => list.length === run.count);
    if (slots === undefined)
      throw new Error(
        `the row ${run.id} stands for ${run.count} slots up to ${new Date(run.slot_at).toISOString()}; ` +
          `of these are known ${found.map((list) => list.length).join(' or ')}`,
      );
    this.#slots.set(run.id, slots);
  }

  #telling(delivery: Delivery): Telling[] {
    const { job_id: jobId, notifier, kind, facts } = delivery;
    if (jobId === null) return [];
    return [{ job: this.#nameOf(jobId), notifier, kind, reason: facts.reason, at: facts.at }];
  }

  #endings(run: Row): Ending[] {
    const { outcome, reason, slot_at: slotAt } = run;
    const job = this.#nameOf(run.job_id);
    // A `skip` is no run. It settles a slot, or it settles nothing.
    if (run.kind === 'skip' && slotAt === null && outcome === 'skipped') return [];
    const rid = run.kind === 'run' ? run.rid : null;
    if (run.kind !== 'slots') return [{ job, slot_at: slotAt, rid, outcome, reason }];
    // A row that the history had let go was not written again when a run took one of its slots out of it.
    const slots = (this.#slots.get(run.id) ?? []).filter((slot) => !this.#claimed.get(run.id)?.has(slot));
    return slots.map((slot) => ({ job, slot_at: slot, rid, outcome, reason }));
  }

  #outages(): OutageTelling[] {
    return [...this.incidents.values()]
      .filter((incident) => incident.kind !== 'job')
      .filter(({ kind }) => kind === 'outage')
      .map(({ opened_at: fromAt, closed_at: toAt, detail }) => ({
        from_at: fromAt,
        to_at: toAt ?? Infinity,
        jobs: jobsNamedIn(detail),
      }));
  }

  #nameOf(jobId: string): string {
    return this.jobs.get(jobId)?.name ?? jobId;
  }
}

/** Lists the slots of a row that are not known yet, which are those after the known ones up to the last of the row. */
function slotsUpTo(declaration: Declaration, known: readonly number[], row: SlotsRow): number[] {
  const { slot_at: lastAt } = row;
  const from = known.length === 0 ? row.first_slot_at - 1 : Math.max(...known);
  const spec = specOf('', declaration, DEFAULT_GLOBALS);
  const slots: number[] = [];
  if (spec.schedule?.kind === 'every')
    for (let at = lastAt; at > from; at -= spec.schedule.everyMs) slots.unshift(at);
  else
    for (let at = slotAfter(spec, from); at !== null && at <= lastAt; at = slotAfter(spec, at))
      slots.push(at);
  // The last slot is known however the schedule has changed since.
  return slots.at(-1) === lastAt ? slots : [lastAt];
}

/** Returns the jobs of which something went unseen. The message lists them, one a line. */
function jobsNamedIn(detail: string): string[] {
  return detail
    .split('\n')
    .slice(1)
    .filter((line) => !/^(away|and) /.test(line))
    .map((line) => line.slice(0, line.indexOf(':')));
}
