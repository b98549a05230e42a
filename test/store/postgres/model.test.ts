import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { CronflowError } from '../../../src/core/model/errors.ts';
import type { Run } from '../../../src/core/model/records.ts';
import { silentLogger } from '../../../src/observe/log.ts';
import { MemoryStore } from '../../../src/store/local/memory.ts';
import { PostgresStore } from '../../../src/store/postgres/store.ts';
import type { Scope, Store, Tx } from '../../../src/store/store.ts';
import { freshDatabase, missingPostgres, type TestDatabase } from '../../support/postgres.ts';
import { seededRandom } from '../../support/random.ts';
import { delivery, incident, job, NOW_AT, openRun, ping } from '../../support/records.ts';
import { until } from '../../support/until.ts';

const STORES = 3;
const CLIENTS_PER_STORE = 4;
const CALLS_PER_CLIENT = 25;
const JOBS = ['a', 'b', 'c', 'd', 'e', 'f'];
const NAMES = ['n0', 'n1'];
/** All jobs are made after the log of commits begins, so that it has all their events. */
const CREATED_AT = Date.UTC(2100, 0, 1);
const PAGE = { skip: 0, limit: 1_000 };

/** What a call saw of a thing that each call counts up, so that calls about one thing have an order. */
type Seen = [thing: string, count: number];

interface Result {
  seen: Seen[];
  due?: string[];
  told?: unknown;
}

/** One transaction. It depends on nothing but what it reads, so it can be played again elsewhere. */
interface Call {
  scope: Scope;
  /** @param due the jobs that are due; in the copy those that the database gave to it */
  run(tx: Tx, due: readonly string[]): Result;
}

/** Adds a run to a job, ends old ones, opens or closes an incident, and owes a delivery of that. */
function touch(tx: Tx, id: string, call: number): Seen {
  const { state, name } = tx.jobById(id)!;
  const number = state.run_count + 1;
  const open = tx.runsOf(id).open();
  if (open.length > 2) {
    const ended: Run = {
      ...open[0]!,
      ended_at: NOW_AT + call,
      ended_after_number: state.run_count,
      outcome: 'success',
    };
    tx.putRun({ ...ended, reason: 'succeeded', duration_ms: call });
    tx.tally(id, [{ date: '2026-01-15', outcome: 'success', delta: 1, duration_ms: call }]);
  }
  tx.putRun(openRun(id, number, { rid: `r${call}`, output_bytes: 4 }));
  tx.putOutput(id, `${id}-${number}`, { text: `${call}`, dropped_bytes: 0 });
  const opened = tx.openIncidentOf(id);
  const incidentCount = state.incident_count + (opened === undefined ? 1 : 0);
  const put = opened ?? incident(`${id}-i${incidentCount}`, id, { job_name: name });
  tx.putIncident({ ...put, closed_at: opened === undefined ? null : NOW_AT + call, bad_count: number });
  const owed = {
    kind: opened === undefined ? 'opened' : 'closed',
    incident_id: put.id,
    notifier: `m${call % 3}`,
  } as const;
  tx.putDelivery(delivery(`${put.id}-${owed.kind}`, id, owed));
  tx.logEvent(id, { type: 'ping', ping: ping({ received_at: NOW_AT + number }) });
  tx.putState(id, {
    ...state,
    run_count: number,
    incident_count: incidentCount,
    due_at: NOW_AT + (call % 5),
  });
  return [id, state.run_count];
}

function countUp(tx: Tx, key: string): Seen {
  const count = (tx.meta(key) ?? 0) as number;
  tx.putMeta(key, count + 1);
  return [key, count];
}

/** Makes the next call of a client by chance. */
function callOf(
  random: () => number,
  { n, owner, deliveries }: { n: number; owner: string; deliveries: readonly string[] },
): Call {
  const anyOf = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)]!;
  const [first, second] = JOBS.toSorted(() => random() - 0.5) as [string, string];
  const kind = random();
  if (kind < 0.35) {
    const names = [`job-${first}`, `job-${second}`];
    return {
      scope: { names },
      run: (tx) => ({ seen: names.map((name) => touch(tx, tx.jobByName(name)!.id, n)) }),
    };
  }
  if (kind < 0.5) {
    return {
      scope: { ids: [first], meta: ['count'] },
      run: (tx) => ({ seen: [touch(tx, first, n), countUp(tx, 'count')] }),
    };
  }
  if (kind < 0.6) {
    return {
      scope: { due: { now_at: NOW_AT + 3, limit: 2, except: new Set([second]) } },
      run: (tx, due) => ({ seen: due.map((id) => touch(tx, id, n)), due: [...due] }),
    };
  }
  if (kind < 0.7) {
    // Two jobs exchange their names.
    return {
      scope: { ids: [first, second] },
      run(tx) {
        const [one, other] = [tx.jobById(first)!, tx.jobById(second)!];
        tx.putJob({ ...one, name: `${n}` });
        tx.putJob({ ...other, name: one.name });
        tx.putJob({ ...one, name: other.name });
        return { seen: [touch(tx, first, n), touch(tx, second, n)] };
      },
    };
  }
  if (kind < 0.85) {
    // A job of a name is made, or pinged, or deleted. The store that made a job does not delete it: a name that is free
    // cannot be locked, and one commit that makes a job and deletes it would not meet that of another store.
    const name = anyOf(NAMES);
    const deletes = random() < 0.4;
    return {
      scope: { names: [name], meta: [name] },
      run(tx) {
        const known = tx.jobByName(name);
        const seen = [countUp(tx, name)];
        if (known === undefined) tx.putJob(job(`${owner}-${n}`, { name, created_at: CREATED_AT }));
        else if (deletes && !known.id.startsWith(owner)) tx.deleteJob(known.id);
        else seen.push(touch(tx, known.id, n));
        return { seen, told: known?.id };
      },
    };
  }
  if (kind < 0.95 && deliveries.length > 0) {
    const id = anyOf(deliveries);
    return {
      scope: { delivery_ids: [id] },
      run(tx) {
        const known = tx.delivery(id);
        if (known === undefined) return { seen: [] };
        tx.putDelivery({ ...known, attempts: known.attempts + 1, status: 'sent' });
        return { seen: [[id, known.attempts]] };
      },
    };
  }
  return {
    scope: { all: true },
    // It counts up the names as well, so that it has a place before or after each job that is made or deleted. Which of
    // two jobs of different names was made first has no place in the order, so their ids decide.
    run: (tx) => ({
      seen: [
        ...NAMES.map((name) => countUp(tx, name)),
        ...tx
          .jobs()
          .map(({ id }) => id)
          .toSorted()
          .map((id) => touch(tx, id, n)),
      ],
    }),
  };
}

interface Done {
  call: Call;
  result: Result;
}

/** Puts calls into an order that agrees with what each of them saw. */
function ordered(done: readonly Done[]): Done[] {
  const places = new Map<string, Done>();
  for (const each of done) {
    for (const [thing, count] of each.result.seen) {
      const place = `${thing} ${count}`;
      expect(places.has(place), `two calls saw the same: ${place}`).toBe(false);
      places.set(place, each);
    }
  }
  const order: Done[] = [];
  const states = new Map<Done, 'begun' | 'done'>();
  const visit = (each: Done): void => {
    if (states.get(each) === 'done') return;
    expect(states.get(each), 'calls saw each other in a circle').toBeUndefined();
    states.set(each, 'begun');
    for (const [thing, count] of each.result.seen) {
      const before = places.get(`${thing} ${count - 1}`);
      if (before !== undefined) visit(before);
      else if (!thing.includes('-i')) expect(count, `what was before ${thing} ${count} is lost`).toBe(0);
    }
    states.set(each, 'done');
    order.push(each);
  };
  for (const each of done) visit(each);
  return order;
}

/** All that a store holds of jobs, in an order that does not depend on which was written first. */
async function contents(store: Store): Promise<unknown> {
  const { items: jobs } = await store.listJobs(PAGE);
  const { items: deliveries } = await store.deliveries(PAGE);
  const ofJobs = [];
  for (const each of jobs) {
    const { items: runs } = await store.runsOf(each.id, PAGE);
    const outputs = await Promise.all(runs.map(({ id }) => store.output(each.id, id)));
    const incidents = await store.incidents({ ...PAGE, job_id: each.id });
    const events = [];
    const past = await store.past(each.id, 0, { bytes_max: 1e9, ms_max: 1e9 });
    for await (const { event } of past.events()) events.push(event);
    const byId = incidents.items.toSorted((left, right) => (left.id < right.id ? -1 : 1));
    ofJobs.push({
      job: each,
      runs,
      outputs,
      incidents: byId,
      days: await store.daysOf(each.id, PAGE),
      events,
    });
  }
  return { ofJobs, deliveries: deliveries.toSorted((left, right) => (left.id < right.id ? -1 : 1)) };
}

describe.skipIf(missingPostgres() !== null)('stores that share a database', () => {
  let database: TestDatabase;
  let stores: PostgresStore[] = [];
  beforeEach(async () => {
    database = await freshDatabase();
    const open = async (): Promise<PostgresStore> => {
      const store = new PostgresStore({ url: database.url, clock: systemClock, log: silentLogger });
      await store.open();
      return store;
    };
    stores = await Promise.all(Array.from({ length: STORES }, open));
  });
  afterEach(async () => {
    await Promise.all(stores.map((store) => store.close()));
    await database.drop();
  });

  test.for([1, 2, 3])(
    'answer as one store does that is asked one thing after another (seed %i)',
    async (seed, { skip }) => {
      const start: Call = {
        scope: { all: true },
        run(tx) {
          for (const id of JOBS) tx.putJob(job(id, { created_at: CREATED_AT }, { due_at: NOW_AT }));
          return { seen: [] };
        },
      };
      await stores[0]!.transact(start.scope, (tx) => start.run(tx, []));
      const heard = stores.map(() => new Set<string>());
      for (const [index, store] of stores.entries())
        store.watch((changes) => {
          for (const change of changes) if (change.type === 'run') heard[index]!.add(change.id);
        });
      const done: Done[] = [];
      const runs = new Set<string>();
      const claimed = new Map<string, string>();
      const deliveries: string[] = [];
      const client = async (store: PostgresStore, owner: string, random: () => number): Promise<void> => {
        for (let each = 0; each < CALLS_PER_CLIENT; each += 1) {
          if (random() < 0.15) {
            const claims = await store.claimDeliveries({ owner, now_at: NOW_AT, lease_ms: 1e9, limit: 3 });
            for (const { lease, deliveries: owed } of claims) {
              expect(claimed.get(lease.notifier) ?? owner).toBe(owner);
              claimed.set(lease.notifier, owner);
              for (const { id } of owed) {
                expect(deliveries).not.toContain(id);
                deliveries.push(id);
              }
            }
            continue;
          }
          const call = callOf(random, { n: calls++, owner, deliveries });
          const result = await store.transact(call.scope, (tx) =>
            call.run(tx, call.scope.due ? tx.due() : []),
          );
          done.push({ call, result });
          for (const [thing, count] of result.seen)
            if (JOBS.includes(thing)) runs.add(`${thing}-${count + 1}`);
        }
      };
      let calls = 1;
      const playing = stores.flatMap((store, index) =>
        Array.from({ length: CLIENTS_PER_STORE }, (_, each) =>
          client(store, `owner-${index}`, seededRandom(seed * 1_000 + index * 100 + each)),
        ),
      );
      const refused = (await Promise.allSettled(playing)).find((each) => each.status === 'rejected');
      // Whether a call that was refused took place nobody knows, so it has no place in the order.
      if (refused?.reason instanceof CronflowError)
        return skip('The machine is too slow: calls are refused.');
      if (refused !== undefined) throw refused.reason;
      const order = ordered(done);
      const copy = new MemoryStore();
      await copy.transact(start.scope, (tx) => start.run(tx, []));
      for (const { call, result } of order) {
        const { due } = result;
        // A call that found nothing has changed nothing. Whether it came before or after others nobody knows.
        if (result.seen.length === 0) continue;
        const scope = due === undefined ? call.scope : { ids: due };
        const played = await copy.transact(scope, (tx) => call.run(tx, due ?? []));
        expect(played).toEqual(result);
      }
      for (const store of stores) expect(await contents(store)).toEqual(await contents(copy));
      for (const each of heard)
        await until(
          'every store to hear of every run',
          () => each.size >= runs.size && [...runs].every((id) => each.has(id)),
        );
    },
  );
});
