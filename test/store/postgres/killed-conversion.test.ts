import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { silentLogger } from '../../../src/observe/log.ts';
import { formatOf, MIGRATIONS } from '../../../src/store/local/migrations.ts';
import { convertAll } from '../../../src/store/postgres/converting.ts';
import { Database } from '../../../src/store/postgres/database.ts';
import { RecordsInRows } from '../../../src/store/postgres/records.ts';
import { PostgresStore } from '../../../src/store/postgres/store.ts';
import { WAIT_LIMIT_MS } from '../../support/limits.ts';
import { freshDatabase, missingPostgres, type TestDatabase } from '../../support/postgres.ts';
import { run } from '../../support/records.ts';
import { until } from '../../support/until.ts';

const CONVERTER = fileURLToPath(new URL('../../support/converter.mjs', import.meta.url));
const RUNS = 5_000;
/** One transaction writes so many rows anew. */
const BATCH = 500;
/** The process is killed while it writes this row. */
const STOPPED_AT = 2_750;
const DONE = Math.floor(STOPPED_AT / BATCH) * BATCH;

/** The same version to come as that of the process. */
const marked = (_table: unknown, record: unknown): unknown => ({ ...(record as object), mark: 1 });

describe.skipIf(missingPostgres() !== null)('records that are written anew after an upgrade', () => {
  let database: TestDatabase;
  let client: pg.Client;
  let own: Database;
  let child: ChildProcess | undefined;
  beforeEach(async () => {
    database = await freshDatabase();
    const store = new PostgresStore({ url: database.url, clock: systemClock, log: silentLogger });
    await store.open();
    await store.close();
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
    own = new Database({
      url: database.url,
      onClock: () => {},
      answerMsMax: WAIT_LIMIT_MS,
      records: new RecordsInRows(formatOf([...MIGRATIONS, marked])),
    });
    await client.query(
      `insert into cronflow.runs (job_id, number, id, ended_after, is_anonymous, outcome, began_at, record)
      select 'a', n, 'a-' || n, n - 1, false, 'success', n,
        ($1::jsonb || jsonb_build_object('id', 'a-' || n, 'number', n))::json
      from generate_series(1, ${RUNS}) n`,
      [JSON.stringify(run('a', 1))],
    );
  });
  afterEach(async () => {
    child?.kill('SIGKILL');
    await client.end();
    await own.end();
    await database.drop();
  });

  const countOf = async (where: string): Promise<number> => {
    const { rows } = await client.query<{ count: number }>(
      `select count(*)::integer as count from cronflow.runs where ${where}`,
    );
    return rows[0]!.count;
  };

  test('go on where a process was that was killed in the middle of a transaction', async () => {
    // The row waits for a lock as it is written, since the process itself waits for no row.
    await client.query(`
      create function stop() returns trigger language plpgsql as
        $$ begin perform pg_advisory_xact_lock(${STOPPED_AT}); return new; end $$;
      create trigger stops before update on cronflow.runs for each row
        when (new.number = ${STOPPED_AT}) execute function stop()`);
    await client.query('select pg_advisory_lock($1)', [STOPPED_AT]);
    child = spawn(process.execPath, [CONVERTER, database.url], { stdio: ['pipe', 'ignore', 'inherit'] });
    const waiting = `from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock' and query like '%cronflow.runs%'`;
    await until('the process waits for that row', async () => {
      const { rows } = await client.query(`select ${waiting}`);
      return rows.length > 0;
    });
    child.kill('SIGKILL');
    await once(child, 'exit');
    // The database notices the death of a client only when it next reads from it or writes to it.
    await client.query(`select pg_terminate_backend(pid, 60000) ${waiting}`);
    await client.query('drop trigger stops on cronflow.runs');
    await client.query('select pg_advisory_unlock($1)', [STOPPED_AT]);
    expect(await countOf(`record ->> 'mark' = '1'`)).toBe(DONE);
    // Whoever goes on writes the others, and none of these again.
    expect(await convertAll(own)).toBe(RUNS - DONE);
    expect(await countOf(`record ->> 'mark' = '1' and id = 'a-' || number`)).toBe(RUNS);
  });
});
