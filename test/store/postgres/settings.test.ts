import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { silentLogger } from '../../../src/observe/log.ts';
import { PostgresStore } from '../../../src/store/postgres/store.ts';
import { WAIT_LIMIT_MS } from '../../support/limits.ts';
import {
  databaseUrl,
  freshDatabase,
  missingPostgres,
  type ServerAddress,
  sharedPostgres,
  sql,
  type TestDatabase,
} from '../../support/postgres.ts';
import { until } from '../../support/until.ts';
import { ALL, dump, referenceStates, step } from '../lowdb/workload.ts';

const STEPS = 40;
/** A limit that some role has, and a time that is longer. No short statement takes as long. */
const [LIMIT_MS, LONGER_MS] = [5_000, 6_000];
/** What somebody may have set for a role or a database, and what some statement could rely on. */
const SETTINGS: Readonly<Record<string, string>> = {
  array_nulls: 'off',
  bytea_output: 'escape',
  client_encoding: 'LATIN1',
  DateStyle: "'German, DMY'",
  default_transaction_deferrable: 'on',
  default_transaction_isolation: "'serializable'",
  extra_float_digits: '-15',
  IntervalStyle: "'sql_standard'",
  row_security: 'off',
  search_path: 'misleading, pg_catalog',
  standard_conforming_strings: 'off',
  TimeZone: "'Pacific/Kiritimati'",
  transform_null_equals: 'on',
};

describe.skipIf(missingPostgres() !== null)('a role with settings of its own', () => {
  let server: ServerAddress;
  let database: TestDatabase;
  let role: string;
  let url: string;
  beforeEach(async () => {
    server = await sharedPostgres();
    database = await freshDatabase();
    role = `role_of_${database.name}`;
    url = database.url.replace(/user=\w+/, `user=${role}`);
    await sql(
      database.url,
      `CREATE ROLE ${role} LOGIN`,
      `GRANT CREATE ON DATABASE ${database.name} TO ${role}`,
      'CREATE SCHEMA misleading',
      `GRANT USAGE ON SCHEMA misleading TO ${role}`,
      ...['text', 'bigint', 'json', 'integer'].map(
        (type) =>
          `CREATE FUNCTION misleading.unnest(${type}[]) RETURNS SETOF ${type} LANGUAGE sql AS 'SELECT NULL::${type}'`,
      ),
    );
  });
  afterEach(async () => {
    await database.drop();
    await sql(databaseUrl(server, 'postgres'), `DROP ROLE ${role}`);
  });

  const opened = async (): Promise<PostgresStore> => {
    const store = new PostgresStore({
      url,
      clock: systemClock,
      log: silentLogger,
      answerMsMax: WAIT_LIMIT_MS,
    });
    await store.open();
    return store;
  };

  test('keeps every record all the same', async () => {
    for (const [name, value] of Object.entries(SETTINGS))
      await sql(database.url, `ALTER ROLE ${role} SET ${name} = ${value}`);
    const store = await opened();
    for (let count = 0; count < STEPS; count += 1) await store.transact(ALL, step);
    await store.transact({ meta: ['text'] }, (tx) => tx.putMeta('text', 'ü \u{1f600} \\'));
    expect(await store.meta('text')).toBe('ü \u{1f600} \\');
    expect(await dump(store)).toEqual((await referenceStates(STEPS)).at(-1));
    await store.close();
  });

  test('that has limits of time keeps its listening connection, and changes all jobs for longer', async () => {
    const client = new pg.Client({ connectionString: database.url });
    client.on('error', () => {});
    await client.connect();
    const { rows } = await client.query<{ name: string }>(
      "select name from pg_settings where name in ('idle_session_timeout', 'transaction_timeout')",
    );
    for (const { name } of rows) await client.query(`ALTER ROLE ${role} SET ${name} = '${LIMIT_MS}ms'`);
    const store = await opened();
    await store.transact(ALL, (tx) => {
      const untilMs = performance.now() + LONGER_MS;
      while (performance.now() < untilMs);
      step(tx);
    });
    expect(await dump(store)).toEqual((await referenceStates(1)).at(-1));
    await until('the connection to be idle for longer', async () => {
      const idle = `select from pg_stat_activity
        where usename = $1 and application_name = 'cronflow feed' and clock_timestamp() - state_change > $2::interval`;
      return (await client.query(idle, [role, `${LONGER_MS} ms`])).rowCount === 1;
    });
    await store.close();
    await client.end();
  });

  test('that takes no writes refuses commits, and says by which setting', async () => {
    const first = await opened();
    await first.transact(ALL, step);
    await first.close();
    await sql(database.url, `ALTER ROLE ${role} SET default_transaction_read_only = on`);
    const why = 'default_transaction_read_only is on for it or for the user';
    await expect(opened()).rejects.toMatchObject({
      code: 'store_unavailable',
      message: expect.stringContaining(why) as string,
    });
  });
});

describe.skipIf(missingPostgres() !== null)('a database that keeps texts in another encoding', () => {
  test.each(['LATIN1', 'SQL_ASCII'])(
    'is refused as %s, and the message says what to do',
    async (encoding) => {
      const server = await sharedPostgres();
      const administration = databaseUrl(server, 'postgres');
      const name = `encoded_${encoding.toLowerCase()}_${process.pid}`;
      await sql(
        administration,
        `CREATE DATABASE ${name} ENCODING '${encoding}' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0`,
      );
      const store = new PostgresStore({
        url: databaseUrl(server, name),
        clock: systemClock,
        log: silentLogger,
        answerMsMax: WAIT_LIMIT_MS,
      });
      await expect(store.open()).rejects.toMatchObject({
        code: 'store_unusable',
        message: expect.stringMatching(new RegExp(`keeps texts as ${encoding}.*CREATE DATABASE`)) as string,
      });
      await sql(administration, `DROP DATABASE ${name} WITH (FORCE)`);
    },
  );
});
