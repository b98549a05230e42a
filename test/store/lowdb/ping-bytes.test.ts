import { expect, test } from 'vitest';
import { JobIngest } from '../../../src/ingest/job-ingest.ts';
import type { Ping } from '../../../src/core/model/records.ts';
import type { LowdbStore } from '../../../src/store/lowdb/store.ts';
import { CrashDisk } from '../../support/crash-disk.ts';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.ts';
import { NOW_AT, pingOf } from '../../support/records.ts';
import { DAY_MS, SECOND_MS } from '../../../src/schedule/units.ts';
import { storeOn } from './store-on.ts';

/** The bounds of docs/design.md §6. */
const BYTES_MAX = 450;
const BYTES_OVER_OUTPUT_MAX = 500;

const HOST = 'db-primary-1.example.com';
const RID = '0b5cbb0c-1c1f-4a51-8f55-2f2f2a1b9c3d';

interface Played {
  store: LowdbStore;
  clock: FakeClock;
  /** Sends a ping and returns how many bytes it wrote. */
  send: (kind: 'start' | 'success', fields: Partial<Ping>) => Promise<number>;
}

async function played(): Promise<Played> {
  const disk = new CrashDisk();
  let written = 0;
  const open = disk.open.bind(disk);
  disk.open = async (path, how) => {
    const file = await open(path, how);
    return {
      ...file,
      write: async (data, position) => {
        written += data.length;
        return file.write(data, position);
      },
    };
  };
  const clock = createFakeClock(NOW_AT);
  // Without snapshots, which are no part of a ping.
  const store = storeOn(disk, { clock, limits: { segmentMsMax: Infinity } });
  await store.open();
  const ingest = new JobIngest({ store, clock, onRefusal: () => {} });
  await ingest.register('daily-database-backup', {
    schedule: '0 2 * * *',
    timezone: 'Europe/Berlin',
    grace: '30m',
    max_runtime: '2h',
    description: 'Dumps every database to the vault',
    runbook: 'https://wiki.example.com/backup',
  });
  return {
    store,
    clock,
    async send(kind, fields) {
      const before = written;
      await ingest.ping('daily-database-backup', pingOf(kind, clock.now(), { host: HOST, ...fields }));
      return written - before;
    },
  };
}

/** As often as it takes for all that a job remembers of its runs to be there. */
const RUNS = 30;

test('the end of a run that was known writes little, whatever the declaration', async () => {
  const { clock, send } = await played();
  for (let run = 0; run < RUNS; run += 1) {
    const rid = RID.replace('0b', String(10 + run));
    clock.set(NOW_AT + run * DAY_MS + 13 * 3_600 * SECOND_MS + 1_234);
    expect(await send('start', { rid })).toBeLessThanOrEqual(BYTES_MAX);
    clock.set(clock.now() + 254_321);
    expect(await send('success', { rid, exit_code: 0, duration_ms: 254_001 })).toBeLessThanOrEqual(BYTES_MAX);
  }
});

test('an end that is all that is known of its run writes little', async () => {
  const { clock, send } = await played();
  for (let run = 0; run < RUNS; run += 1) {
    clock.set(NOW_AT + run * DAY_MS + 13 * 3_600 * SECOND_MS + 1_234);
    expect(await send('success', { exit_code: 0, duration_ms: 1_234 })).toBeLessThanOrEqual(BYTES_MAX);
  }
});

test('an output is written once, with little beside it', async () => {
  const { clock, send } = await played();
  const output = Array.from({ length: 40 }, (_, at) => `${at} of 40 databases dumped, 123456 bytes`).join(
    '\n',
  );
  for (let run = 0; run < RUNS; run += 1) {
    clock.set(NOW_AT + run * DAY_MS + 13 * 3_600 * SECOND_MS + 1_234);
    await send('start', { rid: `${RID}${run}` });
    clock.set(clock.now() + 254_321);
    const bytes = await send('success', { rid: `${RID}${run}`, exit_code: 0, output });
    expect(bytes - Buffer.byteLength(output)).toBeLessThanOrEqual(BYTES_OVER_OUTPUT_MAX);
  }
});
