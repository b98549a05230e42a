import { expect, test } from 'vitest';
import { type Migration, MIGRATIONS } from '../../../src/store/local/migrations.ts';
import type { LowdbStore, LowdbStoreOptions } from '../../../src/store/lowdb/store.ts';
import { CrashDisk } from '../../support/crash-disk.ts';
import { job, NOW_AT, run, slotsRow } from '../../support/records.ts';
import { storeOn } from './store-on.ts';

const PAGE = { skip: 0, limit: 100 };
const COUNT = 30;

async function opened(disk: CrashDisk, options: Partial<LowdbStoreOptions> = {}): Promise<LowdbStore> {
  const store = storeOn(disk, options);
  await store.open();
  return store;
}

const rowOf = (number: number): ReturnType<typeof run> | ReturnType<typeof slotsRow> =>
  number % 7 === 0
    ? slotsRow('j', number, { first_slot_at: NOW_AT + number, slot_at: NOW_AT + number })
    : run('j', number, { rid: `r-${number}`, host: 'web1', started_at: NOW_AT + number });

/** Gives a job a past, one run after another as pings bring it. */
async function withPast(disk: CrashDisk, from = 1, to = COUNT): Promise<LowdbStore> {
  const store = await opened(disk);
  if (from === 1) await store.transact({ ids: ['j'] }, (tx) => tx.putJob(job('j')));
  for (let number = from; number <= to; number += 1)
    await store.transact({ ids: ['j'] }, (tx) => tx.putRun(rowOf(number)));
  return store;
}

const rows = async (store: LowdbStore): Promise<unknown[]> =>
  (await store.runsOf('j', PAGE)).items.toReversed();
const past = (from: number, to: number): unknown[] =>
  Array.from({ length: to - from + 1 }, (_, index) => rowOf(from + index));

function snapshotOf(disk: CrashDisk): string {
  const path = disk
    .files()
    .filter((name) => name.includes('/snapshot-'))
    .sort()
    .at(-1)!;
  let text = '';
  disk.edit(path, (bytes) => {
    text = bytes.toString('utf8');
    return bytes;
  });
  return text;
}

const moving: Migration = (table, record) =>
  table === 'runs' ? { ...(record as object), host: 'moved' } : record;

test('a snapshot holds old rows packed, and a start reads them', async () => {
  const disk = new CrashDisk();
  await (await withPast(disk)).close();
  const text = snapshotOf(disk);
  expect(text.match(/\["histories",/g)).toHaveLength(1);
  expect(text.match(/\["runs",/g)?.length).toBeLessThan(5);
  const store = await opened(disk);
  expect(await store.run('j', 'j-3')).toEqual(rowOf(3));
  expect(await rows(store)).toEqual(past(1, COUNT));
});

test('commits after a start change packed rows, and a kill loses none of it', async () => {
  const disk = new CrashDisk();
  await (await withPast(disk)).close();
  const store = await withPast(disk, COUNT + 1, COUNT + 12);
  const changed = run('j', 2, { rid: 'r-2', exit_code: 7, outcome: 'failure', reason: 'exit_code' });
  await store.transact({ ids: ['j'] }, (tx) => {
    tx.putRun(changed);
    tx.deleteRun('j-5');
  });
  const expected = [rowOf(1), changed, ...past(3, 4), ...past(6, COUNT + 12)];
  expect(await rows(store)).toEqual(expected);
  const again = await opened(disk.afterKill());
  expect(await rows(again)).toEqual(expected);
  await again.close();
});

test('a shorter history drops packed rows, in the file of the next start, too', async () => {
  const disk = new CrashDisk();
  await (await withPast(disk)).close();
  const store = await opened(disk);
  await store.transact({ ids: ['j'] }, (tx) => tx.putJob(job('j', { declaration: { keep_runs: 12 } })));
  expect(await rows(store)).toEqual(past(COUNT - 11, COUNT));
  await store.close();
  expect(await rows(await opened(disk))).toEqual(past(COUNT - 11, COUNT));
});

test('a newer schema migrates each packed row', async () => {
  const disk = new CrashDisk();
  await (await withPast(disk)).close();
  const newer = { migrations: [...MIGRATIONS, moving] };
  const store = await opened(disk, newer);
  const moved = past(1, COUNT).map((row) => ({ ...(row as object), host: 'moved' }));
  expect(await rows(store)).toEqual(moved);
  await store.close();
  expect(snapshotOf(disk)).toContain('["histories",');
  expect(await rows(await opened(disk, newer))).toEqual(moved);
});
