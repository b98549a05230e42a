import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Actor } from '../../src/core/model/audit.ts';
import type { NamedToken } from '../../src/core/model/named-token.ts';
import { DEFAULT_START_AT } from '../support/fake-clock.ts';
import { CONFIG_STATUS, startServer } from './support.ts';

function named(name: string, allows: NamedToken['allows']): NamedToken {
  const sha256 = createHash('sha256').update(`${name}-token`).digest('hex');
  return { name, sha256, allows, only: null, expires_at: null };
}

const NAMED = [named('ci', 'all'), named('viewer', 'read')];
const headersOf = (name: string): Record<string, string> => ({
  Authorization: `Bearer ${name}-token`,
  'Content-Type': 'application/json',
});

async function start(changes: Parameters<typeof startServer>[0] = {}) {
  const server = await startServer({ namedTokens: () => NAMED, ...changes });
  const send = (method: string, path: string, body?: unknown, headers = {}) =>
    server.request(path, {
      method,
      headers: { ...headersOf('ci'), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const audit = async (query = ''): Promise<Record<string, unknown>[]> =>
    (await server.request(`/audit${query}`, { headers: headersOf('viewer') })).json;
  return { ...server, send, audit };
}

describe('the audit log', () => {
  test('has each write with who, from where and what changed, newest first', async () => {
    const { send, audit, clock } = await start();
    await send('POST', '/jobs', { name: 'backup', schedule: '0 2 * * *', tags: ['db'] });
    await clock.advance(1);
    await send('PATCH', '/jobs/backup', { schedule: '0 3 * * *', tags: null });
    await clock.advance(1);
    await send('POST', '/jobs/backup/pause');
    await clock.advance(1);
    await send('POST', '/jobs/backup/resume');
    await clock.advance(1);
    await send('POST', '/jobs', { name: 'dump', renamed_from: 'backup', schedule: '0 3 * * *' });
    await clock.advance(1);
    await send('DELETE', '/jobs/dump');
    const entries = await audit();
    const common = { via: 'token', who: 'ci', from: '127.0.0.1', incident_id: null, left_out: 0 };
    expect(entries.map(({ id: _id, at: _at, ...entry }) => entry)).toEqual([
      {
        ...common,
        action: 'job_removed',
        jobs: ['dump'],
        changes: [{ job: 'dump', key: 'schedule', from: '0 3 * * *' }],
      },
      {
        ...common,
        action: 'job_renamed',
        jobs: ['dump'],
        changes: [{ job: 'dump', key: 'name', from: 'backup', to: 'dump' }],
      },
      {
        ...common,
        action: 'job_resumed',
        jobs: ['backup'],
        changes: [{ job: 'backup', key: 'paused', from: true, to: false }],
      },
      {
        ...common,
        action: 'job_paused',
        jobs: ['backup'],
        changes: [{ job: 'backup', key: 'paused', from: false, to: true }],
      },
      {
        ...common,
        action: 'job_changed',
        jobs: ['backup'],
        changes: [
          { job: 'backup', key: 'schedule', from: '0 2 * * *', to: '0 3 * * *' },
          { job: 'backup', key: 'tags', from: ['db'] },
        ],
      },
      {
        ...common,
        action: 'job_registered',
        jobs: ['backup'],
        changes: [
          { job: 'backup', key: 'schedule', to: '0 2 * * *' },
          { job: 'backup', key: 'tags', to: ['db'] },
        ],
      },
    ]);
    expect(entries.at(-1)?.['at']).toBe(new Date(DEFAULT_START_AT).toISOString());
  });

  test('has neither pings, nor what was refused, nor what changed nothing', async () => {
    const { send, audit } = await start();
    await send('PUT', '/jobs/backup', { every: '1h' });
    expect(await audit()).toHaveLength(1);
    await send('PUT', '/jobs/backup', { every: '1h' });
    await send('POST', '/jobs/backup/resume');
    await send('POST', '/jobs/backup/success');
    await send('GET', '/jobs/backup/start');
    await send('POST', '/jobs', { name: 'backup' });
    await send('POST', '/jobs/nobody/pause');
    await send('POST', '/jobs/backup/pause', undefined, headersOf('viewer'));
    expect(await audit()).toHaveLength(1);
  });

  test('has who acknowledged an incident, until when', async () => {
    const { send, audit } = await start();
    await send('POST', '/jobs', { name: 'backup' });
    await send('POST', '/jobs/backup/failure');
    const [incident] = (await send('GET', '/incidents')).json;
    const id = String(incident?.['id']);
    await send('POST', `/incidents/${id}/ack?until=4h`);
    await send('POST', `/incidents/${id}/ack?until=4h`);
    const to = new Date(DEFAULT_START_AT + 4 * 3_600_000).toISOString();
    expect((await audit('?job=backup')).filter(({ action }) => action !== 'job_registered')).toMatchObject([
      {
        action: 'incident_acknowledged',
        incident_id: id,
        changes: [{ job: 'backup', key: 'acknowledged_until', from: null, to }],
      },
    ]);
  });

  test('hides secrets in what a job declares', async () => {
    const { send, audit } = await start();
    await send('POST', '/jobs', { name: 'backup', description: 'runs with password=hunter2secret' });
    expect(JSON.stringify(await audit())).not.toContain('hunter2secret');
  });

  test('is filtered by instant, token and job, and paged', async () => {
    const { send, audit, clock, request } = await start();
    for (const name of ['a', 'b', 'c']) {
      await send('POST', '/jobs', { name });
      await clock.advance(60_000);
    }
    const names = async (query: string): Promise<unknown[]> =>
      (await audit(query)).map(({ jobs }) => (jobs as string[])[0]);
    expect(await names('')).toEqual(['c', 'b', 'a']);
    expect(await names('?job=b')).toEqual(['b']);
    expect(await names('?who=ci')).toEqual(['c', 'b', 'a']);
    expect(await names('?who=viewer')).toEqual([]);
    expect(await names('?since=2m')).toEqual(['c', 'b']);
    expect(await names('?until=2m')).toEqual(['a']);
    const first = await request('/audit?limit=2', { headers: headersOf('viewer') });
    expect([first.json.length, first.headers.get('x-total-count')]).toEqual([2, '3']);
    const next = /<([^>]+)>; rel="next"/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
    expect((await request(next, { headers: headersOf('viewer') })).json).toMatchObject([{ jobs: ['a'] }]);
    expect((await request('/audit?since=soon', { headers: headersOf('viewer') })).status).toBe(422);
  });

  test('takes the address of a client from a proxy that is trusted, and from no other', async () => {
    const forwarded = { 'X-Forwarded-For': '203.0.113.9, 198.51.100.7' };
    const trusting = await start({ base: { basePath: '', trustsProxy: true } });
    await trusting.send('POST', '/jobs', { name: 'a' }, forwarded);
    await trusting.send('POST', '/jobs', { name: 'b' }, { 'X-Forwarded-For': '[2001:db8::1]:4711' });
    await trusting.send('POST', '/jobs', { name: 'c' }, { 'X-Forwarded-For': 'unknown' });
    // A proxy that listens to both families writes addresses of IPv4 so.
    await trusting.send('POST', '/jobs', { name: 'd' }, { 'X-Forwarded-For': '::FFFF:198.51.100.7' });
    const from = (await trusting.audit()).map((entry) => [(entry['jobs'] as string[])[0], entry['from']]);
    expect(Object.fromEntries(from)).toEqual({
      a: '198.51.100.7',
      b: '2001:db8::1',
      c: '127.0.0.1',
      d: '198.51.100.7',
    });
    const other = await start();
    await other.send('POST', '/jobs', { name: 'a' }, forwarded);
    expect(await other.audit()).toMatchObject([{ from: '127.0.0.1' }]);
  });

  test('names nobody where no token is needed', async () => {
    const { post, request } = await startServer();
    await post('/jobs', { name: 'a' });
    expect((await request('/audit')).json).toMatchObject([{ via: 'anybody', who: null, from: '127.0.0.1' }]);
  });

  test('hands on who asked for a reload', async () => {
    const asked: (Actor | undefined)[] = [];
    const { send } = await start({
      reload: async ({ by }) => {
        asked.push(by);
        return CONFIG_STATUS;
      },
    });
    await send('POST', '/config/reload');
    expect(asked).toEqual([{ via: 'token', who: 'ci', from: '127.0.0.1' }]);
  });
});
