import { expect, test } from 'vitest';
import { startServer } from './support.ts';
import { HOUR_MS } from '../../src/schedule/units.ts';

const NONE = { success: 0, failure: 0, timeout: 0, missed: 0, abandoned: 0, skipped: 0, unknown: 0 };

test('a day has counts of outcomes and the durations within 1 %, the latest day first', async () => {
  const { post, request, clock } = await startServer();
  await post('/jobs', { name: 'backup' });
  expect((await request('/jobs/backup/days')).json).toEqual([]);
  for (const minutes of [1, 2, 3])
    await post(`/jobs/backup/success?rid=${minutes}&duration_ms=${minutes * 60_000}`);
  await clock.advance(24 * HOUR_MS);
  await post('/jobs/backup/failure');
  const { json, headers } = await request('/jobs/backup/days');
  expect(json).toMatchObject([
    { date: '2026-01-16', outcomes: { ...NONE, failure: 1 }, median_ms: null, p95_ms: null },
    { date: '2026-01-15', outcomes: { ...NONE, success: 3 } },
  ]);
  expect(Math.abs(Number(json[1]!['median_ms']) - 120_000)).toBeLessThanOrEqual(1_200);
  expect(Math.abs(Number(json[1]!['p95_ms']) - 180_000)).toBeLessThanOrEqual(1_800);
  expect(headers.get('x-total-count')).toBe('2');
  expect((await request('/jobs/backup/days?skip=1&limit=1')).json).toEqual([json[1]]);
});

test('a missed slot counts on its own day, and a rerun takes its place there', async () => {
  const { post, request, clock, checker } = await startServer();
  checker.start();
  await post('/jobs', { name: 'backup', schedule: '30 23 * * *', grace: '10m' });
  await clock.advance(13 * HOUR_MS);
  const days = async (): Promise<unknown> => (await request('/jobs/backup/days')).json;
  expect(await days()).toMatchObject([{ date: '2026-01-15', outcomes: { ...NONE, missed: 1 } }]);
  await post('/jobs/backup/success?duration_ms=1000');
  expect(await days()).toMatchObject([
    { date: '2026-01-15', outcomes: { ...NONE, success: 1 }, median_ms: expect.any(Number) },
  ]);
});

test('a rerun takes the place of a miss that the history has forgotten', async () => {
  const { post, request, clock, checker } = await startServer();
  checker.start();
  await post('/jobs', { name: 'backup', schedule: '30 12 * * *', keep_runs: 1 });
  await clock.advance(HOUR_MS);
  await post('/jobs/backup/start?rid=rerun');
  await post('/jobs/backup/success?rid=another');
  expect((await request('/jobs/backup/runs')).json).toMatchObject([{ rid: 'another' }, { rid: 'rerun' }]);
  await post('/jobs/backup/success?rid=rerun');
  expect((await request('/jobs/backup/days')).json).toMatchObject([{ outcomes: { ...NONE, success: 2 } }]);
});

test('nothing is known of the days of an unknown job', async () => {
  const { request } = await startServer();
  expect((await request('/jobs/nope/days')).json['code']).toBe('unknown_job');
});
