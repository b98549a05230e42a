import { MemoryStore } from '../src/store/local/memory.ts';
import type { Store } from '../src/store/store.ts';
import { withStore } from './disk.ts';
import { Clients, declareJobs } from './jobs.ts';
import { type Row, sideBySide } from './measure.ts';
import { printMeasured } from './table.ts';

const REPORTING = 10;

async function rowOf(name: string, store: Store, jobs: number): Promise<Row> {
  await declareJobs(store, jobs);
  const clients = new Clients(store, REPORTING);
  return {
    name,
    async run(count) {
      for (let sent = 0; sent < count; sent += 1) await clients.ping();
    },
  };
}

/** Shows that a ping costs the same however many jobs there are. */
export async function benchPing(): Promise<void> {
  const memory = [
    await rowOf('10 jobs', new MemoryStore({ freeze: false }), 10),
    await rowOf('10,000 jobs', new MemoryStore({ freeze: false }), 10_000),
  ];
  printMeasured('A ping to one of 10 jobs, without a disk', await sideBySide(memory, { count: 1_000 }));
  await withStore(async (few) =>
    withStore(async (many) => {
      const rows = [await rowOf('10 jobs', few, 10), await rowOf('10,000 jobs', many, 10_000)];
      printMeasured('A ping to one of 10 jobs, durable', await sideBySide(rows, { count: 50 }));
    }),
  );
}
