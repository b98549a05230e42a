import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { NamedToken } from '../../src/core/model/named-token.ts';
import { NO_TOKENS } from '../../src/http/access/tokens.ts';
import { createLogger } from '../../src/observe/log.ts';
import { createFakeClock, DEFAULT_START_AT } from '../support/fake-clock.ts';
import { startServer } from './support.ts';

function named(token: string, changes: Partial<NamedToken> = {}): NamedToken {
  const sha256 = createHash('sha256').update(token).digest('hex');
  return { name: `of-${token}`, sha256, allows: 'read', only: null, expires_at: null, ...changes };
}

const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

describe('tokens of a file', () => {
  test('count beside those of the variables, as far as they allow', async () => {
    const tokens = [named('reader'), named('pinger', { allows: 'ping' }), named('writer', { allows: 'all' })];
    const { request } = await startServer({
      tokens: { ...NO_TOKENS, all: ['variable'] },
      namedTokens: () => tokens,
    });
    const statuses = async (token: string): Promise<number[]> => {
      const headers = bearer(token);
      const asks = [
        ['GET', '/jobs'],
        ['GET', '/ping/x'],
        ['POST', '/jobs/x/pause'],
      ] as const;
      return Promise.all(
        asks.map(async ([method, path]) => (await request(path, { method, headers })).status),
      );
    };
    expect(await statuses('reader')).toEqual([200, 403, 403]);
    expect(await statuses('pinger')).toEqual([403, 404, 403]);
    expect(await statuses('writer')).toEqual([200, 404, 404]);
    expect(await statuses('variable')).toEqual([200, 404, 404]);
    expect(await statuses('nobody')).toEqual([401, 401, 401]);
  });

  test('are needed even where all of them have expired, and say so to their holder', async () => {
    const { request, clock } = await startServer({
      namedTokens: () => [named('late', { expires_at: DEFAULT_START_AT + 1 })],
    });
    expect((await request('/jobs', { headers: bearer('late') })).status).toBe(200);
    await clock.advance(1);
    const answer = await request('/jobs', { headers: bearer('late') });
    expect([answer.status, answer.json['detail']]).toEqual([
      401,
      expect.stringContaining('"of-late" expired at'),
    ]);
    expect((await request('/jobs')).status).toBe(401);
  });

  test('stop counting when the file is read without them', async () => {
    let tokens = [named('old')];
    const { request } = await startServer({ namedTokens: () => tokens });
    expect((await request('/jobs', { headers: bearer('old') })).status).toBe(200);
    tokens = [named('new')];
    expect((await request('/jobs', { headers: bearer('old') })).status).toBe(401);
    expect((await request('/jobs', { headers: bearer('new') })).status).toBe(200);
  });

  test('are what the log calls whoever writes', async () => {
    const lines: string[] = [];
    const logger = createLogger(createFakeClock(), 'info', (line) => lines.push(line));
    const { request } = await startServer({
      logger,
      namedTokens: () => [named('w', { name: 'ci', allows: 'all' })],
    });
    const headers = { ...bearer('w'), 'Content-Type': 'application/json' };
    await request('/jobs', { method: 'POST', headers, body: '{"name":"a"}' });
    expect(lines.join('')).toContain('by="token ci"');
  });
});

describe('a token for pings of some jobs', () => {
  const only = { groups: ['web'], jobs: ['backup', 'not-declared'] };
  const tokens = [named('some', { allows: 'ping', only }), named('boss', { allows: 'all' })];
  const start = async () => {
    const server = await startServer({ namedTokens: () => tokens });
    const { request } = server;
    const headers = { ...bearer('boss'), 'Content-Type': 'application/json' };
    for (const job of [{ name: 'backup' }, { name: 'site', group: 'web' }, { name: 'other', group: 'db' }])
      await request('/jobs', { method: 'POST', headers, body: JSON.stringify(job) });
    return server;
  };

  test.each([
    ['/jobs/backup/success', 200],
    ['/jobs/site/success', 200],
    ['/ping/site', 200],
    ['/ping/some/backup/start', 200],
    ['/jobs/other/success', 403],
    ['/ping/other', 403],
    ['/ping/some/other/start', 403],
    ['/jobs/nobody-knows/success', 403],
    ['/jobs/not-declared/success', 404],
  ])('sends %s and hears %i', async (path, status) => {
    const { request, unknownPings, url } = await start();
    // The description of the API does not tell of a path with a token in it, so this one is sent by hand.
    const isKey = path.startsWith('/ping/some');
    const headers = isKey ? undefined : bearer('some');
    const sent = isKey ? await fetch(`${url}${path}`) : await request(path, { headers: headers ?? {} });
    expect(sent.status).toBe(status);
    const runs = await request('/jobs/other/runs', { headers: bearer('boss') });
    expect([runs.json, unknownPings.length]).toEqual([[], status === 404 ? 1 : 0]);
  });

  test('follows a job under its new name', async () => {
    const { request } = await start();
    const headers = { ...bearer('boss'), 'Content-Type': 'application/json' };
    const body = JSON.stringify({ name: 'site2', group: 'web', renamed_from: 'site' });
    expect((await request('/jobs', { method: 'POST', headers, body })).status).toBe(201);
    expect((await request('/jobs/site/success', { headers: bearer('some') })).status).toBe(200);
  });
});
