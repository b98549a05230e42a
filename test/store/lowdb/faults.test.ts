import { describe, expect, test } from 'vitest';
import { silentLogger } from '../../../src/observe/log.ts';
import { LowdbStore } from '../../../src/store/lowdb/store.ts';
import type { Output } from '../../../src/store/store.ts';
import { CrashDisk } from '../../support/crash-disk.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { seededRandom } from '../../support/random.ts';
import { NOW_AT } from '../../support/records.ts';
import { ALL, dump, referenceStates, step, withoutOutputs } from './workload.ts';

const FULL = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
const BROKEN = Object.assign(new Error('EIO: i/o error'), { code: 'EIO' });
const STEPS = 24;
const references = await referenceStates(STEPS * 3);

interface Opened {
  store: LowdbStore;
  /** What `fatal` was called with. */
  fatal: Error[];
  /** What it logged as a warning. */
  warnings: string[];
}

const noLock = async (): Promise<{ release(): Promise<void> }> => ({ release: async () => {} });

function storeOn(disk: CrashDisk): Opened {
  const fatal: Error[] = [];
  const warnings: string[] = [];
  const store = new LowdbStore({
    directory: '/data',
    clock: createFakeClock(NOW_AT),
    log: { ...silentLogger, warn: (message) => warnings.push(message) },
    disk,
    lock: noLock,
    limits: { snapshotJournalBytes: 2_000, logBytesMax: 0 },
    fatal: (error) => void fatal.push(error),
  });
  return { store, fatal, warnings };
}

async function opened(disk: CrashDisk): Promise<Opened> {
  const made = storeOn(disk);
  await made.store.open();
  return made;
}

/** Open files keep the name they were made under, which is the unfinished one. */
const isJournal = (path: string): boolean => path.includes('/journal-');

describe('a flood', () => {
  test('is stored in commits of a bounded time, so that the first of it is not kept waiting', async () => {
    const clock = createFakeClock(NOW_AT);
    // As if every transaction took ten milliseconds.
    let lookedMs = 0;
    clock.monotonic = () => (lookedMs += 10);
    const store = new LowdbStore({
      directory: '/data',
      clock,
      log: silentLogger,
      disk: new CrashDisk(),
      lock: noLock,
    });
    await store.open();
    let ran = 0;
    const all = Array.from({ length: 100 }, (_, at) =>
      store.transact({ meta: ['count'] }, (tx) => {
        tx.putMeta('count', (ran += 1));
        return at;
      }),
    );
    await all[0];
    expect(ran).toBeLessThan(10);
    expect(await Promise.all(all)).toEqual([...all.keys()]);
    expect(await store.meta('count')).toBe(100);
    await store.close();
  });
});

describe('a full disk', () => {
  test('refuses commits, says so, and changes nothing; when there is space again, all is well', async () => {
    const disk = new CrashDisk();
    const { store, fatal } = await opened(disk);
    await store.transact(ALL, step);
    disk.fault = (call) => (call === 'write' ? { error: FULL } : null);
    for (let i = 0; i < 3; i += 1) {
      const refused = store.transact(ALL, step);
      await expect(refused).rejects.toMatchObject({ code: 'store_unavailable' });
      await expect(refused).rejects.toThrow('ENOSPC');
      expect(await dump(store)).toEqual(references[1]);
    }
    expect(store.health()).toEqual({
      ok: false,
      refuses: 'commits',
      detail: expect.stringContaining('ENOSPC') as string,
    });
    disk.fault = () => null;
    expect(await store.transact(ALL, step)).toBe(2);
    expect(store.health()).toEqual({ ok: true });
    expect(await dump(store)).toEqual(references[2]);
    expect(fatal).toEqual([]);
  });

  test('leaves no half of a line behind', async () => {
    const disk = new CrashDisk();
    const { store } = await opened(disk);
    await store.transact(ALL, step);
    let writes = 0;
    disk.fault = (call, path) => {
      if (call !== 'write' || !isJournal(path)) return null;
      writes += 1;
      return writes % 2 === 1 ? { error: FULL, short: true } : { error: FULL };
    };
    await expect(store.transact(ALL, step)).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(writes).toBe(2);
    disk.fault = () => null;
    await store.transact(ALL, step);
    for (const after of [disk.afterKill(), disk.afterPowerFailure(seededRandom(1))]) {
      const again = await opened(after);
      expect(await dump(again.store)).toEqual(references[2]);
    }
  });

  test('refuses every transaction of a batch, also those that only read or failed on their own', async () => {
    const disk = new CrashDisk();
    const { store } = await opened(disk);
    disk.fault = (call) => (call === 'write' ? { error: FULL } : null);
    const batch = [
      store.transact(ALL, step),
      store.transact(ALL, (tx) => tx.meta('count')),
      store.transact(ALL, () => {
        throw new Error('its own');
      }),
    ];
    for (const refused of batch) await expect(refused).rejects.toMatchObject({ code: 'store_unavailable' });
  });

  test('does not keep transactions from reading', async () => {
    const disk = new CrashDisk();
    const { store } = await opened(disk);
    await store.transact(ALL, step);
    disk.fault = (call) => (call === 'write' ? { error: FULL } : null);
    expect(await store.transact(ALL, (tx) => tx.meta('count'))).toBe(1);
  });

  test('loses nothing while the store closes or takes a snapshot', async () => {
    const disk = new CrashDisk();
    const { store, fatal } = await opened(disk);
    for (let i = 0; i < 3; i += 1) await store.transact(ALL, step);
    disk.fault = (call) => (call === 'write' ? { error: FULL } : null);
    await store.close();
    disk.fault = () => null;
    const again = await opened(disk);
    expect(await dump(again.store)).toEqual(references[3]);
    expect(fatal).toEqual([]);
  });
});

describe('a write that takes only a part', () => {
  test('is continued', async () => {
    const disk = new CrashDisk();
    const { store } = await opened(disk);
    disk.fault = (call) => (call === 'write' ? { error: FULL, short: true } : null);
    const refused = store.transact(ALL, step);
    // Halves of halves: the last byte's half is nothing, and that is an error.
    await expect(refused).rejects.toThrow('the disk took only');
    let halves = 0;
    disk.fault = (call) => (call === 'write' && (halves += 1) <= 3 ? { error: FULL, short: true } : null);
    expect(await store.transact(ALL, step)).toBe(1);
    const again = await opened(disk.afterPowerFailure(seededRandom(1)));
    expect(await dump(again.store)).toEqual(references[1]);
  });
});

describe('a write that fails although it was done', () => {
  test('does not come back after a power failure', async () => {
    for (let seed = 0; seed < 40; seed += 1) {
      const disk = new CrashDisk();
      const { store } = await opened(disk);
      await store.transact(ALL, step);
      disk.fault = (call) => (call === 'write' ? { error: BROKEN, done: true } : null);
      await expect(store.transact(ALL, step)).rejects.toMatchObject({ code: 'store_unavailable' });
      const again = await opened(disk.afterPowerFailure(seededRandom(seed)));
      expect(await dump(again.store)).toEqual(references[1]);
    }
  });
});

describe('a failed append that cannot be cut back', () => {
  test('refuses every commit until it can', async () => {
    const disk = new CrashDisk();
    const { store, fatal } = await opened(disk);
    let writable = false;
    disk.fault = (call, path) => {
      if (writable || !isJournal(path)) return null;
      return call === 'truncate' || call === 'write' ? { error: BROKEN, done: true } : null;
    };
    await expect(store.transact(ALL, step)).rejects.toThrow('cannot be cut back');
    await expect(store.transact(ALL, step)).rejects.toThrow('cannot be cut back');
    writable = true;
    // Shorter than what failed, of which nothing may stay behind it.
    await store.transact(ALL, (tx) => tx.putMeta('key', 1));
    const again = await opened(disk.afterKill());
    expect(await again.store.meta('key')).toBe(1);
    expect(await dump(again.store)).toEqual(references[0]);
    expect(again.warnings).toEqual([]);
    expect(await store.transact(ALL, step)).toBe(1);
    expect(fatal).toEqual([]);
  });
});

describe('a failed sync of the journal', () => {
  test('is fatal: nothing is written any more', async () => {
    const disk = new CrashDisk();
    const { store, fatal } = await opened(disk);
    await store.transact(ALL, step);
    disk.fault = (call, path) => (call === 'datasync' && isJournal(path) ? { error: BROKEN } : null);
    await expect(store.transact(ALL, step)).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(fatal).toHaveLength(1);
    expect(fatal[0]?.message).toContain('EIO');
    disk.fault = (call) => {
      throw new Error(`must not be called: ${call}`);
    };
    await expect(store.transact(ALL, (tx) => tx.putMeta('key', 1))).rejects.toThrow('the process must end');
    expect(await store.meta('count')).toBe(1);
  });
});

/** What a call does instead of its work, once. */
const faults = {
  ENOSPC: { error: FULL },
  EIO: { error: BROKEN },
  'a short write': { error: FULL, short: true },
  'an error after the work': { error: BROKEN, done: true },
};

describe.each(Object.entries(faults))('any single call that ends in %s', (_name, fault) => {
  test('costs at most its own batch: the acknowledged is there, the refused is not', async () => {
    const calls = await countCalls();
    for (let failAt = 1; failAt <= calls; failAt += 1) {
      const disk = new CrashDisk();
      disk.fault = () => (disk.calls === failAt ? fault : null);
      try {
        expect(await workThrough(disk, failAt)).toBeGreaterThanOrEqual(0);
      } catch (error) {
        throw new Error(`with call ${failAt} failing`, { cause: error });
      }
    }
  });
});

async function countCalls(): Promise<number> {
  const disk = new CrashDisk();
  const { store } = await opened(disk);
  for (let i = 0; i < STEPS; i += 2)
    await Promise.all([store.transact(ALL, step), store.transact(ALL, step)]);
  await store.close();
  return disk.calls;
}

/** Expects each output to be the one that was put, or to be lost, as its run says. */
async function expectOutputs(store: LowdbStore, reference: Record<string, unknown>): Promise<void> {
  const outputs = reference['outputs'] as [runId: string, output: Output][];
  for (const [runId, output] of outputs) {
    const jobId = runId.slice(0, runId.lastIndexOf('-'));
    const found = await store.output(jobId, runId);
    if (found !== undefined) expect(found).toEqual(output);
    else {
      const lostBytes = output.dropped_bytes + Buffer.byteLength(output.text);
      expect(await store.run(jobId, runId)).toMatchObject({ output_dropped_bytes: lostBytes });
    }
  }
}

/** Returns how many transactions were acknowledged, having checked everything else. */
async function workThrough(disk: CrashDisk, seed: number): Promise<number> {
  let made = storeOn(disk);
  try {
    await made.store.open();
  } catch {
    made = await opened(disk);
  }
  const { store, fatal } = made;
  let seen = 0;
  for (let i = 0; i < STEPS; i += 2) {
    const outcomes = await Promise.allSettled([store.transact(ALL, step), store.transact(ALL, step)]);
    for (const outcome of outcomes)
      if (outcome.status === 'fulfilled') {
        // A refused one's number is taken by the next: it has left no trace.
        expect(outcome.value).toBe(seen + 1);
        seen = outcome.value;
      } else expect(outcome.reason).toMatchObject({ code: 'store_unavailable' });
  }
  const { fault } = disk;
  disk.fault = () => null;
  const expected = (count: number): unknown => withoutOutputs(references[count]!);
  expect(withoutOutputs(await dump(store))).toEqual(expected(seen));
  if (fatal.length === 0) {
    expect(seen).toBeGreaterThanOrEqual(STEPS - 2);
    seen = await store.transact(ALL, step);
    expect(store.health()).toEqual({ ok: true });
    disk.fault = fault;
    await store.close();
  }
  disk.fault = () => null;
  const again = await opened(disk.afterPowerFailure(seededRandom(seed)));
  const count = Number((await again.store.meta('count')) ?? 0);
  expect(withoutOutputs(await dump(again.store))).toEqual(expected(count));
  await expectOutputs(again.store, references[count]!);
  // After a failed sync, and only then, what was refused may turn out to be there, and as a whole.
  if (fatal.length === 0) expect(count).toBe(seen);
  else expect([seen, seen + 2]).toContain(count);
  return count;
}
