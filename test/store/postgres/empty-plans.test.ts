import pg from 'pg';
import { expect, test } from 'vitest';
import { Database } from '../../../src/store/postgres/database.ts';
import { migrate } from '../../../src/store/postgres/migrations.ts';
import { LIMIT_TRANSACTION } from '../../../src/store/postgres/sql/limit-transaction.ts';
import { LOCK_STATES } from '../../../src/store/postgres/sql/lock-states.ts';
import { PUT_OUTPUTS } from '../../../src/store/postgres/sql/put-outputs.ts';
import { PUT_STATES } from '../../../src/store/postgres/sql/put-states.ts';
import { READ_HEADS } from '../../../src/store/postgres/sql/read-heads.ts';
import { READ_JOBS } from '../../../src/store/postgres/sql/read-jobs.ts';
import { READ_LATEST_DAYS } from '../../../src/store/postgres/sql/read-latest-days.ts';
import { TRIM_RUNS } from '../../../src/store/postgres/sql/trim-runs.ts';
import { UPDATE_DAYS } from '../../../src/store/postgres/sql/update-days.ts';
import { UPDATE_RUNS } from '../../../src/store/postgres/sql/update-runs.ts';
import { WAIT_LIMIT_MS } from '../../support/limits.ts';
import { freshDatabase, missingPostgres } from '../../support/postgres.ts';

/** The statements of a batch of pings that look for rows, with the number of their parameters. */
const OF_A_BATCH = [
  [LOCK_STATES, 1],
  [READ_JOBS, 1],
  [READ_HEADS, 3],
  [READ_LATEST_DAYS, 1],
  [PUT_STATES, 6],
  [UPDATE_RUNS, 14],
  [PUT_OUTPUTS, 5],
  [TRIM_RUNS, 4],
  [UPDATE_DAYS, 3],
] as const;

/** A connection keeps such a plan while the tables grow, until the database analyses them. */
test.skipIf(missingPostgres() !== null)(
  'what a batch looks for is found by an index, also where the plan is made before there are rows',
  async () => {
    const database = await freshDatabase();
    const made = new Database({ url: database.url, onClock: () => {}, answerMsMax: WAIT_LIMIT_MS });
    const client = new pg.Client({ connectionString: database.url });
    try {
      await migrate(made);
      await client.connect();
      await client.query('begin');
      await client.query(LIMIT_TRANSACTION.text, ['60000', '60000', '60000', true]);
      await client.query("set local plan_cache_mode = 'force_generic_plan'");
      for (const [{ name, text }, count] of OF_A_BATCH) {
        await client.query(`prepare ${name} as ${text}`);
        const values = Array.from({ length: count }, () => `'{}'`).join(', ');
        const { rows } = await client.query<{ 'QUERY PLAN': string }>(`explain execute ${name}(${values})`);
        const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
        expect(plan).toMatch(/Index (Only )?Scan/);
        expect(plan).not.toMatch(/Seq Scan|Bitmap|Hash Join|Merge Join/);
      }
      await client.query('rollback');
    } finally {
      await client.end();
      await made.end();
      await database.drop();
    }
  },
);
