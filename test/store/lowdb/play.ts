import { applyEvent, EVENT_META } from '../../../src/apply/events.ts';
import type { Declaration } from '../../../src/core/model/declaration.ts';
import type { PingKind } from '../../../src/core/model/reasons.ts';
import type { Ping, Row } from '../../../src/core/model/records.ts';
import { runJson } from '../../../src/http/answer/wire.ts';
import { JobIngest } from '../../../src/ingest/job-ingest.ts';
import type { Store } from '../../../src/store/store.ts';
import type { FakeClock } from '../../support/fake-clock.ts';
import { pingOf } from '../../support/records.ts';

const ALL = { skip: 0, limit: 1_000 };

/** One thing that happens to a job: when, to which, what, and its particulars. */
export type Step = [
  at: string,
  job: string,
  what: PingKind | 'declare' | 'tick' | 'gap' | 'pause' | 'resume',
  fields?: Partial<Ping> & Declaration & { from?: string },
];

/** Lets the steps happen to the jobs of a store, through the parts that serve pings and writes of the API. */
export async function play(store: Store, clock: FakeClock, steps: readonly Step[]): Promise<void> {
  const ingest = new JobIngest({ store, clock, onRefusal: () => {} });
  for (const [time, name, what, fields = {}] of steps) {
    const at = Date.parse(time);
    clock.set(at);
    const apply = (event: Parameters<typeof applyEvent>[2]): Promise<unknown> =>
      store.transact({ names: [name], meta: EVENT_META }, (tx) => applyEvent(tx, tx.jobByName(name)!, event));
    switch (what) {
      case 'declare':
        await ingest.register(name, fields);
        break;
      case 'tick':
        await apply({ type: 'tick', now_at: at });
        break;
      case 'gap':
        await apply({ type: 'gap', from_at: Date.parse(fields.from ?? time), to_at: at });
        break;
      case 'pause':
        await ingest.pause(name);
        break;
      case 'resume':
        await ingest.resume(name);
        break;
      default:
        await ingest.ping(name, pingOf(what, at, fields));
    }
  }
}

/** Maps the name of each job to lines about its rows. */
export type Histories = Record<string, string[]>;

/** Returns what HTTP answers for the history of each job. */
export async function historiesOf(store: Store): Promise<Histories> {
  return ofEachJob(store, async (id) => {
    const { items } = await store.runsOf(id, ALL);
    return items.map((row) => JSON.stringify(runJson(row)).replaceAll(id, 'ID'));
  });
}

/** Returns the ids of the rows of each job in the order of their ends. */
export async function endsOf(store: Store): Promise<Histories> {
  return ofEachJob(store, async (id) => {
    const ended = await store.transact({ ids: [id] }, (tx) => tx.runsOf(id).ended());
    return ended.map((row) => row.id.replaceAll(id, 'ID'));
  });
}

/** Returns the stored rows of all jobs, by the names of the jobs. */
export async function rowsOf(store: Store): Promise<Row[]> {
  const { items: jobs } = await store.listJobs(ALL);
  const rows: Row[] = [];
  for (const { id, name } of jobs) {
    const { items } = await store.runsOf(id, ALL);
    rows.push(...items.map((row) => JSON.parse(JSON.stringify(row).replaceAll(id, name)) as Row));
  }
  return rows;
}

/** The ids of jobs are random, so the names of the jobs stand for them. */
async function ofEachJob(store: Store, linesOf: (id: string) => Promise<string[]>): Promise<Histories> {
  const { items: jobs } = await store.listJobs(ALL);
  const histories: Histories = {};
  for (const { id, name } of jobs) histories[name] = await linesOf(id);
  return histories;
}
