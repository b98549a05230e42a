import { expect, test } from 'vitest';
import { applyConfiguration } from '../../src/apply/configuration.ts';
import type { AppliedConfiguration } from '../../src/apply/stored-configuration.ts';
import { standingConfiguration } from '../../src/apply/stored-configuration.ts';
import type { Declaration } from '../../src/core/model/declaration.ts';
import { CronflowError } from '../../src/core/model/errors.ts';
import { JobIngest } from '../../src/ingest/job-ingest.ts';
import { MINUTE_MS } from '../../src/schedule/units.ts';
import { MemoryStore } from '../../src/store/local/memory.ts';
import { APPLYING_KEY, type Scope, type Store, type Tx } from '../../src/store/store.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { configurationOf } from '../support/memory-service.ts';
import { pingOf } from '../support/records.ts';

const START = Date.UTC(2025, 0, 1);
/** As many as one commit changes. */
const AT_ONCE = 200;
/** Several times that, so that a change of all takes several commits. */
const MANY = 1_050;
/** Nobody waits for whoever applies a configuration for longer than this. */
const LEFT_AFTER_MS = 10_001;

function jobsOf(count: number, declaration: Declaration): Record<string, Declaration> {
  return Object.fromEntries(Array.from({ length: count }, (_, at) => [`job-${at}`, declaration]));
}

function configOf(
  revision: string,
  jobs: Record<string, Declaration>,
  { defaults = {}, notifiers = ['ops'] }: { defaults?: Declaration; notifiers?: string[] } = {},
): AppliedConfiguration {
  return configurationOf(revision, jobs, { defaults }, notifiers);
}

/** Starts a store that instances share, and what one of them does there. */
async function started() {
  const clock = createFakeClock(START);
  const store = new MemoryStore({ twice: true, shared: true });
  await store.open();
  const ingest = new JobIngest({ store, clock, onRefusal: () => {}, jobsMax: 10_000 });
  const apply = (config: AppliedConfiguration, on: Store = store) =>
    applyConfiguration(on, config, clock.now(), { now: () => clock.now() });
  return {
    clock,
    store,
    ingest,
    apply,
    ping: (name: string, kind: 'success' | 'failure' | 'start') =>
      ingest.ping(name, pingOf(kind, clock.now())),
  };
}

/** Returns a store on which each transaction is told of before it begins; one that is refused throws. */
function watched(store: Store, before: (scope: Scope, index: number) => unknown): Store {
  let count = 0;
  return new Proxy(store, {
    get(target, key) {
      if (key !== 'transact') {
        const value: unknown = Reflect.get(target, key, target);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      }
      return async (scope: Scope, fn: (tx: Tx) => unknown) => {
        await before(scope, count++);
        return target.transact(scope, fn);
      };
    },
  });
}

/** Returns a store that dies before the transaction with this index. */
function dyingBefore(store: Store, at: number): Store {
  return watched(store, (_, index) => {
    if (index >= at) throw new CronflowError('store_unavailable', 'The instance is dead.');
  });
}

/** Counts the jobs by how they are declared. */
async function countOf(store: Store, is: (declaration: Declaration) => boolean): Promise<number> {
  const { items } = await store.listJobs({ skip: 0, limit: 10_000 });
  return items.filter(({ declaration }) => is(declaration)).length;
}

const isHourly = ({ every }: Declaration): boolean => every === '1h';

test('a change of many jobs is several commits of some jobs each, and pings come through in between', async () => {
  const { store, apply, ping } = await started();
  const scopes: Scope[] = [];
  let pings = 0;
  const busy = watched(store, async (scope) => {
    scopes.push(scope);
    if (scopes.length > 2) await ping('job-7', 'success').then(() => (pings += 1));
  });
  await apply(configOf('1', jobsOf(MANY, { every: '1d' })), busy);
  await apply(configOf('2', jobsOf(MANY, { every: '1h' })), busy);
  expect(scopes.some(({ all }) => all === true)).toBe(false);
  const sizes = scopes.map(({ ids = [], names = [] }) => ids.length + names.length);
  expect(Math.max(...sizes)).toBe(AT_ONCE);
  expect(pings).toBeGreaterThanOrEqual((2 * MANY) / AT_ONCE);
  expect(await countOf(store, isHourly)).toBe(MANY);
  expect(await store.meta(APPLYING_KEY)).toBeUndefined();
});

test('a change of few jobs is one commit, whatever the number of jobs is', async () => {
  const { store, apply } = await started();
  const jobs = jobsOf(MANY, { every: '1d' });
  await apply(configOf('1', jobs));
  const scopes: Scope[] = [];
  const changed = { ...jobs, 'job-3': { every: '1h' }, new: { every: '1h' } };
  await apply(
    configOf('2', changed),
    watched(store, (scope) => scopes.push(scope)),
  );
  expect(scopes).toHaveLength(1);
  expect(scopes[0]).toMatchObject({ ids: [expect.any(String)], names: ['new'] });
  expect(await countOf(store, isHourly)).toBe(2);
});

test.each([1, 2, 3, 5, 8, 9])(
  'an instance that dies before its transaction %d is followed by one that does the rest, once',
  async (at) => {
    const { clock, store, apply, ping } = await started();
    await apply(configOf('1', jobsOf(MANY, { every: '1d' })));
    for (const name of ['job-1', 'job-700', 'job-1049']) await ping(name, 'failure');
    await clock.advance(MINUTE_MS);
    const next = configOf('2', jobsOf(MANY, { every: '1h' }), { notifiers: ['ops', 'pager'] });
    await apply(next, dyingBefore(store, at)).catch(() => {});
    expect(await standingConfiguration(store)).toMatchObject({ revision: '2' });
    await clock.advance(LEFT_AFTER_MS);
    await apply(next);
    expect(await countOf(store, isHourly)).toBe(MANY);
    expect(await store.meta(APPLYING_KEY)).toBeUndefined();
    const { items } = await store.deliveries({ notifier: 'pager', skip: 0, limit: 99 });
    expect(items.map(({ facts, kind }) => `${facts.job_name} ${kind}`).sort()).toEqual([
      'job-1 opened',
      'job-1049 opened',
      'job-700 opened',
    ]);
  },
);

test('of two that apply the same one does it, and the other leaves it to that one', async () => {
  const { store, apply } = await started();
  const config = configOf('1', jobsOf(MANY, { every: '1h' }));
  let second: Promise<unknown> = Promise.resolve();
  const scopes: Scope[] = [];
  await apply(
    config,
    watched(store, async (_, index) => {
      if (index !== 3) return;
      second = apply(
        config,
        watched(store, (scope) => scopes.push(scope)),
      );
      await second;
    }),
  );
  expect(scopes).toHaveLength(1);
  expect(await countOf(store, isHourly)).toBe(MANY);
});

test('a configuration that comes in the middle of another one replaces it, with all that it had changed', async () => {
  const { store, apply } = await started();
  const [daily, hourly] = [jobsOf(MANY, { every: '1d' }), jobsOf(MANY, { every: '1h' })];
  await apply(configOf('1', daily));
  const first = apply(
    configOf('2', hourly),
    watched(store, async (_, index) => {
      if (index === 3) await apply(configOf('3', { ...daily, more: { every: '2d' } }));
    }),
  );
  await expect(first).rejects.toMatchObject({ code: 'config_held' });
  expect(await countOf(store, isHourly)).toBe(0);
  expect((await store.listJobs({ skip: 0, limit: 1 })).total).toBe(MANY + 1);
  expect(await store.meta(APPLYING_KEY)).toBeUndefined();
  expect(await standingConfiguration(store)).toMatchObject({ revision: '3', replaced: ['1', '2'] });
});

test('jobs of the API that come in the middle are filled and adopted as those before it', async () => {
  const { store, ingest, apply } = await started();
  await apply(configOf('1', jobsOf(MANY, { every: '1d' }), { defaults: { grace: '5m' } }));
  const next = configOf(
    '2',
    { ...jobsOf(MANY, { every: '1h' }), late: { every: '1h' } },
    { defaults: { grace: '9m' } },
  );
  await apply(
    next,
    watched(store, async (_, index) => {
      if (index === 0) await ingest.register('early', { every: '2h' });
      if (index === 1) await ingest.register('late', { every: '3h' });
    }),
  );
  expect(await store.jobByName('early')).toMatchObject({ source: 'api', declaration: { grace: '9m' } });
  expect(await store.jobByName('late')).toMatchObject({ source: 'file', declaration: { every: '1h' } });
});

test('a store that was carried over in the middle is finished by the process that has it then', async () => {
  const { store, apply, ping, clock } = await started();
  await apply(configOf('1', jobsOf(MANY, { every: '1d' })));
  await ping('job-1049', 'failure');
  const next = configOf('2', jobsOf(MANY, { every: '1h' }), { notifiers: ['ops', 'pager'] });
  await apply(next, dyingBefore(store, 3)).catch(() => {});
  const own = new Proxy(store, {
    get: (target, key) => {
      if (key === 'isShared') return false;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  await applyConfiguration(own, next, clock.now());
  expect(await store.meta(APPLYING_KEY)).toBeUndefined();
  expect(await countOf(store, isHourly)).toBe(MANY);
  expect((await store.deliveries({ notifier: 'pager', skip: 0, limit: 9 })).total).toBe(1);
});
