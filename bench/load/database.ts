import { tmpdir } from 'node:os';
import pg from 'pg';
import { sql } from '../../test/support/postgres/server.ts';
import { PostgresServer } from '../../test/support/postgres/server.ts';
import { DAY_MS } from '../../src/schedule/units.ts';
import { withDirectory } from '../disk.ts';

/** Gives `use` a durable PostgreSQL on the disk that everything is measured on, and a directory beside it. */
export async function withDatabase(
  use: (database: PostgresServer, directory: string) => Promise<void>,
  settings: Readonly<Record<string, string>> = {},
): Promise<void> {
  await withDirectory(async (directory) => {
    const outside = tmpdir();
    process.env['TMPDIR'] = directory;
    const database = await PostgresServer.make({
      durable: true,
      // No checkpoint falls into a short measurement, since it would be in some and not in others.
      settings: {
        shared_buffers: '512MB',
        max_wal_size: '8GB',
        checkpoint_timeout: '1h',
        ...settings,
      },
    });
    process.env['TMPDIR'] = outside;
    process.env['CRONFLOW_STORE'] = database.url('postgres');
    try {
      await use(database, directory);
    } finally {
      delete process.env['CRONFLOW_STORE'];
      await database.remove();
    }
  });
}

/**
 * Gives every job as many settled runs as are kept of it, one for each day, with the figures of those days: a ping to a
 * job with a full history drops a run, too, and plans are made for tables that are filled.
 * No instance may run meanwhile.
 */
export async function fillHistories(url: string, runsEach: number): Promise<void> {
  await sql(
    url,
    `INSERT INTO cronflow.runs (job_id, number, id, ended_after, rid, is_anonymous, outcome, host, began_at, first_at,
      last_at, record)
    SELECT job_id, number, id, number, rid, false, 'success', 'web1', at, at, at, json_build_object(
      'id', id, 'job_id', job_id, 'number', number, 'kind', 'run', 'rid', rid, 'slot_at', null, 'late', false,
      'started_at', at, 'start_received', true, 'replaces_run_id', null, 'ended_at', at + 60000,
      'ended_after_number', number, 'duration_ms', 60000, 'limit_at', null, 'outcome', 'success', 'detail', null,
      'counted', true, 'exit_code', 0, 'signal', null, 'host', 'web1', 'output_bytes', 0, 'output_dropped_bytes', 0,
      'reason', 'succeeded')
    FROM (
      SELECT s.job_id, n AS number, s.job_id || '-' || n AS id, 'r-' || n AS rid,
        ${Date.now() - runsEach * DAY_MS}::bigint + n * ${DAY_MS}::bigint - ${DAY_MS} AS at
      FROM generate_series(1, ${runsEach}) n, cronflow.states s
    ) rows`,
    `INSERT INTO cronflow.days (job_id, date, record)
    SELECT job_id, date, json_build_object(
      'job_id', job_id, 'date', date, 'outcomes', json_build_object('success', 1), 'durations', json_build_array(550, 1))
    FROM (
      SELECT job_id, to_char(to_timestamp(began_at / 1000) AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS date FROM cronflow.runs
    ) days`,
    // A job whose last outcome is not known looks for it in its history, which those that have run need not.
    `UPDATE cronflow.states s SET state = concat(' ', state::jsonb || jsonb_build_object(
      'run_count', ${runsEach}, 'seen', true, 'last_start_at', r.began_at, 'last_success_at', r.began_at + 60000,
      'last_outcome', 'success', 'last_outcome_at', r.began_at + 60000))::json, status = 'success',
      heads_from = ${runsEach}, kept = ${runsEach}
    FROM cronflow.runs r WHERE r.job_id = s.job_id AND r.number = ${runsEach}`,
  );
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  // What is committed is seen by all after this, so that the vacuum marks pages as such.
  await client.query('CHECKPOINT');
  await client.query('VACUUM ANALYZE');
  await client.end();
}
