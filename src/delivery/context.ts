import type { Delivery, Run } from '../core/model.ts';
import type { Store } from '../store/store.ts';
import type { MessageContext, Opening } from './message.ts';

/** How many rows of history the usual duration is taken from. */
const HISTORY_ROWS_MAX = 50;

/**
 * Reads what a message says beyond its delivery's frozen facts.
 * @param around what the store does not know: the instant of sending, the address for links, the closing
 *   that goes out in the same message, how many messages were given up before, what to hide
 * @throws CronflowError when the store cannot be read
 */
export async function loadContext(
  store: Store,
  delivery: Delivery,
  around: Pick<MessageContext, 'nowAt' | 'publicUrl' | 'closing' | 'undelivered' | 'redact'>,
): Promise<MessageContext> {
  const { job_id: jobId, incident_id: incidentId, facts } = delivery;
  const [incident, job, run, output, history, opening] = await Promise.all([
    store.incident(incidentId),
    jobId === null ? undefined : store.jobById(jobId),
    jobId === null || facts.run_id === null ? undefined : store.run(jobId, facts.run_id),
    jobId === null || facts.run_id === null ? undefined : store.output(jobId, facts.run_id),
    jobId === null ? undefined : store.runsOf(jobId, { skip: 0, limit: HISTORY_ROWS_MAX }),
    openingOf(store, delivery),
  ]);
  return {
    ...around,
    incident: incident ?? null,
    job: job ?? null,
    run: run ?? null,
    output: output ?? null,
    usualMs: usualMsOf(history?.items ?? []),
    opening,
  };
}

/** What the notifier answered to the message that told it of the incident (core: `owe`, for the id). */
async function openingOf(store: Store, { id, incident_id, notifier }: Delivery): Promise<Opening | null> {
  const openingId = `${incident_id}.${notifier}.opened`;
  if (id === openingId) return null;
  const opening = await store.transact({ delivery_ids: [openingId] }, (tx) => tx.delivery(openingId));
  if (opening?.receipt === undefined) return null;
  const isMerged = opening.merged_ids !== undefined || opening.merged_into !== undefined;
  return { receipt: opening.receipt, isMerged };
}

/** The median duration of the successful runs among `runs`; null when there is none. */
export function usualMsOf(runs: readonly Run[]): number | null {
  const durations = runs
    .filter((run) => run.outcome === 'success' && run.duration_ms !== null)
    .map((run) => run.duration_ms ?? 0)
    .sort((a, b) => a - b);
  const middle = Math.floor(durations.length / 2);
  const upper = durations[middle];
  if (upper === undefined) return null;
  return durations.length % 2 === 1 ? upper : (upper + (durations[middle - 1] ?? upper)) / 2;
}
