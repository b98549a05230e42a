import { describe, expect, test } from 'vitest';
import { startServer } from './support.ts';

const HOUR_MS = 3_600_000;

function names(count: number): string {
  return Array.from({ length: count }, (_, at) => `job=j${at}`).join('&');
}

describe('the latest runs of some jobs', () => {
  test('are listed in short, the latest first, and of a name that no job has there are none', async () => {
    const { post, request, clock } = await startServer();
    await post('/jobs', { name: 'a' });
    await post('/jobs', { name: 'b' });
    await post('/jobs/a/success?rid=1&duration_ms=1500');
    await clock.advance(60_000);
    await post('/jobs/a/failure?rid=2&exit_code=3&duration_ms=0');
    await post('/jobs/a/start?rid=3');
    const { json } = await request('/runs/recent?job=a&job=b&job=nobody&job=a&limit=2');
    expect(json).toEqual([
      {
        job_name: 'a',
        runs: [
          expect.objectContaining({
            outcome: null,
            began_at: '2026-01-15T12:01:00.000Z',
            ended_at: null,
            duration_ms: null,
            limit_at: expect.stringMatching(/Z$/),
            count: 1,
          }),
          expect.objectContaining({
            outcome: 'failure',
            reason: 'exit_code',
            began_at: '2026-01-15T12:01:00.000Z',
            duration_ms: 0,
            limit_at: null,
          }),
        ],
      },
      { job_name: 'b', runs: [] },
    ]);
  });

  test('stand for slots without a run as well', async () => {
    const { post, request, clock, checker } = await startServer();
    checker.start();
    await post('/jobs', { name: 'a', schedule: '0 * * * *', grace: '1m' });
    await clock.advance(2.5 * HOUR_MS);
    const { json } = await request('/runs/recent?job=a');
    expect(json[0]!['runs']).toMatchObject([
      { outcome: 'missed', reason: 'never_seen', began_at: '2026-01-15T14:00:00.000Z', count: 2 },
    ]);
  });

  test('are those of at most 50 jobs', async () => {
    const { request } = await startServer();
    expect((await request(`/runs/recent?${names(50)}`)).json).toEqual([]);
    const { status, json } = await request(`/runs/recent?${names(51)}`);
    expect(status).toBe(422);
    expect(json['errors']).toMatchObject([{ path: 'job', message: 'is given 51 times, and 50 are allowed' }]);
    expect((await request(`/runs/recent?job=${'x'.repeat(300)}`)).status).toBe(422);
    expect((await request('/runs/recent?limit=101')).status).toBe(422);
  });
});

describe('the jobs of some names', () => {
  test('are listed by name, without those that are not there', async () => {
    const { post, request } = await startServer();
    for (const name of ['b', 'a', 'c']) await post('/jobs', { name });
    const { json, headers } = await request('/jobs?name=c&name=nobody&name=a&limit=1');
    expect(json.map(({ name }) => name)).toEqual(['a', 'c']);
    expect(headers.get('x-total-count')).toBe('2');
    expect(headers.has('link')).toBe(false);
  });

  test.each(['status=failure', 'q=x', 'skip=1'])('are not filtered by %s besides', async (other) => {
    const { request } = await startServer();
    const { status, json } = await request(`/jobs?name=a&${other}`);
    expect(status).toBe(422);
    expect(json['errors']).toMatchObject([
      { path: 'name', message: 'does not go together with another filter, a cursor or skip' },
    ]);
  });
});

describe('what ran since an instant', () => {
  test('is told in numbers', async () => {
    const { post, request, clock, checker } = await startServer();
    checker.start();
    for (const name of ['a', 'b']) await post('/jobs', { name });
    await post('/jobs', { name: 'hourly', schedule: '0 * * * *', grace: '1m' });
    await post('/jobs/a/success?rid=before');
    await clock.advance(HOUR_MS / 2);
    await post('/jobs/a/failure?rid=1&exit_code=1&duration_ms=0');
    await clock.advance(1_000);
    await post('/jobs/a/success?rid=2&duration_ms=0');
    await post('/jobs/b/start?rid=3');
    await clock.advance(HOUR_MS);
    const { json } = await request('/runs/summary?since=2026-01-15T12:30:00Z');
    expect(json).toEqual({
      since_at: '2026-01-15T12:30:00.000Z',
      run_count: 3,
      job_count: 3,
      open_count: 1,
      outcomes: { success: 1, failure: 1, timeout: 0, missed: 1, abandoned: 0, skipped: 0, unknown: 0 },
      incident_count: 2,
      closed_count: 1,
      is_whole: true,
    });
  });

  test('is counted anew once it is some seconds old, and is of 12 hours where nobody says since when', async () => {
    const { post, request, clock } = await startServer();
    await post('/jobs', { name: 'a' });
    const since = '/runs/summary?since=2026-01-15T12:00:00Z';
    expect((await request(since)).json['run_count']).toBe(0);
    await post('/jobs/a/success?duration_ms=0');
    expect((await request(since)).json['run_count']).toBe(0);
    await clock.advance(5_000);
    expect((await request(since)).json['run_count']).toBe(1);
    expect((await request('/runs/summary')).json).toMatchObject({
      since_at: '2026-01-15T00:00:05.000Z',
      run_count: 1,
    });
    expect((await request('/runs/summary?since=yesterday')).status).toBe(422);
  });
});
