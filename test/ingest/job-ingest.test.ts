import { expect, test } from 'vitest';
import { startMemoryService } from '../support/memory-service.ts';

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

test('a ping for a job nobody declared says so and changes nothing', async () => {
  const { ping, store } = await startMemoryService(START);
  await expect(ping('backup', 'start')).rejects.toMatchObject({
    code: 'unknown_job',
    message: 'No job is named "backup". Declare it in cronflow.yaml, or POST /jobs.',
  });
  expect(await store.listJobs({ skip: 0, limit: 10 })).toEqual({ items: [], total: 0 });
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
