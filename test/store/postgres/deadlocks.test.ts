import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { silentLogger } from '../../../src/observe/log.ts';
import { PostgresStore } from '../../../src/store/postgres/store.ts';
import type { Tx } from '../../../src/store/store.ts';
import { WAIT_LIMIT_MS } from '../../support/limits.ts';
import { databaseUrl, freshDatabase, missingPostgres, type TestDatabase } from '../../support/postgres.ts';
import { seededRandom } from '../../support/random.ts';
import { delivery, incident, increment, job, NOW_AT, systemIncident } from '../../support/records.ts';
import { until } from '../../support/until.ts';

const STORES = 3;
const CLIENTS_PER_STORE = 4;
const CALLS_PER_CLIENT = 60;
const JOBS = ['a', 'b', 'c', 'd', 'e', 'f'];
const NAMES = Array.from({ length: 12 }, (_, index) => `n${index}`);
const KEYS = ['k0', 'k1', 'k2', 'k3'];
const NOTIFIERS = ['m0', 'm1'];

/** Chooses by chance. */
class Chance {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  one<T>(of: readonly T[]): T {
    return of[Math.floor(this.#random() * of.length)]!;
  }

  /** Returns some, in any order. */
  some<T>(of: readonly T[], count: number): T[] {
    return of.toSorted(() => this.#random() - 0.5).slice(0, count);
  }
}

/** What a client does once. */
type Act = (store: PostgresStore, chance: Chance, call: string) => Promise<unknown>;

/** Changes a job as a ping does that opens an incident or closes it, and owes messages of that. */
function ping(tx: Tx, id: string, call: string): void {
  const { state } = tx.jobById(id)!;
  tx.putState(id, { ...state, run_count: state.run_count + 1, due_at: NOW_AT });
  const open = tx.openIncidentOf(id);
  const put = open ?? incident(`${id}-${call}`, id);
  tx.putIncident({ ...put, closed_at: open === undefined ? null : NOW_AT });
  for (const notifier of NOTIFIERS)
    tx.putDelivery(delivery(`${id}-${call}-${notifier}`, id, { incident_id: put.id, notifier }));
}

async function pending(store: PostgresStore): Promise<string[]> {
  const { items } = await store.deliveries({ status: 'pending', skip: 0, limit: 40 });
  return items.map(({ id }) => id);
}

/** Every kind of thing that instances do at the same time. */
const ACTS: Readonly<Record<string, Act>> = {
  ping: (store, chance, call) => {
    const names = chance.some(JOBS, 2).map((id) => `job-${id}`);
    return store.transact({ names }, (tx) => {
      for (const name of names) ping(tx, tx.jobByName(name)!.id, call);
    });
  },
  check: (store, _chance, call) =>
    store.transact({ due: { now_at: NOW_AT, limit: 3 } }, (tx) =>
      tx.due().forEach((id) => ping(tx, id, call)),
    ),
  register: (store, chance, call) => {
    const names = chance.some(NAMES, 5);
    return store.transact({ names, meta: chance.some(KEYS, 1) }, (tx) => {
      for (const [index, name] of names.entries()) {
        const known = tx.jobByName(name);
        if (known === undefined) tx.putJob(job(`${call}-${index}`, { name }));
        else if (index === 0) tx.deleteJob(known.id);
        else tx.putState(known.id, known.state);
      }
    });
  },
  rename: (store, chance) => {
    const [from, to] = chance.some(NAMES, 2) as [string, string];
    return store.transact({ names: [from, to] }, (tx) => {
      const [one, other] = [tx.jobByName(from), tx.jobByName(to)];
      if (one !== undefined && other === undefined) tx.putJob({ ...one, name: to });
    });
  },
  exchange: (store, chance) => {
    const [first, second] = chance.some(JOBS, 2) as [string, string];
    return store.transact({ ids: [first, second] }, (tx) => {
      const [one, other] = [tx.jobById(first)!, tx.jobById(second)!];
      tx.putJob({ ...one, name: 'between' });
      tx.putJob({ ...other, name: one.name });
      tx.putJob({ ...one, name: other.name });
      // Back again, so that each is found by its name.
      tx.putJob({ ...one, name: 'between' });
      tx.putJob(other);
      tx.putJob(one);
    });
  },
  apply: (store, chance, call) =>
    store.transact({ all: true }, (tx) => {
      for (const key of chance.some(KEYS, 2)) increment(tx, key);
      for (const id of chance.some(JOBS, 3)) ping(tx, id, call);
      if (tx.openSystemIncidents().length === 0) tx.putIncident(systemIncident(`s-${call}`));
    }),
  values: (store, chance) => {
    const keys = chance.some(KEYS, 3);
    return store.transact({ meta: keys }, (tx) => {
      for (const key of keys) increment(tx, key);
    });
  },
  trouble: (store, chance, call) => {
    const keys = chance.some(KEYS, 2);
    return store.transact({ system_incidents: true, meta: keys }, (tx) => {
      for (const key of keys) increment(tx, key);
      const [open] = tx.openSystemIncidents();
      tx.putIncident(open === undefined ? systemIncident(`s-${call}`) : { ...open, closed_at: NOW_AT });
      tx.putDelivery(
        delivery(`s-${call}`, null as never, { incident_id: `s-${call}`, notifier: chance.one(NOTIFIERS) }),
      );
    });
  },
  claim: async (store, chance) => {
    const owner = chance.one(['one', 'two']);
    const claimed = await store.claimDeliveries({ owner, now_at: NOW_AT, lease_ms: 1_000, limit: 3 });
    for (const { lease, deliveries } of claimed) {
      const ids = deliveries.map(({ id }) => id);
      const scope = { delivery_ids: ids, system_incidents: true, meta: chance.some(KEYS, 2), lane: lease };
      await store
        .transact(scope, (tx) => {
          for (const id of ids) tx.putDelivery({ ...tx.delivery(id)!, status: 'sent', finished_at: NOW_AT });
        })
        // Another one may have taken the lane over, or a job was deleted.
        .catch(() => {});
    }
  },
  /** Owes messages again, whose incidents are named by their ids alone, beside what a beat and a ping write. */
  redeliver: async (store, chance, call) => {
    const { items } = await store.incidents({ open: true, skip: 0, limit: 20 });
    const ids = chance.some(items, 4).map(({ id }) => id);
    const names = chance.some(JOBS, 2).map((id) => `job-${id}`);
    // They share a commit.
    return Promise.all([
      store.transact({ incident_ids: ids, delivery_ids: await pending(store) }, (tx) => {
        for (const id of ids) if (tx.incident(id)?.closed_at === null) tx.putIncident(tx.incident(id)!);
      }),
      store.transact({ system_incidents: true }, (tx) =>
        tx
          .openSystemIncidents()
          .forEach((each) => tx.putIncident({ ...each, acknowledged_until_at: NOW_AT })),
      ),
      store.transact({ names }, (tx) => names.forEach((name) => ping(tx, tx.jobByName(name)!.id, call))),
    ]);
  },
  /** Settles what is due, and tells of it. */
  settle: (store, _chance, call) =>
    store.transact({ due: { now_at: NOW_AT, limit: 3 }, system_incidents: true }, (tx) => {
      for (const id of tx.due()) ping(tx, id, call);
      tx.openSystemIncidents().forEach((each) => tx.putIncident({ ...each, closed_at: NOW_AT }));
    }),
  /** Makes a job of which much is owed, and deletes others like it. */
  replace: async (store, chance, call) => {
    const { items } = await store.listJobs({ skip: 0, limit: 40 });
    const old = items.filter(({ id }) => id.startsWith('gone-')).map(({ id }) => id);
    const id = `gone-${call}`;
    await store.transact({ ids: [id] }, (tx) => {
      tx.putJob(job(id));
      tx.putIncident(incident(`${id}-i1`, id));
      for (const part of chance.some(['w', 'x', 'y', 'z'], 4))
        tx.putDelivery(delivery(`${id}-${part}`, id, { notifier: chance.one(NOTIFIERS) }));
    });
    return store.transact({ ids: old }, (tx) => {
      for (const each of old) if (tx.jobById(each) !== undefined) tx.deleteJob(each);
    });
  },
  leave: (store, chance) => store.leaveLanes(chance.one(['one', 'two']), new Map()),
  setBack: async (store, chance) => {
    const ids = chance.some(await pending(store), 5);
    return store.transact({ delivery_ids: ids }, (tx) => {
      for (const id of ids) {
        const known = tx.delivery(id);
        if (known !== undefined) tx.putDelivery({ ...known, attempts: known.attempts + 1 });
      }
    });
  },
  tidy: async (store, chance) => {
    const { items } = await store.incidents({ open: false, skip: 0, limit: 20 });
    const ids = chance.some(items, 5).map(({ id }) => id);
    return store.transact({ incident_ids: ids }, (tx) => {
      for (const id of ids) if (tx.incident(id) !== undefined) tx.deleteIncident(id);
    });
  },
  acknowledge: async (store, chance) => {
    const { items } = await store.incidents({ open: true, skip: 0, limit: 20 });
    const found = chance.some(items, 2);
    const ids = found.flatMap((each) => (each.kind === 'job' ? each.job_id : []));
    return store.transact({ ids, incident_ids: found.map(({ id }) => id) }, (tx) => {
      for (const { id } of found) {
        const known = tx.incident(id);
        if (known?.kind === 'job') tx.putIncident({ ...known, bad_count: known.bad_count + 1 });
      }
    });
  },
};

describe.skipIf(missingPostgres() !== null)('stores that do everything at the same time', () => {
  let database: TestDatabase;
  let stores: PostgresStore[];
  beforeEach(async () => {
    database = await freshDatabase();
    stores = await Promise.all(
      Array.from({ length: STORES }, async () => {
        const options = { clock: systemClock, log: silentLogger, answerMsMax: WAIT_LIMIT_MS };
        const store = new PostgresStore({ url: database.url, ...options });
        await store.open();
        return store;
      }),
    );
    await stores[0]!.transact({ all: true }, (tx) => JOBS.forEach((id) => tx.putJob(job(id))));
  });
  afterEach(async () => {
    await Promise.all(stores.map((store) => store.close()));
    await database.drop();
  });

  /** Returns how many deadlocks the database has ended. It counts those of a connection as that ends. */
  const deadlocks = async (): Promise<number> => {
    await Promise.all(stores.map((store) => store.close()));
    const client = new pg.Client({ connectionString: databaseUrl(database.address, 'postgres') });
    await client.connect();
    const isUsed = 'select from pg_stat_activity where datname = $1';
    await until(
      'connections to end',
      async () => (await client.query(isUsed, [database.name])).rowCount === 0,
    );
    const counted = 'select deadlocks::int from pg_stat_database where datname = $1';
    const { rows } = await client.query<{ deadlocks: number }>(counted, [database.name]);
    await client.end();
    return rows[0]!.deadlocks;
  };

  test.each([
    ['everything', 1, Object.keys(ACTS)],
    ['everything', 2, Object.keys(ACTS)],
    ['incidents of several kinds', 3, ['redeliver', 'settle', 'trouble', 'tidy', 'ping']],
    ['what goes', 4, ['replace', 'redeliver', 'setBack', 'claim', 'tidy']],
  ])('never wait for each other in a circle: %s (seed %i)', async (_what, seed, names) => {
    const acts = names.map((name) => ACTS[name]!);
    const clients = stores.flatMap((store, index) =>
      Array.from({ length: CLIENTS_PER_STORE }, async (_, client) => {
        const chance = new Chance(seed * 1_000 + index * 100 + client);
        for (let each = 0; each < CALLS_PER_CLIENT; each += 1)
          await chance.one(acts)(store, chance, `${index}-${client}-${each}`);
      }),
    );
    await Promise.all(clients);
    expect(await deadlocks()).toBe(0);
  });
});
