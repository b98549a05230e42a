import { isDeepStrictEqual } from 'node:util';
import { initialState, transition } from '../../../src/core/job/transition.ts';
import type { Declaration } from '../../../src/core/model/declaration.ts';
import type { Event } from '../../../src/core/model/event.ts';
import type { Job, JobIncident } from '../../../src/core/model/records.ts';
import { recentRuns, type Runs } from '../../../src/core/model/runs.ts';
import { type Globals, keepRunsOf, type Spec, specOf } from '../../../src/core/model/spec.ts';
import {
  type Outage,
  outageDueAt,
  postponed,
  tellOutage,
  touchedUntil,
  type Unseen,
  unseenOf,
  withGap,
} from '../../../src/core/system/outage.ts';
import { RunTable } from '../../../src/store/local/runs.ts';
import { gapsOf } from '../model/gaps.ts';
import type { Gap } from '../model/records.ts';
import type { Happening, Script, Verdict } from '../script.ts';
import { parsedPing } from './ping.ts';
import { Recorder, type Write } from './recorder.ts';

type Step = { at: number; gap: Gap } | { at: number; gap: null; happening: Happening };

/**
 * Plays a script to the pure core alone, with every tick in time. It shows in a tenth of the time what the real parts
 * should make of the script, so that many more worlds can be held against the model. It takes from the model which gaps
 * there were.
 */
export class CorePlayer {
  readonly #script: Script;
  readonly #globals: Globals;
  readonly #recorder = new Recorder();
  readonly #runs = new RunTable();
  readonly #jobs = new Map<string, Job>();
  readonly #incidents = new Map<string, JobIncident>();
  readonly #specs = new WeakMap<Declaration, Spec>();
  #outages: Outage[] = [];
  #isAway = false;
  /** The instant at which it was last back from an absence. Everything that fell due meanwhile is looked at then. */
  #backAt = -Infinity;

  constructor(script: Script) {
    this.#script = script;
    this.#globals = { notifiers: [...script.notifiers], replayWindowMs: script.replay_window_ms };
  }

  play(): Verdict {
    const { start_at: startAt, end_at: endAt, jobs } = this.#script;
    for (const [name, declaration] of Object.entries(jobs)) this.#declare(name, declaration, startAt);
    const gaps = gapsOf(this.#script);
    for (const step of stepsOf(this.#script, gaps)) {
      this.#passTo(step.at, false);
      if (step.gap !== null) this.#comeBack(step.gap, step.at);
      else if (step.happening.type === 'away') this.#isAway ||= gaps.some((gap) => gap.at === step.at);
      else this.#happen(step.happening);
    }
    this.#passTo(endAt, true);
    return this.#recorder.verdict();
  }

  /** Does everything that is due before an instant, and with `inclusive` also what is due at it. */
  #passTo(to: number, inclusive: boolean): void {
    while (!this.#isAway) {
      const [job] = this.#live().toSorted(
        (a, b) => (a.state.due_at ?? Infinity) - (b.state.due_at ?? Infinity),
      );
      const jobDueAt = job?.state.due_at ?? Infinity;
      const outageAt = Math.min(
        ...this.#outages.map((outage) => Math.max(this.#dueAt(outage), this.#backAt)),
      );
      const at = Math.min(jobDueAt, outageAt);
      if (at > to || at === Infinity || (at === to && !inclusive)) return;
      if (job !== undefined && jobDueAt <= outageAt) this.#apply(job, { type: 'tick', now_at: at });
      else this.#tellOutages(at);
    }
  }

  #comeBack(gap: Gap, at: number): void {
    this.#backAt = at;
    const { from_at: fromAt, to_at: toAt } = gap;
    this.#isAway = false;
    for (const job of this.#live()) this.#apply(job, { type: 'gap', from_at: fromAt, to_at: toAt });
    this.#outages = withGap(this.#outages, { from_at: fromAt, to_at: toAt }, this.#globals.replayWindowMs);
  }

  #happen(happening: Exclude<Happening, { type: 'away' }>): void {
    const { at, job: name } = happening;
    const job = this.#live().find((each) => each.name === name);
    if (happening.type === 'edit') return this.#edit(name, happening.declaration, at);
    if (job === undefined) return;
    switch (happening.type) {
      case 'ping':
        this.#apply(job, { type: 'ping', ping: parsedPing(happening.ping, at) });
        return;
      case 'pause':
        this.#apply(job, pausedBy(happening));
        return;
      case 'resume':
        this.#apply(job, { type: 'resumed', at });
        return;
      case 'acknowledge':
        this.#apply(job, { type: 'acknowledged', at, until_at: happening.until_at });
    }
  }

  #edit(name: string, declaration: Declaration | null, at: number): void {
    const job = this.#jobs.get(name);
    const isLive = job !== undefined && job.removed_at === null;
    if (declaration === null) {
      if (!isLive) return;
      const removed = { ...this.#apply(job, { type: 'removed', at }), removed_at: at };
      this.#recorder.commit(this.#put(removed));
    } else if (job === undefined) this.#declare(name, declaration, at);
    else if (!isLive) this.#apply({ ...job, declaration, removed_at: null }, { type: 'restored', at });
    else if (!isDeepStrictEqual(job.declaration, declaration))
      this.#apply({ ...job, declaration }, { type: 'spec_changed', at, previous: this.#specOf(job) });
  }

  #declare(name: string, declaration: Declaration, at: number): void {
    const fields = {
      id: name,
      name,
      source: 'file',
      place: null,
      declared: declaration,
      declaration,
    } as const;
    const times = { created_at: at, updated_at: at, removed_at: null };
    const spec = specOf(name, declaration, this.#globals);
    this.#recorder.commit(this.#put({ ...fields, ...times, state: initialState(spec, at) }));
  }

  /** Applies one event to one job, as ingest and the checker do, and hands its writes to the recorder. */
  #apply(job: Job, event: Event): Job {
    const state = {
      job_id: job.id,
      job: job.state,
      runs: this.#runsOf(job),
      incident: this.#incidents.get(job.id) ?? null,
    };
    const result = transition(this.#specOf(job), state, event);
    const after = { ...job, state: result.state.job };
    for (const run of result.runs) this.#runs.put(run);
    for (const id of result.removed_run_ids) this.#runs.delete(id);
    this.#runs.trim(job.id, keepRunsOf(job.declaration));
    if (result.state.incident === null) this.#incidents.delete(job.id);
    else this.#incidents.set(job.id, result.state.incident);
    this.#recorder.commit([
      ...this.#put(after),
      ...result.runs.map((record): Write => ({ table: 'run', record })),
      ...result.removed_run_ids.map((id): Write => ({ table: 'run_deleted', id })),
      ...result.incidents.map((record): Write => ({ table: 'incident', record })),
      ...result.deliveries.map((record): Write => ({ table: 'delivery', record })),
    ]);
    return after;
  }

  #put(job: Job): Write[] {
    this.#jobs.set(job.name, job);
    return [{ table: 'job', record: job }];
  }

  #tellOutages(now: number): void {
    for (const job of this.#live())
      if ((job.state.due_at ?? Infinity) <= now) this.#apply(job, { type: 'tick', now_at: now });
    this.#outages = this.#outages.flatMap((outage) => {
      if (this.#dueAt(outage) > now) return [outage];
      const unseen = this.#live().flatMap((job): Unseen[] => {
        const hidden = unseenOf(this.#specOf(job), job.state, this.#runsOf(job), outage);
        return hidden === null ? [] : [hidden];
      });
      const untilAts = this.#live().flatMap(
        (job) => touchedUntil(this.#specOf(job), job.state, this.#runsOf(job), outage) ?? [],
      );
      const untilAt = untilAts.length === 0 ? null : Math.max(...untilAts);
      const later = postponed(outage, unseen, untilAt, now);
      if (later !== null) return [later];
      const { incidents } = tellOutage(outage, unseen, this.#globals.notifiers, 'UTC', now);
      this.#recorder.commit(incidents.map((record): Write => ({ table: 'incident', record })));
      return [];
    });
    // A world in which time stands still would be played for ever.
    const stuck = this.#outages.find((outage) => this.#dueAt(outage) <= now);
    if (stuck !== undefined)
      throw new Error(`an absence is put off to ${this.#dueAt(stuck)}, and it is ${now} already`);
  }

  #dueAt(outage: Outage): number {
    return outageDueAt(outage, this.#globals.replayWindowMs);
  }

  #live(): Job[] {
    return [...this.#jobs.values()].filter((job) => job.removed_at === null);
  }

  #runsOf(job: Job): Runs {
    return recentRuns(this.#runs.of(job.id), keepRunsOf(job.declaration));
  }

  #specOf(job: Job): Spec {
    const known = this.#specs.get(job.declaration);
    if (known !== undefined) return known;
    const spec = specOf(job.name, job.declaration, this.#globals);
    this.#specs.set(job.declaration, spec);
    return spec;
  }
}

/** Lists everything that happens, in order. Cronflow is back from a gap before anything else of that instant. */
function stepsOf(script: Script, gaps: readonly Gap[]): Step[] {
  const steps: Step[] = [
    ...gaps.map((gap): Step => ({ at: gap.to_at, gap })),
    ...script.happenings.map((happening): Step => ({ at: happening.at, gap: null, happening })),
  ];
  return steps
    .filter(({ at, gap }) => at < script.end_at || (gap === null && at === script.end_at))
    .sort((a, b) => a.at - b.at || Number(a.gap === null) - Number(b.gap === null));
}

/** Returns the event that a pause is. */
export function pausedBy({
  at,
  until_at: untilAt,
}: Happening & { type: 'pause' }): Event & { type: 'paused' } {
  return { type: 'paused', at, ...(untilAt === undefined ? {} : { until_at: untilAt }) };
}
