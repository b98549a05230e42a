import { describe, expect, test } from 'vitest';
import { type Logger, silentLogger } from '../../src/observe/log.ts';
import { startServer, type TestServer } from './support.ts';
import { shownRow } from '../../src/core/model/rows.ts';

const TOKENS = { all: ['all-1'], read: ['read-1'], ping: ['pk/1', 'ping-2'] };

async function withJob(options: Parameters<typeof startServer>[0] = {}): Promise<TestServer> {
  const server = await startServer(options);
  await server.ingest.register('backup', { schedule: '0 2 * * *' });
  return server;
}

/** The runs of the job, as the reader of its history sees them. */
async function runsOf({ store }: TestServer): Promise<unknown[]> {
  const job = await store.jobByName('backup');
  const { items } = await store.runsOf(job!.id, { skip: 0, limit: 10 });
  return items
    .map(shownRow)
    .map(({ rid, outcome, exit_code, reason }) => ({ rid, outcome, exit_code, reason }));
}

const UUID = '9f1c3c5e-8f1d-4f8e-9a7e-3c1c5d1f0a11';

describe('the ping protocol of Healthchecks.io', () => {
  test.each(['GET', 'HEAD', 'POST'])('takes each signal by %s', async (method) => {
    const server = await withJob();
    const ping = async (path: string): Promise<void> => {
      const { status, text, headers } = await server.request(`/ping/backup${path}`, { method });
      expect([status, text]).toEqual([200, method === 'HEAD' ? '' : 'OK']);
      expect(headers.get('ping-body-limit')).toBe('10000');
      expect(headers.get('content-type')).toMatch(/^text\/plain/);
    };
    await ping(`/start?rid=${UUID}`);
    await ping(`/log?rid=${UUID}`);
    await ping(`?rid=${UUID}`);
    await ping('/fail?rid=b');
    await ping('/0?rid=c');
    await ping('/255?rid=d');
    await ping('/3221225786?rid=e');
    expect((await runsOf(server)).toReversed()).toEqual([
      { rid: UUID, outcome: 'success', exit_code: null, reason: 'succeeded' },
      { rid: 'b', outcome: 'failure', exit_code: null, reason: 'reported_failure' },
      { rid: 'c', outcome: 'success', exit_code: 0, reason: 'succeeded' },
      { rid: 'd', outcome: 'failure', exit_code: 255, reason: 'exit_code' },
      { rid: 'e', outcome: 'failure', exit_code: 3_221_225_786, reason: 'exit_code' },
    ]);
  });

  test('says how much of a body the job keeps', async () => {
    const server = await startServer();
    await server.ingest.register('backup', { output_limit: '50kB' });
    const { headers } = await server.request('/ping/backup', { method: 'POST', body: 'x'.repeat(60_000) });
    expect(headers.get('ping-body-limit')).toBe('50000');
    const job = (await server.store.jobByName('backup'))!;
    const [run] = (await server.store.runsOf(job.id, { skip: 0, limit: 1 })).items;
    expect(run).toMatchObject({ output_bytes: 50_000, output_dropped_bytes: 10_000 });
  });

  test('takes every body for output, and no parameter but the rid', async () => {
    const server = await withJob();
    const body = '{"exit_code":3}';
    const headers = { 'Content-Type': 'application/json' };
    const answer = await server.request('/ping/backup?rid=a&exit_code=3&method=x', {
      method: 'POST',
      body,
      headers,
    });
    expect(answer.text).toBe('OK');
    const job = (await server.store.jobByName('backup'))!;
    expect(await server.store.output(job.id, `${job.id}-1`)).toEqual({ text: body, dropped_bytes: 0 });
    expect(await runsOf(server)).toMatchObject([{ outcome: 'success', exit_code: null }]);
  });

  test('loses no ping for a rid that cannot be read', async () => {
    const lines: string[] = [];
    const logger: Logger = {
      ...silentLogger,
      warn: (message, fields) => lines.push(`${message}: ${String(fields?.['warning'])}`),
    };
    const server = await withJob({ logger });
    expect((await server.request('/ping/backup/fail?rid=a%20b')).text).toBe('OK');
    expect(await runsOf(server)).toMatchObject([{ rid: null, outcome: 'failure' }]);
    expect(lines).toEqual(['ping that cannot be read in full: rid "a b" cannot be read']);
  });

  test('declares no job that nobody declared, not even with create=1', async () => {
    const server = await withJob();
    for (const query of ['', '?create=1']) {
      const answer = await server.request(`/ping/bakcup${query}`, { method: 'POST' });
      expect([answer.status, answer.text]).toEqual([404, 'not found']);
    }
    expect(await server.store.jobByName('bakcup')).toBeUndefined();
    expect(server.unknownPings).toEqual([
      ['bakcup', 'success'],
      ['bakcup', 'success'],
    ]);
  });

  test('has no address but these', async () => {
    const server = await withJob();
    for (const path of [
      '/ping/backup/success',
      '/ping/backup/-1',
      '/ping/backup/12345678901',
      '/ping/backup/1/2',
    ])
      expect((await server.request(path)).status).toBe(404);
    expect(await runsOf(server)).toEqual([]);
  });

  test('takes a job that is named like a signal', async () => {
    const server = await startServer();
    await server.ingest.register('start', {});
    expect((await server.request('/ping/start/start')).text).toBe('OK');
    expect((await server.request('/ping/start')).text).toBe('OK');
  });
});

describe('a key in the path', () => {
  test('is a ping token, and no log has it', async () => {
    const lines: string[] = [];
    const log = (message: string, fields = {}): void =>
      void lines.push(`${message} ${JSON.stringify(fields)}`);
    const logger: Logger = { debug: log, info: log, warn: log, error: log };
    const server = await withJob({ tokens: TOKENS, logger });
    for (const path of ['/ping/ping-2/backup', '/ping/pk%2F1/backup/start', '/ping/ping-2/backup/1?rid=x%20'])
      expect(await (await fetch(server.url + path)).text()).toBe('OK');
    expect((await fetch(`${server.url}/ping/ping-2/nothing`)).status).toBe(404);
    expect((await fetch(`${server.url}/ping/ping-2/backup/nothing`)).status).toBe(404);
    expect(lines.length).toBeGreaterThan(5);
    expect(lines.filter((line) => line.includes('ping-2') || line.includes('pk%2F1'))).toEqual([]);
  });

  test.each(['all-1', 'read-1', 'wrong', '%zz'])('is refused where it is %s', async (key) => {
    const server = await withJob({ tokens: TOKENS });
    const answer = await server.raw(
      `GET /ping/${key}/backup HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1.1 401 /);
    expect(await runsOf(server)).toEqual([]);
  });

  test('is hidden, as any other token is, where the request is refused', async () => {
    const lines: string[] = [];
    const log = (message: string, fields = {}): void =>
      void lines.push(`${message} ${JSON.stringify(fields)}`);
    const server = await withJob({
      tokens: TOKENS,
      logger: { debug: log, info: log, warn: log, error: log },
    });
    const headers = { Origin: 'https://example.com' };
    expect((await fetch(`${server.url}/ping/ping-2/backup`, { headers })).status).toBe(403);
    for (const path of ['//ping/ping-2/backup/x/y', '/ping/ping-2', '/ping/all-1/backup', '/ping/read-1'])
      expect((await fetch(server.url + path)).status).toBeGreaterThan(400);
    const sent = { Authorization: 'Bearer all-1' };
    expect((await fetch(`${server.url}/ping/all-1`, { headers: sent })).status).toBe(404);
    expect(lines.filter((line) => /ping-2|all-1|read-1/.test(line))).toEqual([]);
    expect(server.unknownPings).toEqual([['[token]', 'success']]);
  });

  test('opens nothing but pings', async () => {
    const server = await withJob({ tokens: TOKENS });
    for (const path of ['/ping/ping-2', '/ping/ping-2/', '/jobs/ping-2/backup', '/ping/ping-2/../jobs'])
      expect((await fetch(server.url + path)).status).toBe(401);
  });

  test('may stand beside a header, which counts', async () => {
    const server = await withJob({ tokens: TOKENS });
    const asked = (token: string): Promise<{ status: number }> =>
      fetch(`${server.url}/ping/ping-2/backup`, { headers: { Authorization: `Bearer ${token}` } });
    expect((await asked('ping-2')).status).toBe(200);
    expect((await asked('read-1')).status).toBe(403);
  });

  test('is needed by nobody who sends a header', async () => {
    const server = await withJob({ tokens: TOKENS });
    const headers = { Authorization: 'Bearer ping-2' };
    expect((await server.request('/ping/backup', { headers })).text).toBe('OK');
  });
});
