import { Socket } from 'node:net';
import { afterEach, beforeEach, expect, test, describe, vi } from 'vitest';
import { Database } from '../../../src/store/postgres/database.ts';
import { READ_ENCODING } from '../../../src/store/postgres/sql/read-encoding.ts';
import { step } from '../../../src/store/postgres/statement.ts';
import { WAIT_LIMIT_MS } from '../../support/limits.ts';
import { freshDatabase, missingPostgres, type TestDatabase } from '../../support/postgres.ts';

/** Sockets that are no connection to a database. */
const OWN: ReadonlySet<unknown> = new Set([process.stdout, process.stderr]);

describe.skipIf(missingPostgres() !== null)('statements that are sent at once', () => {
  let database: TestDatabase;
  let connected: Database;
  beforeEach(async () => {
    database = await freshDatabase();
    connected = new Database({ url: database.url, onClock: () => {}, answerMsMax: WAIT_LIMIT_MS });
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await connected.end();
    await database.drop();
  });

  test('leave in one write', async () => {
    const writes = ['_write', '_writev'] as const;
    const spies = writes.map((write) => vi.spyOn(Socket.prototype, write));
    const written = async (send: () => Promise<unknown>): Promise<number> => {
      for (const spy of spies) spy.mockClear();
      await send();
      return spies.flatMap((spy) => spy.mock.contexts).filter((socket) => !OWN.has(socket)).length;
    };
    const three = [step(READ_ENCODING), step(READ_ENCODING), step(READ_ENCODING)];
    await connected.write(WAIT_LIMIT_MS, async (session) => {
      expect(await written(() => session.begin(three))).toBe(1);
      expect(await written(() => session.run(three))).toBe(1);
      expect(await written(() => session.commit(three))).toBe(1);
    });
  });
});
