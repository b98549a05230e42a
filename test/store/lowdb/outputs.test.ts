import { describe, expect, test } from 'vitest';
import { silentLogger } from '../../../src/observe/log.ts';
import { readLog } from '../../../src/store/lowdb/log.ts';
import type { LowdbStore } from '../../../src/store/lowdb/store.ts';
import { CrashDisk, narrowDisk } from '../../support/crash-disk.ts';
import { job, run } from '../../support/records.ts';
import { archives, end, opened } from './with-outputs.ts';
import { ALL } from './workload.ts';

const FULL = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
const REFUSED_DETAIL = expect.stringMatching(/^No output can be kept: .*ENOSPC/) as string;

const bytesOf = (disk: CrashDisk, path: string): string => {
  let content = '';
  disk.edit(path, (bytes) => {
    content = bytes.toString('utf8');
    return bytes;
  });
  return content;
};
const JOURNAL = '/data/journal-0000000000000001.jsonl';
const small = (store: LowdbStore): Promise<void> => store.transact(ALL, (tx) => tx.putMeta('alive', 1));

const SPACE_BYTES = 3_000;
const LONG = 'x'.repeat(5_000);

describe('an output that the disk does not take', () => {
  test('costs itself alone, and run, log and health say so', async () => {
    const narrow = narrowDisk(SPACE_BYTES);
    const { disk } = narrow;
    const errors: string[] = [];
    const log = { ...silentLogger, error: (message: string) => void errors.push(message) };
    const store = await opened(disk, { log });
    narrow.isFull = true;
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
    const narrow = narrowDisk(SPACE_BYTES);
    const { disk } = narrow;
    const store = await opened(disk);
    await end(store, 1, 'first');
    narrow.isFull = true;
    await end(store, 1, LONG);
    expect(await store.output('a', 'a-1')).toBeUndefined();
    expect(await store.run('a', 'a-1')).toMatchObject({ output_bytes: 0, output_dropped_bytes: 5_000 });
    const again = await opened(disk.afterKill());
    expect(await again.output('a', 'a-1')).toBeUndefined();
  });

  test('makes a failing store until one would be taken again, whatever smaller commits succeed', async () => {
    const narrow = narrowDisk(SPACE_BYTES);
    const { disk } = narrow;
    const store = await opened(disk);
    narrow.isFull = true;
    await end(store, 1, LONG);
    for (let i = 0; i < 3; i += 1) {
      await small(store);
      expect(store.health()).toMatchObject({ ok: false, refuses: 'outputs' });
      await end(store, 2 + i, 'short');
      expect(store.health()).toMatchObject({ ok: false, refuses: 'outputs' });
    }
    narrow.isFull = false;
    await small(store);
    expect(store.health()).toEqual({ ok: true });
    await end(store, 9, LONG);
    expect(await store.output('a', 'a-9')).toMatchObject({ dropped_bytes: 0 });
    expect(disk.files().filter((path) => /tmp|probe/.test(path))).toEqual([]);
  });

  test('makes a failing store until there is room for as much as many at once, not for one', async () => {
    const narrow = narrowDisk(2 * 2 ** 20);
    const { disk } = narrow;
    const store = await opened(disk);
    narrow.isFull = true;
    const numbers = Array.from({ length: 600 }, (_, at) => at + 1);
    await Promise.all(numbers.map((number) => end(store, number, LONG)));
    expect(store.health()).toMatchObject({ ok: false, refuses: 'outputs' });
    await small(store);
    expect(store.health()).toMatchObject({ ok: false, refuses: 'outputs' });
    expect(disk.files().filter((path) => path.endsWith('.tmp'))).toEqual([]);
    narrow.isFull = false;
    await small(store);
    expect(store.health()).toEqual({ ok: true });
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

describe('an output', () => {
  const TEXT = 'line 1\nline "2"\\\u001b[31m äöü 🦊 \u0000\u2028 end';

  test('stands once in the journal, with its commit, and has no file of its own', async () => {
    const disk = new CrashDisk();
    const store = await opened(disk);
    const before = disk.files();
    let calls: string[] = [];
    disk.fault = (call) => {
      calls.push(call);
      return null;
    };
    await end(store, 1, 'once and no more');
    expect(calls).toEqual(['write', 'datasync']);
    calls = [];
    expect(disk.files()).toEqual(before);
    expect(bytesOf(disk, JOURNAL).split('once and no more')).toHaveLength(2);
    expect(await store.output('a', 'a-1')).toEqual({ text: 'once and no more', dropped_bytes: 0 });
  });

  test('of any text is there after a kill, and after a snapshot, and in the log', async () => {
    const disk = new CrashDisk();
    const store = await opened(disk);
    for (let number = 1; number <= 3; number += 1) await end(store, number, `${TEXT}${number}`, number);
    await Promise.all([end(store, 4, `${TEXT}4`), end(store, 5, ''), end(store, 6, `${TEXT}6`)]);
    const texts = ['1', '2', '3', '4', null, '6'].map((mark) => (mark === null ? '' : `${TEXT}${mark}`));
    const check = async (read: LowdbStore): Promise<void> => {
      for (const [index, text] of texts.entries())
        expect(await read.output('a', `a-${index + 1}`)).toMatchObject({ text });
    };
    await check(store);
    const killed = await opened(disk.afterKill());
    await check(killed);
    await store.close();
    await check(await opened(disk));
    const logged: unknown[] = [];
    for await (const { events } of readLog('/data', disk))
      for (const { event } of events) if (event.type === 'ping') logged.push(event.ping.output);
    expect(logged).toEqual(texts);
  });

  test('of a run that reports a second one is whole, whichever commit comes to stand', async () => {
    const disk = new CrashDisk();
    const store = await opened(disk);
    await end(store, 1, 'first');
    disk.fault = (call) => (call === 'write' ? { error: FULL } : null);
    await expect(end(store, 1, 'second')).rejects.toMatchObject({ code: 'store_unavailable' });
    disk.fault = () => null;
    expect(await store.output('a', 'a-1')).toEqual({ text: 'first', dropped_bytes: 0 });
    await end(store, 1, 'third');
    expect(await store.output('a', 'a-1')).toEqual({ text: 'third', dropped_bytes: 0 });
    expect(await (await opened(disk.afterKill())).output('a', 'a-1')).toMatchObject({ text: 'third' });
  });

  test('drops the oldest where all together are beyond their limit', async () => {
    const disk = new CrashDisk();
    const store = await opened(disk, { limits: { outputBytesMax: 3_000 } });
    for (let number = 1; number <= 5; number += 1) await end(store, number, 'x'.repeat(898));
    expect(await store.output('a', 'a-2')).toBeUndefined();
    for (const number of [3, 4, 5]) expect(await store.output('a', `a-${number}`)).toBeDefined();
  });

  test('that is damaged or missing is lost, and no error', async () => {
    const disk = new CrashDisk();
    const store = await opened(disk);
    await end(store, 1, 'first');
    await end(store, 2, 'second');
    await store.close();
    disk.edit(JOURNAL, (bytes) => {
      bytes[bytes.indexOf('"first"')] = 0x20;
      return bytes.subarray(0, bytes.indexOf('second'));
    });
    const again = await opened(disk);
    expect(await again.output('a', 'a-1')).toBeUndefined();
    expect(await again.output('a', 'a-2')).toBeUndefined();
    await disk.remove(JOURNAL);
    expect(await again.output('a', 'a-1')).toBeUndefined();
  });
});

/** Opens, works and closes so often that the first segments go. */
async function worked(
  disk: CrashDisk,
  rounds: number,
  work: (store: LowdbStore, round: number) => Promise<void>,
) {
  for (let round = 1; round <= rounds; round += 1) {
    const store = await opened(disk, { limits: { logBytesMax: 0 } });
    await work(store, round);
    await store.close();
  }
}

describe('outputs of segments that go', () => {
  const KEEP = { keep_runs: 3 };

  test('are moved while their runs are kept, and few files hold them', async () => {
    const disk = new CrashDisk();
    await worked(disk, 40, (store, round) => end(store, round, `output ${round}`));
    const texts = async (): Promise<unknown[]> => {
      const store = await opened(disk);
      return Promise.all(Array.from({ length: 40 }, (_, at) => store.output('a', `a-${at + 1}`)));
    };
    const expected = Array.from({ length: 40 }, (_, at) => ({ text: `output ${at + 1}`, dropped_bytes: 0 }));
    expect(await texts()).toEqual(expected);
    expect(archives(disk).length).toBeGreaterThan(0);
    expect(archives(disk).length).toBeLessThan(6);
    expect(disk.files().filter((path) => path.includes('journal'))).toHaveLength(2);
  });

  test('are forgotten with their runs, and their files go', async () => {
    const disk = new CrashDisk();
    await worked(disk, 12, (store, round) =>
      store.transact(ALL, (tx) => {
        tx.putJob(job('a', { declaration: KEEP }));
        tx.putRun(run('a', round, { output_bytes: 5 }));
        tx.putOutput('a', `a-${round}`, { text: `text ${round}`, dropped_bytes: 0 });
      }),
    );
    expect(archives(disk).length).toBeLessThanOrEqual(2);
    for (const path of disk.files().filter((each) => each.startsWith('/data/outputs-')))
      for (let gone = 1; gone < 8; gone += 1) expect(bytesOf(disk, path)).not.toContain(`"text ${gone}"`);
    await worked(disk, 3, (store) => store.transact(ALL, (tx) => tx.deleteJob('a')));
    await worked(disk, 3, (store, round) => store.transact(ALL, (tx) => tx.putMeta('round', round)));
    expect(archives(disk)).toEqual([]);
  });

  test('keep their segment where they cannot be moved', async () => {
    const disk = new CrashDisk();
    disk.fault = (call, path) => (path.includes('/outputs-') && call === 'write' ? { error: FULL } : null);
    await worked(disk, 6, (store, round) => end(store, round, `output ${round}`));
    expect(archives(disk)).toEqual([]);
    const store = await opened(disk);
    for (let number = 1; number <= 6; number += 1)
      expect(await store.output('a', `a-${number}`)).toMatchObject({ text: `output ${number}` });
    disk.fault = () => null;
    await store.close();
    await worked(disk, 2, (next, round) => next.transact(ALL, (tx) => tx.putMeta('round', round)));
    expect(archives(disk)).not.toEqual([]);
    expect(await (await opened(disk)).output('a', 'a-1')).toMatchObject({ text: 'output 1' });
  });

  test('are lost, and no more, with an archive that is damaged', async () => {
    const disk = new CrashDisk();
    await worked(disk, 6, (store, round) => end(store, round, `output ${round}`));
    for (const path of disk.files().filter((each) => each.startsWith('/data/outputs-')))
      disk.edit(path, (bytes) => bytes.subarray(0, bytes.length - 20));
    const store = await opened(disk);
    expect(await store.output('a', 'a-1')).toBeUndefined();
    expect(await store.output('a', 'a-6')).toMatchObject({ text: 'output 6' });
  });

  test('are lost, and no more, with an archive whose last line points anywhere', async () => {
    const whole = new CrashDisk();
    await worked(whole, 6, (store, round) => end(store, round, `output ${round}`));
    const path = whole.files().find((each) => each.startsWith('/data/outputs-'))!;
    const size = bytesOf(whole, path).length;
    const places = Array.from({ length: size + 3 }, (_, at) => String(at).padStart(16, '0'));
    for (const place of [...places, '-000000000000005', '00000000000000.5', ''.padStart(16)]) {
      const disk = whole.afterKill();
      const isRight = bytesOf(disk, path).endsWith(`${place}\n`);
      disk.edit(path, (bytes) => Buffer.concat([bytes.subarray(0, -17), Buffer.from(`${place}\n`)]));
      const store = await opened(disk);
      const output = await store.output('a', 'a-1');
      if (isRight) expect(output).toMatchObject({ text: 'output 1' });
      else expect(output).toBeUndefined();
    }
  });
});
