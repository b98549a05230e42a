import type { Delivery } from '../../../src/core/model/records.ts';
import type { Store } from '../../../src/store/store.ts';
import { textOf } from '../text-of.ts';
import type { Recorder } from './recorder.ts';

/**
 * Lists for people the records that were committed and answered and are not in the store any more.
 * @param isSending true where deliveries are sent meanwhile, which the recorder does not hear of
 */
export async function lostRecords(
  store: Store,
  recorder: Recorder,
  { isSending = false }: { isSending?: boolean } = {},
): Promise<string[]> {
  const all = { skip: 0, limit: 1_000_000 };
  const kept = {
    deliveries: new Map((await store.deliveries(all)).items.map((each) => [each.id, each])),
    incidents: new Map((await store.incidents(all)).items.map((each) => [each.id, each])),
  };
  const lines: string[] = [];
  const expectSame = (id: string, stored: unknown, recorded: unknown): void => {
    if (textOf(stored) !== textOf(recorded)) lines.push(`${id} is not in the store as it was answered`);
  };
  for (const [id, delivery] of recorder.deliveries) {
    const stored = kept.deliveries.get(id);
    if (isSending) expectSame(id, owedOf(stored), owedOf(delivery));
    else expectSame(id, stored, delivery);
  }
  for (const [id, incident] of recorder.incidents) expectSame(id, kept.incidents.get(id), incident);
  for (const [id, job] of recorder.jobs) {
    expectSame(id, await store.jobById(id), job);
    const recorded = [...recorder.runs.values()].filter((run) => run.job_id === id);
    for (const run of recorded.filter((each) => each.outcome === null))
      expectSame(run.id, await store.run(id, run.id), run);
    for (const run of recorded.slice(-50)) expectSame(run.id, await store.run(id, run.id), run);
  }
  return lines;
}

/** Returns what of a delivery stays the same however it is sent. */
function owedOf(delivery: Delivery | undefined): unknown {
  if (delivery === undefined) return undefined;
  const { id, job_id: jobId, incident_id: incidentId, notifier, kind, created_at: createdAt } = delivery;
  return { id, jobId, incidentId, notifier, kind, createdAt };
}
