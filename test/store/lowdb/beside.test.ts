import { beforeEach, describe, expect, test } from 'vitest';
import type { LoggedEvent } from '../../../src/core/model/event.ts';
import type { Disk } from '../../../src/store/lowdb/disk.ts';
import { readHistory, readTables } from '../../../src/store/lowdb/history.ts';
import { readPast } from '../../../src/store/lowdb/past.ts';
import type { LowdbStore } from '../../../src/store/lowdb/store.ts';
import { readAgain } from '../../../src/store/read-again.ts';
import { ReadBudget } from '../../../src/store/read-budget.ts';
import { CrashDisk } from '../../support/crash-disk.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { job, NOW_AT, ping } from '../../support/records.ts';
import { storeOn } from './store-on.ts';
import { ALL } from './workload.ts';

/** Snapshots and prunes every few commits, so that the oldest files go all the time. */
const LIMITS = { snapshotJournalBytes: 1_000, logBytesMax: 4_000 };

let disk: CrashDisk;
let store: LowdbStore;
let count = 0;

beforeEach(async () => {
  disk = new CrashDisk();
  store = storeOn(disk, { limits: LIMITS });
  count = 0;
  await store.open();
  await store.transact(ALL, (tx) => tx.putJob(job('a')));
  await goOn();
});

async function write(): Promise<void> {
  count += 1;
  const event: LoggedEvent = { type: 'ping', ping: ping({ received_at: NOW_AT + count }) };
  await store.transact(ALL, (tx) => {
    tx.putMeta('count', count);
    tx.putMeta('filler', 'x'.repeat(600));
    tx.logEvent('a', event);
  });
}

/** Commits until every file of the log is another one. */
async function goOn(): Promise<void> {
  const before = new Set(disk.files());
  while (disk.files().some((path) => before.has(path) && /\d{6}/.test(path))) await write();
}

/** A disk on which the log goes on, and is pruned, after each of the first lists that a reader makes. */
function prunedAfterLists(lists: number): Disk {
  let listed = 0;
  return new Proxy<Disk>(disk, {
    get: (target, key) => {
      if (key !== 'list') {
        const value = Reflect.get(target, key) as unknown;
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      }
      return async (path: string) => {
        const names = await target.list(path);
        listed += 1;
        if (listed <= lists) await goOn();
        return names;
      };
    },
  });
}

const past = (of: Disk) =>
  readPast('a', NOW_AT, {
    disk: of,
    directory: '/data',
    budget: new ReadBudget(createFakeClock(NOW_AT), { bytes_max: 2 ** 30, ms_max: 60_000 }),
  });

describe('a reader beside a writer that prunes', () => {
  test('reads the state that is there in the end', async () => {
    const tables = await readTables('/data', prunedAfterLists(6));
    expect(tables.meta('count')).toBe(count);
  });

  test('reads a log without a gap', async () => {
    const counts = await readAgain(async () => {
      const history = await readHistory('/data', prunedAfterLists(6));
      const found = [history.begin.meta('count') as number];
      for await (const { events } of history.commits())
        for (const { event } of events)
          if (event.type === 'ping') found.push(event.ping.received_at - NOW_AT);
      return found;
    });
    expect(counts).toEqual(Array.from(counts, (_, index) => counts[0]! + index));
    expect(counts.at(-1)).toBe(count);
  });

  test('reads the past of a job without a gap, also where files go before its events are read', async () => {
    let goesOn = true;
    const found = await readAgain(async () => {
      const opened = await past(prunedAfterLists(6));
      if (goesOn) await goOn();
      goesOn = false;
      const instants = [NOW_AT + (opened.begin!.meta('count') as number)];
      for await (const { event } of opened.events())
        if (event.type === 'ping') instants.push(event.ping.received_at);
      return instants;
    });
    expect(found).toEqual(Array.from(found, (_, index) => found[0]! + index));
    expect(found.at(-1)).toBe(NOW_AT + count);
  });

  test('says so where files go during every read', async () => {
    const gone = { code: 'store_damaged', message: expect.stringMatching(/pruned.*Try again\.$/) as string };
    await expect(readHistory('/data', prunedAfterLists(Infinity))).rejects.toMatchObject(gone);
    await expect(past(prunedAfterLists(Infinity))).rejects.toMatchObject(gone);
  });

  test('reads once only where nothing has changed', async () => {
    let opened = 0;
    const error = Object.assign(new Error('no such file'), { code: 'ENOENT' });
    disk.fault = (call, path) => {
      if (call !== 'open-read' || !path.includes('snapshot-')) return null;
      opened += 1;
      return { error };
    };
    await expect(readTables('/data', disk)).rejects.toMatchObject({ code: 'store_damaged' });
    expect(opened).toBe(1);
  });
});
