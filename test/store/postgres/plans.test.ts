import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { silentLogger } from '../../../src/observe/log.ts';
import { LIST_ALL_RUNS } from '../../../src/store/postgres/sql/list-all-runs.ts';
import { LIST_DELIVERIES } from '../../../src/store/postgres/sql/list-deliveries.ts';
import { LIST_INCIDENTS } from '../../../src/store/postgres/sql/list-incidents.ts';
import { LIST_JOBS } from '../../../src/store/postgres/sql/list-jobs.ts';
import { LIST_RUNS } from '../../../src/store/postgres/sql/list-runs.ts';
import { LOCK_DUE } from '../../../src/store/postgres/sql/lock-due.ts';
import { LOCK_OPEN_INCIDENTS } from '../../../src/store/postgres/sql/lock-open-incidents.ts';
import { LOCK_STATES } from '../../../src/store/postgres/sql/lock-states.ts';
import { PUT_STATES } from '../../../src/store/postgres/sql/put-states.ts';
import { READ_EARLIEST_DUE } from '../../../src/store/postgres/sql/read-earliest-due.ts';
import { READ_FEED } from '../../../src/store/postgres/sql/read-feed.ts';
import { READ_EVENTS } from '../../../src/store/postgres/sql/read-events.ts';
import { READ_HEADS } from '../../../src/store/postgres/sql/read-heads.ts';
import { READ_IDS } from '../../../src/store/postgres/sql/read-ids.ts';
import { READ_JOBS } from '../../../src/store/postgres/sql/read-jobs.ts';
import { READ_LATEST_DAYS } from '../../../src/store/postgres/sql/read-latest-days.ts';
import { READ_LINES } from '../../../src/store/postgres/sql/read-lines.ts';
import { READ_RECENT_RUNS } from '../../../src/store/postgres/sql/read-recent-runs.ts';
import { TRIM_RUNS } from '../../../src/store/postgres/sql/trim-runs.ts';
import type { Statement } from '../../../src/store/postgres/statement.ts';
import { PostgresStore } from '../../../src/store/postgres/store.ts';
import { freshDatabase, missingPostgres, type TestDatabase } from '../../support/postgres.ts';
import { NOW_AT } from '../../support/records.ts';

const IS_THOROUGH = process.env['CRONFLOW_THOROUGH'] === '1';
const JOB_COUNT = IS_THOROUGH ? 20_000 : 4_000;
const RUN_COUNT = IS_THOROUGH ? 100 : 25;

/** As long as a record is. What it says no plan depends on. */
const RECORD = JSON.stringify({ text: 'x'.repeat(600) });

const FILL = `
  insert into cronflow.jobs (id, name, tags, lower_name, record)
  select 'id-' || n, 'job-' || n, '{}', 'job-' || n, '${RECORD}' from generate_series(1, ${JOB_COUNT}) n;
  insert into cronflow.states (job_id, due_at, status, state)
  select 'id-' || n, ${NOW_AT} + n * 1000, 'success', '${RECORD}' from generate_series(1, ${JOB_COUNT}) n;
  insert into cronflow.runs (job_id, number, id, ended_after, rid, is_anonymous, outcome, began_at, first_at, last_at, record)
  select 'id-' || n, r, 'id-' || n || '-' || r, r - 1, 'r' || r, r % 7 = 0, 'success',
    ${NOW_AT} - r * 60000 + n, ${NOW_AT} - r * 60000 + n, ${NOW_AT} - r * 60000 + n, '{}'
  from generate_series(1, ${JOB_COUNT}) n, generate_series(1, ${RUN_COUNT}) r;
  insert into cronflow.days (job_id, date, record)
  select 'id-' || n, '2026-01-' || lpad(d::text, 2, '0'), '{}'
  from generate_series(1, ${JOB_COUNT}) n, generate_series(1, 10) d;
  insert into cronflow.incidents (id, job_id, opened_at, is_open, record)
  select 'id-' || n || '-i1', 'id-' || n, ${NOW_AT} + n, n % 500 = 0, '{}' from generate_series(1, ${JOB_COUNT}) n;
  insert into cronflow.deliveries (id, job_id, incident_id, notifier, line, status, created_at, is_merged, record)
  select 'd' || n, 'id-' || n, 'id-' || n || '-i1', 'ops', 'ops id-' || n,
    case when n % 500 = 0 then 'pending' else 'sent' end, ${NOW_AT} + n, false, '{}'
  from generate_series(1, ${JOB_COUNT}) n;
  insert into cronflow.events (job_id, at, event)
  select 'id-' || n, ${NOW_AT} + e, '{}' from generate_series(1, ${JOB_COUNT}) n, generate_series(1, 10) e;
  analyze`;

const JOBS = [['id-7', 'id-8', 'id-900']];
const NONE = (count: number): null[] => Array.from({ length: count }, () => null);

/**
 * The statements that must cost the same however many jobs there are, and lists. None may look at a whole table that
 * grows.
 */
const BOUNDED: [what: string, Statement, values: unknown[]][] = [
  ['the earliest due job', READ_EARLIEST_DUE, []],
  ['due jobs', LOCK_DUE, [NOW_AT + 5_000, 100, []]],
  ['the jobs of names', READ_IDS, [['job-7', 'job-12']]],
  ['the states of jobs', LOCK_STATES, JOBS],
  ['the declarations of jobs', READ_JOBS, JOBS],
  ['the rows that pings need', READ_HEADS, [...JOBS, ['id-7'], ['r3']]],
  ['the runs that ended last', READ_RECENT_RUNS, [...JOBS, 100]],
  ['the open incidents of jobs', LOCK_OPEN_INCIDENTS, JOBS],
  ['the latest days of jobs', READ_LATEST_DAYS, JOBS],
  [
    'the states that a batch writes',
    PUT_STATES,
    [
      ['id-7', 'id-8'],
      ['{}', '{}'],
      [1, 2],
      ['success', 'failure'],
    ],
  ],
  [
    'the history that a batch trims',
    TRIM_RUNS,
    [
      ['id-7', 'id-8'],
      [20, 20],
    ],
  ],
  ['the events of a job', READ_EVENTS, ['id-7', 0, 1e9, 100]],
  ['what is owed', READ_LINES, []],
  ['a page of jobs', LIST_JOBS, [...NONE(5), 'job-10', 0, 50]],
  ['a page of jobs in trouble', LIST_JOBS, ['failure', ...NONE(4), null, 0, 50]],
  ['a page of the runs of a job', LIST_RUNS, ['id-7', ...NONE(4), 20, 0, 10]],
  ['a page of all runs', LIST_ALL_RUNS, [...NONE(3), NOW_AT, 'id-5', 3, 20, ...NONE(4), 20]],
  ['a page of incidents', LIST_INCIDENTS, [null, null, NOW_AT + 99, 'x', 0, 50]],
  ['a page of deliveries', LIST_DELIVERIES, [...NONE(3), NOW_AT + 99, 'x', 0, 50]],
];

/** Returns how many pages a plan that was run has looked at. */
function pagesOf(plan: string): number {
  return Math.max(...Array.from(plan.matchAll(/Buffers: shared hit=(\d+)/g), ([, count]) => Number(count)));
}

describe.skipIf(missingPostgres() !== null)('with many jobs', () => {
  let database: TestDatabase;
  let client: pg.Client;
  beforeAll(async () => {
    database = await freshDatabase();
    const store = new PostgresStore({ url: database.url, clock: systemClock, log: silentLogger });
    await store.open();
    await store.close();
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query(FILL);
  }, 300_000);
  afterAll(async () => {
    await client.end();
    await database.drop();
  });

  test.each(BOUNDED)('%s are found by an index', async (_what, { text }, values) => {
    await client.query('begin');
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(`explain ${text}`, values);
    await client.query('rollback');
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    expect(plan).toMatch(/Index (Only )?Scan|Bitmap Index Scan/);
    expect(plan).not.toMatch(/Seq Scan on (jobs|states|runs|days|incidents|deliveries|events_rest)/);
  });

  /** A connection keeps a plan for any values, which it may have made while the feed was short. */
  test('what is new in the feed is found by the index, however long the feed is', async () => {
    await client.query('begin');
    await client.query("set local plan_cache_mode = 'force_generic_plan'");
    await client.query(`prepare feed_read as ${READ_FEED.text}`);
    await client.query(
      `insert into cronflow.feed (instance, at, changes)
      select 'other', n, json_build_array(repeat('x', 300)) from generate_series(1, 10000) n`,
    );
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(
      `explain (analyze, buffers, costs off, timing off) execute feed_read(9990, '{9950, 9960}', 500, 'own')`,
    );
    await client.query('rollback');
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    await client.query('deallocate feed_read');
    expect(plan).toMatch(/actual rows=13/);
    expect(pagesOf(plan)).toBeLessThan(50);
  });

  /** Rows that are not counted yet look like few, and then a plan may look for the edge of a job at each of its rows. */
  test('a history is trimmed by looking at each row a few times, also before the table is analysed', async () => {
    const kept = 100;
    const jobIds = Array.from({ length: 20 }, (_, each) => `new-${each}`);
    await client.query('begin');
    await client.query('truncate cronflow.runs');
    await client.query(
      `insert into cronflow.runs (job_id, number, id, ended_after, is_anonymous, outcome, began_at, record)
      select id, r, id || '-' || r, r, false, 'success', r, '{}' from unnest($1::text[]) id, generate_series(1, $2::int) r`,
      [jobIds, kept + 1],
    );
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(
      `explain (analyze, buffers, costs off, timing off) ${TRIM_RUNS.text}`,
      [jobIds, jobIds.map(() => kept)],
    );
    await client.query('rollback');
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    expect(plan).toMatch(/Delete on runs r \(actual rows=20/);
    expect(pagesOf(plan)).toBeLessThan(jobIds.length * kept);
  });
});
