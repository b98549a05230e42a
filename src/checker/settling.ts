import { applyEvent } from '../apply/events.ts';
import type { Clock } from '../clock.ts';
import type { Reason } from '../core/model/reasons.ts';
import type { Tx } from '../store/store.ts';

/** How long one transaction may settle: whatever else is to be stored waits for it. */
const SETTLE_MS_MAX = 50;
/** Time acts on a job for as long as this at once: a few thousand slots of one that runs every second. */
const STRETCH_MS = 6 * 3_600_000;

/** Tells when a transaction that begins now has settled enough, and has to leave the rest to another one. */
export function settlingTime(clock: Clock): () => boolean {
  const endMs = clock.monotonic() + SETTLE_MS_MAX;
  return () => clock.monotonic() >= endMs;
}

/** What time did to a job. */
export interface Settled {
  /** Whether nothing is left that was due. */
  isDone: boolean;
  /** Of the last stretch; null when nothing was due. */
  reason: Reason | null;
  incidentCount: number;
}

/**
 * Lets time act on a job up to an instant. After an absence that is many thousand slots, so it goes a stretch at a time,
 * which comes to the same (docs/design.md §3: an outcome never depends on how late a tick came); one stretch at least.
 * @param isTimeUp from `settlingTime`
 */
export function settleJob(tx: Tx, id: string, nowAt: number, isTimeUp: () => boolean): Settled {
  const settled: Settled = { isDone: true, reason: null, incidentCount: 0 };
  for (let before = -Infinity; ;) {
    const job = tx.jobById(id);
    const dueAt = job?.removed_at === null ? job.state.due_at : null;
    if (job === undefined || dueAt === null || dueAt > nowAt) return { ...settled, isDone: true };
    if (settled.reason !== null && isTimeUp()) return { ...settled, isDone: false };
    // What a stretch did not change is as due as before, and then the whole of the time has to act.
    const untilAt = dueAt > before ? Math.min(nowAt, dueAt + STRETCH_MS) : nowAt;
    const { reason, incidents } = applyEvent(tx, job, { type: 'tick', now_at: untilAt }, nowAt);
    settled.reason = reason;
    settled.incidentCount += incidents.length;
    if (untilAt === nowAt) return settled;
    before = dueAt;
  }
}
