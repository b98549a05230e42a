import { dueIds } from '../../support/store.ts';
import { MemoryStore } from '../../../src/store/local/memory.ts';
import type { AuditRecord } from '../../../src/core/model/audit.ts';
import type { Row } from '../../../src/core/model/records.ts';
import type { Store, Tx } from '../../../src/store/store.ts';
import { seededRandom } from '../../support/random.ts';
import { delivery, incident, increment, job, openRun, ping, run, tally } from '../../support/records.ts';

export const ALL = { all: true };
const PAGE = { skip: 0, limit: 10_000 };

/**
 * A transaction that changes records of every kind, and that no other transaction looks like. What it does
 * depends only on its number, which it takes from the store: so after any number of them there is one state
 * a store can be in, and anything else is a transaction lost, torn or done twice.
 * @returns its number, from 1
 */
export function step(tx: Tx): number {
  const number = increment(tx, 'count');
  const random = seededRandom(number);
  const pick = (max: number): number => Math.floor(random() * max);
  const id = `j${pick(3)}`;
  const runNumber = (tx.jobById(id)?.state.run_count ?? 0) + 1;
  const declaration = { keep_runs: 4, description: 'x'.repeat(pick(80)) };
  const next = job(id, { declaration, updated_at: number }, { run_count: runNumber, due_at: number });
  // As a ping does, which leaves alone what the job declares.
  if (number % 3 === 0 && tx.jobById(id) !== undefined) tx.putState(id, next.state);
  else tx.putJob(next);
  for (const open of tx.runsOf(id).open()) tx.putRun({ ...open, ended_at: number });
  tx.putRun(pick(3) === 0 ? openRun(id, runNumber) : run(id, runNumber, { exit_code: number }));
  if (pick(2) === 0)
    tx.putOutput(id, `${id}-${runNumber}`, { text: `output ${number}`, dropped_bytes: number });
  tx.putIncident(incident(`i${number}`, id, { closed_at: pick(2) === 0 ? number : null }));
  const more = { delta: (number % 3) - 1, duration_ms: 100 * (number % 2) };
  tx.tally(id, [tally(`2026-01-1${number % 4}`, more)]);
  tx.putDelivery(delivery(`d${number}`, id));
  if (number % 2 === 0) tx.putAudit(auditEntry(number, id));
  if (number > 5) {
    tx.deleteDelivery(`d${number - 5}`);
    tx.deleteIncident(`i${number - 5}`);
    tx.deleteAudit(`a${number - 5}`);
  }
  if (pick(8) === 0) tx.deleteJob(id);
  else tx.logEvent(id, { type: 'ping', ping: ping({ rid: String(number) }) });
  return number;
}

function auditEntry(number: number, name: string): AuditRecord {
  return {
    id: `a${number}`,
    at: number,
    via: 'token',
    who: 'ci',
    from: null,
    action: 'job_changed',
    jobs: [name],
    incident_id: null,
    changes: [{ job: name, key: 'grace', to: { number } }],
    left_out: 0,
  };
}

/** Everything a store can be asked for, comparable. */
export async function dump(store: Store): Promise<Record<string, unknown>> {
  const jobs = (await store.listJobs(PAGE)).items;
  const runs = (await Promise.all(jobs.map((each) => store.runsOf(each.id, PAGE)))).flatMap(
    (page) => page.items,
  );
  const outputs = await Promise.all(
    runs.map(async (each) => [each.id, await store.output(each.job_id, each.id)] as const),
  );
  return {
    count: await store.meta('count'),
    jobs,
    runs,
    days: await Promise.all(jobs.map(async (each) => (await store.daysOf(each.id, PAGE)).items)),
    outputs: outputs.filter(([, output]) => output !== undefined),
    incidents: (await store.incidents(PAGE)).items,
    deliveries: (await store.deliveries(PAGE)).items,
    audit: (await store.audit(PAGE)).items,
    due: await dueIds(store, Number.MAX_SAFE_INTEGER),
    delivery: await store.earliestDeliveryAt('any'),
  };
}

/**
 * Returns a state as it is with all outputs lost, to compare what a disk can refuse no ping for. Each run whose output
 * is there must have the one that is expected, and each without says how much is missing.
 */
export function withoutOutputs(state: Record<string, unknown>): Record<string, unknown> {
  const runs = state['runs'] as Row[];
  return {
    ...state,
    outputs: null,
    runs: runs.map((row) =>
      row.kind === 'slots' ? row : { ...row, output_bytes: 0, output_dropped_bytes: 0 },
    ),
  };
}

/** The only state there can be after each number of steps, from 0 to `steps`. */
export async function referenceStates(steps: number): Promise<Record<string, unknown>[]> {
  const store = new MemoryStore();
  const states = [await dump(store)];
  for (let i = 0; i < steps; i += 1) {
    await store.transact(ALL, step);
    states.push(await dump(store));
  }
  return states;
}
