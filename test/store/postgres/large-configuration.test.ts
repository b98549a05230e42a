import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { applyConfiguration, planAhead } from '../../../src/apply/configuration.ts';
import type { AppliedConfiguration } from '../../../src/apply/stored-configuration.ts';
import { systemClock } from '../../../src/clock.ts';
import type { Declaration } from '../../../src/core/model/declaration.ts';
import { Comparisons } from '../../../src/core/plan/comparisons.ts';
import { JobIngest } from '../../../src/ingest/job-ingest.ts';
import { silentLogger } from '../../../src/observe/log.ts';
import { RecordsInRows } from '../../../src/store/postgres/records.ts';
import { PostgresStore } from '../../../src/store/postgres/store.ts';
import { WAIT_LIMIT_MS } from '../../support/limits.ts';
import { configurationOf } from '../../support/memory-service.ts';
import { freshDatabase, missingPostgres, type TestDatabase } from '../../support/postgres.ts';
import { pingOf } from '../../support/records.ts';

const JOBS = 3_000;
/** At most so many jobs are read, or compared, before whoever else waits has a turn. */
const AT_ONCE_MAX = 2_000;

function configOf(revision: string, declaration: Declaration): AppliedConfiguration {
  const jobs = Object.fromEntries(Array.from({ length: JOBS }, (_, at) => [`job-${at}`, declaration]));
  return configurationOf(revision, jobs, { defaults: {} }, ['ops']);
}

/** Counts calls of a method between two turns of the event loop, and keeps the greatest number. */
function countedInOneTurn<T extends object>(of: T, method: keyof T & string): { most: () => number } {
  let [count, most, isCounting] = [0, 0, false];
  const original = Reflect.get(of, method) as (...args: unknown[]) => unknown;
  vi.spyOn(of as Record<string, () => unknown>, method).mockImplementation(function (
    this: unknown,
    ...args: unknown[]
  ) {
    count += 1;
    most = Math.max(most, count);
    if (!isCounting) {
      isCounting = true;
      void setImmediate().then(() => ([count, isCounting] = [0, false]));
    }
    return original.apply(this, args);
  });
  return { most: () => most };
}

describe.skipIf(missingPostgres() !== null)('a configuration of many jobs in a database', () => {
  let database: TestDatabase;
  let stores: PostgresStore[];
  beforeEach(async () => {
    database = await freshDatabase();
    stores = [0, 1].map(
      () =>
        new PostgresStore({
          url: database.url,
          clock: systemClock,
          log: silentLogger,
          answerMsMax: WAIT_LIMIT_MS,
        }),
    );
    for (const store of stores) await store.open();
    await apply(configOf('1', { every: '1d' }));
  }, 2 * WAIT_LIMIT_MS);
  afterEach(async () => {
    vi.restoreAllMocks();
    for (const store of stores) await store.close();
    await database.drop();
  });

  const apply = (config: AppliedConfiguration) =>
    applyConfiguration(stores[0]!, config, systemClock.now(), { now: () => systemClock.now() });

  test(
    'lets pings through while all of them are changed, at each instance',
    { timeout: 2 * WAIT_LIMIT_MS },
    async () => {
      const applying = { isOver: false };
      const pinging = stores.map(async (store, at) => {
        const ingest = new JobIngest({ store, clock: systemClock, onRefusal: () => {}, jobsMax: JOBS });
        let count = 0;
        for (; !applying.isOver; count += 1)
          await ingest.ping(`job-${at}`, pingOf('success', systemClock.now()));
        return count;
      });
      await apply(configOf('2', { every: '1h' }));
      applying.isOver = true;
      // A commit takes 200 jobs, and a ping has to wait for one at most.
      for (const count of await Promise.all(pinging)) expect(count).toBeGreaterThan(5);
      const changed = await stores[1]!.view({ all: true }, (view) =>
        view.jobs().filter(({ declaration }) => declaration.every === '1h'),
      );
      expect(changed).toHaveLength(JOBS);
    },
  );

  test('is read and compared a part at a time, so that the process can do something else in between', async () => {
    const read = countedInOneTurn(RecordsInRows.prototype, 'read');
    const compared = countedInOneTurn(Comparisons.prototype, 'of');
    const { plan } = await planAhead(stores[0]!, configOf('2', { every: '1h' }));
    expect(plan.changed).toHaveLength(JOBS);
    expect(read.most()).toBeGreaterThan(1);
    expect(read.most()).toBeLessThanOrEqual(AT_ONCE_MAX);
    expect(compared.most()).toBeGreaterThan(1);
    expect(compared.most()).toBeLessThanOrEqual(AT_ONCE_MAX);
  });
});
