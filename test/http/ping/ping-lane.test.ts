import { describe, expect, test } from 'vitest';
import { CronflowError } from '../../../src/core/model/errors.ts';
import type { Ping } from '../../../src/core/model/records.ts';
import type { HttpDeps } from '../../../src/http/deps.ts';
import type { Logger } from '../../../src/observe/log.ts';
import { job } from '../../support/records.ts';
import { PINGS_ONLY, startServer } from '../support.ts';

const TOKENS = { all: ['all-token'], read: ['read-token'], ping: ['ping-token'] };

interface Case {
  what: string;
  method?: string;
  /** The target after the two slashes or the one. */
  target: string;
  headers?: string[];
  body?: string;
  deps?: Partial<HttpDeps>;
  fails?: Error;
  host?: string;
}

const CASES: Case[] = [
  { what: 'a success', target: 'jobs/backup/success' },
  { what: 'a GET', method: 'GET', target: 'jobs/backup/start?rid=a-1' },
  { what: 'a failure with its code', target: 'jobs/backup/failure?exit_code=3&rid=%41' },
  { what: 'a query with odd characters', target: 'jobs/backup/log?host=a%20b&&=&rid="x"&duration_ms=1.5' },
  { what: 'an empty query', target: 'jobs/backup/skip?' },
  { what: 'two questions', target: 'jobs/backup/success?rid=a?b' },
  { what: 'a value that cannot be read', target: 'jobs/backup/success?exit_code=banana' },
  { what: 'an output', target: 'jobs/backup/success?exit_code=0', body: 'done\n' },
  {
    what: 'a form',
    target: 'jobs/backup/success',
    headers: ['Content-Type: application/x-www-form-urlencoded'],
    body: 'exit_code=3&output=x',
  },
  {
    what: 'JSON',
    target: 'jobs/backup/success',
    headers: ['Content-Type: application/json'],
    body: '{"exit_code":3}',
  },
  { what: 'an unknown job', target: 'jobs/backup/success', fails: new CronflowError('unknown_job', 'no') },
  {
    what: 'a full disk',
    target: 'jobs/backup/success',
    fails: new CronflowError('store_unavailable', 'full'),
  },
  { what: 'a fault of ours', target: 'jobs/backup/success', fails: new Error('secret detail') },
  { what: 'a foreign host', target: 'jobs/backup/success', host: 'cron.example.com' },
  { what: 'a foreign page', target: 'jobs/backup/success', headers: ['Origin: https://example.com'] },
  { what: 'a page of the same site', target: 'jobs/backup/start', headers: ['Sec-Fetch-Site: same-site'] },
  { what: 'two hosts', target: 'jobs/backup/success', headers: ['Host: localhost'] },
  { what: 'no token where one is needed', target: 'jobs/backup/success', deps: { tokens: TOKENS } },
  ...['all-token', 'read-token', 'ping-token', 'no-token'].map((token) => ({
    what: `the token ${token}`,
    target: 'jobs/backup/success',
    headers: [`Authorization: Bearer ${token}`],
    deps: { tokens: TOKENS },
  })),
  {
    what: 'a header that holds no token',
    target: 'jobs/backup/success',
    headers: ['Authorization: Basic YTpi'],
    deps: { tokens: TOKENS },
  },
  {
    what: 'a base path',
    target: 'jobs/backup/success',
    deps: { base: { basePath: '/cronflow', trustsProxy: true } },
  },
];

/** Sends a request with so many slashes at its beginning, and returns all that it did. */
async function play(each: Case, slashes: '/' | '//') {
  const pings: { name: string; ping: Ping }[] = [];
  const lines: unknown[] = [];
  const note =
    (level: string): Logger['info'] =>
    (message, fields) =>
      lines.push([level, message, { ...fields, error: undefined }]);
  const logger = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') };
  const { raw } = await startServer({
    logger,
    ingest: {
      async ping(name, ping) {
        pings.push({ name, ping });
        if (each.fails !== undefined) throw each.fails;
        return { job: job('id', { name }), run_id: 'run', reason: 'logged' };
      },
      ...PINGS_ONLY,
    },
    ...each.deps,
  });
  const { method = 'POST', target, headers = [], body, host = '127.0.0.1' } = each;
  const length = body === undefined ? [] : [`Content-Length: ${body.length}`];
  const head = [`${method} ${slashes}${target} HTTP/1.1`, `Host: ${host}`, ...headers, ...length];
  const answer = await raw(`${[...head, 'Connection: close'].join('\r\n')}\r\n\r\n${body ?? ''}`);
  const [top = '', text] = answer.split('\r\n\r\n', 2);
  const [status, ...shown] = top.split('\r\n').filter((line) => !line.startsWith('Date:'));
  return { status, headers: shown.sort(), text, pings, lines };
}

describe('the lane of plain pings', () => {
  test.each(CASES)('answers $what as the router does', async (each) => {
    const plain = await play(each, '/');
    expect(plain).toEqual(await play(each, '//'));
    expect(plain.status).toMatch(/^HTTP\/1\.1 \d{3} /);
  });

  test('takes each kind of ping, and leaves what is no ping to the router', async () => {
    const { request, post, store } = await startServer();
    await post('/jobs', { name: 'backup', schedule: '0 2 * * *' });
    for (const kind of ['start', 'log', 'success', 'failure', 'skip'])
      expect((await post(`/jobs/backup/${kind}`)).status).toBe(200);
    expect((await request('/jobs/backup/success', { method: 'PUT' })).headers.get('allow')).toContain('POST');
    expect((await request('/jobs/backup/success', { method: 'OPTIONS' })).status).toBe(204);
    expect((await request('/jobs/backup/succes')).status).toBe(404);
    const head = await request('/jobs/backup/success', { method: 'HEAD' });
    expect([head.status, head.text]).toEqual([200, '']);
    expect((await store.listJobs({ skip: 0, limit: 10 })).total).toBe(1);
  });

  test('tells a client to leave while the server closes', async () => {
    const waiting: (() => void)[] = [];
    const server = await startServer({
      ingest: {
        ping: (name: string) =>
          new Promise((resolve) => {
            waiting.push(() => resolve({ job: job('id', { name }), run_id: null, reason: 'logged' }));
          }),
      } as unknown as HttpDeps['ingest'],
    });
    const answer = server.raw('POST /jobs/backup/success HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    while (waiting.length === 0) await new Promise(setImmediate);
    const closed = server.server.close();
    waiting[0]!();
    expect(await answer).toContain('\r\nConnection: close\r\n');
    await closed;
  });
});
