import { describe, expect, test } from 'vitest';
import { startServer } from './support.ts';

const NIGHTLY = '0 2 * * *';

describe('POST /jobs', () => {
  test('registers a job as clients of the original service do', async () => {
    const { post, request } = await startServer();
    const answer = await post('/jobs', { name: 'backup', schedule: NIGHTLY });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('location')).toBe('/jobs/backup');
    expect(answer.json).toMatchObject({
      name: 'backup',
      schedule: NIGHTLY,
      status: 'pending',
      last_run: null,
      created_at: '2026-01-15T12:00:00.000Z',
      source: 'api',
      timezone: 'UTC',
      tags: [],
      late: false,
      paused: false,
      incident: null,
      expected_at: '2026-01-16T02:00:00.000Z',
      deadline_at: '2026-01-16T02:05:00.000Z',
    });
    expect((await request('/jobs/backup')).json).toEqual(answer.json);
  });

  test('takes JSON without a Content-Type', async () => {
    const { raw } = await startServer();
    const body = '{"name":"backup"}';
    const answer = await raw(
      `POST /jobs HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    expect(answer).toContain('HTTP/1.1 201 Created');
  });

  test('refuses a taken name', async () => {
    const { post } = await startServer();
    await post('/jobs', { name: 'backup', schedule: NIGHTLY });
    const answer = await post('/jobs', { name: 'backup', schedule: NIGHTLY });
    expect(answer.status).toBe(409);
    expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(answer.json).toMatchObject({
      code: 'name_taken',
      status: 409,
      type: 'urn:cronflow:error:name_taken',
    });
  });

  test('tells every fault of a declaration at once', async () => {
    const { post } = await startServer();
    const answer = await post('/jobs', { name: '!', schedul: NIGHTLY });
    expect(answer.status).toBe(422);
    expect(answer.json['errors']).toEqual([
      expect.objectContaining({ path: 'name' }),
      expect.objectContaining({ path: 'schedul', suggestion: 'schedule' }),
    ]);
  });

  test('says that the limit of jobs is reached', async () => {
    const { post } = await startServer();
    for (const name of ['a', 'b', 'c', 'd', 'e']) expect((await post('/jobs', { name })).status).toBe(201);
    expect((await post('/jobs', { name: 'f' })).json).toMatchObject({ code: 'too_many_jobs' });
  });

  test.each([
    ['not JSON', '{"name":', 'application/json', 400, 'bad_request'],
    ['empty', '', 'application/json', 400, 'bad_request'],
    ['not UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'application/json', 400, 'bad_request'],
    ['not an object', '[1]', 'application/json', 422, 'invalid'],
    ['a form', 'name=backup', 'application/x-www-form-urlencoded', 415, 'unsupported_media_type'],
    ['too large', `"${'x'.repeat(300_000)}"`, 'application/json', 413, 'body_too_large'],
  ])('refuses a body that is %s', async (_what, body, type, status, code) => {
    const { request } = await startServer();
    const answer = await request('/jobs', { method: 'POST', body, headers: { 'Content-Type': type } });
    expect(answer.status).toBe(status);
    expect(answer.json['code']).toBe(code);
  });

  test('refuses a compressed body', async () => {
    const { request } = await startServer();
    const headers = { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' };
    expect((await request('/jobs', { method: 'POST', body: '{}', headers })).status).toBe(415);
  });
});

describe('GET /jobs', () => {
  test('answers an array ordered by name, and the total', async () => {
    const { post, request } = await startServer();
    for (const name of ['c', 'a', 'b']) await post('/jobs', { name, schedule: NIGHTLY });
    const all = await request('/jobs?skip=0&limit=100');
    expect(all.json.map((job) => job['name'])).toEqual(['a', 'b', 'c']);
    expect(all.headers.get('x-total-count')).toBe('3');
    const page = await request('/jobs?skip=1&limit=1');
    expect(page.json.map((job) => job['name'])).toEqual(['b']);
    expect(page.headers.get('x-total-count')).toBe('3');
  });

  test('filters by status, tag, group and words', async () => {
    const { post, request } = await startServer();
    await post('/jobs', { name: 'one', tags: ['db'], group: 'nightly' });
    await post('/jobs', { name: 'two', description: 'Sends the INVOICES' });
    await post('/jobs/two/start');
    const names = async (query: string): Promise<unknown[]> =>
      (await request(`/jobs?${query}`)).json.map((job) => job['name']);
    expect(await names('status=running')).toEqual(['two']);
    expect(await names('tag=db')).toEqual(['one']);
    expect(await names('group=nightly')).toEqual(['one']);
    expect(await names('q=invoices')).toEqual(['two']);
    expect(await names('q=invoices&group=nightly')).toEqual([]);
    expect(await names('status=&tag=')).toEqual(['one', 'two']);
  });

  test('filters by whether there is an open incident', async () => {
    const { post, request } = await startServer();
    for (const name of ['bad', 'fine', 'mended']) await post('/jobs', { name });
    for (const name of ['bad', 'mended']) await post(`/jobs/${name}/failure`);
    await post('/jobs/mended/success');
    await post('/jobs/bad/start');
    const names = async (query: string): Promise<unknown[]> =>
      (await request(`/jobs?${query}`)).json.map((job) => job['name']);
    expect(await names('incident=open')).toEqual(['bad']);
    expect(await names('incident=none')).toEqual(['fine', 'mended']);
    expect(await names('incident=open&status=success')).toEqual([]);
    expect((await request('/jobs?incident=closed')).status).toBe(422);
  });

  test.each([
    ['limit=0', 'limit', 'from 1 to 1000'],
    ['limit=1001', 'limit', 'from 1 to 1000'],
    ['limit=ten', 'limit', 'from 1 to 1000'],
    ['skip=-1', 'skip', '0 or more'],
    ['skip=1.5', 'skip', '0 or more'],
    ['status=failed', 'status', 'pending, running, success, failure, missed, timeout, paused'],
    [`q=${'x'.repeat(257)}`, 'q', '256'],
  ])('refuses ?%s and says what is allowed', async (query, path, allowed) => {
    const { request } = await startServer();
    const answer = await request(`/jobs?${query}`);
    expect(answer.status).toBe(422);
    expect(answer.json['errors']).toEqual([
      expect.objectContaining({ path, message: expect.stringContaining(allowed) }),
    ]);
  });

  test('suggests the status that was meant, and tells all faults together', async () => {
    const { request } = await startServer();
    const { json } = await request('/jobs?limit=x&status=runing');
    expect(json['errors']).toEqual([
      expect.objectContaining({ path: 'limit' }),
      expect.objectContaining({ path: 'status', suggestion: 'running' }),
    ]);
  });

  test('shows the open incident of each job that has one', async () => {
    const { post, request } = await startServer();
    await post('/jobs', { name: 'bad' });
    await post('/jobs', { name: 'good' });
    await post('/jobs/bad/failure?exit_code=3');
    const [bad, good] = (await request('/jobs')).json;
    expect(bad).toMatchObject({
      status: 'failure',
      incident: { reason: 'exit_code', kinds: ['failure'], opened_at: '2026-01-15T12:00:00.000Z' },
    });
    expect(good!['incident']).toBeNull();
  });
});

describe('a job read back', () => {
  test('is late once its slot has passed, until it is settled', async () => {
    const { post, request, clock } = await startServer();
    await post('/jobs', { name: 'backup', schedule: '30 12 * * *' });
    await clock.advance(30 * 60_000);
    expect((await request('/jobs/backup')).json['late']).toBe(false);
    await clock.advance(1_000);
    expect((await request('/jobs/backup')).json['late']).toBe(true);
    await post('/jobs/backup/start');
    const { json } = await request('/jobs/backup');
    expect(json).toMatchObject({ late: false, status: 'running', last_run: '2026-01-15T12:30:01.000Z' });
  });

  test('with a period is not expected while it runs', async () => {
    const { post, request, clock } = await startServer();
    await post('/jobs', { name: 'poll', every: '10m' });
    await post('/jobs/poll/start');
    await clock.advance(20 * 60_000);
    expect((await request('/jobs/poll')).json).toMatchObject({
      late: false,
      expected_at: null,
      deadline_at: null,
      every: '10m',
      schedule: null,
    });
  });

  test('that is paused is neither expected nor late', async () => {
    const { post, request, clock } = await startServer();
    await post('/jobs', { name: 'backup', schedule: '30 12 * * *', paused: true });
    await clock.advance(3_600_000);
    expect((await request('/jobs/backup')).json).toMatchObject({
      paused: true,
      late: false,
      status: 'paused',
      expected_at: null,
    });
  });

  test('takes the grace it declares into its deadline', async () => {
    const { post } = await startServer();
    const { json } = await post('/jobs', { name: 'backup', schedule: '30 12 * * *', grace: '1h' });
    expect(json).toMatchObject({ grace: '1h', deadline_at: '2026-01-15T13:30:00.000Z' });
  });

  test('from a file says where it is declared', async () => {
    const { configure, request } = await startServer();
    await configure({ first: {}, nightly: { schedule: NIGHTLY } });
    expect((await request('/jobs/nightly')).json).toMatchObject({
      source: 'file',
      place: { file: 'cronflow.yaml', line: 2 },
    });
  });

  test('that does not exist is a 404 that suggests a name', async () => {
    const { post, request } = await startServer();
    await post('/jobs', { name: 'daily-backup' });
    const answer = await request('/jobs/daily-bakup');
    expect(answer.status).toBe(404);
    expect(answer.json).toMatchObject({
      code: 'unknown_job',
      detail: 'No job is named "daily-bakup". Did you mean "daily-backup"?',
      errors: [{ suggestion: 'daily-backup' }],
    });
    expect((await request('/jobs/zzz')).json['errors']).toBeUndefined();
  });
});

function sent(method: string, body: unknown): RequestInit {
  return { method, body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } };
}

describe('PUT /jobs/:name', () => {
  test('registers a job that is not there, and changes one that is there, with its history', async () => {
    const { request, ping } = await startServer();
    const made = await request('/jobs/backup', sent('PUT', { schedule: NIGHTLY, grace: '10m' }));
    expect([made.status, made.headers.get('location')]).toEqual([201, '/jobs/backup']);
    await ping('backup', 'success');
    const changed = await request('/jobs/backup', sent('PUT', { name: 'backup', schedule: '0 3 * * *' }));
    expect(changed.status).toBe(200);
    expect(changed.json).toMatchObject({
      id: made.json['id'],
      schedule: '0 3 * * *',
      status: 'success',
      expected_at: '2026-01-16T03:00:00.000Z',
    });
    // What the body leaves out is not set any more.
    expect(changed.json).not.toHaveProperty('grace');
    expect((await request('/jobs/backup/runs')).json).toHaveLength(1);
  });

  test('changes nothing when it comes again', async () => {
    const { request } = await startServer();
    const body = sent('PUT', { schedule: NIGHTLY });
    const first = await request('/jobs/backup', body);
    expect((await request('/jobs/backup', body)).json).toEqual(first.json);
  });

  test('brings a removed job back with its history', async () => {
    const { request, ping } = await startServer();
    const { json } = await request('/jobs/backup', sent('PUT', { schedule: NIGHTLY }));
    await ping('backup', 'success');
    await request('/jobs/backup', { method: 'DELETE' });
    const again = await request('/jobs/backup', sent('PUT', { schedule: NIGHTLY }));
    expect([again.status, again.json['id']]).toEqual([201, json['id']]);
    expect((await request('/jobs/backup/runs')).json).toHaveLength(1);
  });

  test('refuses another name, a faulty declaration, and a job of a file', async () => {
    const { configure, request } = await startServer();
    await configure({ nightly: { schedule: NIGHTLY } });
    const renamed = await request('/jobs/backup', sent('PUT', { name: 'other' }));
    expect([renamed.status, renamed.json['errors']]).toEqual([
      422,
      [expect.objectContaining({ path: 'name' })],
    ]);
    expect((await request('/jobs/backup', sent('PUT', { schedul: NIGHTLY }))).status).toBe(422);
    expect((await request('/jobs/backup', sent('PUT', []))).status).toBe(422);
    expect((await request('/jobs/backup')).status).toBe(404);
    const ofFile = await request('/jobs/nightly', sent('PUT', { schedule: NIGHTLY }));
    expect(ofFile.status).toBe(409);
    expect(ofFile.json['detail']).toContain('cronflow.yaml, line 1');
  });
});

describe('PATCH /jobs/:name', () => {
  test('changes the keys that it names, and takes out those that are null', async () => {
    const { post, request } = await startServer();
    await post('/jobs', { name: 'backup', schedule: NIGHTLY, grace: '10m', tags: ['a', 'b'] });
    const answer = await request('/jobs/backup', sent('PATCH', { grace: null, tags: ['c'], paused: true }));
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({ schedule: NIGHTLY, tags: ['c'], paused: true, status: 'paused' });
    expect(answer.json).not.toHaveProperty('grace');
    expect((await request('/jobs/backup', sent('PATCH', { paused: false }))).json).toMatchObject({
      paused: false,
      expected_at: '2026-01-16T02:00:00.000Z',
    });
  });

  test('refuses what is not valid, unknown jobs, and jobs of a file, and changes nothing then', async () => {
    const { configure, post, request } = await startServer();
    await configure({ nightly: { schedule: NIGHTLY } });
    await post('/jobs', { name: 'backup', schedule: NIGHTLY });
    expect((await request('/jobs/backup', sent('PATCH', { grace: '1m', schedul: 'x' }))).status).toBe(422);
    expect((await request('/jobs/backup')).json).not.toHaveProperty('grace');
    expect((await request('/jobs/bakup', sent('PATCH', { grace: '1m' }))).status).toBe(404);
    expect((await request('/jobs/nightly', sent('PATCH', { grace: '1m' }))).json['code']).toBe('job_in_file');
  });
});

describe('DELETE /jobs/:name', () => {
  test('removes a job of the API', async () => {
    const { post, request } = await startServer();
    await post('/jobs', { name: 'backup' });
    const answer = await request('/jobs/backup', { method: 'DELETE' });
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect((await request('/jobs/backup')).status).toBe(404);
    expect((await request('/jobs/backup', { method: 'DELETE' })).json['code']).toBe('unknown_job');
  });

  test('refuses a job of a file and names the file and the line', async () => {
    const { configure, request } = await startServer();
    await configure({ nightly: { schedule: NIGHTLY } });
    const answer = await request('/jobs/nightly', { method: 'DELETE' });
    expect(answer.status).toBe(409);
    expect(answer.json['code']).toBe('job_in_file');
    expect(answer.json['detail']).toContain('cronflow.yaml, line 1');
  });
});
