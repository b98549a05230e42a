import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { applyConfiguration, planAhead } from '../../../src/apply/configuration.ts';
import type { AppliedConfiguration } from '../../../src/apply/stored-configuration.ts';
import { systemClock } from '../../../src/clock.ts';
import type { Declaration } from '../../../src/core/model/declaration.ts';
import { JobIngest } from '../../../src/ingest/job-ingest.ts';
import { silentLogger } from '../../../src/observe/log.ts';
import {
  formatOf,
  MIGRATIONS,
  type RecordFormat,
  schemaVersion,
} from '../../../src/store/local/migrations.ts';
import { SCHEMA, type SchemaStep } from '../../../src/store/postgres/migrations.ts';
import { PostgresStore } from '../../../src/store/postgres/store.ts';
import { WAIT_LIMIT_MS } from '../../support/limits.ts';
import { configurationOf } from '../../support/memory-service.ts';
import { freshDatabase, missingPostgres, type TestDatabase } from '../../support/postgres.ts';
import { pingOf } from '../../support/records.ts';

const JOBS = 3_000;
/** At most so many jobs are read, or compared, before whoever else waits has a turn. */
const AT_ONCE_MAX = 2_000;

function configOf(
  revision: string,
  declaration: Declaration,
  notifiers: readonly string[] = ['ops'],
): AppliedConfiguration {
  const jobs = Object.fromEntries(Array.from({ length: JOBS }, (_, at) => [`job-${at}`, declaration]));
  return configurationOf(revision, jobs, { defaults: {} }, notifiers);
}

/** A version to come, in which all records are as they are now. Each is taken in hand when it is read. */
const NEXT = [...MIGRATIONS, (_table: unknown, record: unknown) => record];
const NEXT_SCHEMA: readonly SchemaStep[] = [
  ...SCHEMA,
  { text: '', needed: SCHEMA.length + 1, records: schemaVersion(NEXT) },
];

/** Returns the form of records of that version, and counts the jobs that are read. */
function countingFormat(read: CountedInOneTurn): RecordFormat {
  const format = formatOf(NEXT);
  return {
    ...format,
    migrate: (version, table, record) => {
      if (table === 'jobs') read.note();
      return format.migrate(version, table, record);
    },
  };
}

/** Counts what happens between two turns of the event loop, and keeps the greatest number. */
class CountedInOneTurn {
  #count = 0;
  most = 0;

  note(): void {
    if (this.#count === 0) void setImmediate().then(() => (this.#count = 0));
    this.#count += 1;
    this.most = Math.max(this.most, this.#count);
  }
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

  test(
    'is followed by messages to its notifiers about trouble that was over before its job had them',
    { timeout: 2 * WAIT_LIMIT_MS },
    async () => {
      const last = `job-${JOBS - 1}`;
      const ingest = new JobIngest({
        store: stores[1]!,
        clock: systemClock,
        onRefusal: () => {},
        jobsMax: JOBS,
      });
      let isTold = false;
      // The first commit says what stands, and the job comes with the last one of many.
      const pinged = new Promise<void>((resolve, reject) => {
        stores[1]!.watch(async (changes) => {
          if (isTold || !changes.some(({ type }) => type === 'configuration')) return;
          isTold = true;
          for (const kind of ['failure', 'success'] as const)
            await ingest.ping(last, pingOf(kind, systemClock.now())).catch(reject);
          resolve();
        });
      });
      await apply(configOf('2', { notify: ['pager'] }, ['pager']));
      await pinged;
      const owed = await stores[0]!.deliveries({ notifier: 'pager', skip: 0, limit: 9 });
      expect(owed.items.map(({ kind }) => kind).sort()).toEqual(['closed', 'opened']);
    },
  );

  test('is read and compared a part at a time, so that the process can do something else in between', async () => {
    const [read, compared] = [new CountedInOneTurn(), new CountedInOneTurn()];
    const counting = new PostgresStore({
      url: database.url,
      clock: systemClock,
      log: silentLogger,
      answerMsMax: WAIT_LIMIT_MS,
      versions: { schema: NEXT_SCHEMA, format: countingFormat(read) },
    });
    stores.push(counting);
    await counting.open();
    const config = configOf('2', { every: '1h' });
    const jobs = config.jobs.map((each) => ({
      ...each,
      get declaration() {
        compared.note();
        return each.declaration;
      },
    }));
    const { plan } = await planAhead(counting, { ...config, jobs });
    expect(plan.changed).toHaveLength(JOBS);
    expect(read.most).toBeGreaterThan(1);
    expect(read.most).toBeLessThanOrEqual(AT_ONCE_MAX);
    expect(compared.most).toBeGreaterThan(1);
    expect(compared.most).toBeLessThanOrEqual(AT_ONCE_MAX);
  });
});
