import { afterEach, beforeEach } from 'vitest';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../../src/observe/log.ts';
import { MemoryStore } from '../../src/store/local/memory.ts';
import { PostgresStore } from '../../src/store/postgres/store.ts';
import { LowdbStore } from '../../src/store/lowdb/store.ts';
import type { JobFilter, Store, Tx } from '../../src/store/store.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { emptyDatabase, missingPostgres } from '../support/postgres.ts';
import { WAIT_LIMIT_MS } from '../support/limits.ts';
import { ids, NOW_AT } from '../support/records.ts';
import { dueIds } from '../support/store.ts';

/** One row per implementation. Every test of this folder holds for all of them. */
interface Row {
  name: string;
  /** A new, empty store, not yet opened, and how to get rid of it. */
  make: () => Promise<{ store: Store; dispose: () => Promise<void> }>;
}

export const rows: Row[] = [
  { name: 'memory', make: async () => ({ store: new MemoryStore(), dispose: async () => {} }) },
  {
    // Any store may run a function again, so nothing that the suite says may depend on its running once.
    name: 'memory, where each function runs twice',
    make: async () => ({ store: new MemoryStore({ twice: true }), dispose: async () => {} }),
  },
  {
    name: 'lowdb',
    async make() {
      const directory = await mkdtemp(join(tmpdir(), 'cronflow-contract-'));
      const clock = createFakeClock(NOW_AT);
      // A snapshot every few commits, so that every test also runs beside one.
      const limits = { snapshotJournalBytes: 1_000 };
      const store = new LowdbStore({ directory, clock, log: silentLogger, limits, freeze: true });
      return { store, dispose: () => rm(directory, { recursive: true, force: true }) };
    },
  },
  ...(missingPostgres() === null
    ? [
        {
          name: 'postgres',
          async make() {
            const url = await emptyDatabase();
            // What the suite says holds on a busy machine, too.
            const answerMsMax = WAIT_LIMIT_MS;
            const clock = createFakeClock(NOW_AT);
            const store = new PostgresStore({ url, clock, log: silentLogger, freeze: true, answerMsMax });
            return { store, dispose: async () => {} };
          },
        },
      ]
    : []),
];

/**
 * Opens a new store before each test and closes it after that.
 * @param take is given the store of the test that is about to run
 */
export function openBeforeEach(make: Row['make'], take: (store: Store) => void): void {
  let made: Awaited<ReturnType<Row['make']>>;
  beforeEach(async () => {
    made = await make();
    take(made.store);
    await made.store.open();
  });
  afterEach(async () => {
    await made.store.close();
    await made.dispose();
  });
}

export const ALL = { all: true };
export const PAGE = { skip: 0, limit: 100 };

/** What tests ask of the store of the test that runs. */
interface Helpers {
  write: (fn: (tx: Tx) => void) => Promise<void>;
  /** Lists the ids of jobs. */
  list: (filter: Partial<JobFilter>) => Promise<string[]>;
  due: (nowAt: number, limit?: number) => Promise<readonly string[]>;
}

/** @param opened returns the store of the test that runs */
export function helpersOf(opened: () => Store): Helpers {
  return {
    write: (fn) => opened().transact(ALL, fn),
    list: async (filter) => ids((await opened().listJobs({ ...PAGE, ...filter })).items),
    due: (nowAt, limit = 10) => dueIds(opened(), nowAt, limit),
  };
}
