import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { JSONFilePreset } from 'lowdb/node';
import { withStore } from './disk.ts';
import { Clients, declareJobs } from './jobs.ts';
import { type Row, sideBySide } from './measure.ts';
import { printMeasured } from './table.ts';

/** The line of a ping takes roughly this in the journal. */
const LINE_BYTES = 350;

/** Measures what the store adds to the least that can make a ping durable. */
export async function benchCommit(): Promise<void> {
  await withStore(async (store, directory) => {
    await declareJobs(store, 100);
    const clients = new Clients(store, 100);
    const file = await open(join(directory, 'bare'), 'w');
    const line = Buffer.alloc(LINE_BYTES, 'x');
    let at = 0;
    const { items: jobs } = await store.listJobs({ skip: 0, limit: 100 });
    const plain = await JSONFilePreset(join(directory, 'plain.json'), { count: 0, jobs });
    const rows: Row[] = [
      {
        name: 'write and fdatasync',
        async run(count) {
          for (let done = 0; done < count; done += 1) {
            await file.write(line, 0, line.length, at);
            await file.datasync();
            at += line.length;
          }
        },
      },
      {
        name: 'plain lowdb, 100 jobs, without a sync',
        async run(count) {
          for (let done = 0; done < count; done += 1) {
            plain.data.count += 1;
            await plain.write();
          }
        },
      },
      {
        name: 'commit of one value',
        async run(count) {
          for (let done = 0; done < count; done += 1)
            await store.transact({ meta: ['bench'] }, (tx) => tx.putMeta('bench', done));
        },
      },
      {
        name: 'ping',
        async run(count) {
          for (let done = 0; done < count; done += 1) await clients.ping();
        },
      },
    ];
    printMeasured('A commit, held against the least that is durable', await sideBySide(rows, { count: 50 }));
    await file.close();
  });
}
