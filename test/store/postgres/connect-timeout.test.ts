import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { connectMsOf } from '../../../src/store/postgres/address.ts';
import { Database } from '../../../src/store/postgres/database.ts';
import { HOUR_MS } from '../../../src/schedule/units.ts';

test.each([
  ['postgres://db/watch', 3_000],
  ['postgres://db/watch?connect_timeout=0', 3_000],
  ['postgres://db/watch?connect_timeout=2&sslmode=require', 2_000],
  ['postgres://db/watch?connect_timeout=10\n', 3_000],
])('a connection to %s may take no longer than it says', (url, ms) => {
  expect(connectMsOf(url, 3_000)).toBe(ms);
});

test('a server that takes connections and says nothing is given up after connect_timeout', async () => {
  const server = createServer((socket) => socket.on('error', () => {}));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const database = new Database({
    url: `postgres://me@127.0.0.1:${port}/watch?connect_timeout=1`,
    onClock: () => {},
    // Without the parameter a connection could take 40 minutes.
    answerMsMax: HOUR_MS,
  });
  onTestFinished(async () => {
    await database.end();
    server.close();
  });
  await expect(database.read(HOUR_MS, () => Promise.resolve())).rejects.toThrow('timeout');
});
