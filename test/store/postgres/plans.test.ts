import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { silentLogger } from '../../../src/observe/log.ts';
import { COUNT_FINISHED } from '../../../src/store/postgres/sql/count-finished.ts';
import { COUNT_JOBS, COUNT_JOBS_OF_ANY_STATUS } from '../../../src/store/postgres/sql/count-jobs.ts';
import { LIST_ALL_RUNS } from '../../../src/store/postgres/sql/list-all-runs.ts';
import { LIST_DELIVERIES } from '../../../src/store/postgres/sql/list-deliveries.ts';
import { LIST_INCIDENTS } from '../../../src/store/postgres/sql/list-incidents.ts';
import { LIST_JOBS } from '../../../src/store/postgres/sql/list-jobs.ts';
import { LIST_RUNS } from '../../../src/store/postgres/sql/list-runs.ts';
import { DELETE_DELIVERIES } from '../../../src/store/postgres/sql/delete-deliveries.ts';
import { LOCK_DUE } from '../../../src/store/postgres/sql/lock-due.ts';
import { LOCK_FREE } from '../../../src/store/postgres/sql/lock-free.ts';
import { LOCK_INCIDENTS_OF_ALL } from '../../../src/store/postgres/sql/lock-incidents-of-all.ts';
import { LOCK_OPEN_INCIDENTS } from '../../../src/store/postgres/sql/lock-open-incidents.ts';
import { LOCK_STATES } from '../../../src/store/postgres/sql/lock-states.ts';
import { ADD_LANES } from '../../../src/store/postgres/sql/add-lanes.ts';
import { COUNT_DELIVERIES } from '../../../src/store/postgres/sql/count-deliveries.ts';
import { COUNT_UNFINISHED } from '../../../src/store/postgres/sql/count-unfinished.ts';
import { PROMOTE_NEXT } from '../../../src/store/postgres/sql/promote-next.ts';
import { PUT_STATES } from '../../../src/store/postgres/sql/put-states.ts';
import { READ_DAYS_BEFORE } from '../../../src/store/postgres/sql/read-days-before.ts';
import { READ_EARLIEST_DUE } from '../../../src/store/postgres/sql/read-earliest-due.ts';
import { READ_FEED } from '../../../src/store/postgres/sql/read-feed.ts';
import { READ_EVENTS } from '../../../src/store/postgres/sql/read-events.ts';
import { READ_HEADS } from '../../../src/store/postgres/sql/read-heads.ts';
import { READ_IDS } from '../../../src/store/postgres/sql/read-ids.ts';
import { READ_JOBS } from '../../../src/store/postgres/sql/read-jobs.ts';
import { READ_LATEST_DAYS } from '../../../src/store/postgres/sql/read-latest-days.ts';
import { READ_OWED } from '../../../src/store/postgres/sql/read-owed.ts';
import { READ_RECENT_RUNS } from '../../../src/store/postgres/sql/read-recent-runs.ts';
import { TRIM_RUNS } from '../../../src/store/postgres/sql/trim-runs.ts';
import type { Statement } from '../../../src/store/postgres/statement.ts';
import { PostgresStore } from '../../../src/store/postgres/store.ts';
import { freshDatabase, missingPostgres, type TestDatabase } from '../../support/postgres.ts';
import { NOW_AT } from '../../support/records.ts';
import { until } from '../../support/until.ts';

const IS_THOROUGH = process.env['CRONFLOW_THOROUGH'] === '1';
/** 100,000 jobs with ten million runs take some 3 GB and two minutes. */
const JOB_COUNT = IS_THOROUGH ? 100_000 : 4_000;
const RUN_COUNT = IS_THOROUGH ? 100 : 25;
/** A statement may look at so many rows, whatever it asks for here. The tables have more of them. */
const ROWS_READ_MAX = 2_000;

/** As long as a record is. What it says no plan depends on. */
const RECORD = JSON.stringify({ text: 'x'.repeat(600) });

const FILL = `
  insert into cronflow.jobs (id, name, "group", tags, lower_name, record)
  select 'id-' || n, 'job-' || n, case when n % 500 = 0 then 'few' end,
    case when n % 500 = 1 then '{few}'::text[] else '{}' end, 'job-' || n, '${RECORD}' from generate_series(1, ${JOB_COUNT}) n;
  insert into cronflow.states (job_id, due_at, status, state, heads_from)
  select 'id-' || n, ${NOW_AT} + n * 1000, 'success', ' ${RECORD}', ${RUN_COUNT}
  from generate_series(1, ${JOB_COUNT}) n;
  insert into cronflow.days (job_id, date, record)
  select 'id-' || n, '2026-01-' || lpad(d::text, 2, '0'), '{}'
  from generate_series(1, ${JOB_COUNT}) n, generate_series(1, 10) d;
  insert into cronflow.incidents (id, job_id, opened_at, is_open, record)
  select 'id-' || n || '-i1', 'id-' || n, ${NOW_AT} + n, n % 500 = 0, '{}' from generate_series(1, ${JOB_COUNT}) n;
  insert into cronflow.deliveries (id, job_id, incident_id, notifier, line, status, created_at, is_merged, record)
  select 'd' || n, 'id-' || n, 'id-' || n || '-i1', 'ops', 'ops id-' || n,
    case when n % 500 = 0 then 'pending' else 'sent' end, ${NOW_AT} + n, false, '${RECORD}'
  from generate_series(1, ${JOB_COUNT}) n;
  insert into cronflow.deliveries (id, job_id, incident_id, notifier, line, status, created_at, is_merged, record)
  select 'w' || n, 'id-' || n, 'id-' || n || '-i1', 'away', 'away id-' || n / 2, 'pending', ${NOW_AT} + n, false,
    json_build_object('next_attempt_at', ${NOW_AT} + n, 'text', repeat('x', 600))
  from generate_series(1, ${JOB_COUNT}) n;
  insert into cronflow.deliveries (id, job_id, incident_id, notifier, line, status, created_at, is_merged, record)
  select 'r' || n, 'id-1', 'id-1-i1', 'rare', 'rare id-1', case when n = 7 then 'dead' else 'logged' end,
    ${NOW_AT} + n, false, '{}'
  from generate_series(1, 20) n;
  insert into cronflow.lanes (notifier, token, until_at) values ('ops', 1, 0), ('away', 1, 0);
  insert into cronflow.events (job_id, at, event)
  select 'id-' || n, ${NOW_AT} + e, '{}' from generate_series(1, ${JOB_COUNT}) n, generate_series(1, 10) e;
  analyze`;

/** Runs begin in the order of their numbers, as they do where all jobs run at the same times. A few go on. */
const RUNS = `
  insert into cronflow.runs (job_id, number, id, ended_after, rid, is_anonymous, outcome, began_at, first_at, last_at, record)
  select 'id-' || n, r, 'id-' || n || '-' || r, r - 1, 'r' || r, r % 7 = 0, 'success',
    ${NOW_AT} + r * 3600000 + n, ${NOW_AT} + r * 3600000 + n, ${NOW_AT} + r * 3600000 + n + n % 5000 / 4999, '{}'
  from generate_series(1, ${RUN_COUNT}) r, generate_series(1, ${JOB_COUNT}) n`;

const JOBS = [['id-7', 'id-8', 'id-900']];
const NONE = (count: number): null[] => Array.from({ length: count }, () => null);

/**
 * The statements that must cost the same however many jobs there are, and lists. None may look at a whole table that
 * grows.
 */
const BOUNDED: [what: string, Statement, values: unknown[]][] = [
  ['the earliest due job', READ_EARLIEST_DUE, [['a']]],
  ['due jobs', LOCK_DUE, [NOW_AT + 5_000, 100, []]],
  ['the jobs of names', READ_IDS, [['job-7', 'job-12']]],
  ['the states of jobs', LOCK_STATES, JOBS],
  ['the declarations of jobs', READ_JOBS, JOBS],
  ['the rows that pings need', READ_HEADS, [...JOBS, ['id-7'], ['r3']]],
  ['the runs that ended last', READ_RECENT_RUNS, [...JOBS, 100]],
  ['the open incidents of jobs', LOCK_OPEN_INCIDENTS, JOBS],
  ['incidents of several kinds', LOCK_INCIDENTS_OF_ALL, [['id-7-i1'], ['id-500', 'id-8'], true]],
  ['incidents that are deleted', LOCK_FREE.incidents, [['id-7-i1', 'id-8-i1']]],
  ['deliveries that are deleted', LOCK_FREE.deliveries, [['d7', 'd8', 'w9']]],
  ['what may be sent once others are deleted', DELETE_DELIVERIES, [['d7', 'w9']]],
  ['the latest days of jobs', READ_LATEST_DAYS, JOBS],
  [
    'the states that a batch writes',
    PUT_STATES,
    [
      ['id-7', 'id-8'],
      ['{}', '{}'],
      [1, 2],
      ['success', 'failure'],
      [1, 2],
      [20, null],
    ],
  ],
  [
    'the history that a batch trims',
    TRIM_RUNS,
    [
      ['id-7', 'id-8'],
      [20, 20],
      [0, null],
      [1, null],
    ],
  ],
  ['the events of a job', READ_EVENTS, ['id-7', 0, 1e9, 100]],
  ['what is owed, whatever waits behind it', READ_OWED, [['ops'], [220], 220, 'me', NOW_AT, NOW_AT * 2, []]],
  ['the notifiers to which something is owed', ADD_LANES, []],
  ['what may be sent next', PROMOTE_NEXT, [['away', 'ops'], ['away id-3', 'ops id-500'], ['w9']]],
  ['a page of dead deliveries', LIST_DELIVERIES, ['dead', null, null, null, null, 0, 50]],
  ['the number of dead deliveries', COUNT_DELIVERIES, ['dead', null, null]],
  [
    'a page of deliveries to a notifier that has few',
    LIST_DELIVERIES,
    [null, 'rare', null, null, null, 0, 50],
  ],
  [
    'a page of what a notifier was only told in the log',
    LIST_DELIVERIES,
    ['logged', 'rare', null, null, null, 0, 50],
  ],
  ['a page of jobs', LIST_JOBS, [...NONE(5), 'job-10', 0, 50]],
  ['a page of jobs in trouble', LIST_JOBS, ['failure', ...NONE(4), null, 0, 50]],
  ['a page of the runs of a job', LIST_RUNS, ['id-7', ...NONE(4), 20, 0, 10]],
  ['a page of all runs', LIST_ALL_RUNS, [...NONE(3), NOW_AT, 'id-5', 3, 20, ...NONE(4), 20]],
  [
    'a page of the runs of the last hour',
    LIST_ALL_RUNS,
    [null, NOW_AT + RUN_COUNT * 3_600_000, ...NONE(4), 20, ...NONE(4), 20],
  ],
  ['a page of jobs with an open incident', LIST_JOBS, [null, 'open', ...NONE(3), null, 0, 50]],
  ['the number of jobs with an open incident', COUNT_JOBS_OF_ANY_STATUS, [null, 'open', ...NONE(3)]],
  ['a page of jobs with a tag', LIST_JOBS, [null, null, 'few', null, null, null, 0, 50]],
  ['the number of jobs with a tag', COUNT_JOBS_OF_ANY_STATUS, [null, null, 'few', null, null]],
  ['the number of jobs of a group', COUNT_JOBS_OF_ANY_STATUS, [null, null, null, 'few', null]],
  ['the number of jobs in trouble', COUNT_JOBS, ['failure', ...NONE(4)]],
  ['days that are too old', READ_DAYS_BEFORE, ['2025-12-01', 500]],
  ['a page of incidents', LIST_INCIDENTS, [null, null, NOW_AT + 99, 'x', 0, 50]],
  ['a page of deliveries', LIST_DELIVERIES, [...NONE(3), NOW_AT + 99, 'x', 0, 50]],
];

/** Returns how many pages a plan that was run has looked at. What it took to make the plan is told after it. */
function pagesOf(told: string): number {
  const [plan = ''] = told.split('Planning:');
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
    await client.query("set maintenance_work_mem = '256MB'");
    await fillRuns(client);
    await client.query(FILL);
    await until('the tables are vacuumed', () => areVacuumed(client));
  }, 1_200_000);
  afterAll(async () => {
    await client.end();
    await database.drop();
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
      [jobIds, jobIds.map(() => kept), jobIds.map(() => 0), jobIds.map(() => null)],
    );
    await client.query('rollback');
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    expect(plan).toMatch(/Delete on runs r\w* \(actual rows=20/);
    expect(pagesOf(plan)).toBeLessThan(jobIds.length * kept);
  });

  /** What is counted has as many rows as it has, but none of them need be looked at. */
  test.each([
    ['all jobs', COUNT_JOBS_OF_ANY_STATUS, NONE(5)],
    ['what was sent', COUNT_FINISHED, []],
    ['what is owed', COUNT_UNFINISHED, []],
  ] as const)('%s are counted by an index alone', async (_, { text }, values) => {
    // Of a scan that several processes share, the plan says how much each of them did on average.
    await client.query('set max_parallel_workers_per_gather = 0');
    try {
      const { said } = await explained(client, { text, values, isGeneric: false });
      expect(said).toMatch(/^Index Only Scan on (jobs|deliveries): \d+ rows, 0 removed, 1 times$/);
    } finally {
      await client.query('reset max_parallel_workers_per_gather');
    }
  });

  describe.each(BOUNDED)('%s', (_what, { name, text }, values) => {
    // A statement with a name is planned without its values once a connection has used it some times.
    test.each(name === undefined ? ['its values'] : ['its values', 'any values'])(
      'are found by an index that is chosen for %s',
      async (planned) => {
        const { plan, said } = await explained(client, { text, values, isGeneric: planned === 'any values' });
        expect(said).toMatch(/Index (Only )?Scan|Bitmap Index Scan/);
        expect(said).not.toMatch(/Seq Scan on (jobs|states|runs|days|incidents|deliveries|events_rest)/);
        // What it looked at says why there are too many.
        expect(rowsRead(plan) < ROWS_READ_MAX ? 'few rows' : said).toBe('few rows');
      },
    );
  });
});

/**
 * Vacuums tables, so that an index says by itself what is there. Rows that were there when somebody began to look at
 * the database, as the server does by itself, take one more try.
 */
async function areVacuumed(client: pg.Client): Promise<boolean> {
  await client.query('vacuum analyze cronflow.jobs, cronflow.deliveries');
  const { rows } = await client.query<{ is_visible: boolean }>(
    `select bool_and(relallvisible = relpages) as is_visible from pg_class
     where oid in ('cronflow.jobs'::regclass, 'cronflow.deliveries'::regclass)`,
  );
  return rows[0]!.is_visible;
}

/** Fills the table of runs, and makes its indexes once that is done, which takes a third of the time. */
async function fillRuns(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string; definition: string }>(
    `select indexname as name, indexdef as definition from pg_indexes
     where schemaname = 'cronflow' and tablename = 'runs' and indexname <> 'runs_pkey'`,
  );
  const statements = [
    'begin',
    // What fills a table that is emptied in the same transaction is not written to the log of the database.
    'truncate cronflow.runs',
    'alter table cronflow.runs drop constraint runs_pkey',
    ...rows.map(({ name }) => `drop index cronflow.${name}`),
    RUNS,
    'alter table cronflow.runs add primary key (job_id, number)',
    ...rows.map(({ definition }) => definition),
    'commit',
  ];
  for (const statement of statements) await client.query(statement);
}

/** A node of a plan that was carried out, as PostgreSQL tells it. */
interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  Plans?: PlanNode[];
}

/** Carries a statement out and undoes it. Returns its plan, and the names of what it scans. */
async function explained(
  client: pg.Client,
  { text, values, isGeneric }: { text: string; values: readonly unknown[]; isGeneric: boolean },
): Promise<{ plan: PlanNode; said: string }> {
  await client.query('begin');
  try {
    await client.query(`set local plan_cache_mode = force_${isGeneric ? 'generic' : 'custom'}_plan`);
    await client.query(`prepare bounded as ${text}`);
    const list = values.length === 0 ? '' : `(${values.map(literal).join(', ')})`;
    const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
      `explain (analyze, format json) execute bounded${list}`,
    );
    const plan = rows[0]!['QUERY PLAN'][0].Plan;
    return { plan, said: scansOf(plan).map(saidOf).join('\n') };
  } finally {
    await client.query('rollback');
    await client.query('deallocate all');
  }
}

function literal(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (!Array.isArray(value)) return pg.escapeLiteral(value as string);
  // Each item of an array is a text in quotes, which becomes what the parameter is.
  const items = value.map((item) => (item === null ? 'null' : JSON.stringify(String(item))));
  return pg.escapeLiteral(`{${items.join(',')}}`);
}

/** Returns the nodes of a plan that look at a table. */
function scansOf(plan: PlanNode): PlanNode[] {
  const below = (plan.Plans ?? []).flatMap(scansOf);
  return plan['Node Type'].endsWith('Scan') && plan['Node Type'] !== 'CTE Scan' ? [plan, ...below] : below;
}

function saidOf(plan: PlanNode): string {
  const { 'Actual Rows': rows, 'Actual Loops': loops, 'Rows Removed by Filter': removed = 0 } = plan;
  const what = plan['Relation Name'] ?? plan['Index Name'] ?? '';
  return `${plan['Node Type']} on ${what}: ${rows} rows, ${removed} removed, ${loops} times`;
}

/** Counts the rows of tables and indexes that a plan looked at, also those that it did not want. */
function rowsRead(plan: PlanNode): number {
  const counts = scansOf(plan).map(
    (each) => (each['Actual Rows'] + (each['Rows Removed by Filter'] ?? 0)) * each['Actual Loops'],
  );
  return counts.reduce((sum, count) => sum + count, 0);
}
