import fc from 'fast-check';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { JobIngest } from '../../../src/ingest/job-ingest.ts';
import { silentLogger } from '../../../src/observe/log.ts';
import { MINUTE_MS } from '../../../src/schedule/units.ts';
import { Database } from '../../../src/store/postgres/database.ts';
import { migrate, SCHEMA } from '../../../src/store/postgres/migrations.ts';
import { PostgresStore } from '../../../src/store/postgres/store.ts';
import type { Tx } from '../../../src/store/store.ts';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.ts';
import { WAIT_LIMIT_MS } from '../../support/limits.ts';
import { freshDatabase, missingPostgres, type TestDatabase } from '../../support/postgres.ts';
import { job, NOW_AT, pingOf, run } from '../../support/records.ts';

/** Reads the columns that an index of a table has, or asks about. */
const COLUMNS_OF_INDEXES = `
  select distinct a.attname::text as name
  from pg_index i
  join pg_depend d on d.objid = i.indexrelid and d.refobjid = i.indrelid and d.refobjsubid > 0
  join pg_attribute a on a.attrelid = i.indrelid and a.attnum = d.refobjsubid
  where i.indrelid = 'cronflow.runs'::regclass
  union
  select a.attname::text
  from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any(i.indkey)
  where i.indrelid = 'cronflow.runs'::regclass`;

const OPEN = { ended_at: null, outcome: null, ended_after_number: null } as const;

/** Changes the history of a job, as pings, corrections and files do. */
function change(tx: Tx, id: string, { what, which }: { what: string; which: number }): void {
  const { state, declaration, ...others } = tx.jobById(id)!;
  const newest = state.run_count;
  const rows = tx.runsOf(id).all();
  const chosen = rows[which % Math.max(1, rows.length)];
  const next = (): void => tx.putState(id, { ...state, run_count: newest + 1 });
  if (what === 'begin') {
    next();
    tx.putRun(run(id, newest + 1, OPEN));
  } else if (what === 'skip') {
    next();
    tx.putRun(run(id, newest + 1));
  } else if (what === 'keep')
    tx.putJob({ ...others, state, declaration: { ...declaration, keep_runs: 1 + (which % 4) } });
  else if (what === 'declare')
    tx.putJob({ ...others, state, declaration: { ...declaration, description: 'new' } });
  else if (what === 'all') tx.putState(id, { ...state, seen: true });
  else if (chosen === undefined) return;
  else if (what === 'delete') tx.deleteRun(chosen.id);
  else if (what === 'change') tx.putRun(run(id, chosen.number, which % 2 === 0 ? OPEN : { host: 'web1' }));
  else
    tx.putRun(run(id, chosen.number, { ended_after_number: chosen.number === newest ? newest - 1 : newest }));
}

/** The rows that a ping needs of the history of its job. */
describe.skipIf(missingPostgres() !== null)('the open runs of a job', () => {
  let database: TestDatabase;
  let client: pg.Client;
  let store: PostgresStore;
  let clock: FakeClock;
  beforeEach(async () => {
    clock = createFakeClock(NOW_AT);
    database = await freshDatabase();
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
    store = new PostgresStore({
      url: database.url,
      clock,
      log: silentLogger,
      answerMsMax: WAIT_LIMIT_MS,
    });
  });
  afterEach(async () => {
    await store.close();
    await client.end();
    await database.drop();
  });

  const rowsOf = async (text: string): Promise<Record<string, unknown>[]> => (await client.query(text)).rows;
  const headsFrom = async (): Promise<unknown> =>
    (await rowsOf(`select heads_from, starts_with(state::text, ' ') as counts from cronflow.states`))[0];
  /** What an older Cronflow leaves of a state, which it writes without the space. */
  const AS_OLDER = 'update cronflow.states set state = ltrim(state::text)::json';
  const openIds = (): Promise<string[]> =>
    store.transact({ ids: ['a'] }, (tx) =>
      tx
        .runsOf('a')
        .open()
        .map(({ id }) => id),
    );
  const openIdsOfAll = (): Promise<string[]> =>
    store.transact({ all: true }, (tx) =>
      tx
        .runsOf('a')
        .open()
        .map(({ id }) => id),
    );

  test('are read from the oldest of them on, or from the newest row', async () => {
    await store.open();
    const ingest = new JobIngest({ store, clock, onRefusal: () => {} });
    await store.transact({ all: true }, (tx) => tx.putJob(job('a', { declaration: { every: '1h' } })));
    const send = async (kind: 'start' | 'success', rid: string): Promise<unknown> => {
      clock.set(clock.now() + MINUTE_MS);
      await ingest.ping('job-a', { ...pingOf(kind, clock.now()), rid });
      return headsFrom();
    };
    expect(await send('start', 'r1')).toEqual({ heads_from: 1, counts: true });
    expect(await send('start', 'r2')).toEqual({ heads_from: 1, counts: true });
    expect(await send('success', 'r1')).toEqual({ heads_from: 2, counts: true });
    expect(await send('start', 'r3')).toEqual({ heads_from: 2, counts: true });
    expect(await openIds()).toEqual(['a-2', 'a-3']);
    expect(await openIdsOfAll()).toEqual(['a-2', 'a-3']);
    expect(await send('success', 'r3')).toEqual({ heads_from: 2, counts: true });
    expect(await send('success', 'r2')).toEqual({ heads_from: 3, counts: true });
    ingest.stop();
  });

  test('are all found where an older Cronflow has written the state', async () => {
    await store.open();
    await store.transact({ all: true }, (tx) => {
      tx.putJob(job('a'));
      for (const number of [1, 2, 3]) tx.putRun(run('a', number));
      tx.putState('a', { ...tx.jobById('a')!.state, run_count: 3 });
    });
    expect(await headsFrom()).toEqual({ heads_from: 3, counts: true });
    // The first run goes on after all. That version writes a state without the space, and not where open runs are.
    await client.query(`update cronflow.runs set ended_after = null,
      record = (record::jsonb || '{"ended_at":null,"outcome":null,"ended_after_number":null}')::json where number = 1`);
    await client.query(AS_OLDER);
    expect(await openIds()).toEqual(['a-1']);
    expect(await openIdsOfAll()).toEqual(['a-1']);
    await store.transact({ ids: ['a'] }, (tx) => tx.putState('a', tx.jobById('a')!.state));
    expect(await headsFrom()).toEqual({ heads_from: 1, counts: true });
  });

  test('are kept in view by a change of all jobs that does not look at them', async () => {
    await store.open();
    await store.transact({ all: true }, (tx) => {
      tx.putJob(job('a'));
      tx.putRun(run('a', 1, { ended_at: null, outcome: null, ended_after_number: null }));
      tx.putRun(run('a', 2));
      tx.putState('a', { ...tx.jobById('a')!.state, run_count: 2 });
    });
    const seen = (): Promise<void> =>
      store.transact({ all: true }, (tx) => tx.putState('a', { ...tx.jobById('a')!.state, seen: true }));
    await seen();
    expect(await headsFrom()).toEqual({ heads_from: 1, counts: true });
    expect(await openIds()).toEqual(['a-1']);
    // Where nothing counts that is noted, such a change does not look for it.
    await client.query(AS_OLDER);
    await seen();
    expect(await headsFrom()).toEqual({ heads_from: null, counts: false });
    expect(await openIds()).toEqual(['a-1']);
  });

  test('are found after the step from the schema before', async () => {
    const before = new Database({ url: database.url, onClock: () => {}, answerMsMax: WAIT_LIMIT_MS });
    try {
      await migrate(before, SCHEMA.slice(0, 3));
    } finally {
      await before.end();
    }
    const { state, ...declared } = job('a');
    await client.query(
      `insert into cronflow.jobs (id, name, tags, lower_name, record) values ('a', 'job-a', '{}', 'job-a', $1)`,
      [JSON.stringify(declared)],
    );
    await client.query(`insert into cronflow.states (job_id, status, state) values ('a', 'running', $1)`, [
      JSON.stringify({ ...state, run_count: 3 }),
    ]);
    for (const [number, isOpen] of [
      [1, false],
      [2, true],
      [3, false],
    ] as const) {
      const open = { ended_at: null, outcome: null, ended_after_number: null };
      await client.query(
        `insert into cronflow.runs (job_id, number, id, ended_after, is_anonymous, outcome, began_at, record)
        values ('a', $1, $2, $3, false, 'success', 1, $4)`,
        [
          number,
          `a-${number}`,
          isOpen ? null : number - 1,
          JSON.stringify(run('a', number, isOpen ? open : {})),
        ],
      );
    }
    await store.open();
    expect(await headsFrom()).toEqual({ heads_from: 2, counts: true });
    expect(await openIds()).toEqual(['a-2']);
  });

  test('and the number of rows that are kept are noted, whatever comes in whatever order', async () => {
    await store.open();
    const anyOf = fc.constantFrom(
      'begin',
      'end',
      'skip',
      'change',
      'delete',
      'keep',
      'declare',
      'older',
      'all',
    );
    const steps = fc.array(fc.tuple(anyOf, fc.nat({ max: 20 }), fc.boolean()), { maxLength: 25 });
    let count = 0;
    await fc.assert(
      fc.asyncProperty(steps, async (done) => {
        const id = `p${(count += 1)}`;
        await store.transact({ all: true }, (tx) => tx.putJob(job(id, { declaration: { keep_runs: 3 } })));
        for (const [what, which, isWide] of done) {
          if (what === 'older') await client.query(AS_OLDER);
          else
            await store.transact(isWide ? { all: true } : { ids: [id] }, (tx) =>
              change(tx, id, { what, which }),
            );
          const [noted] = await rowsOf(`
            select s.kept, s.heads_from, starts_with(s.state::text, ' ') as counts, r.*
            from cronflow.states s, lateral (
              select count(ended_after)::integer as settled, min(number) filter (where ended_after is null) as oldest
              from cronflow.runs r where r.job_id = s.job_id
            ) r
            where s.job_id = '${id}'`);
          const { kept, heads_from: from, counts, settled, oldest } = noted!;
          if (counts === true && kept !== null) expect(kept).toBe(settled);
          if (counts === true && oldest !== null) expect(from).toBeLessThanOrEqual(Number(oldest));
          const { declaration } = (await store.jobById(id))!;
          expect(settled).toBeLessThanOrEqual(declaration.keep_runs ?? 0);
        }
        await store.transact({ all: true }, (tx) => tx.deleteJob(id));
      }),
      { numRuns: 30 },
    );
  });

  /** An update that changes no such column writes no index, and PostgreSQL keeps the row on its page if there is room. */
  test('end without a change of what an index has', async () => {
    await store.open();
    const ingest = new JobIngest({ store, clock, onRefusal: () => {} });
    await store.transact({ all: true }, (tx) => tx.putJob(job('a')));
    const columns = (await rowsOf(COLUMNS_OF_INDEXES)).map(({ name }) => String(name));
    expect(columns).toEqual(expect.arrayContaining(['job_id', 'number', 'rid', 'is_anonymous', 'last_at']));
    const indexed = (): Promise<unknown> => rowsOf(`select ${columns.join(', ')} from cronflow.runs`);
    await ingest.ping('job-a', { ...pingOf('start', clock.now()), rid: 'r1' });
    const begun = await indexed();
    clock.set(clock.now() + MINUTE_MS);
    await ingest.ping('job-a', { ...pingOf('success', clock.now()), rid: 'r1' });
    expect(await rowsOf('select outcome from cronflow.runs')).toEqual([{ outcome: 'success' }]);
    expect(await indexed()).toEqual(begun);
    ingest.stop();
  });
});
