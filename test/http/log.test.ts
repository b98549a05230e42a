import { expect, test } from 'vitest';
import { PING_KINDS } from '../../src/core/model/reasons.ts';
import { createLogger } from '../../src/observe/log.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { startServer } from './support.ts';

interface Line {
  level: string;
  message: string;
  fields: Record<string, unknown>;
}

const TOKEN = 'a-token-that-is-long-enough';
const all = { read: [], ping: [], all: [TOKEN] };
const authorization = `Bearer ${TOKEN}`;

/** The line of a write that was done to `backup`, and no other. */
function one(method: string, path: string, status: number): unknown[] {
  const by = 'token CRONFLOW_TOKEN';
  const fields = { job: 'backup', method, path, status, by, from: '127.0.0.1' };
  return [{ at: expect.any(String) as string, level: 'info', message: 'API write', fields }];
}

test('each write over the API is one line that names the job, who did what, and from where', async () => {
  const lines: string[] = [];
  const logger = createLogger(createFakeClock(), 'info', (line) => lines.push(line), 'json');
  const { request } = await startServer({ logger, tokens: all });
  const headers = { authorization, 'content-type': 'application/json' };
  const send = async (method: string, path: string, body?: unknown): Promise<unknown[]> => {
    lines.length = 0;
    await request(path, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    return lines.map((line) => JSON.parse(line) as Line).filter(({ message }) => message === 'API write');
  };
  expect(await send('POST', '/jobs', { name: 'backup', schedule: '@daily' })).toEqual(
    one('POST', '/jobs', 201),
  );
  expect(await send('PATCH', '/jobs/backup', { grace: '1h' })).toEqual(one('PATCH', '/jobs/backup', 200));
  expect(await send('POST', '/jobs/backup/pause')).toEqual(one('POST', '/jobs/backup/pause', 200));
  expect(await send('DELETE', '/jobs/backup')).toEqual(one('DELETE', '/jobs/backup', 204));
  // What changes nothing is none, and neither is a ping.
  expect(await send('DELETE', '/jobs/backup')).toEqual([]);
  expect(await send('GET', '/jobs')).toEqual([]);
  await send('POST', '/jobs', { name: 'other' });
  for (const kind of PING_KINDS) expect(await send('POST', `/jobs/other/${kind}`)).toEqual([]);
  expect(await send('POST', '/ping/other/3')).toEqual([]);
});

test('a write over the API is found by the name of its job in a log that is text', async () => {
  const lines: string[] = [];
  const logger = createLogger(createFakeClock(), 'info', (line) => lines.push(line));
  const { post } = await startServer({ logger });
  await post('/jobs', { name: 'backup' });
  expect(lines.filter((line) => line.includes('job=backup'))).toEqual([
    expect.stringMatching(
      / info {2}API write job=backup method=POST path=\/jobs status=201 by="anybody, no token is set" from=127.0.0.1\n$/,
    ),
  ]);
});
