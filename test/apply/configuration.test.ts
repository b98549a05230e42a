import { expect, test } from 'vitest';
import { applyConfiguration } from '../../src/apply/configuration.ts';
import { standingConfiguration, storedConfiguration } from '../../src/apply/stored-configuration.ts';
import { MemoryStore } from '../../src/store/local/memory.ts';
import { configurationOf, startMemoryService } from '../support/memory-service.ts';
import { HOUR_MS } from '../../src/schedule/units.ts';

const START = Date.UTC(2025, 0, 1);

test('jobs are added, changed, removed and restored, each with its history', async () => {
  const { configure, ping, store, clock } = await startMemoryService(START);
  await configure({ backup: { schedule: '0 2 * * *' }, report: { schedule: '0 3 * * *' } });
  await ping('backup', 'failure');
  const before = (await store.jobByName('backup'))!;
  await configure({ backup: { schedule: '0 4 * * *' } });
  const changed = (await store.jobByName('backup'))!;
  expect(changed).toMatchObject({
    id: before.id,
    state: { expected_at: START + 4 * HOUR_MS, status: 'failure' },
  });
  expect(await store.openIncidentOf(changed.id)).toBeDefined();
  expect(await store.jobByName('report')).toBeUndefined();
  await clock.advance(HOUR_MS);
  await configure({ backup: { schedule: '0 4 * * *' }, report: { schedule: '0 3 * * *' } });
  expect(await store.jobByName('report')).toMatchObject({
    removed_at: null,
    state: { expected_at: START + 3 * HOUR_MS },
  });
});

test('a file never touches jobs of the API, but adopts one whose name it declares', async () => {
  const { configure, ingest, store, ping } = await startMemoryService(START);
  const { id } = await ingest.register('adhoc', { schedule: '0 2 * * *' });
  await ping('adhoc', 'success');
  await configure({ backup: {} });
  expect(await store.jobByName('adhoc')).toMatchObject({ source: 'api' });
  await configure({ backup: {}, adhoc: { schedule: '0 5 * * *' } });
  expect(await store.jobByName('adhoc')).toMatchObject({ id, source: 'file', place: { line: 2 } });
  expect((await store.runsOf(id, { skip: 0, limit: 10 })).total).toBe(1);
  await configure({ backup: {} });
  expect(await store.jobByName('adhoc')).toBeUndefined();
});

test('changed defaults change what counts for jobs of the API', async () => {
  const { configure, ingest, store } = await startMemoryService(START);
  await ingest.register('adhoc', { schedule: '0 2 * * *' });
  await configure({}, { timezone: 'Asia/Tokyo' });
  expect(await store.jobByName('adhoc')).toMatchObject({
    declared: { schedule: '0 2 * * *' },
    declaration: { timezone: 'Asia/Tokyo' },
    state: { expected_at: START + 17 * HOUR_MS },
  });
});

test('groups fill the jobs of the API that are in them, when they are registered and when the groups change', async () => {
  const { configure, ingest, store } = await startMemoryService(START);
  await configure({}, { timezone: 'UTC' }, ['ops'], { tokyo: { timezone: 'Asia/Tokyo' } });
  await ingest.register('adhoc', { schedule: '0 2 * * *', group: 'tokyo' });
  expect(await store.jobByName('adhoc')).toMatchObject({ state: { expected_at: START + 17 * HOUR_MS } });
  const plan = await configure({}, { timezone: 'UTC' }, ['ops'], { tokyo: { timezone: 'Asia/Dubai' } });
  expect(plan.refilled.map(({ keys }) => keys)).toEqual([
    [{ key: 'timezone', from: 'Asia/Tokyo', to: 'Asia/Dubai' }],
  ]);
  expect(await store.jobByName('adhoc')).toMatchObject({ state: { expected_at: START + 22 * HOUR_MS } });
});

test('the revision and its text are stored, so that Cronflow can start with a broken file', async () => {
  const { configure, store } = await startMemoryService(START);
  await configure({ backup: {} });
  expect(await storedConfiguration(store)).toEqual({
    revision: '1',
    files: [{ path: 'cronflow.yaml', text: '1' }],
    defaults: {},
    groups: {},
    applied_at: START,
  });
});

test('what stands among instances is not taken along by a store that one process holds', async () => {
  const { configure, store } = await startMemoryService(START);
  const standing = { revision: 'x', applied_at: START, replaced: ['1'] };
  await store.transact({ meta: ['standing'] }, (tx) => tx.putMeta('standing', standing));
  await configure({ backup: {} });
  expect(await standingConfiguration(store)).toEqual({ revision: '1', applied_at: START, replaced: [] });
});

test('a configuration that was overtaken meanwhile changes nothing', async () => {
  const store = new MemoryStore({ twice: true, shared: true });
  const apply = (revision: string, names: string[], isOvertaken = (): boolean => false) => {
    const jobs = Object.fromEntries(names.map((name) => [name, {}]));
    const config = configurationOf(revision, jobs, { defaults: {} }, ['ops']);
    return applyConfiguration(store, { ...config, isOvertaken }, START);
  };
  await apply('1', ['a']);
  await apply('2', ['a', 'b']);
  await expect(apply('1', ['a'], () => true)).rejects.toMatchObject({ code: 'config_held' });
  expect(await store.listJobs({ skip: 0, limit: 9 })).toMatchObject({ total: 2 });
  expect(await standingConfiguration(store)).toMatchObject({ revision: '2', replaced: ['1'] });
});

test('a notifier that joins is told of the jobs in trouble, those of the file and of the API alike', async () => {
  const { configure, ingest, ping, store } = await startMemoryService(START);
  await configure({ backup: {}, chosen: { notify: ['ops'] }, fine: {} });
  await ingest.register('adhoc', {});
  for (const name of ['backup', 'chosen', 'adhoc']) await ping(name, 'failure');
  await ping('fine', 'success');
  await configure({ backup: {}, chosen: { notify: ['ops'] }, fine: {} }, {}, ['ops', 'pager']);
  const { items } = await store.deliveries({ skip: 0, limit: 20 });
  const told = items
    .filter(({ notifier }) => notifier === 'pager')
    .map(({ kind, facts }) => `${facts.job_name} ${kind}`);
  expect(told.sort()).toEqual(['adhoc opened', 'backup opened']);
});

test('a job of the API whose only notifier is removed tells those of the defaults, until that one is back', async () => {
  const { configure, ingest, store, ping } = await startMemoryService(START);
  await configure({}, { notify: ['ops'] }, ['ops', 'team']);
  await ingest.register('adhoc', { schedule: '0 2 * * *', notify: ['team'] });
  await ingest.register('quiet', { schedule: '0 2 * * *', notify: ['team'] });
  await ping('adhoc', 'failure');
  const owed = async (): Promise<string[]> =>
    (await store.deliveries({ skip: 0, limit: 9 })).items.map(({ notifier }) => notifier).sort();
  expect(await owed()).toEqual(['team']);
  await configure({}, { notify: ['ops'] }, ['ops']);
  // The trouble lasts, and whoever joins is told.
  expect(await owed()).toEqual(['ops', 'team']);
  await ping('quiet', 'failure');
  expect(await owed()).toEqual(['ops', 'ops', 'team']);
  expect(await store.jobByName('quiet')).toMatchObject({ declared: { notify: ['team'] } });
  await configure({}, { notify: ['ops'] }, ['ops', 'team']);
  expect((await store.jobByName('quiet'))!.declaration.notify).toEqual(['team']);
  // One that comes with a notifier that went meanwhile is registered as the others are.
  await ingest.register('late', { schedule: '0 2 * * *', notify: ['gone'] });
  expect((await store.jobByName('late'))!.declaration.notify).toEqual(['ops']);
});
