import { describe, expect, test } from 'vitest';
import { openApi } from '../openapi.ts';
import { startServer, type TestServer } from '../support.ts';

/** The reads that are described as JSON that may be unchanged. Those of one thing need its name or id. */
const LISTS = Object.entries(openApi.paths)
  .filter(
    ([path, item]) => item['get'] !== undefined && '304' in item['get'].responses && !path.includes('{'),
  )
  .map(([path]) => path);

/** A server with something in every list. */
async function busy(): Promise<TestServer & { paths: string[] }> {
  const server = await startServer();
  await server.post('/jobs', { name: 'backup', schedule: '0 * * * *' });
  const { json } = await server.post('/jobs/backup/failure?rid=a&exit_code=1');
  const [incident] = (await server.request('/incidents')).json;
  const id = String(json['run_id']);
  return {
    ...server,
    paths: [
      ...LISTS,
      '/jobs/backup',
      '/jobs/backup/runs',
      `/jobs/backup/runs/${id}`,
      '/jobs/backup/days',
      `/incidents/${String(incident!['id'])}`,
    ],
  };
}

describe('a read of JSON', () => {
  test('has a tag, and is a 304 without a body for a client that has it', async () => {
    const { request, url, paths } = await busy();
    expect(paths.length).toBeGreaterThan(12);
    for (const path of paths) {
      const first = await request(path);
      const tag = first.headers.get('etag') ?? '';
      expect([path, tag]).toEqual([path, expect.stringMatching(/^W\/"[\w-]{27}"$/)]);
      expect(first.headers.get('cache-control')).toBe('private, no-cache');
      for (const known of [tag, `W/"other", ${tag}`, '*', tag.slice(2)]) {
        const again = await request(path, { headers: { 'If-None-Match': known } });
        expect([path, known, again.status, again.text]).toEqual([path, known, 304, '']);
        expect(again.headers.get('etag')).toBe(tag);
        expect(again.headers.get('content-type')).toBeNull();
      }
      expect((await request(path, { headers: { 'If-None-Match': 'W/"other"' } })).text).toBe(first.text);
      const head = await fetch(`${url}${path}`, { method: 'HEAD' });
      expect(await head.text()).toBe('');
      for (const name of ['etag', 'content-type', 'content-length', 'x-total-count', 'link'])
        expect([path, name, head.headers.get(name)]).toEqual([path, name, first.headers.get(name)]);
    }
  });

  test('has another tag once anything that it says has changed, also in its headers alone', async () => {
    const { request, post, clock } = await busy();
    const tagOf = async (path: string): Promise<string | null> => (await request(path)).headers.get('etag');
    const paths = ['/jobs', '/jobs/backup', '/jobs/backup/runs', '/runs', '/jobs?limit=1'];
    const before = await Promise.all(paths.map(tagOf));
    expect(await Promise.all(paths.map(tagOf))).toEqual(before);
    await post('/jobs/backup/start?rid=b');
    const after = await Promise.all(paths.map(tagOf));
    for (const [index, tag] of after.entries())
      expect([paths[index], tag]).not.toEqual([paths[index], before[index]]);
    // The page is the same, and it has a next one now.
    await post('/jobs', { name: 'z' });
    expect(await tagOf('/jobs?limit=1')).not.toBe(after[4]);
    // Time alone makes the job late.
    const early = await tagOf('/jobs?q=backup');
    await clock.advance(60 * 60_000 + 1);
    expect(await tagOf('/jobs?q=backup')).not.toBe(early);
  });

  test('is never a 304 where it is a ping, a write or a refusal', async () => {
    const { request, store } = await busy();
    const headers = { 'If-None-Match': '*' };
    const ping = await request('/jobs/backup/success?rid=c', { headers });
    expect([ping.status, ping.headers.get('etag')]).toEqual([200, null]);
    const job = await store.jobByName('backup');
    expect((await store.runsOf(job!.id, { skip: 0, limit: 9 })).items[0]).toMatchObject({ rid: 'c' });
    expect((await request('/jobs/backup/pause', { method: 'POST', headers })).status).toBe(200);
    expect((await request('/jobs/nope', { headers })).status).toBe(404);
    expect((await request('/healthz', { headers })).status).toBe(200);
    const output = await request('/docs', { headers });
    expect([output.status, output.headers.get('cache-control')]).toEqual([200, 'no-store']);
  });
});
