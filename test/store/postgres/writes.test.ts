import type { Socket } from 'node:net';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Database, Session } from '../../../src/store/postgres/database.ts';
import { READ_ENCODING } from '../../../src/store/postgres/sql/read-encoding.ts';
import { step } from '../../../src/store/postgres/statement.ts';
import { WAIT_LIMIT_MS } from '../../support/limits.ts';
import { freshDatabase, missingPostgres, type TestDatabase } from '../../support/postgres.ts';

describe.skipIf(missingPostgres() !== null)('statements that are sent at once', () => {
  let database: TestDatabase;
  let connected: Database;
  let client: pg.Client;
  beforeEach(async () => {
    database = await freshDatabase();
    connected = new Database({ url: database.url, onClock: () => {}, answerMsMax: WAIT_LIMIT_MS });
    client = new pg.Client({ connectionString: database.url, pipeline: true });
    await client.connect();
  });
  afterEach(async () => {
    await client.end();
    await connected.end();
    await database.drop();
  });

  test('leave in one write', async () => {
    const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
    let count = 0;
    // A socket writes by the former what came alone, and by the latter what came together.
    for (const name of ['_write', '_writev'] as const) {
      const write = stream[name] as () => void;
      stream[name] = (...args: unknown[]): void => {
        count += 1;
        Reflect.apply(write, stream, args);
      };
    }
    const written = async (send: () => Promise<unknown>): Promise<number> => {
      count = 0;
      await send();
      return count;
    };
    const session = new Session(client as unknown as pg.PoolClient, connected, WAIT_LIMIT_MS);
    const three = [step(READ_ENCODING), step(READ_ENCODING), step(READ_ENCODING)];
    expect(await written(() => session.begin(three))).toBe(1);
    expect(await written(() => session.run(three))).toBe(1);
    expect(await written(() => session.commit(three))).toBe(1);
  });
});
