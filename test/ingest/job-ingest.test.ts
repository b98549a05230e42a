import { describe, expect, test } from 'vitest';
import type { PingKind } from '../../src/core/model/reasons.ts';
import type { Ping } from '../../src/core/model/records.ts';
import type { PingResult } from '../../src/ingest/ingest.ts';
import { JobIngest } from '../../src/ingest/job-ingest.ts';
import { storeOn } from '../store/lowdb/store-on.ts';
import { CrashDisk, narrowDisk } from '../support/crash-disk.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { startMemoryService } from '../support/memory-service.ts';
import { pingOf } from '../support/records.ts';
import { HOUR_MS, MINUTE_MS } from '../../src/schedule/units.ts';
import { shownRow } from '../../src/core/model/rows.ts';

const START = Date.UTC(2025, 0, 1);

test('a ping is counted and its output is kept with the run', async () => {
  const { ingest, ping, store } = await startMemoryService(START);
  const job = await ingest.register('backup', { schedule: '0 2 * * *' });
  const { run_id: runId } = await ping('backup', 'failure', {
    exit_code: 3,
    output: 'disk full',
    output_dropped_bytes: 7,
  });
  const [run] = (await store.runsOf(job.id, { skip: 0, limit: 10 })).items;
  expect(run).toMatchObject({
    id: runId,
    outcome: 'failure',
    exit_code: 3,
    output_bytes: 9,
    output_dropped_bytes: 7,
  });
  expect(await store.output(job.id, runId!)).toEqual({ text: 'disk full', dropped_bytes: 7 });
});

describe('output_limit', () => {
  const output = `${'x'.repeat(60_000)}done`;

  test.each([
    [{}, 10_000],
    [{ output_limit: 5 }, 5],
    [{ output_limit: '50kB' }, 50_000],
    [{ output_limit: '100kB' }, 60_004],
  ])('with %j keeps the end of the output', async (declared, keptBytes) => {
    const { configure, ping, store } = await startMemoryService(START);
    await configure({ backup: declared });
    const { run_id: runId } = await ping('backup', 'failure', { output, output_dropped_bytes: 7 });
    const job = (await store.jobByName('backup'))!;
    const dropped = 7 + 60_004 - keptBytes;
    expect(await store.output(job.id, runId!)).toEqual({
      text: output.slice(-keptBytes),
      dropped_bytes: dropped,
    });
    const [run] = (await store.runsOf(job.id, { skip: 0, limit: 1 })).items;
    expect(run).toMatchObject({ output_bytes: keptBytes, output_dropped_bytes: dropped });
  });

  test('of 0 keeps none, judges none, and calls nothing lost', async () => {
    const { configure, ping, store } = await startMemoryService(START);
    await configure({ backup: { output_limit: 0, expect: { output: { contains: 'done' } } } });
    const result = await ping('backup', 'success', { output: 'other' });
    expect(result).not.toHaveProperty('output_lost_bytes');
    const job = (await store.jobByName('backup'))!;
    expect(await store.output(job.id, result.run_id!)).toBeUndefined();
    const [run] = (await store.runsOf(job.id, { skip: 0, limit: 1 })).items;
    expect(run).toMatchObject({ outcome: 'success', output_bytes: 0, output_dropped_bytes: 0 });
  });

  test('is what an expectation sees', async () => {
    const { configure, ping, store } = await startMemoryService(START);
    await configure({ backup: { output_limit: 4, expect: { output: { not_contains: 'x' } } } });
    await ping('backup', 'success', { output });
    expect((await store.jobByName('backup'))!.state.status).toBe('success');
  });
});

test('a log that comes again after the end of its run does not replace the output of that end', async () => {
  const { configure, ping, store } = await startMemoryService(START);
  await configure({ backup: {} });
  const { run_id: runId } = await ping('backup', 'start', { rid: 'a' });
  await ping('backup', 'log', { rid: 'a', output: 'half done' });
  const job = (await store.jobByName('backup'))!;
  expect(await store.output(job.id, runId!)).toMatchObject({ text: 'half done' });
  await ping('backup', 'failure', { rid: 'a', output: 'disk full' });
  await ping('backup', 'log', { rid: 'a', output: 'half done' });
  expect(await store.output(job.id, runId!)).toEqual({ text: 'disk full', dropped_bytes: 0 });
  const { items } = await store.runsOf(job.id, { skip: 0, limit: 1 });
  expect(items[0]).toMatchObject({ output_bytes: 9 });
});

test('a ping that comes twice does not replace the output', async () => {
  const { ingest, ping, store } = await startMemoryService(START);
  const job = await ingest.register('backup', {});
  const { run_id: runId } = await ping('backup', 'failure', { rid: 'a', output: 'first' });
  expect(await ping('backup', 'failure', { rid: 'a', output: 'second' })).toMatchObject({
    reason: 'duplicate',
  });
  expect(await store.output(job.id, runId!)).toEqual({ text: 'first', dropped_bytes: 0 });
});

test('a name is taken once', async () => {
  const { ingest } = await startMemoryService(START);
  await ingest.register('backup', {});
  await expect(ingest.register('backup', {})).rejects.toMatchObject({ code: 'name_taken' });
});

test('a job that is declared several times at once is registered once', async () => {
  const { ingest, store } = await startMemoryService(START);
  const graces = ['1m', '2m', '3m'];
  const answers = await Promise.all(graces.map((grace) => ingest.declare('backup', { grace })));
  expect(answers.map(({ isNew }) => isNew)).toEqual([true, false, false]);
  const { items } = await store.listJobs({ skip: 0, limit: 10 });
  expect(items).toMatchObject([{ name: 'backup', declared: { grace: '3m' } }]);
});

test('a ping for a job nobody declared says so and changes nothing', async () => {
  const { ping, store } = await startMemoryService(START);
  await expect(ping('backup', 'start')).rejects.toMatchObject({
    code: 'unknown_job',
    message: 'No job is named "backup". Declare it in cronflow.yaml, or POST /jobs.',
  });
  expect(await store.listJobs({ skip: 0, limit: 10 })).toEqual({ items: [], total: 0 });
});

test('a ping to a job that is declared and not stored yet is refused in a way that makes it come again', async () => {
  const { store, clock } = await startMemoryService(START);
  let refusals = 0;
  const ingest = new JobIngest({
    store,
    clock,
    onRefusal: () => (refusals += 1),
    isUnstored: (name) => name === 'declared',
  });
  await expect(ingest.ping('declared', pingOf('success', START))).rejects.toMatchObject({
    code: 'store_unavailable',
    message: 'Job "declared" is declared and could not be stored yet. Try again in a moment.',
  });
  await expect(ingest.ping('other', pingOf('success', START))).rejects.toMatchObject({ code: 'unknown_job' });
  // The store takes what it is given: no other job is to have a gap for that.
  expect(refusals).toBe(0);
});

test('a ping whose output the disk does not take counts, and says how much is missing', async () => {
  const narrow = narrowDisk(3_000);
  const clock = createFakeClock(START);
  const store = storeOn(narrow.disk, { clock });
  await store.open();
  let refusals = 0;
  const ingest = new JobIngest({ store, clock, onRefusal: () => (refusals += 1) });
  const { id } = await ingest.register('backup', {});
  const end = (rid: string): Promise<PingResult> =>
    ingest.ping('backup', pingOf('success', START, { rid, output: 'ä'.repeat(2_000) }));
  expect(await end('one')).not.toHaveProperty('output_lost_bytes');
  narrow.isFull = true;
  const lost = await end('two');
  expect(lost).toMatchObject({ reason: 'succeeded', output_lost_bytes: 4_000 });
  expect(await store.run(id, lost.run_id!)).toMatchObject({
    outcome: 'success',
    output_dropped_bytes: 4_000,
  });
  // Nobody was refused, so that no time counts as one in which pings were.
  expect(refusals).toBe(0);
});

test('the number of jobs is limited', async () => {
  const { ingest } = await startMemoryService(START);
  for (const name of ['a', 'b', 'c', 'd', 'e']) await ingest.register(name, {});
  await expect(ingest.register('f', {})).rejects.toMatchObject({ code: 'too_many_jobs' });
});

test('a job of the file is not removed over the API, and the answer names the place', async () => {
  const { ingest, configure } = await startMemoryService(START);
  await configure({ backup: {} });
  await expect(ingest.remove('backup')).rejects.toMatchObject({
    code: 'job_in_file',
    message: 'Job "backup" is declared in cronflow.yaml, line 1. Remove it there.',
  });
});

test('a job removed and registered again has its history, and expects its first slot anew', async () => {
  const { ingest, ping, store, clock } = await startMemoryService(START);
  const { id } = await ingest.register('backup', { schedule: '0 2 * * *' });
  await ping('backup', 'success');
  await ingest.remove('backup');
  await expect(ping('backup', 'success')).rejects.toMatchObject({ code: 'unknown_job' });
  await clock.advance(3 * 3_600_000);
  const again = await ingest.register('backup', { schedule: '0 4 * * *' });
  expect(again).toMatchObject({ id, removed_at: null, state: { expected_at: START + 4 * 3_600_000 } });
  expect((await store.runsOf(id, { skip: 0, limit: 10 })).total).toBe(1);
});

test('defaults of the file fill jobs of the API', async () => {
  const { ingest, configure } = await startMemoryService(START);
  await configure({}, { grace: '1h', timezone: 'Europe/Berlin' });
  expect(await ingest.register('backup', { grace: '2h' })).toMatchObject({
    declared: { grace: '2h' },
    declaration: { grace: '2h', timezone: 'Europe/Berlin' },
  });
});

test('after stop, writes are refused with a reason that says to try again', async () => {
  const { ingest, ping } = await startMemoryService(START);
  await ingest.register('backup', {});
  ingest.stop();
  await expect(ping('backup', 'success')).rejects.toMatchObject({ code: 'stopping' });
});

describe('a run that keep_runs has let go', () => {
  const DAILY = { schedule: '0 2 * * *', max_runtime: '1h', keep_runs: 1 };

  async function startForgetful() {
    const service = await startMemoryService(START);
    await service.liveness.start();
    service.checker.start();
    await service.configure({ backup: DAILY });
    const { id } = (await service.store.jobByName('backup'))!;
    const ended = async (): Promise<string[]> =>
      (await service.store.runsOf(id, { skip: 0, limit: 10 })).items
        .map(shownRow)
        .map(({ rid, outcome }) => `${rid} ${outcome}`);
    return { ...service, id, ended };
  }

  test('is still known: the same run id and kind again change nothing', async () => {
    const { ping, clock, ended, checker, store } = await startForgetful();
    await clock.advance(2 * HOUR_MS);
    await ping('backup', 'start', { rid: 'a' });
    const { run_id: runId } = await ping('backup', 'success', { rid: 'a' });
    await ping('backup', 'skip', { rid: 'b' });
    await ping('backup', 'failure', { rid: 'c' });
    expect(await ended()).toEqual(['c failure']);
    const before = await store.jobByName('backup');
    for (const kind of ['start', 'success', 'failure'] as const) {
      expect(await ping('backup', kind, { rid: 'a' })).toMatchObject({ reason: 'duplicate', run_id: runId });
    }
    expect(await ping('backup', 'skip', { rid: 'b' })).toMatchObject({ reason: 'duplicate' });
    expect(await ended()).toEqual(['c failure']);
    expect((await store.jobByName('backup'))!.state).toEqual(before!.state);
    await checker.stop();
  });

  test('reports its end after a timeout all the same, which ends the incident and claims no slot', async () => {
    const { ping, clock, ended, checker, store, id } = await startForgetful();
    await clock.advance(2 * HOUR_MS);
    await ping('backup', 'start', { rid: 'a' });
    await clock.advance(2 * HOUR_MS);
    await ping('backup', 'skip', { rid: 'b' });
    await clock.advance(22 * HOUR_MS + MINUTE_MS);
    expect(await ended()).toEqual(['b skipped']);
    expect(await ping('backup', 'success', { rid: 'a' })).toMatchObject({ reason: 'late_report' });
    expect(await store.openIncidentOf(id)).toBeUndefined();
    expect((await store.runsOf(id, { skip: 0, limit: 1 })).items).toMatchObject([
      { rid: 'a', outcome: 'success', slot_at: null, duration_ms: 24 * HOUR_MS + MINUTE_MS },
    ]);
    expect(await ping('backup', 'failure', { rid: 'a' })).toMatchObject({ reason: 'duplicate' });
    expect((await store.jobByName('backup'))!.state.expected_at).toBe(START + 26 * HOUR_MS);
    await checker.stop();
  });

  test('changes nothing by its own end where it failed for overlapping', async () => {
    const { ping, configure, ended, checker, store, id } = await startForgetful();
    await configure({ backup: { ...DAILY, overlap: 'forbid' } });
    await ping('backup', 'start', { rid: 'a' });
    await ping('backup', 'start', { rid: 'b' });
    await ping('backup', 'skip', { rid: 'c' });
    expect(await ended()).toEqual(['c skipped', 'a null']);
    expect(await ping('backup', 'success', { rid: 'b' })).toMatchObject({ reason: 'duplicate' });
    expect(await store.openIncidentOf(id)).toMatchObject({ reason: 'overlap' });
    await checker.stop();
  });

  test('is remembered among the last ten such runs, in little room', async () => {
    const { ping, ended, checker, store } = await startForgetful();
    for (let number = 1; number <= 12; number += 1) await ping('backup', 'success', { rid: `r${number}` });
    expect(await ping('backup', 'success', { rid: 'r3' })).toMatchObject({ reason: 'duplicate' });
    expect(await ended()).toEqual(['r12 success']);
    expect((await store.jobByName('backup'))!.state.remembered).toHaveLength(10);
    await checker.stop();
  });
});

/** A service of one job, whose first run has just begun. */
async function startLong() {
  const service = await startMemoryService(START);
  const { liveness, checker, configure, ping, store } = service;
  await liveness.start();
  checker.start();
  await configure({ backup: { max_runtime: '2h' } });
  const { id } = (await store.jobByName('backup'))!;
  await ping('backup', 'start', { rid: 'a' });
  return {
    ...service,
    id,
    runOfA: () => store.run(id, `${id}-1`),
    others: async (name: string, count: number): Promise<void> => {
      for (let i = 0; i < count; i += 1) await ping('backup', 'success', { rid: `${name}${i}` });
    },
  };
}

describe('a run that is open while a hundred newer ones end', () => {
  test('is watched all that time, and its timeout stays in the history', async () => {
    const { clock, others, runOfA, checker, store, id } = await startLong();
    await clock.advance(HOUR_MS);
    await others('b', 110);
    expect((await store.runsOf(id, { skip: 0, limit: 1 })).total).toBe(101);
    expect(await runOfA()).toMatchObject({ rid: 'a', outcome: null });
    await clock.advance(HOUR_MS + 1);
    expect(await store.openIncidentOf(id)).toMatchObject({ reason: 'timeout', opened_by_run_id: `${id}-1` });
    expect(await runOfA()).toMatchObject({ outcome: 'timeout', ended_at: START + 2 * HOUR_MS });
    await others('c', 99);
    expect(await runOfA()).toMatchObject({ outcome: 'timeout' });
    await others('d', 1);
    expect(await runOfA()).toBeUndefined();
    await checker.stop();
  });

  test('is known by its run id, so that its late end replaces the timeout', async () => {
    const { clock, others, runOfA, ping, checker, store, id } = await startLong();
    await others('b', 110);
    const first = { run_id: `${id}-1` };
    expect(await ping('backup', 'start', { rid: 'a' })).toMatchObject({ ...first, reason: 'duplicate' });
    await clock.advance(2 * HOUR_MS + 1);
    expect(await runOfA()).toMatchObject({ outcome: 'timeout' });
    expect(await ping('backup', 'success', { rid: 'a' })).toMatchObject({ ...first, reason: 'late_report' });
    expect(await runOfA()).toMatchObject({ outcome: 'success', duration_ms: 2 * HOUR_MS + 1 });
    expect(await store.openIncidentOf(id)).toBeUndefined();
    expect(await ping('backup', 'failure', { rid: 'a' })).toMatchObject({ ...first, reason: 'duplicate' });
    await checker.stop();
  });
});

describe('an ordinary ping loads no history of its job', () => {
  const DAY = { schedule: '0 2 * * *', timezone: 'UTC' };

  test.each<[string, (send: (kind: PingKind, fields?: Partial<Ping>) => Promise<void>) => Promise<void>]>([
    [
      'a start and its end, with a run id',
      async (send) => {
        await send('start', { rid: 'a' });
        await send('success', { rid: 'a', output: 'done' });
      },
    ],
    [
      'a start and its end, without a run id',
      async (send) => {
        await send('start');
        await send('success');
      },
    ],
    ['an end alone', (send) => send('success', { output: 'done' })],
    ['a failure alone', (send) => send('failure', { exit_code: 1 })],
    [
      'an end that comes twice',
      async (send) => {
        await send('success', { rid: 'a' });
        await send('success', { rid: 'a' });
      },
    ],
    [
      'a log and a skip',
      async (send) => {
        await send('log', { rid: 'b' });
        await send('skip', { rid: 'c' });
      },
    ],
  ])('%s', async (_what, pings) => {
    const { configure, ping, store, clock } = await startMemoryService(START);
    await configure({ backup: DAY });
    for (let count = 0; count < 5; count += 1) {
      clock.set(clock.now() + 2 * HOUR_MS);
      await ping('backup', 'start', { rid: `before-${count}` });
      await ping('backup', 'success', { rid: `before-${count}` });
    }
    store.lackCount = 0;
    clock.set(clock.now() + HOUR_MS);
    await pings(async (kind, fields) => {
      clock.set(clock.now() + 1_000);
      await ping('backup', kind, fields);
    });
    expect(store.lackCount).toBe(0);
  });

  test('but one that needs it has it', async () => {
    const { configure, ping, store, clock } = await startMemoryService(START);
    await configure({ backup: { ...DAY, overlap: 'forbid' } });
    await ping('backup', 'start', { rid: 'a' });
    store.lackCount = 0;
    clock.set(clock.now() + 1_000);
    expect(await ping('backup', 'start', { rid: 'b' })).toMatchObject({ reason: 'overlap' });
    expect(store.lackCount).toBeGreaterThan(0);
  });
});

test('a ping that comes together with a rename is taken under both names', async () => {
  const store = storeOn(new CrashDisk());
  await store.open();
  const clock = createFakeClock(START);
  const ingest = new JobIngest({ store, clock, onRefusal: () => {} });
  await ingest.register('backup', {});
  for (const [from, to] of [
    ['backup', 'nightly'],
    ['nightly', 'backup'],
  ] as const) {
    const pings = [from, to, from, to].map((name) => ingest.ping(name, pingOf('success', START)));
    // Both pings before it and both after it may share a commit with the rename.
    const renamed = ingest.register(to, { renamed_from: from });
    pings.push(...[from, to].map((name) => ingest.ping(name, pingOf('success', START))));
    const taken = await Promise.allSettled([...pings, renamed]);
    expect(taken.map(({ status }) => status)).toEqual(Array(7).fill('fulfilled'));
  }
  await store.close();
});
