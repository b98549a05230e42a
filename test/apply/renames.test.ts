import { expect, test } from 'vitest';
import { Housekeeping } from '../../src/checker/housekeeping.ts';
import { silentLogger } from '../../src/observe/log.ts';
import { startMemoryService } from '../support/memory-service.ts';
import { DAY_MS } from '../../src/schedule/units.ts';

const START = Date.UTC(2025, 0, 1);
const daily = { schedule: '0 2 * * *' };

/** A job that has failed and whose incident is open. */
async function startWithTrouble() {
  const service = await startMemoryService(START);
  await service.configure({ old: daily });
  await service.ping('old', 'failure');
  const { id } = (await service.store.jobByName('old'))!;
  const housekeeping = new Housekeeping({ ...service, logger: silentLogger });
  return { ...service, id, housekeeping };
}

test('a renamed job keeps its runs, its expectation and its open incident, which takes the new name', async () => {
  const { configure, ping, store, id } = await startWithTrouble();
  const before = (await store.jobByName('old'))!;
  const plan = await configure({ new: { ...daily, renamed_from: 'old' } });
  expect(plan.renamed).toHaveLength(1);
  expect(await store.jobByName('old')).toBeUndefined();
  const { declaration, state, place } = (await store.jobByName('new'))!;
  expect({ declaration, place }).toEqual({ declaration: daily, place: { file: 'cronflow.yaml', line: 1 } });
  expect(state.expected_at).toBe(before.state.expected_at);
  expect((await store.runsOf(id, { skip: 0, limit: 10 })).total).toBe(1);
  expect(await store.openIncidentOf(id)).toMatchObject({ job_name: 'new', closed_at: null });
  await ping('new', 'success');
  const { items } = await store.deliveries({ skip: 0, limit: 10 });
  expect(items.map(({ kind, facts }) => `${kind} ${facts.job_name}`)).toEqual(['closed new', 'opened old']);
});

test('pings under the old name count for 30 days, and their answers say the new name', async () => {
  const { configure, ping, clock, id, store, housekeeping } = await startWithTrouble();
  await configure({ new: { ...daily, renamed_from: 'old' } });
  await configure({ newer: { ...daily, renamed_from: 'new' } });
  expect(await ping('old', 'success', { rid: '1' })).toMatchObject({
    job: { name: 'newer' },
    former_name: 'old',
  });
  expect(await ping('new', 'success', { rid: '2' })).toMatchObject({
    job: { name: 'newer' },
    former_name: 'new',
  });
  expect(await ping('newer', 'success', { rid: '3' })).not.toHaveProperty('former_name');
  expect((await store.runsOf(id, { skip: 0, limit: 10 })).total).toBe(4);
  await expect(ping('other', 'success')).rejects.toMatchObject({ code: 'unknown_job' });
  await clock.advance(30 * DAY_MS);
  await housekeeping.run();
  expect(await ping('old', 'success')).toMatchObject({ job: { name: 'newer' } });
  await clock.advance(1);
  await expect(ping('old', 'success')).rejects.toMatchObject({ code: 'unknown_job' });
  await housekeeping.run();
  expect((await store.jobByName('newer'))?.renamed).toEqual([]);
  expect(await store.meta('renames')).toEqual({});
});

test('a name that is declared again gets its own pings, and a removed job gets none', async () => {
  const { configure, ping } = await startWithTrouble();
  await configure({ new: { ...daily, renamed_from: 'old' } });
  await configure({ new: { ...daily, renamed_from: 'old' }, old: daily });
  expect(await ping('old', 'success')).toMatchObject({ job: { name: 'old' } });
  await configure({ old: daily });
  await expect(ping('new', 'success')).rejects.toMatchObject({ code: 'unknown_job' });
});

test('a reverted rename brings the job back under its old name, and still takes pings under the other', async () => {
  const { configure, ping, store, id } = await startWithTrouble();
  await configure({ new: { ...daily, renamed_from: 'old' } });
  await configure({ old: daily });
  expect(await store.jobByName('old')).toMatchObject({ id, renamed: [{ from: 'new' }] });
  expect(await ping('new', 'success')).toMatchObject({ job: { name: 'old' }, former_name: 'new' });
  await configure({ new: { ...daily, renamed_from: 'old' } });
  expect(await store.jobByName('new')).toMatchObject({ id, renamed: [{ from: 'old' }] });
});

test('a history is never put onto another: nothing of a configuration that asks for it is applied', async () => {
  const { configure, ping, store } = await startWithTrouble();
  await configure({ old: daily, new: daily });
  await ping('new', 'success');
  await expect(configure({ new: { ...daily, renamed_from: 'old' }, more: daily })).rejects.toMatchObject({
    code: 'config_invalid',
    faults: [{ code: 'rename_onto_history', path: 'jobs.new.renamed_from' }],
  });
  expect(await store.jobByName('more')).toBeUndefined();
  expect(await store.jobByName('old')).toBeDefined();
});

test('a job that has not run yet makes way for a renamed one', async () => {
  const { configure, store, id } = await startWithTrouble();
  const fresh = await configure({ old: daily, new: daily });
  expect(fresh.added).toHaveLength(1);
  const replaced = (await store.jobByName('new'))!;
  await configure({ new: { ...daily, renamed_from: 'old' } });
  expect(await store.jobByName('new')).toMatchObject({ id });
  expect(await store.jobById(replaced.id)).toBeUndefined();
});

test('a job of the API is renamed over the API, one of a file is not', async () => {
  const { configure, ingest, ping, store } = await startWithTrouble();
  const { id } = await ingest.register('adhoc', daily);
  await ping('adhoc', 'success');
  expect(await ingest.register('named', { ...daily, renamed_from: 'adhoc' })).toMatchObject({
    id,
    source: 'api',
    declared: daily,
    renamed: [{ from: 'adhoc', at: START }],
  });
  expect(await ping('adhoc', 'success')).toMatchObject({ job: { name: 'named' }, former_name: 'adhoc' });
  const refused = (name: string, from: string): Promise<unknown> =>
    ingest.register(name, { renamed_from: from }).catch((error: unknown) => error);
  expect(await refused('mine', 'old')).toMatchObject({ code: 'job_in_file' });
  expect(await refused('mine', 'nobody')).toMatchObject({ code: 'unknown_job' });
  expect(await refused('old', 'named')).toMatchObject({
    code: 'name_taken',
    message: 'A job named "old" exists already, declared in cronflow.yaml, line 1. Choose another name.',
  });
  await configure({});
  expect(await refused('old', 'named')).toMatchObject({ code: 'name_taken' });
  expect(await store.jobByName('named')).toMatchObject({ id });
});
