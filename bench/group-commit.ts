import { CountingDisk, withStore } from './disk.ts';
import { Clients, declareJobs } from './jobs.ts';
import { type Row, sideBySide } from './measure.ts';
import { printTable, shown } from './table.ts';

const PINGS = 256;

/** Shows that pings which arrive while a commit is under way share the next one. */
export async function benchGroupCommit(): Promise<void> {
  const counting = new CountingDisk();
  await withStore(async (store) => {
    await declareJobs(store, 100);
    const clients = new Clients(store, 100);
    const syncs = new Map<string, number>();
    const rows = [1, 8, 64].map((concurrent): Row => {
      const name = `${concurrent} at a time`;
      return {
        name,
        async run(count) {
          const before = counting.syncs;
          for (let sent = 0; sent < count; sent += concurrent)
            await Promise.all(Array.from({ length: concurrent }, () => clients.ping()));
          syncs.set(name, counting.syncs - before);
        },
      };
    });
    const measured = await sideBySide(rows, { count: PINGS });
    printTable(
      'Pings at once, durable',
      ['', 'pings a second', 'ratio', 'pings a commit'],
      measured.map(({ name, us, ratio }) => [
        name,
        shown(1e6 / us),
        (1 / ratio).toFixed(2),
        (PINGS / syncs.get(name)!).toFixed(1),
      ]),
    );
  }, counting.disk);
}
