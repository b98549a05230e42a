import { describe, expect, test } from 'vitest';
import { startServer } from './support.ts';
import { HOUR_MS } from '../../src/schedule/units.ts';

const NIGHTLY = '0 2 * * *';

describe('a pause of a job', () => {
  test('lets its reports be recorded and not count, until the job is resumed', async () => {
    const { post, request, clock } = await startServer();
    await post('/jobs', { name: 'backup', schedule: NIGHTLY });
    const paused = await post('/jobs/backup/pause');
    expect(paused.status).toBe(200);
    expect(paused.json).toMatchObject({ status: 'paused', paused: true, expected_at: null });
    await post('/jobs/backup/failure');
    expect((await request('/jobs/backup')).json).toMatchObject({ status: 'paused', incident: null });
    expect((await request('/jobs/backup/runs')).json).toMatchObject([{ outcome: 'failure', counted: false }]);
    await clock.advance(24 * HOUR_MS);
    const resumed = await post('/jobs/backup/resume');
    expect(resumed.status).toBe(200);
    expect(resumed.json).toMatchObject({
      status: 'pending',
      paused: false,
      expected_at: '2026-01-17T02:00:00.000Z',
    });
    expect((await request('/jobs/backup')).json).toEqual(resumed.json);
  });

  test('may come over the API although a file declares the job, and stays when the file changes', async () => {
    const { configure, post, request } = await startServer();
    await configure({ nightly: { schedule: NIGHTLY } });
    await post('/jobs/nightly/pause');
    await configure({ nightly: { schedule: '0 3 * * *', grace: '1h' } });
    expect((await request('/jobs/nightly')).json).toMatchObject({ schedule: '0 3 * * *', status: 'paused' });
    expect((await post('/jobs/nightly/resume')).json).toMatchObject({
      paused: false,
      expected_at: '2026-01-16T03:00:00.000Z',
    });
  });

  test('ends by itself where it was told until when, and pausing again replaces that', async () => {
    const { post, request, clock, checker } = await startServer();
    checker.start();
    await post('/jobs', { name: 'backup', schedule: NIGHTLY });
    const until = (text: string) => post(`/jobs/backup/pause?until=${text}`);
    expect((await until('4h')).json['paused_until_at']).toBe(
      new Date(clock.now() + 4 * HOUR_MS).toISOString(),
    );
    const again = await post('/jobs/backup/pause', { until: '1h' });
    expect(again.json).toMatchObject({
      paused: true,
      paused_until_at: new Date(clock.now() + HOUR_MS).toISOString(),
    });
    await clock.advance(HOUR_MS + 60_000);
    expect((await request('/jobs/backup')).json).toMatchObject({ paused: false, paused_until_at: null });
    expect((await until('yesterday')).json['errors']).toMatchObject([{ path: 'until' }]);
    expect((await until('999d')).json['detail']).toMatch(/^Say until when the job is paused: /);
  });

  test('changes nothing when it comes twice, nor does a resumption without a pause', async () => {
    const { post, request, clock } = await startServer();
    await post('/jobs', { name: 'backup', schedule: NIGHTLY });
    for (const what of ['resume', 'pause', 'pause', 'resume', 'resume']) {
      const before = (await request('/jobs/backup')).json;
      const answer = await post(`/jobs/backup/${what}`);
      expect(answer.status).toBe(200);
      if (before['paused'] === (what === 'pause')) expect(answer.json).toEqual(before);
      await clock.advance(1_000);
    }
  });

  test('closes the open incident without a message', async () => {
    const { post, request } = await startServer();
    await post('/jobs', { name: 'backup' });
    await post('/jobs/backup/failure');
    expect((await post('/jobs/backup/pause')).json['incident']).toBeNull();
    expect((await request('/incidents')).json).toMatchObject([{ close_reason: 'paused' }]);
  });

  test('in the file can be ended only there', async () => {
    const { configure, post, request } = await startServer();
    await configure({ other: {}, nightly: { schedule: NIGHTLY, paused: true } });
    const answer = await post('/jobs/nightly/resume');
    expect(answer.status).toBe(409);
    expect(answer.json).toMatchObject({
      code: 'job_in_file',
      detail: 'Job "nightly" is paused in cronflow.yaml, line 2. Resume it there.',
    });
    expect((await request('/jobs/nightly')).json['status']).toBe('paused');
  });

  test('with which a job was registered is ended over the API for good', async () => {
    const { configure, post, request } = await startServer();
    await post('/jobs', { name: 'backup', schedule: NIGHTLY, paused: true });
    await post('/jobs/backup/pause');
    expect((await post('/jobs/backup/resume')).json).toMatchObject({
      paused: false,
      status: 'pending',
      expected_at: '2026-01-16T02:00:00.000Z',
    });
    await configure({}, { grace: '1h' });
    expect((await request('/jobs/backup')).json).toMatchObject({ paused: false, grace: '1h' });
  });

  test('is refused where there is no job of the name', async () => {
    const { post } = await startServer();
    await post('/jobs', { name: 'backup' });
    for (const what of ['pause', 'resume']) {
      const answer = await post(`/jobs/backups/${what}`);
      expect(answer.status).toBe(404);
      expect(answer.json).toMatchObject({ code: 'unknown_job', errors: [{ suggestion: 'backup' }] });
    }
  });
});
