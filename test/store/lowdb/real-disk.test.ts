import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { silentLogger } from '../../../src/observe/log.ts';
import { LowdbStore } from '../../../src/store/lowdb/store.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { job, NOW_AT, run } from '../../support/records.ts';
import { mountSmall } from '../../support/small-disk.ts';
import { ALL, dump, referenceStates, step, withoutOutputs } from './workload.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cronflow-disk-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

function storeIn(directory: string, snapshotJournalBytes = 5_000): LowdbStore {
  const clock = createFakeClock(NOW_AT);
  return new LowdbStore({ directory, clock, log: silentLogger, limits: { snapshotJournalBytes } });
}

async function mode(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777;
}

describe('a store on a real disk', () => {
  test('has its state back after a close, from snapshots and journals', async () => {
    const references = await referenceStates(60);
    const directory = join(root, 'made', 'with', 'parents');
    for (let round = 1; round <= 3; round += 1) {
      const store = storeIn(directory);
      await store.open();
      await Promise.all(Array.from({ length: 20 }, () => store.transact(ALL, step)));
      expect(await dump(store)).toEqual(references[round * 20]);
      await store.close();
    }
    const names = await readdir(directory);
    expect(names.filter((name) => name.startsWith('snapshot-'))).toHaveLength(2);
    expect(names.filter((name) => name.includes('.tmp') || name.includes('.sock'))).toEqual([]);
  });

  test('lets nobody else enter its directory or read its files', async () => {
    const directory = join(root, 'private');
    const store = storeIn(directory);
    await store.open();
    await store.transact(ALL, step);
    await store.close();
    expect(await mode(directory)).toBe(0o700);
    for (const name of await readdir(directory)) expect(await mode(join(directory, name))).toBe(0o600);
  });

  test('cannot share its directory with a second store', async () => {
    const directory = join(root, 'shared');
    const store = storeIn(directory);
    await store.open();
    await expect(storeIn(directory).open()).rejects.toMatchObject({ code: 'store_locked' });
    await store.close();
    const next = storeIn(directory);
    await next.open();
    await next.close();
  });
});

const small = mountSmall();
const where = small === null ? ' (skipped: mounting one needs root)' : '';

describe.skipIf(small === null)(`a file system that is really full${where}`, () => {
  afterAll(() => small?.unmount());

  test('refuses pings while it is full, loses nothing, and works again when there is space', async () => {
    const references = await referenceStates(2_500);
    const directory = join(small!.path, 'data');
    const filler = join(small!.path, 'filler');
    // No snapshots at first: the journal itself must meet the end of the disk.
    const store = storeIn(directory, 2 ** 20);
    await store.open();
    await writeFile(filler, Buffer.alloc(900_000));
    let count = 0;
    let refused = 0;
    while (refused < 20) {
      const outcomes = await Promise.allSettled([store.transact(ALL, step), store.transact(ALL, step)]);
      for (const outcome of outcomes)
        if (outcome.status === 'fulfilled') count = outcome.value;
        else {
          refused += 1;
          expect(outcome.reason).toMatchObject({ code: 'store_unavailable' });
        }
    }
    expect(count).toBeGreaterThan(0);
    expect(store.health()).toMatchObject({ ok: false });
    const shown = await dump(store);
    expect(shown.count).toBe(count);
    expect(withoutOutputs(shown)).toEqual(withoutOutputs(references[count]!));
    await rm(filler);
    expect(await store.transact(ALL, step)).toBe(count + 1);
    expect(store.health()).toEqual({ ok: true });
    await store.close();
    const again = storeIn(directory);
    await again.open();
    expect(withoutOutputs(await dump(again))).toEqual(withoutOutputs(references[count + 1]!));
    await again.close();
  });

  test('takes commits without their outputs while only these are too large for it', async () => {
    const store = storeIn(join(small!.path, 'narrow'), 2 ** 20);
    await store.open();
    const end = (number: number): Promise<void> =>
      store.transact(ALL, (tx) => {
        tx.putJob(job('a'));
        tx.putRun(run('a', number, { output_bytes: 30_000 }));
        tx.putOutput('a', `a-${number}`, { text: 'x'.repeat(30_000), dropped_bytes: 0 });
      });
    await end(1);
    small!.fill(16_384);
    await end(2);
    expect(await store.run('a', 'a-2')).toMatchObject({ output_bytes: 0, output_dropped_bytes: 30_000 });
    expect(store.health()).toMatchObject({ ok: false, refuses: 'outputs' });
    await store.transact(ALL, (tx) => tx.putMeta('alive', 1));
    expect(store.health()).toMatchObject({ ok: false, refuses: 'outputs' });
    small!.free();
    await end(3);
    expect(store.health()).toEqual({ ok: true });
    expect(await store.output('a', 'a-3')).toMatchObject({ dropped_bytes: 0 });
    expect(await store.output('a', 'a-1')).toMatchObject({ dropped_bytes: 0 });
    await store.close();
  });

  test('can be started on, and keeps refusing until there is space', async () => {
    const directory = join(small!.path, 'second');
    await mkdir(dirname(directory), { recursive: true });
    const store = storeIn(directory);
    await store.open();
    await store.transact(ALL, step);
    await store.close();
    const filler = join(small!.path, 'filler');
    await writeFile(filler, Buffer.alloc(2 ** 20)).catch(() => undefined);
    const full = storeIn(directory);
    await full.open();
    expect(await full.meta('count')).toBe(1);
    const outcomes = await Promise.allSettled(Array.from({ length: 30 }, () => full.transact(ALL, step)));
    expect(outcomes.some((outcome) => outcome.status === 'rejected')).toBe(true);
    await rm(filler);
    await full.transact(ALL, step);
    expect(full.health()).toEqual({ ok: true });
    await full.close();
  });
});
