import { describe, expect, test } from 'vitest';
import { HOUR_MS, MINUTE_MS } from '../../src/schedule/units.ts';
import { job, NOW_AT, run } from '../support/records.ts';
import { startServer, type TestServer } from './support.ts';

/** Reads all pages as a client does, and says of each item what a person would look for. */
async function read({ request }: TestServer, query: string): Promise<string[]> {
  const found: string[] = [];
  for (let path: string | undefined = `/slots?${query}`; path !== undefined;) {
    const page = await request(path);
    expect(page.status).toBe(200);
    found.push(
      ...page.json.map(
        ({ job_name: name, slot_at: at, state, count }) =>
          `${String(name)} ${String(at).slice(5, 16)} ${String(state)} ${String(count)}`,
      ),
    );
    path = /^<([^>]+)>/.exec(page.headers.get('link') ?? '')?.[1];
  }
  return found;
}

describe('the slots of all jobs', () => {
  test('say what was and is expected, and what became of it', async () => {
    const server = await startServer();
    const { post, request, clock, checker } = server;
    checker.start();
    await post('/jobs', { name: 'backup', schedule: '0 */2 * * *', group: 'db', tags: ['nightly'] });
    await post('/jobs', { name: 'rotate', schedule: '30 15 * * *', grace: '1h' });
    await clock.advance(2 * HOUR_MS);
    await post('/jobs/backup/success?rid=a&duration_ms=0');
    await clock.advance(2 * HOUR_MS + 6 * MINUTE_MS);
    const all = [
      'backup 01-15T14:00 claimed 1',
      'backup 01-15T16:00 missed 1',
      'backup 01-15T18:00 coming 1',
    ];
    expect(await read(server, 'to=2h')).toEqual([...all, 'rotate 01-15T15:30 waiting 1']);
    expect(await read(server, 'to=2h&limit=1')).toEqual([...all, 'rotate 01-15T15:30 waiting 1']);
    expect(await read(server, 'to=2h&group=db')).toEqual(all);
    expect(await read(server, 'to=2h&tag=nightly')).toEqual(all);
    expect(await read(server, 'to=2h&job=rotate&limit=1')).toEqual(['rotate 01-15T15:30 waiting 1']);
    expect(await read(server, 'from=2026-01-15T15:00Z&to=2026-01-15T16:30Z')).toEqual([
      'backup 01-15T16:00 missed 1',
      'rotate 01-15T15:30 waiting 1',
    ]);
    const [claimed] = (await request('/slots?job=backup')).json;
    const [ran] = (await request('/jobs/backup/runs?outcome=success')).json;
    expect(claimed).toMatchObject({ run_id: ran!['id'], outcome: 'success', late: false });
    await server.post('/jobs/rotate/pause');
    expect(await read(server, 'to=2h&job=rotate')).toEqual([]);
  });

  test('of a job that runs every minute are folded, and unfolded where that is asked for', async () => {
    const server = await startServer();
    await server.post('/jobs', { name: 'poll', schedule: '* * * * *' });
    const folded = await read(server, 'from=2026-01-15T12:00Z&to=2026-01-16T12:00Z');
    expect(folded).toHaveLength(24 * 12);
    expect(folded[1]).toBe('poll 01-15T12:09 coming 5');
    expect(await read(server, 'to=2h&fold=30m')).toEqual([
      'poll 01-15T12:29 coming 29',
      'poll 01-15T12:59 coming 30',
      'poll 01-15T13:29 coming 30',
      'poll 01-15T13:59 coming 30',
    ]);
    expect(await read(server, 'to=2h&fold=0')).toHaveLength(119);
    expect(await read(server, 'from=2026-01-15T12:00Z&to=2h')).toHaveLength(119);
  });

  test('come page by page, though jobs and runs come and go and a page looks at few of them', async () => {
    const server = await startServer({ limits: { slotsLookedAtMax: 7, slotsInOneGoMax: 2 } });
    const { store, request } = server;
    await store.transact({ all: true }, (tx) => {
      for (let each = 0; each < 120; each += 1) {
        const id = String(each).padStart(3, '0');
        tx.putJob(job(id));
        for (let number = 1; number <= 3; number += 1)
          tx.putRun(run(id, number, { slot_at: NOW_AT + number * HOUR_MS, exit_code: number }));
      }
    });
    const whole = Array.from({ length: 120 }, (_, each) => `job-${String(each).padStart(3, '0')}`);
    const names = (await read(server, 'to=1d&limit=50')).map((line) => line.split(' ')[0]);
    expect(names).toEqual(whole.flatMap((name) => [name, name, name]));
    const first = await request('/slots?to=1d&limit=5');
    expect(first.json).toHaveLength(5);
    await store.transact({ all: true }, (tx) => {
      tx.deleteJob('001');
      tx.putJob(job('0011'));
      tx.putRun(run('0011', 1, { slot_at: NOW_AT + HOUR_MS }));
    });
    const next = /^<([^>]+)>/.exec(first.headers.get('link')!)![1]!;
    expect((await request(next)).json.slice(0, 2)).toMatchObject([
      { job_name: 'job-0011' },
      { job_name: 'job-002' },
    ]);
  });

  test.each([
    ['from=yesterday', 'from', 'is neither an instant'],
    ['to=soon', 'to', 'nor a time ahead such as 24h'],
    ['from=2026-01-15T12:00Z&to=2026-01-15T12:00Z', 'to', 'must be after from'],
    ['from=30d&to=2d', 'to', 'must be at most 31 days after from'],
    ['fold=often', 'fold', 'is not a duration'],
    ['limit=5001', 'limit', 'is not a whole number from 1 to 5000'],
  ])('are refused for what cannot be read: %s', async (query, path, message) => {
    const { request } = await startServer();
    const { status, json } = await request(`/slots?${query}`);
    expect(status).toBe(422);
    expect(json['errors']).toMatchObject([{ path, message: expect.stringContaining(message) }]);
  });

  test('of a job that nobody knows are a 404', async () => {
    const { request } = await startServer();
    expect((await request('/slots?job=nope')).json['code']).toBe('unknown_job');
  });
});
