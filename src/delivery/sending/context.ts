import { readDefaults } from '../../apply/stored-configuration.ts';
import { isEndKind, siblingIdOf } from '../../core/model/delivery-id.ts';
import type { Delivery, Row } from '../../core/model/records.ts';
import { shownRow } from '../../core/model/rows.ts';
import { CONFIGURATION_KEY, type Store } from '../../store/store.ts';
import { bareMessageOf, messageOf } from '../message/compose.ts';
import type { Message, MessageContext, Opening } from '../message/message.ts';

/** The number of rows of history from which the usual duration is taken. */
const HISTORY_ROWS_MAX = 50;

/**
 * The facts that are not in the store: the instant of sending, the closing that the message also tells of, and how to
 * hide secrets.
 */
type Around = Pick<
  MessageContext,
  'nowAt' | 'publicUrl' | 'sourceUrlOf' | 'closing' | 'deadCount' | 'redact'
>;

/**
 * Reads the facts that a message needs beyond the frozen ones of its delivery.
 * @throws CronflowError when the store cannot be read
 */
export async function loadContext(store: Store, delivery: Delivery, around: Around): Promise<MessageContext> {
  const { job_id: jobId, incident_id: incidentId, facts } = delivery;
  const [incident, job, run, output, history, opening, defaults] = await Promise.all([
    store.incident(incidentId),
    jobId === null ? undefined : store.jobById(jobId),
    jobId === null || facts.run_id === null ? undefined : store.run(jobId, facts.run_id),
    jobId === null || facts.run_id === null ? undefined : store.output(jobId, facts.run_id),
    jobId === null ? undefined : store.runsOf(jobId, { skip: 0, limit: HISTORY_ROWS_MAX }),
    openingOf(store, delivery, around),
    // The default zone is not needed for a job, because a job has a zone of its own.
    jobId === null ? store.view({ meta: [CONFIGURATION_KEY] }, readDefaults) : undefined,
  ]);
  return {
    ...around,
    incident: incident ?? null,
    job: job ?? null,
    run: run ?? null,
    output: output ?? null,
    usualMs: usualMsOf(history?.items ?? []),
    lastHost: lastHostOf(history?.items ?? []),
    timezone: defaults?.timezone ?? 'UTC',
    opening,
  };
}

function lastHostOf(rows: readonly Row[]): string | null {
  return rows.map((row) => shownRow(row).host).find((host) => host !== null) ?? null;
}

/** Returns the message that told the notifier of the incident first, and the answer to it. */
async function openingOf(store: Store, delivery: Delivery, around: Around): Promise<Opening | null> {
  const openingId = siblingIdOf(delivery, 'opened');
  if (delivery.id === openingId) return null;
  const opening = await store.view({ delivery_ids: [openingId] }, (view) => view.delivery(openingId));
  if (opening?.receipt === undefined) return null;
  const isMerged = opening.merged_ids !== undefined || opening.merged_into !== undefined;
  const said = isEndKind(delivery.kind) && !isMerged ? await saidBy(store, opening, around) : null;
  return { receipt: opening.receipt, isMerged, said };
}

/** Writes an opening again as it was when it was sent: its facts are frozen, and its run is still stored. */
async function saidBy(store: Store, opening: Delivery, around: Around): Promise<Message> {
  const then = { nowAt: opening.finished_at ?? around.nowAt, closing: null, deadCount: 0 };
  const context = await loadContext(store, opening, { ...around, ...then });
  try {
    return messageOf(opening, context);
  } catch {
    // Only a bug leads here, and the log told of it when the opening was sent.
    return bareMessageOf(opening, false);
  }
}

/** Returns the median duration of the successful runs among `runs`; null when there is none. */
export function usualMsOf(runs: readonly Row[]): number | null {
  const durations = runs
    .filter((row) => row.kind === 'run' && row.outcome === 'success')
    .flatMap((row) => shownRow(row).duration_ms ?? [])
    .sort((a, b) => a - b);
  const middle = Math.floor(durations.length / 2);
  const upper = durations[middle];
  if (upper === undefined) return null;
  return durations.length % 2 === 1 ? upper : (upper + (durations[middle - 1] ?? upper)) / 2;
}
