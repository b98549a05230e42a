import { describe, expect, test } from 'vitest';
import { cursorText } from '../../src/http/request/cursor.ts';
import { delivery, incident, job, NOW_AT, run } from '../support/records.ts';
import { type Answer, startServer } from './support.ts';

/** Returns the address of the next page by its `Link` header, which is what a client does. */
function nextOf({ headers }: Answer): string | null {
  return /^<([^>]+)>; rel="next"$/.exec(headers.get('link') ?? '')?.[1] ?? null;
}

describe('the list of what ran over all jobs', () => {
  test('has runs of all jobs, those that began last first, each with the name of its job', async () => {
    const { post, request, clock } = await startServer();
    await post('/jobs', { name: 'backup', group: 'db', tags: ['nightly'] });
    await post('/jobs', { name: 'rotate' });
    await post('/jobs/backup/failure?rid=a&duration_ms=0&host=web1');
    await clock.advance(3_600_000);
    await post('/jobs/rotate/success?rid=b&duration_ms=0');
    await post('/jobs/backup/start?rid=c');
    const rids = async (query: string): Promise<unknown[]> =>
      (await request(`/runs?${query}`)).json
        .map(({ rid }) => String(rid))
        .toSorted((a, b) => a.localeCompare(b));
    const all = await request('/runs');
    expect(all.json.at(-1)).toMatchObject({ job_name: 'backup', rid: 'a', outcome: 'failure' });
    expect(all.headers.get('link')).toBeNull();
    expect(await rids('')).toEqual(['a', 'b', 'c']);
    expect(await rids('job=backup')).toEqual(['a', 'c']);
    expect(await rids('group=db&outcome=open')).toEqual(['c']);
    expect(await rids('tag=nightly&host=web1')).toEqual(['a']);
    expect(await rids('since=30m')).toEqual(['b', 'c']);
    expect(await rids('until=30m')).toEqual(['a']);
    expect((await request('/runs?job=nope')).json['code']).toBe('unknown_job');
    expect((await request('/runs?outcome=failed')).status).toBe(422);
  });

  test('is read page by page, with the instants that the first page meant', async () => {
    const { store, request, clock } = await startServer({
      base: { basePath: '/x', trustsProxy: false },
    });
    await store.transact({ all: true }, (tx) => {
      tx.putJob(job('a'));
      tx.putJob(job('b'));
      for (let number = 1; number <= 4; number += 1) {
        tx.putRun(run('a', number, { started_at: NOW_AT - number * 60_000 }));
        tx.putRun(run('b', number, { started_at: NOW_AT - number * 60_000 }));
      }
    });
    const found: unknown[] = [];
    let path: string | null = '/x/runs?since=3m&limit=2';
    while (path !== null) {
      // A proxy takes the path away under which it shows Cronflow.
      const page = await request(path.replace('/x/', '/'));
      found.push(...page.json.map(({ id }) => id));
      path = nextOf(page);
      if (path !== null) expect(path).toContain('/x/runs?since=2026-01-15T11%3A57%3A00.000Z&limit=2&cursor=');
      await clock.advance(60_000);
    }
    expect(found).toEqual(['b-1', 'a-1', 'b-2', 'a-2', 'b-3', 'a-3']);
  });
});

describe('every list', () => {
  test.each([
    ['/jobs', 'name', ['job-a', 'job-b', 'job-c']],
    ['/jobs/job-a/runs', 'id', ['a-3', 'a-2', 'a-1']],
    ['/incidents', 'job_name', ['job-c', 'job-b', 'job-a']],
    ['/deliveries', 'id', ['c', 'b', 'a']],
  ])('names its next page, which stays right while items are added: %s', async (path, key, expected) => {
    const { store, request } = await startServer();
    const add = (letter: string, number: number): Promise<void> =>
      store.transact({ all: true }, (tx) => {
        tx.putJob(job(letter));
        if (tx.jobById('a') !== undefined) tx.putRun(run('a', number));
        const at = NOW_AT + number;
        tx.putIncident({ ...incident(letter, letter), job_name: `job-${letter}`, opened_at: at });
        tx.putDelivery(delivery(letter, letter, { created_at: at }));
      });
    for (const [index, letter] of ['a', 'b', 'c'].entries()) await add(letter, index + 1);
    const found: unknown[] = [];
    let page = await request(`${path}?limit=1`);
    for (;;) {
      found.push(...page.json.map((item) => item[key]));
      const next = nextOf(page);
      if (next === null) break;
      await add(String.fromCharCode(65 + found.length), 10 + found.length);
      page = await request(next);
      expect(page.headers.get('x-total-count')).toBe(String(3 + found.length));
    }
    expect(found).toEqual(expected);
  });

  test.each([
    ['/runs?cursor=nope', 'cursor', 'is no cursor of this list'],
    [`/runs?cursor=${cursorText('jobs', ['a'])}`, 'cursor', 'is no cursor of this list'],
    [`/jobs?cursor=${Buffer.from('["jobs",1]').toString('base64url')}`, 'cursor', 'is no cursor'],
    [`/incidents?cursor=${'a'.repeat(1_025)}`, 'cursor', 'is no cursor'],
    [`/jobs?skip=1&cursor=${cursorText('jobs', ['a'])}`, 'skip', 'does not go together with a cursor'],
  ])('refuses a cursor that it did not give: %s', async (path, key, message) => {
    const { request } = await startServer();
    const { status, json } = await request(path);
    expect(status).toBe(422);
    expect(json['errors']).toMatchObject([{ path: key, message: expect.stringContaining(message) }]);
  });

  test('takes any time ago, also one from before all calendars', async () => {
    const { store, request } = await startServer();
    await store.transact({ all: true }, (tx) => {
      tx.putJob(job('a'));
      tx.putRun(run('a', 1));
      tx.putRun(run('a', 2));
    });
    const page = await request('/runs?limit=1&since=1000000000d');
    expect([200, 422]).toContain(page.status);
  });
});
