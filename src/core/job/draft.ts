import { dateOf, type Tally, talliesOf } from '../model/daily.ts';
import type { State, Transition } from '../model/event.ts';
import type { Outcome, Reason, Status } from '../model/reasons.ts';
import type {
  JobDelivery,
  JobIncident,
  JobState,
  PingedRow,
  Row,
  Run,
  SkipRow,
  SlotsRow,
} from '../model/records.ts';
import { stateCopy } from '../model/job-shape.ts';
import { rowIdOf } from '../model/rows.ts';
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
  /** The rows that changed, by id; null for those removed. */
  private readonly changedRuns = new Map<string, Row | null>();
  private readonly history: Runs;
  private readonly changedIncidents = new Map<string, JobIncident>();

  constructor(spec: Spec, state: State, learnedAt: number, owedAt = learnedAt) {
    this.spec = spec;
    this.learnedAt = learnedAt;
    this.owedAt = owedAt;
    this.jobId = state.job_id;
    this.job = stateCopy(state.job);
    this.incident = state.incident;
    this.history = new ChangedRuns(state.runs, this.changedRuns);
  }

  get paused(): boolean {
    return this.spec.paused || this.job.paused_by_api;
  }

  /** True while a run is open that counts. */
  get isRunning(): boolean {
    return this.openRuns().some((run) => run.counted);
  }

  /** True while nothing is due of a job that runs every so often, because a run is open that counts (§3.1). */
  get isHeldByRun(): boolean {
    return this.spec.schedule?.kind === 'every' && this.isRunning;
  }

  /** Returns whether pings could not be taken at any time between two instants. */
  wasAwayBetween(fromAt: number, toAt: number): boolean {
    return this.job.gaps.some((gap) => gap.to_at >= fromAt && gap.from_at <= toAt);
  }

  /** All rows, oldest first: in the order in which Cronflow learned of them. */
  runs(): readonly Row[] {
    return this.history.all();
  }

  run(id: string): Row | undefined {
    return this.history.get(id);
  }

  newestRow(): Row | undefined {
    return this.run(rowIdOf(this.jobId, this.job.run_count));
  }

  runOfRid(rid: string): PingedRow | undefined {
    return this.history.ofRid(rid);
  }

  /** Returns the newest row that an end without a run id may be about. */
  anonymousRow(): PingedRow | undefined {
    return this.history.anonymous();
  }

  /** Rows that have ended, as far as the core looks at them, in the order of their ends. */
  endedRuns(): readonly Row[] {
    return this.history.ended();
  }

  /** Runs not ended yet, oldest start first. */
  openRuns(): Run[] {
    return this.history.open().toSorted((a, b) => (a.started_at ?? 0) - (b.started_at ?? 0));
  }

  /** Adds a run, which is open. Where a ping reports its end, too, that is a change of it. */
  addRun(fields: Partial<Run> & Pick<Run, 'reason'>): Run {
    const { id, job_id, number } = this.nextRow();
    // An object that is written out whole is made many times faster than one that is spread together.
    const run: Run = {
      id,
      job_id,
      number,
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
      reason: fields.reason,
    };
    return this.keepRow(Object.assign(run, fields));
  }

  /** Adds a row for one slot that ended without a run. */
  addSlot(fields: Pick<SlotsRow, 'slot_at' | 'ended_at' | 'outcome' | 'reason'>): SlotsRow {
    return this.keepRow({
      ...this.nextRow(),
      kind: 'slots',
      count: 1,
      first_slot_at: fields.slot_at,
      ...fields,
    });
  }

  addSkip(
    fields: Omit<SkipRow, 'id' | 'job_id' | 'number' | 'kind' | 'output_bytes' | 'output_dropped_bytes'>,
  ): SkipRow {
    return this.keepRow({
      ...this.nextRow(),
      kind: 'skip',
      output_bytes: 0,
      output_dropped_bytes: 0,
      ...fields,
    });
  }

  changeRun(id: string, changes: Partial<Run>): Run {
    const run = this.run(id);
    if (run?.kind !== 'run') throw new Error(`no run ${id} to change: a bug in the core`);
    const { run_count: newest } = this.job;
    const endedAfter = run.number === newest ? newest - 1 : newest;
    const order = (changes.outcome ?? null) === null ? {} : { ended_after_number: endedAfter };
    return this.keepRow({ ...run, ...changes, ...order });
  }

  changeSlots(row: SlotsRow, changes: Partial<SlotsRow>): SlotsRow {
    return this.keepRow({ ...row, ...changes });
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

  /** Removes a row. The daily figures do not follow by themselves; see `tallySlots`. */
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

  private nextRow(): Pick<Row, 'id' | 'job_id' | 'number'> {
    this.job.run_count += 1;
    const number = this.job.run_count;
    return { id: rowIdOf(this.jobId, number), job_id: this.jobId, number };
  }

  private keepRow<R extends Row>(row: R): R {
    const before = this.run(row.id);
    // Slots that join or leave a row are counted where that happens, in `tallySlots`.
    const isOtherSlots = before?.kind === 'slots' && row.kind === 'slots' && before.count !== row.count;
    if (!isOtherSlots) this.tallies.push(...talliesOf(before, row));
    this.changedRuns.set(row.id, row);
    return row;
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
  if (draft.isRunning) return 'running';
  const last = draft.job.last_outcome;
  return (last === null ? null : STATUS_OF_OUTCOME[last]) ?? 'pending';
}
