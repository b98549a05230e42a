import { describe, expect, test } from 'vitest';
import { DEFAULT_GLOBALS } from '../../src/core/model/spec.ts';
import { delivery, incident, job, systemIncident } from '../support/records.ts';
import { startServer } from './support.ts';

describe('the runs of a job', () => {
  test('are listed newest first, with the total', async () => {
    const { post, request, clock } = await startServer();
    await post('/jobs', { name: 'backup' });
    await post('/jobs/backup/success?rid=a&duration_ms=1500&host=web1');
    await clock.advance(60_000);
    await post('/jobs/backup/start?rid=b');
    const all = await request('/jobs/backup/runs');
    expect(all.headers.get('x-total-count')).toBe('2');
    expect(all.json).toMatchObject([
      { rid: 'b', outcome: null, started_at: '2026-01-15T12:01:00.000Z', ended_at: null },
      { rid: 'a', outcome: 'success', duration_ms: 1500, ended_at: '2026-01-15T12:00:00.000Z', host: 'web1' },
    ]);
    expect((await request('/jobs/backup/runs?skip=1&limit=1')).json).toEqual([all.json[1]]);
    expect((await request(`/jobs/backup/runs/${String(all.json[1]!['id'])}`)).json).toEqual(all.json[1]);
  });

  test('are selected by outcome, host and instant', async () => {
    const { post, request, clock } = await startServer();
    await post('/jobs', { name: 'backup' });
    await post('/jobs/backup/success?rid=a&duration_ms=0&host=web1');
    await clock.advance(3_600_000);
    await post('/jobs/backup/failure?rid=b&duration_ms=0&host=web2');
    await clock.advance(3_600_000);
    await post('/jobs/backup/start?rid=c&host=web1');
    const rids = async (query: string): Promise<unknown[]> => {
      const answer = await request(`/jobs/backup/runs?${query}`);
      expect(answer.headers.get('x-total-count')).toBe(String(answer.json.length));
      return answer.json.map(({ rid }) => rid);
    };
    expect(await rids('outcome=failure')).toEqual(['b']);
    expect(await rids('outcome=open')).toEqual(['c']);
    expect(await rids('host=web1')).toEqual(['c', 'a']);
    expect(await rids('since=1h')).toEqual(['c', 'b']);
    expect(await rids('since=2026-01-15T14:00:00+01:00&until=2026-01-15T14:00Z')).toEqual(['b']);
    expect(await rids('outcome=&host=&since=&until=')).toEqual(['c', 'b', 'a']);
  });

  test.each([
    ['outcome=failed', 'outcome', '"failed" is not one of success, failure,'],
    ['since=yesterday', 'since', '"yesterday" is neither an instant, ISO 8601 with a zone,'],
    ['until=2026-01-15', 'until', '"2026-01-15" is neither an instant'],
  ])('are not listed for a filter that cannot be read (%s)', async (query, path, message) => {
    const { post, request } = await startServer();
    await post('/jobs', { name: 'backup' });
    const { status, json } = await request(`/jobs/backup/runs?${query}`);
    expect(status).toBe(422);
    expect(json['errors']).toMatchObject([{ path, message: expect.stringContaining(message) }]);
  });

  test('say everything about how they ran and ended', async () => {
    const { post, request, clock, checker } = await startServer();
    checker.start();
    await post('/jobs', { name: 'backup', schedule: '30 * * * *' });
    await clock.advance(3 * 3_600_000);
    await post('/jobs/backup/start?rid=a&host=web1');
    await clock.advance(1_500);
    await post('/jobs/backup/failure?rid=a&signal=TERM', { output: 'killed' });
    const [run, misses] = (await request('/jobs/backup/runs')).json;
    expect(run).toMatchObject({
      rid: 'a',
      host: 'web1',
      slot_at: '2026-01-15T14:30:00.000Z',
      late: true,
      started_at: '2026-01-15T15:00:00.000Z',
      ended_at: '2026-01-15T15:00:01.500Z',
      duration_ms: 1_500,
      outcome: 'failure',
      reason: 'signal',
      exit_code: null,
      signal: 'TERM',
      output_bytes: 6,
      output_dropped_bytes: 0,
      count: 1,
    });
    expect(misses).toMatchObject({
      outcome: 'missed',
      count: 2,
      first_slot_at: '2026-01-15T12:30:00.000Z',
      slot_at: '2026-01-15T13:30:00.000Z',
      started_at: null,
    });
  });

  test('have an output that is served as plain text', async () => {
    const { post, request } = await startServer();
    await post('/jobs', { name: 'backup' });
    const { json } = await post('/jobs/backup/failure', {
      output: '<script>alert(1)</script>',
      output_dropped_bytes: 12,
    });
    const answer = await request(`/jobs/backup/runs/${String(json['run_id'])}/output`);
    expect(answer.text).toBe('<script>alert(1)</script>');
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.headers.get('x-output-dropped-bytes')).toBe('12');
  });

  test('without an output have an empty one', async () => {
    const { post, request } = await startServer();
    await post('/jobs', { name: 'backup' });
    const { json } = await post('/jobs/backup/success');
    const answer = await request(`/jobs/backup/runs/${String(json['run_id'])}/output`);
    expect([answer.status, answer.text]).toEqual([200, '']);
  });

  test('that do not exist, or belong to another job, are 404', async () => {
    const { post, request } = await startServer();
    await post('/jobs', { name: 'a' });
    await post('/jobs', { name: 'b' });
    const { json } = await post('/jobs/b/success?exit_code=0');
    for (const path of [
      '/jobs/a/runs/nope',
      '/jobs/a/runs/nope/output',
      `/jobs/a/runs/${String(json['run_id'])}`,
    ]) {
      expect((await request(path)).json['code']).toBe('not_found');
    }
    expect((await request('/jobs/c/runs')).json['code']).toBe('unknown_job');
    expect((await request('/jobs/a/runs?limit=0')).status).toBe(422);
  });
});

describe('the incidents', () => {
  test('are listed newest first and filtered by job and by being open', async () => {
    const { post, request, clock } = await startServer();
    for (const name of ['a', 'b']) {
      await post('/jobs', { name });
      await post(`/jobs/${name}/failure?exit_code=1`);
      await clock.advance(1_000);
    }
    await post('/jobs/a/success');
    const all = await request('/incidents');
    expect(all.headers.get('x-total-count')).toBe('2');
    expect(all.json).toMatchObject([
      { job_name: 'b', closed_at: null, reason: 'exit_code' },
      { job_name: 'a', close_reason: 'recovered', opened_at: '2026-01-15T12:00:00.000Z' },
    ]);
    expect((await request('/incidents?open=true')).json).toMatchObject([{ job_name: 'b' }]);
    expect((await request('/incidents?open=false&job=a')).json).toMatchObject([{ job_name: 'a' }]);
    expect((await request('/incidents?job=b&limit=5')).json).toHaveLength(1);
  });

  test('of Cronflow itself belong to no job', async () => {
    const { store, request } = await startServer();
    await store.transact({ all: true }, (tx) => tx.putIncident(systemIncident('s-1', { detail: 'line 3' })));
    expect((await request('/incidents')).json).toMatchObject([
      { kind: 'config', job_id: null, detail: 'line 3' },
    ]);
  });

  test('of an unknown job, or a wrong filter, are refused', async () => {
    const { request } = await startServer();
    expect((await request('/incidents?job=nope')).json['code']).toBe('unknown_job');
    expect((await request('/incidents?open=maybe')).status).toBe(422);
  });
});

describe('the deliveries', () => {
  test('are listed and filtered by status', async () => {
    const { store, request } = await startServer();
    await store.transact({ all: true }, (tx) => {
      tx.putJob(job('j1'));
      tx.putIncident(incident('j1.1', 'j1'));
      tx.putDelivery(delivery('d1', 'j1', { incident_id: 'j1.1' }));
      tx.putDelivery(
        delivery('d2', 'j1', {
          incident_id: 'j1.1',
          status: 'dead',
          last_error: 'no_service',
          notifier: 'b',
        }),
      );
    });
    await store.transact({ all: true }, (tx) =>
      tx.putDelivery(delivery('d3', 'j1', { incident_id: 'j1.1', status: 'logged', notifier: 'c' })),
    );
    expect((await request('/deliveries')).headers.get('x-total-count')).toBe('3');
    expect((await request('/deliveries?status=logged')).json).toMatchObject([{ id: 'd3', status: 'logged' }]);
    expect((await request('/deliveries?status=dead')).json).toMatchObject([
      { id: 'd2', last_error: 'no_service', facts: { at: '2026-01-15T12:00:00.000Z' } },
    ]);
    expect((await request('/deliveries?status=lost')).status).toBe(422);
  });

  test('are filtered by the incident, which must be one', async () => {
    const { store, request } = await startServer();
    await store.transact({ all: true }, (tx) => {
      tx.putJob(job('j1'));
      tx.putIncident(incident('j1.1', 'j1', { closed_at: Date.UTC(2026, 0, 15, 12) }));
      tx.putIncident(incident('j1.2', 'j1'));
      tx.putDelivery(delivery('d1', 'j1', { incident_id: 'j1.1' }));
      tx.putDelivery(delivery('d2', 'j1', { incident_id: 'j1.2' }));
    });
    expect((await request('/deliveries?incident=j1.1')).json).toMatchObject([{ id: 'd1' }]);
    expect((await request('/deliveries?incident=j1.2&status=dead')).json).toEqual([]);
    const unknown = await request('/deliveries?incident=j1.3');
    expect([unknown.status, unknown.json['code']]).toEqual([404, 'not_found']);
  });

  test('are filtered by the notifier, whose name must be one', async () => {
    const { store, request } = await startServer({
      globals: () => ({ ...DEFAULT_GLOBALS, notifiers: ['ops', 'mail'] }),
    });
    await store.transact({ all: true }, (tx) => {
      tx.putJob(job('j1'));
      tx.putDelivery(delivery('d1', 'j1', { notifier: 'ops', receipt: '1700000000.1', merged_ids: ['d2'] }));
      tx.putDelivery(delivery('d2', 'j1', { notifier: 'ops', status: 'dead', merged_into: 'd1' }));
      tx.putDelivery(delivery('d3', 'j1', { notifier: 'former', status: 'dead' }));
    });
    const listed = async (query: string): Promise<unknown> =>
      (await request(`/deliveries?${query}`)).json.map(({ id }) => id);
    expect(await listed('notifier=ops')).toEqual(['d1', 'd2']);
    expect(await listed('notifier=ops&status=dead')).toEqual(['d2']);
    expect(await listed('notifier=former')).toEqual(['d3']);
    expect(await listed('notifier=mail')).toEqual([]);
    const page = await request('/deliveries?notifier=ops&limit=1');
    expect([page.headers.get('x-total-count'), page.json.length]).toEqual(['2', 1]);
    const misspelt = await request('/deliveries?notifier=opps');
    expect(misspelt.status).toBe(422);
    expect(misspelt.json['errors']).toMatchObject([
      { path: 'notifier', message: '"opps" is not one of ops, mail, former', suggestion: 'ops' },
    ]);
  });
});
