import { applyEvent } from '../apply/events.ts';
import type { Clock } from '../clock.ts';
import { errorText } from '../core/model/errors.ts';
import type { Reason } from '../core/model/reasons.ts';
import type { Tx } from '../store/store.ts';
import { HOUR_MS } from '../schedule/units.ts';

/** One transaction settles for at most this time, because every other commit waits for it. */
const SETTLE_MS_MAX = 50;
/** Time acts on a job for this long at once, which is about 20,000 slots of a job that runs every second. */
const STRETCH_MS = 6 * HOUR_MS;

/**
 * Returns a function that tells when a transaction that begins now has settled enough and has to leave the rest to
 * another one.
 */
export function settlingTime(clock: Clock): () => boolean {
  const endMs = clock.monotonic() + SETTLE_MS_MAX;
  return () => clock.monotonic() >= endMs;
}

/** A job on which time could not act, for the log. */
export interface JobFailure {
  job_id: string;
  error: string;
  [field: string]: string;
}

/**
 * Does something to one job. If that fails, nothing of it stays, and the other jobs of the transaction go on.
 * @returns the failure, or nothing
 */
export function attemptOn(tx: Tx, id: string, act: () => void): JobFailure[] {
  try {
    tx.attempt(act);
    return [];
  } catch (error) {
    return [{ job_id: id, error: errorText(error) }];
  }
}

/** The effect of time on a job. */
export interface Settled {
  /** Says that nothing is left that was due. */
  isDone: boolean;
  /** The reason of the last stretch; null when nothing was due. */
  reason: Reason | null;
  incidentCount: number;
}

/**
 * Lets time act on a job up to an instant. After an absence that can be many thousand slots, so it goes a stretch at a
 * time, at least one. The result is the same, because an outcome never depends on how late a tick came (docs/design.md
 * §3).
 * @param isTimeUp comes from `settlingTime`
 */
export function settleJob(tx: Tx, id: string, nowAt: number, isTimeUp: () => boolean): Settled {
  const settled: Settled = { isDone: true, reason: null, incidentCount: 0 };
  for (let before = -Infinity; ;) {
    const job = tx.jobById(id);
    const dueAt = job?.removed_at === null ? job.state.due_at : null;
    if (job === undefined || dueAt === null || dueAt > nowAt) return { ...settled, isDone: true };
    if (settled.reason !== null && isTimeUp()) return { ...settled, isDone: false };
    // A job that a stretch did not change is as due as before, and then the whole of the time has to act on it.
    const untilAt = dueAt > before ? Math.min(nowAt, dueAt + STRETCH_MS) : nowAt;
    const { reason, incidents } = applyEvent(tx, job, { type: 'tick', now_at: untilAt }, nowAt);
    settled.reason = reason;
    settled.incidentCount += incidents.length;
    if (untilAt === nowAt) return settled;
    before = dueAt;
  }
}
