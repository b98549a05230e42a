import { describe, expect, test } from 'vitest';
import type { HttpDeps } from '../../src/http/deps.ts';
import { startServer, type TestServer } from './support.ts';

const TOKENS = { all: ['all-1'], read: ['read-1'], ping: ['ping-1'] };
const TOKEN = { headers: { Authorization: 'Bearer all-1' } };

interface Shown {
  of: string;
  name: string | null;
  svg: string;
  json: string;
}

/** A server that needs tokens, with a job that shows its badge and one that does not. */
async function withJobs(
  changes: Partial<HttpDeps> = {},
): Promise<TestServer & { shown: () => Promise<Shown[]> }> {
  const server = await startServer({ tokens: TOKENS, ...changes });
  for (const [name, more] of [
    ['backup', { badge: true, group: 'db', tags: ['nightly'] }],
    ['secret', { group: 'db' }],
  ] as const) {
    const body = JSON.stringify({ name, schedule: '0 * * * *', ...more });
    const headers = { ...TOKEN.headers, 'Content-Type': 'application/json' };
    await server.request('/jobs', { method: 'POST', body, headers });
  }
  return {
    ...server,
    shown: async () => (await server.request('/badges', TOKEN)).json as unknown as Shown[],
  };
}

describe('a badge', () => {
  test('says how a job is, as a picture and as shields.io reads it', async () => {
    const { request } = await withJobs();
    const json = async (path: string): Promise<unknown> => (await request(path, TOKEN)).json;
    expect(await json('/badge/backup.json')).toEqual({
      schemaVersion: 1,
      label: 'backup',
      message: 'pending',
      color: 'lightgrey',
      cacheSeconds: 300,
    });
    await request('/jobs/backup/failure?exit_code=1', { method: 'POST', ...TOKEN });
    expect(await json('/badge/backup.json')).toMatchObject({ message: 'failure', color: 'red' });
    const svg = await request('/badge/backup.svg', TOKEN);
    expect(svg.headers.get('content-type')).toBe('image/svg+xml; charset=utf-8');
    expect(svg.headers.get('cache-control')).toBe('private, max-age=60');
    expect(svg.text).toContain('<title>backup: failure</title>');
    expect(await json('/badge/group/db.json')).toMatchObject({ label: 'db', message: '1 of 2 in trouble' });
    expect(await json('/badge/tag/nightly.json')).toMatchObject({ message: '1 of 1 in trouble' });
    expect(await json('/badge/tag/other.json')).toMatchObject({ message: 'no jobs' });
    expect(await json('/badge.json')).toMatchObject({ label: 'cron jobs', message: '1 of 2 in trouble' });
    expect((await request('/badge.svg', TOKEN)).text).toContain(
      '<title>cron jobs: 1 of 2 in trouble</title>',
    );
    expect((await request('/badge/nope.svg', TOKEN)).json['code']).toBe('unknown_job');
    expect((await request('/badge/backup.png', TOKEN)).json['code']).toBe('not_found');
  });

  test('is seen without a token by its address alone, where the job or the file allows it', async () => {
    const badges = { all: true, groups: ['db'], tags: ['nightly & <weekly>'] };
    const { request, shown, url } = await withJobs({ publicBadges: () => badges });
    const list = await shown();
    expect(list.map(({ of, name }) => [of, name])).toEqual([
      ['all', null],
      ['group', 'db'],
      ['tag', 'nightly & <weekly>'],
      ['job', 'backup'],
    ]);
    // The addresses stay the same, and each has a key of its own.
    expect(await shown()).toEqual(list);
    expect(new Set(list.map(({ svg }) => svg.split('key=')[1])).size).toBe(4);
    for (const { svg, json } of list) {
      // A page of another site may show it.
      const headers = { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://wiki.example.com' };
      const picture = await request(svg, { headers });
      expect([svg, picture.status]).toEqual([svg, 200]);
      expect(picture.headers.get('cross-origin-resource-policy')).toBe('cross-origin');
      expect(picture.headers.get('cache-control')).toBe('public, max-age=60');
      expect((await request(json)).status).toBe(200);
      expect((await fetch(`${url}${svg}`, { method: 'HEAD' })).status).toBe(200);
    }
  });

  test('is refused like any other path without its key, also where no such job is', async () => {
    const { request, shown } = await withJobs();
    const [{ svg } = { svg: '' }] = await shown();
    const key = svg.split('key=')[1] ?? '';
    const other = `${key.startsWith('A') ? 'B' : 'A'}${key.slice(1)}`;
    const refusal = await request('/jobs');
    for (const path of [
      '/badge/backup.svg',
      `/badge/backup.svg?key=${other}`,
      `/badge/backup.svg?key=${key.slice(1)}`,
      `/badge/backup.svg?key=`,
      `/badge/secret.svg?key=${key}`,
      `/badge/nope.svg?key=${key}`,
      `/badge/group/backup.svg?key=${key}`,
      `/badge/%zz.svg?key=${key}`,
      `/badge.svg?key=${key}`,
      `/badges?key=${key}`,
      `/jobs/backup?key=${key}`,
    ]) {
      const { status, text } = await request(path);
      expect([path, status, text]).toEqual([path, 401, refusal.text]);
    }
    const written = await request(svg, { method: 'POST' });
    expect(written.status).toBe(401);
  });

  test('is seen no more once it is not allowed, nor before any address was ever shown', async () => {
    let isAllowed = true;
    const publicBadges = () => ({ all: isAllowed, groups: [], tags: [] });
    const { request, shown, store } = await withJobs({ publicBadges });
    expect((await request('/badge.svg?key=aaaaaaaaaaaaaaaaaaaaaaaa')).status).toBe(401);
    expect(await store.meta('badge_secret')).toBeUndefined();
    const [all, job] = await shown();
    expect((await request(all!.svg)).status).toBe(200);
    isAllowed = false;
    expect((await request(all!.svg)).status).toBe(401);
    const headers = { ...TOKEN.headers, 'Content-Type': 'application/json' };
    await request('/jobs/backup', { method: 'PATCH', body: '{"badge": false}', headers });
    expect((await request(job!.svg)).status).toBe(401);
    expect(await shown()).toEqual([]);
  });
});
