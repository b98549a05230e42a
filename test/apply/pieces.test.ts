import { expect, test } from 'vitest';
import { applyConfiguration } from '../../src/apply/configuration.ts';
import type { AppliedConfiguration } from '../../src/apply/stored-configuration.ts';
import { finishLeft } from '../../src/apply/pieces.ts';
import { reportMended, reportTrouble } from '../../src/apply/system.ts';
import { putSystemChange } from '../../src/apply/system-change.ts';
import { STANDING_KEY, standingConfiguration } from '../../src/apply/stored-configuration.ts';
import type { Declaration } from '../../src/core/model/declaration.ts';
import { CronflowError } from '../../src/core/model/errors.ts';
import { tellOutage, withGap } from '../../src/core/system/outage.ts';
import { standingAfter } from '../../src/core/plan/standing.ts';
import { JobIngest } from '../../src/ingest/job-ingest.ts';
import { HOUR_MS, MINUTE_MS } from '../../src/schedule/units.ts';
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
const AUTHOR = { by: { via: 'file', who: 'the files changed', from: 'host' } } as const;

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
  const now = (): number => clock.now();
  const apply = (config: AppliedConfiguration, on: Store = store) =>
    applyConfiguration(on, config, clock.now(), { now, author: AUTHOR });
  return {
    clock,
    store,
    ingest,
    apply,
    finish: (config: AppliedConfiguration, on: Store = store) => finishLeft(on, config, now),
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
    { ...jobsOf(MANY + AT_ONCE, { every: '1h' }), late: { every: '1h' } },
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
  await applyConfiguration(unshared(store), next, clock.now());
  expect(await store.meta(APPLYING_KEY)).toBeUndefined();
  expect(await countOf(store, isHourly)).toBe(MANY);
  expect((await store.deliveries({ notifier: 'pager', skip: 0, limit: 9 })).total).toBe(1);
});

/** Returns the store as a Cronflow sees it that applies each configuration in one commit. */
function unshared(store: Store): Store {
  return new Proxy(store, {
    get: (target, key) => {
      if (key === 'isShared') return false;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

/** Applies a configuration as an instance of the version before does, which knows nothing of several commits. */
async function applyAsBefore(store: Store, config: AppliedConfiguration, at: number): Promise<void> {
  const [applying, standing] = [await store.meta(APPLYING_KEY), await standingConfiguration(store)];
  // It goes by the globals that it finds, and leaves alone what it does not know.
  await store.transact({ meta: [APPLYING_KEY] }, (tx) => tx.putMeta(APPLYING_KEY, undefined));
  await applyConfiguration(unshared(store), config, at);
  await store.transact({ meta: [APPLYING_KEY, STANDING_KEY] }, (tx) => {
    tx.putMeta(APPLYING_KEY, applying);
    tx.putMeta(STANDING_KEY, standingAfter(standing, config.revision, at));
  });
}

/** Notes of all messages that are owed what became of them. */
async function finishAll(store: Store, status: 'sent', at: number): Promise<void> {
  const { items } = await store.deliveries({ status: 'pending', skip: 0, limit: 99 });
  await store.transact({ delivery_ids: items.map(({ id }) => id) }, (tx) => {
    for (const each of items) tx.putDelivery({ ...each, status, finished_at: at });
  });
}

/** Returns the messages that are owed to a notifier. */
async function owedTo(store: Store, notifier: string): Promise<string[]> {
  const { items } = await store.deliveries({ notifier, skip: 0, limit: 99 });
  return items.map(({ facts, kind }) => `${facts.job_name} ${kind}`).sort();
}

test('a small change of which one job is not what it was is planned anew, and no part of it is committed', async () => {
  const { store, apply, ping } = await started();
  await apply(configOf('1', { a: { every: '1d' }, b: { every: '1d' }, c: { every: '1d' } }));
  const next = configOf('2', { b: { every: '1d', renamed_from: 'a' }, c: { every: '1h' } });
  // A history begins at the last moment, onto which no other is put.
  const busy = watched(store, async (_, index) => (index === 0 ? ping('b', 'failure') : undefined));
  await expect(apply(next, busy)).rejects.toMatchObject({ code: 'config_invalid' });
  expect(await standingConfiguration(store)).toMatchObject({ revision: '1' });
  expect(await store.jobByName('a')).toMatchObject({ removed_at: null });
  expect(await countOf(store, isHourly)).toBe(0);
});

test('jobs that are renamed in the middle of a change are found by the change that renames them once more', async () => {
  const { store, apply, ping } = await started();
  const all = jobsOf(MANY, { every: '1d' });
  await apply(configOf('1', { ...all, a: { every: '1d' } }));
  await ping('a', 'success');
  const hourly = jobsOf(MANY, { every: '1h' });
  const second = configOf('2', { ...hourly, b: { every: '1d', renamed_from: 'a' } });
  await apply(second, dyingBefore(store, 1)).catch(() => {});
  await apply(configOf('3', { ...hourly, c: { every: '1d', renamed_from: 'b' } }));
  expect(await store.jobByName('c')).toMatchObject({ state: { run_count: 1 } });
});

test('the audit log has one entry for a change, also where another instance goes on with it', async () => {
  const { clock, store, apply } = await started();
  await apply(configOf('1', jobsOf(MANY, { every: '1d' })));
  const next = configOf('2', jobsOf(MANY, { every: '1h' }));
  await apply(next, dyingBefore(store, 3)).catch(() => {});
  await clock.advance(LEFT_AFTER_MS);
  await apply(next);
  expect(await countOf(store, isHourly)).toBe(MANY);
  expect((await store.audit({ skip: 0, limit: 9 })).total).toBe(2);
});

test('whoever goes on for another one leaves a newer configuration alone that comes meanwhile', async () => {
  const { clock, store, apply, finish } = await started();
  await apply(configOf('1', jobsOf(MANY, { every: '1d' })));
  const next = configOf('2', jobsOf(MANY, { every: '1h' }));
  await apply(next, dyingBefore(store, 2)).catch(() => {});
  await clock.advance(LEFT_AFTER_MS);
  const late = watched(store, async (_, index) => {
    if (index === 0) await apply(configOf('3', jobsOf(MANY, { every: '2d' })));
  });
  await expect(finish(next, late)).rejects.toMatchObject({ code: 'config_held' });
  expect(await standingConfiguration(store)).toMatchObject({ revision: '3' });
  expect(await countOf(store, ({ every }) => every === '2d')).toBe(MANY);
});

test('what an instance of the version before replaces in the middle is finished, and everybody is told', async () => {
  const { clock, store, apply, finish, ping } = await started();
  const daily = jobsOf(MANY, { every: '1d' });
  await apply(configOf('1', daily));
  for (const name of ['job-1', 'job-1049']) await ping(name, 'failure');
  const notifiers = ['ops', 'pager'];
  const second = configOf('2', jobsOf(MANY, { every: '1h' }), { notifiers });
  await apply(second, dyingBefore(store, 2)).catch(() => {});
  expect(await owedTo(store, 'pager')).toEqual(['job-1 opened']);
  const third = configOf('3', { ...daily, 'job-1049': { every: '2d' } }, { notifiers });
  await applyAsBefore(store, third, clock.now());
  await finish(third);
  expect(await owedTo(store, 'pager')).toEqual(['job-1 opened', 'job-1049 opened']);
  expect(await store.meta(APPLYING_KEY)).toBeUndefined();
  expect(await standingConfiguration(store)).toMatchObject({ revision: '3' });
});

test.each(['small', 'large'])(
  'a job of the API that fails after a %s change was planned is told',
  async (size) => {
    const { store, ingest, apply, ping } = await started();
    const jobs = jobsOf(size === 'small' ? 3 : MANY, { every: '1d' });
    await apply(configOf('1', jobs, { notifiers: ['ops'] }));
    const next = configOf('2', jobs, { notifiers: ['pager'], defaults: { grace: '9m' } });
    const busy = watched(store, async (_, index) => {
      if (index !== 0) return;
      await ingest.register('early', { every: '1h' });
      await ping('early', 'failure');
    });
    await apply(next, busy);
    expect(await owedTo(store, 'pager')).toEqual(['early opened']);
    expect(await store.jobByName('early')).toMatchObject({ declaration: { grace: '9m' } });
    expect(await store.meta(APPLYING_KEY)).toBeUndefined();
  },
);

test('a small change is finished by another instance if it dies before jobs of the API are looked at', async () => {
  const { clock, store, ingest, apply, finish } = await started();
  await apply(configOf('1', jobsOf(3, { every: '1d' })));
  const next = configOf('2', jobsOf(3, { every: '1d' }), { defaults: { grace: '9m' } });
  const busy = watched(store, (_, index) =>
    index === 0 ? ingest.register('early', { every: '1h' }) : undefined,
  );
  await apply(next, dyingBefore(busy, 1)).catch(() => {});
  await clock.advance(LEFT_AFTER_MS);
  await finish(next);
  expect(await store.jobByName('early')).toMatchObject({ declaration: { grace: '9m' } });
});

test('a change that was begun is finished, although a job has a history by now onto which another was to go', async () => {
  const { clock, store, apply, ping } = await started();
  const before = Object.fromEntries(Object.entries(jobsOf(MANY, {})).map(([name]) => [`old-${name}`, {}]));
  await apply(configOf('1', { ...before, ...jobsOf(MANY, {}) }));
  const renaming = Object.keys(jobsOf(MANY, {})).map((name) => [name, { renamed_from: `old-${name}` }]);
  const next = configOf('2', Object.fromEntries(renaming) as Record<string, Declaration>);
  await apply(next, dyingBefore(store, 2)).catch(() => {});
  await ping('job-1049', 'success');
  await clock.advance(LEFT_AFTER_MS);
  await apply(next);
  expect(await store.meta(APPLYING_KEY)).toBeUndefined();
  expect((await store.listJobs({ skip: 0, limit: 1 })).total).toBe(MANY);
  expect(await store.jobByName('job-1049')).toMatchObject({ state: { run_count: 1 } });
});

/** Names only a notifier that a change removes, then only one that it adds. */
const [OLD_ONLY, NEW_ONLY] = [{ notify: ['old'] }, { notify: ['new'] }];

/** Applies a change that replaces the notifier of all jobs, and does something before one of its commits. */
async function replaceNotifier(
  { store, apply }: Pick<Awaited<ReturnType<typeof started>>, 'store' | 'apply'>,
  before: (index: number) => unknown,
): Promise<AppliedConfiguration> {
  const next = configOf('3', jobsOf(MANY, NEW_ONLY), { notifiers: ['new'] });
  await apply(
    next,
    watched(store, (_, index) => before(index)),
  ).catch(() => {});
  return next;
}

test('trouble that is over before its job has its new notifiers is told to these, once', async () => {
  const parts = await started();
  const { store, apply, ping } = parts;
  await apply(configOf('1', jobsOf(MANY, OLD_ONLY), { notifiers: ['old'] }));
  await replaceNotifier(parts, async (index) => {
    if (index !== 1) return;
    for (const kind of ['failure', 'success', 'failure', 'success'] as const) await ping('job-1049', kind);
    await ping('job-1048', 'failure');
  });
  expect(await owedTo(store, 'new')).toEqual([
    'job-1048 opened',
    'job-1049 closed',
    'job-1049 closed',
    'job-1049 opened',
    'job-1049 opened',
  ]);
  expect(await store.meta(APPLYING_KEY)).toBeUndefined();
});

test('trouble that a notifier was never told of when it was removed is told to those that follow it', async () => {
  const parts = await started();
  const { store, apply, ping, clock } = parts;
  await apply(configOf('1', jobsOf(MANY, OLD_ONLY), { notifiers: ['old'] }));
  for (const kind of ['failure', 'success'] as const) await ping('job-7', kind);
  await ping('job-8', 'failure');
  await finishAll(store, 'sent', clock.now());
  await ping('job-8', 'success');
  for (const kind of ['failure', 'success'] as const) await ping('job-9', kind);
  await clock.advance(MINUTE_MS);
  await replaceNotifier(parts, () => {});
  expect(await owedTo(store, 'new')).toEqual(['job-9 closed', 'job-9 opened']);
});

test('trouble of which a notifier heard that stays is not told once more', async () => {
  const parts = await started();
  const { store, apply, ping } = parts;
  const both = { notify: ['old', 'new'] };
  await apply(configOf('1', jobsOf(MANY, both), { notifiers: ['old', 'new', 'third'] }));
  const next = configOf('2', jobsOf(MANY, { notify: ['new', 'third'] }), { notifiers: ['new', 'third'] });
  await apply(
    next,
    watched(store, async (_, index) => {
      if (index === 1) for (const kind of ['failure', 'success'] as const) await ping('job-1049', kind);
    }),
  );
  expect(await owedTo(store, 'new')).toEqual(['job-1049 closed', 'job-1049 opened']);
  expect(await owedTo(store, 'third')).toEqual([]);
});

test('a job that is renamed, one of a group and one of the API tell those whom they name now', async () => {
  const parts = await started();
  const { store, apply, ping, ingest } = parts;
  const group = { group: 'nightly' };
  const before = configOf(
    '1',
    { ...jobsOf(MANY, OLD_ONLY), a: OLD_ONLY, grouped: group },
    { defaults: OLD_ONLY, notifiers: ['old'] },
  );
  await apply({ ...before, groups: { nightly: OLD_ONLY } });
  const next = configOf(
    '2',
    { ...jobsOf(MANY, NEW_ONLY), b: { ...NEW_ONLY, renamed_from: 'a' }, grouped: group },
    { defaults: { notify: ['other'] }, notifiers: ['new', 'other'] },
  );
  const jobs = next.jobs.map((each) =>
    each.name === 'grouped' ? { ...each, declaration: { ...group, ...NEW_ONLY } } : each,
  );
  const busy = watched(store, async (_, index) => {
    // It is registered as the defaults were, after all jobs were looked at.
    if (index === 0) await ingest.register('early', { every: '1h' });
    if (index > 0 && index < 3)
      for (const name of ['early', 'grouped', index === 1 ? 'b' : 'job-1049'])
        for (const kind of ['failure', 'success'] as const) await ping(name, kind);
  });
  await apply({ ...next, jobs, groups: { nightly: NEW_ONLY } }, busy);
  expect(await owedTo(store, 'other')).toEqual([
    'early closed',
    'early closed',
    'early opened',
    'early opened',
  ]);
  const told = await owedTo(store, 'new');
  for (const name of ['b', 'grouped', 'job-1049']) expect(told).toContain(`${name} opened`);
});

test.each([2, 3, 4, 5, 6, 7, 8])(
  'an instance that dies before its transaction %d leaves it to the next to tell, and nobody hears twice',
  async (at) => {
    const parts = await started();
    const { store, apply, ping, clock, finish } = parts;
    await apply(configOf('1', jobsOf(MANY, OLD_ONLY), { notifiers: ['old'] }));
    const next = await replaceNotifier(parts, async (index) => {
      if (index === 1)
        for (const name of ['job-1049', 'job-7'])
          for (const kind of ['failure', 'success'] as const) await ping(name, kind);
      if (index >= at) throw new CronflowError('store_unavailable', 'The instance is dead.');
    });
    await clock.advance(LEFT_AFTER_MS);
    await finish(next);
    expect(await owedTo(store, 'new')).toEqual([
      'job-1049 closed',
      'job-1049 opened',
      'job-7 closed',
      'job-7 opened',
    ]);
    expect(await store.meta(APPLYING_KEY)).toBeUndefined();
  },
);

test('trouble told only to a notifier that one change brought and the next one took away is told to those after it', async () => {
  const parts = await started();
  const { store, apply, ping, clock } = parts;
  await apply(configOf('1', jobsOf(MANY, OLD_ONLY), { notifiers: ['old'] }));
  const between = configOf('2', jobsOf(MANY, { notify: ['between'] }), { notifiers: ['between'] });
  await apply(between, dyingBefore(store, 2)).catch(() => {});
  const { items } = await store.listJobs({ skip: 0, limit: MANY });
  const changed = items.find(({ declaration }) => JSON.stringify(declaration.notify) === '["between"]')!;
  for (const kind of ['failure', 'success'] as const) await ping(changed.name, kind);
  expect(await owedTo(store, 'between')).toEqual([`${changed.name} closed`, `${changed.name} opened`]);
  await clock.advance(LEFT_AFTER_MS);
  await replaceNotifier(parts, () => {});
  expect(await owedTo(store, 'new')).toEqual([`${changed.name} closed`, `${changed.name} opened`]);
  expect(await store.meta(APPLYING_KEY)).toBeUndefined();
});

test('trouble of Cronflow that only a removed notifier was to hear of is told to those that follow it, once', async () => {
  const parts = await started();
  const { store, apply, clock } = parts;
  await apply(configOf('1', jobsOf(3, OLD_ONLY), { notifiers: ['old'] }));
  await reportTrouble(store, { kind: 'config', reason: 'config_invalid', detail: 'heard' }, START);
  await finishAll(store, 'sent', START);
  await reportMended(store, 'config', START);
  await clock.advance(MINUTE_MS);
  await reportTrouble(store, { kind: 'config', reason: 'config_invalid', detail: 'over' }, clock.now());
  await reportMended(store, 'config', clock.now());
  const [outage] = withGap([], { from_at: START, to_at: START + HOUR_MS }, MINUTE_MS);
  const change = tellOutage(outage!, [], ['old'], 'UTC', clock.now());
  await store.transact({ system_incidents: true }, (tx) => putSystemChange(tx, change));
  await clock.advance(MINUTE_MS);
  for (const revision of ['2', '3']) {
    await apply(configOf(revision, jobsOf(3, NEW_ONLY), { notifiers: ['new'] }));
    const { items } = await store.deliveries({ notifier: 'new', skip: 0, limit: 9 });
    expect(items.map(({ kind, facts: { reason, detail } }) => [kind, reason, detail])).toEqual(
      expect.arrayContaining([
        ['opened', 'config_invalid', 'over'],
        ['closed', 'config_invalid', 'over'],
        ['opened', 'cronflow_away', change.incidents[0]!.detail],
      ]),
    );
    expect(items).toHaveLength(3);
  }
});

test('trouble of Cronflow that one who stays was told of is not told once more', async () => {
  const { store, apply, clock } = await started();
  await apply(configOf('1', jobsOf(3, OLD_ONLY), { notifiers: ['old', 'stays'] }));
  await reportTrouble(store, { kind: 'config', reason: 'config_invalid', detail: 'over' }, START);
  await reportMended(store, 'config', START);
  await clock.advance(MINUTE_MS);
  await apply(configOf('2', jobsOf(3, NEW_ONLY), { notifiers: ['new', 'stays'] }));
  expect((await store.deliveries({ notifier: 'new', skip: 0, limit: 9 })).items).toEqual([]);
  expect((await store.deliveries({ notifier: 'stays', skip: 0, limit: 9 })).items).toHaveLength(2);
});
