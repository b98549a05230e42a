import { describe, expect, test } from 'vitest';
import type { Logger } from '../../../src/observe/log.ts';
import { silentLogger } from '../../../src/observe/log.ts';
import { readLog } from '../../../src/store/lowdb/log.ts';
import type { LowdbStore } from '../../../src/store/lowdb/store.ts';
import { CrashDisk } from '../../support/crash-disk.ts';
import { job, ping, run } from '../../support/records.ts';
import { storeOn } from './store-on.ts';
import { ALL } from './workload.ts';

const FULL = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
const REFUSED_DETAIL = expect.stringMatching(/^No output can be kept: .*ENOSPC/) as string;

async function opened(disk: CrashDisk, log: Logger = silentLogger): Promise<LowdbStore> {
  const store = storeOn(disk, { log });
  await store.open();
  return store;
}

/** Puts a run with an output, as the end of the run does, with the event. */
const end = (store: LowdbStore, number: number, text: string, droppedBytes = 0): Promise<void> =>
  store.transact(ALL, (tx) => {
    if (tx.jobById('a') === undefined) tx.putJob(job('a'));
    const bytes = Buffer.byteLength(text);
    tx.putRun(run('a', number, { output_bytes: bytes, output_dropped_bytes: droppedBytes }));
    tx.putOutput('a', `a-${number}`, { text, dropped_bytes: droppedBytes });
    tx.logEvent('a', { type: 'ping', ping: ping({ output: text, output_dropped_bytes: droppedBytes }) });
  });
const small = (store: LowdbStore): Promise<void> => store.transact(ALL, (tx) => tx.putMeta('alive', 1));

const LIMIT_BYTES = 3_000;
const LONG = 'x'.repeat(5_000);

/** Makes a disk that refuses writes of more than LIMIT_BYTES while its fault says so. */
function limitedDisk(): CrashDisk {
  const disk = new CrashDisk();
  const open = disk.open.bind(disk);
  disk.open = async (path, how) => {
    const file = await open(path, how);
    const write = async (data: Uint8Array, position: number): Promise<number> => {
      if (disk.fault('limit', path) !== null && data.length > LIMIT_BYTES) throw FULL;
      return file.write(data, position);
    };
    return { ...file, write };
  };
  return disk;
}

function limit(disk: CrashDisk): void {
  disk.fault = (call) => (call === 'limit' ? { error: FULL } : null);
}

describe('an output that the disk does not take', () => {
  test('costs itself alone, and run, log and health say so', async () => {
    const disk = limitedDisk();
    const errors: string[] = [];
    const store = await opened(disk, { ...silentLogger, error: (message) => errors.push(message) });
    limit(disk);
    await end(store, 1, LONG, 7);
    await end(store, 2, LONG);
    expect(await store.run('a', 'a-1')).toMatchObject({ output_bytes: 0, output_dropped_bytes: 5_007 });
    expect(await store.output('a', 'a-1')).toBeUndefined();
    expect(store.health()).toEqual({ ok: false, refuses: 'outputs', detail: REFUSED_DETAIL });
    expect(errors).toEqual(['no output can be stored']);
    const again = await opened(disk.afterKill());
    expect(await again.run('a', 'a-2')).toMatchObject({ output_bytes: 0, output_dropped_bytes: 5_000 });
    for await (const { events } of readLog('/data', disk))
      for (const { event } of events)
        expect(event).toMatchObject({ ping: { output: null, captured: false } });
  });

  test('of a run that had one leaves it without any, as the run says', async () => {
    const disk = limitedDisk();
    const store = await opened(disk);
    await end(store, 1, 'first');
    limit(disk);
    await end(store, 1, LONG);
    expect(await store.output('a', 'a-1')).toBeUndefined();
    expect(await store.run('a', 'a-1')).toMatchObject({ output_bytes: 0, output_dropped_bytes: 5_000 });
    const again = await opened(disk.afterKill());
    expect(await again.output('a', 'a-1')).toBeUndefined();
  });

  test('makes a failing store until one would be taken again, whatever smaller commits succeed', async () => {
    const disk = limitedDisk();
    const store = await opened(disk);
    limit(disk);
    await end(store, 1, LONG);
    for (let i = 0; i < 3; i += 1) {
      await small(store);
      expect(store.health()).toMatchObject({ ok: false, refuses: 'outputs' });
      await end(store, 2 + i, 'short');
      expect(store.health()).toMatchObject({ ok: false, refuses: 'outputs' });
    }
    disk.fault = () => null;
    await small(store);
    expect(store.health()).toEqual({ ok: true });
    await end(store, 9, LONG);
    expect(await store.output('a', 'a-9')).toMatchObject({ dropped_bytes: 0 });
    expect(disk.files().filter((path) => /tmp|probe/.test(path))).toEqual([]);
  });

  test('is no reason for a store that refuses commits to call itself ready', async () => {
    const disk = new CrashDisk();
    const store = await opened(disk);
    await end(store, 1, 'first');
    disk.fault = (call) => (call === 'write' ? { error: FULL } : null);
    await expect(end(store, 2, 'second')).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(store.health()).toMatchObject({ ok: false, refuses: 'commits' });
  });
});
