import { afterEach, expect, test } from 'vitest';
import { LIVENESS_KEY } from '../../src/apply/alive.ts';
import { applyConfiguration } from '../../src/apply/configuration.ts';
import { applyEvent } from '../../src/apply/events.ts';
import { noteGap, Outages, OUTAGES_KEY } from '../../src/checker/outages.ts';
import { JobIngest } from '../../src/ingest/job-ingest.ts';
import { silentLogger } from '../../src/observe/log.ts';
import { MINUTE_MS } from '../../src/schedule/units.ts';
import { MemoryStore } from '../../src/store/local/memory.ts';
import { PostgresStore } from '../../src/store/postgres/store.ts';
import type { Scope, Store, Tx } from '../../src/store/store.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { WAIT_LIMIT_MS } from '../support/limits.ts';
import { configurationOf } from '../support/memory-service.ts';
import { freshDatabase, missingPostgres, type TestDatabase } from '../support/postgres.ts';
import { pingOf } from '../support/records.ts';

const START = Date.UTC(2025, 0, 1);
const GAP = { from_at: START + 30 * MINUTE_MS, to_at: START + 190 * MINUTE_MS };
/** More than are looked at together. */
const IDLE_JOBS = 1_200;

let closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing) await close();
  closing = [];
});

/** Lets a store live through an outage, and returns what people are told, and the scopes of what told them. */
async function told(store: Store): Promise<{ details: (string | null)[]; scopes: Scope[] }> {
  const clock = createFakeClock(START);
  const idle = Array.from({ length: IDLE_JOBS }, (_, at) => [`idle-${at}`, {}] as const);
  const jobs = {
    ...Object.fromEntries(idle),
    hourly: { schedule: '0 * * * *', grace: '5m' },
    long: {},
    daily: { schedule: '0 20 * * *' },
  };
  await applyConfiguration(store, configurationOf('1', jobs, { defaults: {} }, ['ops']), START);
  const ingest = new JobIngest({ store, clock, onRefusal: () => {}, jobsMax: 9 });
  await ingest.ping('long', pingOf('start', START + 1));
  for (let run = 0; run < 3; run += 1) await ingest.ping('hourly', pingOf('success', START + 2 + run));
  clock.set(GAP.to_at);
  await store.transact({ all: true }, (tx) => {
    for (const job of tx.jobs()) applyEvent(tx, job, { type: 'gap', ...GAP });
    noteGap(tx, GAP);
  });
  await clock.advance(16 * MINUTE_MS);
  await store.transact({ meta: [LIVENESS_KEY] }, (tx) => tx.putMeta(LIVENESS_KEY, clock.now()));
  const scopes: Scope[] = [];
  const watched = new Proxy(store, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key, target);
      if (key === 'transact')
        return (scope: Scope, fn: (tx: Tx) => unknown) => {
          scopes.push(scope);
          return target.transact(scope, fn);
        };
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  const outages = new Outages({ store: watched, clock, logger: silentLogger, isGapUnnoted: () => false });
  await outages.look();
  await outages.stop();
  expect(await store.meta(OUTAGES_KEY)).toBeUndefined();
  const { items } = await store.incidents({ skip: 0, limit: 9 });
  const details = items.map((incident) => (incident.kind === 'job' ? null : incident.detail));
  return { details, scopes };
}

const shared = (): Promise<Store> => Promise.resolve(new MemoryStore({ twice: true, shared: true }));

async function inDatabase(): Promise<Store> {
  const database: TestDatabase = await freshDatabase();
  const clock = createFakeClock(START);
  const store = new PostgresStore({
    url: database.url,
    clock,
    log: silentLogger,
    answerMsMax: WAIT_LIMIT_MS,
  });
  await store.open();
  closing = [() => store.close(), () => database.drop()];
  return store;
}

test.each([
  ['in memory', shared],
  ...(missingPostgres() === null ? [['in a database', inDatabase] as const] : []),
] as const)(
  'instances tell of an outage what one process does, and name no more jobs at once than they settle, %s',
  async (_, make) => {
    const alone = await told(new MemoryStore({ twice: true }));
    expect(alone.details).toHaveLength(1);
    expect(alone.details[0]).toContain('hourly');
    const { details, scopes } = await told(await make());
    expect(details).toEqual(alone.details);
    expect(scopes.length).toBeGreaterThan(0);
    expect(scopes.filter(({ all }) => all === true)).toEqual([]);
  },
);
