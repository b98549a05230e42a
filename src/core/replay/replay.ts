import { initialState, transition } from '../job/transition.ts';
import type { Event, LoggedEvent, State, Transition } from '../model/event.ts';
import { JobRuns } from '../model/job-runs.ts';
import type { JobIncident, JobState, Row } from '../model/records.ts';
import { recentRuns } from '../model/runs.ts';
import { isSameSpec, type Spec } from '../model/spec.ts';

/** The beginning of the log of a job: the state of the job and its spec at that time. */
export interface ReplayStart {
  at: number;
  job: JobState;
  /** All runs that are kept, oldest first. */
  runs: readonly Row[];
  incident: JobIncident | null;
  spec: Spec;
}

/** An incident as a replay saw it. */
export interface ReplayedIncident {
  incident: JobIncident;
  /**
   * The instant at which a message about it was first owed to a notifier; null while none was, and where that is not
   * known.
   */
  told_at: number | null;
}

/** What one event did in a replay. */
export interface Happened {
  before: State;
  /** The spec that the event left in force. */
  spec: Spec;
  result: Transition;
  /** The rows that the event changed, made or removed (`after` is null then). */
  rows: readonly { before: Row | undefined; after: Row | null }[];
}

/**
 * Replays what happened to one job, event by event, as it was or under another spec. It is pure.
 *
 * A given spec holds throughout. At the start of the log it takes the place of the spec of that time, by the rules of a
 * spec change (docs/design.md §3.3), and the specs in the log are left out.
 */
export class Replay {
  readonly #jobId: string;
  readonly #fixed: Spec | null;
  #spec: Spec | null = null;
  #job: JobState | null = null;
  readonly #runs = new JobRuns();
  #open: JobIncident | null = null;
  readonly #incidents = new Map<string, ReplayedIncident>();

  /**
   * @param start null for a job that was declared after the log began
   * @param spec the spec to replay under; null to replay what was
   */
  constructor(jobId: string, start: ReplayStart | null, spec: Spec | null) {
    this.#jobId = jobId;
    this.#fixed = spec;
    if (start === null) return;
    this.#job = start.job;
    this.#spec = start.spec;
    this.#open = start.incident;
    for (const run of start.runs) this.#putRun(run);
    if (start.incident !== null) this.#note(start.incident);
    // A spec that is the same dates nothing anew.
    if (spec !== null && !isSameSpec(spec, start.spec))
      this.#changeSpec(spec, Math.max(start.at, start.job.settled_at));
  }

  /** Lists the incidents that were open at some time since the log began, in the order in which they opened. */
  incidents(): ReplayedIncident[] {
    return [...this.#incidents.values()];
  }

  /** Returns the spec in force and the state of the job; null before it is declared. */
  now(): { spec: Spec; state: State } | null {
    if (this.#job === null || this.#spec === null) return null;
    return { spec: this.#spec, state: this.#state(this.#job, this.#spec) };
  }

  /**
   * Applies the next logged event of this job.
   * @returns what it did; null where it only declared the job, or changed nothing
   */
  apply(logged: LoggedEvent): Happened | null {
    switch (logged.type) {
      case 'declared': {
        this.#spec = this.#fixed ?? logged.spec;
        this.#job = initialState(this.#spec, logged.at);
        return null;
      }
      case 'spec_changed':
        return this.#fixed === null ? this.#changeSpec(logged.spec, logged.at) : null;
      case 'restored': {
        const { spec, ...event } = logged;
        this.#spec = this.#fixed ?? spec;
        return this.#happen(event);
      }
      default:
        return this.#happen(logged);
    }
  }

  /** Lets the time up to an instant pass, such as the end of the log. */
  pass(nowAt: number): Happened | null {
    return this.#happen({ type: 'tick', now_at: nowAt });
  }

  #changeSpec(spec: Spec, at: number): Happened | null {
    const previous = this.#spec;
    this.#spec = spec;
    return previous === null ? null : this.#happen({ type: 'spec_changed', at, previous });
  }

  #state(job: JobState, spec: Spec): State {
    const runs = recentRuns(this.#runs, spec.keepRuns);
    return { job_id: this.#jobId, job, runs, incident: this.#open };
  }

  #happen(event: Event): Happened | null {
    // Nothing can happen to a job before it is declared.
    if (this.#job === null || this.#spec === null) return null;
    const before = this.#state(this.#job, this.#spec);
    const result = transition(this.#spec, before, event);
    const rows = [
      ...result.removed_run_ids.map((id) => ({ before: this.#runs.get(id), after: null })),
      ...result.runs.map((after) => ({ before: this.#runs.get(after.id), after })),
    ];
    this.#job = result.state.job;
    this.#open = result.state.incident;
    for (const id of result.removed_run_ids) this.#deleteRun(id);
    for (const run of result.runs) this.#putRun(run);
    const ended = this.#runs.ended();
    for (const run of ended.slice(0, Math.max(0, ended.length - this.#spec.keepRuns)))
      this.#deleteRun(run.id);
    for (const incident of result.incidents) this.#note(incident);
    for (const { kind, incident_id: id, facts } of result.deliveries) {
      const known = this.#incidents.get(id);
      if (kind === 'opened' && known !== undefined) known.told_at ??= facts.at;
    }
    return { before, spec: this.#spec, result, rows };
  }

  #note(incident: JobIncident): void {
    const known = this.#incidents.get(incident.id);
    if (known === undefined) this.#incidents.set(incident.id, { incident, told_at: null });
    else known.incident = incident;
  }

  #putRun(run: Row): void {
    this.#runs.put(run, this.#runs.get(run.id));
  }

  #deleteRun(id: string): void {
    const run = this.#runs.get(id);
    if (run !== undefined) this.#runs.delete(run);
  }
}
