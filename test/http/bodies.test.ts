import { connect, type Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { Fault } from '../../src/core/model/errors.ts';
import { silentLogger } from '../../src/observe/log.ts';
import { MemoryStore } from '../../src/store/local/memory.ts';
import type { Scope, Store, View } from '../../src/store/store.ts';
import { settle } from '../support/fake-clock.ts';
import { job } from '../support/records.ts';
import { CONFIG_STATUS, parseRaw, startServer, type TestServer, until } from './support.ts';

const KB = 1024;
const HEAD = 'Host: localhost\r\nContent-Type: application/json\r\n';

/** Sends the beginning of a large JSON body and leaves it at that. */
async function hold(server: TestServer, path: string, bytes: number): Promise<Socket> {
  const socket = connect(server.port, '127.0.0.1').on('error', () => {});
  socket.write(`POST ${path} HTTP/1.1\r\n${HEAD}Content-Length: ${bytes + 1}\r\n\r\n${' '.repeat(bytes)}`);
  await until(() => socket.bytesWritten > bytes);
  for (let turn = 0; turn < 20; turn += 1) await settle();
  return socket;
}

describe('bodies that are never finished', () => {
  test('leave room for pings, and none for large bodies until they are gone', async () => {
    const server = await startServer({ limits: { bodiesBytesMax: 100 * KB } });
    const { post, request } = server;
    await post('/jobs', { name: 'backup' });
    const held = await hold(server, '/jobs/backup/log', 130 * KB);
    const large = { exit_code: 1, output: 'x'.repeat(40 * KB) };
    const refused = await post('/jobs/backup/success', large);
    expect([refused.status, refused.json['code'], refused.headers.get('retry-after')]).toEqual([
      503,
      'overloaded',
      '5',
    ]);
    expect((await post('/jobs', { name: 'x', description: 'x'.repeat(40 * KB) })).status).toBe(503);
    // Nothing of it counts, for its exit code would be lost.
    expect((await request('/jobs/backup/runs')).json).toEqual([]);
    expect((await post('/jobs/backup/success', { exit_code: 1, output: 'x'.repeat(20 * KB) })).status).toBe(
      200,
    );
    const output = await request('/jobs/backup/failure', { method: 'POST', body: 'y'.repeat(500 * KB) });
    expect(output.status).toBe(200);
    expect((await request('/jobs/backup/runs')).json).toMatchObject([
      { outcome: 'failure' },
      { outcome: 'failure', exit_code: 1 },
    ]);
    held.destroy();
    for (let turn = 0; turn < 20; turn += 1) await settle();
    expect((await post('/jobs/backup/success', large)).status).toBe(200);
  });
});

describe('an answer with many faults', () => {
  const faults: Fault[] = Array.from({ length: 5_000 }, (_, at) => ({
    code: 'unknown_key',
    path: `k${at}`,
    message: 'unknown key',
  }));

  test('names some of the faults and says how many more there are', async () => {
    const { post } = await startServer({ validateDeclaration: () => faults });
    const { status, json, text } = await post('/jobs', { name: 'backup' });
    expect(status).toBe(422);
    expect(json['errors']).toHaveLength(101);
    expect((json['errors'] as Fault[]).at(-1)).toEqual({ code: 'more', path: '', message: 'and 4900 more' });
    expect(text.length).toBeLessThan(20_000);
  });

  test('shows the faults of the configuration a page at a time', async () => {
    const detail = faults.map(({ path }) => `${path}: unknown key\n`).join('');
    const error = { at: 0, code: 'config_invalid', detail, faults };
    const { request } = await startServer({ configStatus: () => ({ ...CONFIG_STATUS, last_error: error }) });
    const { headers, json } = await request('/config');
    const shown = json['last_error'] as typeof error;
    expect(headers.get('x-total-count')).toBe('5000');
    expect(shown.faults).toEqual(faults.slice(0, 100));
    const last = (await request('/config?skip=4990&limit=1000')).json['last_error'] as typeof error;
    expect(last.faults).toEqual(faults.slice(4990));
    expect((await request('/config?limit=1001')).status).toBe(422);
    expect(shown.detail.length).toBeLessThan(33_000);
    expect(shown.detail).toMatch(/unknown key\nand \d+ more characters$/);
  });
});

test('GET /config/jobs is a page, and says how many jobs there are', async () => {
  const { request, ingest } = await startServer();
  for (const name of ['a', 'b', 'c']) await ingest.register(name, {});
  const { headers, json } = await request('/config/jobs?skip=1&limit=1');
  expect(headers.get('x-total-count')).toBe('3');
  expect(json).toMatchObject({ total: 3, jobs: [{ name: 'b' }] });
  expect((await request('/config/jobs?limit=1001')).status).toBe(422);
  expect((await request('/config/jobs?job=c')).json).toMatchObject({ total: 1, jobs: [{ name: 'c' }] });
  expect((await request('/config/jobs?job=d')).json).toMatchObject({ code: 'unknown_job' });
});

test('GET /config/jobs loads no more than its page from a store that instances share', async () => {
  const scopes: Scope[] = [];
  const shared = new MemoryStore({ shared: true });
  await shared.transact({ all: true }, (tx) => {
    for (const id of ['c', 'a', 'b']) tx.putJob(job(id));
    tx.putJob(job('gone', { removed_at: 1 }));
  });
  const store = new Proxy<Store>(shared, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (key === 'view')
        return (scope: Scope, read: (view: View) => unknown) => {
          scopes.push(scope);
          return target.view(scope, read);
        };
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  const { request } = await startServer({ store });
  const { headers, json } = await request('/config/jobs?skip=1&limit=2');
  expect(headers.get('x-total-count')).toBe('4');
  expect(json['jobs']).toMatchObject([{ id: 'b' }, { id: 'c' }]);
  expect((await request('/config/jobs?skip=3')).json['jobs']).toMatchObject([{ id: 'gone' }]);
  expect((await request('/config/jobs?job=job-b')).json).toMatchObject({ total: 1, jobs: [{ id: 'b' }] });
  expect(scopes.filter(({ all }) => all === true)).toEqual([]);
});

test('a body without an end does not keep its memory', async () => {
  const server = await startServer({ limits: { bodiesBytesMax: 100 * KB, bodyMsMax: 1_000 } });
  const { post, raw, clock } = server;
  await post('/jobs', { name: 'backup' });
  const answer = raw(`POST /jobs HTTP/1.1\r\n${HEAD}Content-Length: 200000\r\n\r\n${' '.repeat(120 * KB)}`);
  await until(() => clock.timerCount > 0);
  for (let turn = 0; turn < 20; turn += 1) await settle();
  await clock.advance(1_000);
  expect(parseRaw(await answer).status).toBe(408);
  expect((await post('/jobs/backup/log', { output: 'x'.repeat(90 * KB) })).status).toBe(200);
});

test('clients that give up their pings write no more than so many lines an hour', async () => {
  const lines: string[] = [];
  const logger = { ...silentLogger, warn: (message: string) => void lines.push(message) };
  const server = await startServer({ logger, limits: { bodyLinesMax: 3 } });
  await server.post('/jobs', { name: 'backup' });
  const giveUp = async (count: number): Promise<void> => {
    for (let time = 0; time < count; time += 1) {
      (await hold(server, '/jobs/backup/log', 1)).destroy();
      // What came after it has been answered, so the server has seen that it is gone.
      await server.request('/healthz');
    }
  };
  await giveUp(5);
  const said = 'a client went away in the middle of a ping';
  const last = 'no more pings that came in part or cannot be read are logged for an hour';
  expect(lines).toEqual([said, said, said, last]);
  await server.clock.advance(3_600_000);
  await giveUp(1);
  expect(lines).toEqual([said, said, said, last, said]);
});
