import { describe, expect, test } from 'vitest';
import { systemIncident } from '../support/records.ts';
import { startServer } from './support.ts';
import { HOUR_MS } from '../../src/schedule/units.ts';

async function startWithIncident() {
  const server = await startServer();
  await server.configure({ backup: { remind_every: '1h' } });
  await server.post('/jobs/backup/failure?exit_code=3');
  const [{ id } = {}] = (await server.request('/incidents')).json;
  const reminders = async (): Promise<number> =>
    (await server.request('/deliveries')).json.filter((delivery) => delivery['kind'] === 'reminder').length;
  server.checker.start();
  return { ...server, path: `/incidents/${String(id)}`, reminders };
}

describe('GET /incidents/:id', () => {
  test('says why the incident opened, what happened in it and why it closed', async () => {
    const { path, post, request, clock } = await startWithIncident();
    await clock.advance(1_000);
    await post('/jobs/backup/failure?exit_code=4');
    await post('/jobs/backup/success');
    expect((await request(path)).json).toMatchObject({
      job_name: 'backup',
      reason: 'exit_code',
      opened_at: '2026-01-15T12:00:00.000Z',
      closed_at: '2026-01-15T12:00:01.000Z',
      close_reason: 'recovered',
      bad_count: 2,
      told: ['ops'],
      outcomes: [
        { outcome: 'failure', at: '2026-01-15T12:00:00.000Z' },
        { outcome: 'failure', at: '2026-01-15T12:00:01.000Z' },
        { outcome: 'success' },
      ],
    });
  });

  test('is 404 for an incident that is not kept', async () => {
    const { request } = await startServer();
    const answer = await request('/incidents/nope');
    expect([answer.status, answer.json['code']]).toEqual([404, 'not_found']);
  });
});

describe('POST /incidents/:id/ack', () => {
  test('keeps the incident from reminding until the given time, and not longer', async () => {
    const { path, post, clock, reminders, request } = await startWithIncident();
    await clock.advance(HOUR_MS + 1);
    expect(await reminders()).toBe(1);
    const answer = await post(`${path}/ack`, { until: '2026-01-15T17:00:00Z' });
    expect(answer.status).toBe(200);
    expect(answer.json['acknowledged_until_at']).toBe('2026-01-15T17:00:00.000Z');
    expect((await request('/jobs/backup')).json['incident']).toMatchObject({
      acknowledged_until_at: '2026-01-15T17:00:00.000Z',
    });
    await clock.advance(4 * HOUR_MS - 1);
    expect(await reminders()).toBe(1);
    await clock.advance(1);
    expect(await reminders()).toBe(2);
  });

  test.each([
    ['?until=90m', undefined, '2026-01-15T13:30:00.000Z'],
    ['?until=2026-01-16T08:00:00%2B01:00', undefined, '2026-01-16T07:00:00.000Z'],
    ['?until=2026-01-16T08:00+01:00', undefined, '2026-01-16T07:00:00.000Z'],
    ['', { until: '2026-01-15T12:00:00.001Z' }, '2026-01-15T12:00:00.001Z'],
    ['?until=1d', { until: '2d' }, '2026-01-16T12:00:00.000Z'],
    ['', { until: '366d' }, '2027-01-16T12:00:00.000Z'],
  ])('takes until from %s %j', async (query, body, until) => {
    const { path, post } = await startWithIncident();
    expect((await post(`${path}/ack${query}`, body)).json['acknowledged_until_at']).toBe(until);
  });

  test.each([
    ['', undefined, 'a duration such as 4h'],
    ['', {}, 'an instant'],
    ['?until=soon', undefined, '"soon" is not a duration'],
    ['?until=2026-01-16T08:00', undefined, 'with a zone'],
    ['', { until: 4 }, '4 is not a duration'],
    ['', { until: null }, 'null is not a duration'],
    ['', { until: '0s' }, 'is not after now, 2026-01-15T12:00:00.000Z'],
    ['', { until: '2026-01-15T12:00:00Z' }, 'is not after now'],
    ['', { until: '367d' }, 'at most 2027-01-16T12:00:00.000Z'],
    ['', { untl: '4h' }, 'only "until" is known'],
    ['', ['4h'], 'must be an object'],
  ])('refuses %s %j and says what is allowed', async (query, body, message) => {
    const { path, post, request } = await startWithIncident();
    const answer = await post(`${path}/ack${query}`, body);
    expect(answer.status).toBe(422);
    expect(answer.json).toMatchObject({
      code: 'invalid',
      errors: [{ message: expect.stringContaining(message) }],
    });
    expect((await request(path)).json['acknowledged_until_at']).toBeNull();
  });

  test('is refused for an incident that is closed, and for one that is not there', async () => {
    const { path, post } = await startWithIncident();
    await post('/jobs/backup/success');
    const closed = await post(`${path}/ack?until=4h`);
    expect(closed.status).toBe(409);
    expect(closed.json).toMatchObject({
      code: 'incident_closed',
      detail: 'The incident closed at 2026-01-15T12:00:00.000Z, so nobody is reminded of it.',
    });
    const missing = await post('/incidents/nope/ack?until=4h');
    expect([missing.status, missing.json['code']]).toEqual([404, 'not_found']);
  });

  test('works for an incident of Cronflow itself', async () => {
    const { store, post, request } = await startServer();
    await store.transact({ system_incidents: true }, (tx) => tx.putIncident(systemIncident('s-1')));
    expect((await post('/incidents/s-1/ack?until=4h')).status).toBe(200);
    expect((await request('/incidents/s-1')).json).toMatchObject({
      kind: 'config',
      closed_at: null,
      acknowledged_until_at: '2026-01-15T16:00:00.000Z',
    });
  });

  test('lets the incident close as usual', async () => {
    const { path, post, request } = await startWithIncident();
    await post(`${path}/ack?until=4h`);
    await post('/jobs/backup/success');
    expect((await request(path)).json).toMatchObject({ close_reason: 'recovered' });
    expect((await request('/deliveries')).json.map((delivery) => delivery['kind'])).toEqual([
      'closed',
      'opened',
    ]);
  });
});
