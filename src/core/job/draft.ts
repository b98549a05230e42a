import { dateOf, type Tally, talliesOf } from '../model/daily.ts';
import type { Event, State, Transition } from '../model/event.ts';
import type { Outcome, Reason, Status } from '../model/reasons.ts';
import type { JobDelivery, JobIncident, JobState, Run } from '../model/records.ts';
import { ChangedRuns, type Runs } from '../model/runs.ts';
import type { Spec } from '../model/spec.ts';
import { remember } from './remembered.ts';

/**
 * The working copy that one transition changes. It never touches the records it was made from: a record that changes
 * is copied first and collected for the commit.
 */
export class Draft {
  spec: Spec;
  readonly jobId: string;
  readonly job: JobState;
  /** The instant at which Cronflow learned of the event. Outcomes may be dated earlier. */
  readonly learnedAt: number;
  /**
   * The instant from which messages are owed, by the clock as it is. It lies a little before `learnedAt` where the
   * clock was put right by seconds: a message must not wait until the clock comes by again.
   */
  readonly owedAt: number;
  incident: JobIncident | null;
  readonly deliveries: JobDelivery[] = [];
  private readonly tallies: Tally[] = [];
  /** The runs that changed, by id; null for those removed. */
  private readonly changedRuns = new Map<string, Run | null>();
  private readonly history: Runs;
  private readonly changedIncidents = new Map<string, JobIncident>();

  constructor(spec: Spec, state: State, learnedAt: number, owedAt = learnedAt) {
    this.spec = spec;
    this.learnedAt = learnedAt;
    this.owedAt = owedAt;
    this.jobId = state.job_id;
    this.job = {
      ...state.job,
      bad: [...state.job.bad],
      unclaimed: [...state.job.unclaimed],
      gaps: [...state.job.gaps],
    };
    this.incident = state.incident;
    this.history = new ChangedRuns(state.runs, this.changedRuns);
  }

  get paused(): boolean {
    return this.spec.paused || this.job.paused_by_api;
  }

  /** True while nothing is due of a job that runs every so often, because a run is open that counts (§3.1). */
  get isHeldByRun(): boolean {
    return this.spec.schedule?.kind === 'every' && this.openRuns().some((run) => run.counted);
  }

  /** Returns whether pings could not be taken at any time between two instants. */
  wasAwayBetween(fromAt: number, toAt: number): boolean {
    return this.job.gaps.some((gap) => gap.to_at >= fromAt && gap.from_at <= toAt);
  }

  /** All runs, oldest first: in the order in which Cronflow learned of them. */
  runs(): readonly Run[] {
    return this.history.all();
  }

  run(id: string): Run | undefined {
    return this.history.get(id);
  }

  runOfRid(rid: string): Run | undefined {
    return this.history.ofRid(rid);
  }

  /** Runs that have ended, as far as the core looks at them, in the order of their ends. */
  endedRuns(): readonly Run[] {
    return this.history.ended();
  }

  /** Runs not ended yet, oldest start first. */
  openRuns(): Run[] {
    return this.history.open().toSorted((a, b) => (a.started_at ?? 0) - (b.started_at ?? 0));
  }

  addRun(fields: Partial<Run> & Pick<Run, 'reason'>): Run {
    this.job.run_count += 1;
    const run: Run = {
      id: `${this.jobId}-${this.job.run_count}`,
      job_id: this.jobId,
      rid: null,
      slot_at: null,
      late: false,
      started_at: null,
      start_received: false,
      replaces_run_id: null,
      ended_at: null,
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
      count: 1,
      first_slot_at: fields.slot_at ?? null,
      ...fields,
    };
    return this.keepRun(run);
  }

  changeRun(id: string, changes: Partial<Run>): Run {
    const run = this.run(id);
    if (run === undefined) throw new Error(`no run ${id} to change: a bug in the core`);
    // The number of the newest run says all that the history needs to know of its end.
    const isOlder = id !== `${this.jobId}-${this.job.run_count}`;
    const endedNow = isOlder && (changes.outcome ?? null) !== null;
    const order = endedNow ? { run_count_at_end: this.job.run_count } : {};
    return this.keepRun({ ...run, ...changes, ...order });
  }

  /**
   * Counts slots that ended without a run, or takes them back. Where a row stands for several slots, how the row
   * changed does not say what changed in the daily figures.
   * @param slotAt any instant of the UTC day on which they are
   * @param delta how many; negative to take them back
   */
  tallySlots(slotAt: number, outcome: Outcome, delta: number): void {
    const date = dateOf(slotAt);
    const last = this.tallies.at(-1);
    if (last?.date === date && last.outcome === outcome && last.duration_ms === null) {
      this.tallies[this.tallies.length - 1] = { ...last, delta: last.delta + delta };
    } else this.tallies.push({ date, outcome, delta, duration_ms: null });
  }

  /** Removes a history row. The daily figures do not follow by themselves; see `tallySlots`. */
  removeRun(id: string): void {
    this.changedRuns.set(id, null);
  }

  setIncident(incident: JobIncident): void {
    this.changedIncidents.set(incident.id, incident);
    this.incident = incident.closed_at === null ? incident : null;
  }

  finish(reason: Reason, runId: string | null): Transition {
    this.job.settled_at = Math.max(this.job.settled_at, this.learnedAt);
    this.job.status = statusOf(this);
    const runs = [...this.changedRuns.values()].filter((run) => run !== null);
    remember(this.job, runs, this.spec.keepRuns);
    return {
      state: { job_id: this.jobId, job: this.job, runs: this.history, incident: this.incident },
      runs,
      removed_run_ids: [...this.changedRuns].flatMap(([id, run]) => (run === null ? [id] : [])),
      incidents: [...this.changedIncidents.values()],
      deliveries: this.deliveries,
      tallies: this.tallies,
      reason,
      run_id: runId,
    };
  }

  private keepRun(run: Run): Run {
    const before = this.run(run.id);
    // Slots that join or leave a row are counted where that happens, in `tallySlots`.
    if (before === undefined || before.count === run.count) this.tallies.push(...talliesOf(before, run));
    this.changedRuns.set(run.id, run);
    return run;
  }
}

/** The instant at which Cronflow learned of an event: what was due before it is applied first. */
export function instantOf(event: Event): number {
  switch (event.type) {
    case 'ping':
      return event.ping.received_at;
    case 'tick':
      return event.now_at;
    case 'gap':
      return event.to_at;
    default:
      return event.at;
  }
}

const STATUS_OF_OUTCOME: Record<Outcome, Status | null> = {
  success: 'success',
  failure: 'failure',
  timeout: 'timeout',
  missed: 'missed',
  abandoned: 'failure',
  skipped: null,
  unknown: null,
};

function statusOf(draft: Draft): Status {
  if (draft.paused) return 'paused';
  if (draft.openRuns().some((run) => run.counted)) return 'running';
  const last = draft.job.last_outcome;
  return (last === null ? null : STATUS_OF_OUTCOME[last]) ?? 'pending';
}
