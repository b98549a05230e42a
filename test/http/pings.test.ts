import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { CronflowError } from '../../src/core/model/errors.ts';
import { PING_KINDS } from '../../src/core/model/reasons.ts';
import type { Job, Ping } from '../../src/core/model/records.ts';
import { type Logger, silentLogger } from '../../src/observe/log.ts';
import { settle } from '../support/fake-clock.ts';
import { job } from '../support/records.ts';
import { parseRaw, PINGS_ONLY, startServer, until, type TestServer } from './support.ts';

async function withJob(): Promise<TestServer> {
  const server = await startServer();
  await server.post('/jobs', { name: 'backup', schedule: '0 2 * * *' });
  return server;
}

/** A server whose pings are only collected. */
/** Returns a job of this name. */
function named(name: string): Job {
  return job('id', { name });
}

async function recording(fails?: CronflowError) {
  const pings: { name: string; ping: Ping }[] = [];
  const lines: string[] = [];
  const logger: Logger = {
    debug() {},
    info: (message) => lines.push(message),
    warn: (message) => lines.push(message),
    error: (message) => lines.push(message),
  };
  const server = await startServer({
    logger,
    ingest: {
      async ping(name, ping) {
        pings.push({ name, ping });
        if (fails !== undefined) throw fails;
        return { job: named(name), run_id: null, reason: 'logged' };
      },
      ...PINGS_ONLY,
    },
  });
  return { ...server, pings, lines };
}

/** A connection on which a test sends a request piece by piece. */
async function dial(port: number) {
  const socket = connect(port, '127.0.0.1');
  let received = '';
  socket.on('data', (chunk) => (received += String(chunk))).on('error', () => {});
  await once(socket, 'connect');
  return { socket, received: () => received };
}

describe('a ping', () => {
  test.each(PING_KINDS)('of kind %s works by POST, GET and HEAD', async (kind) => {
    const { request, pings } = await recording();
    for (const method of ['POST', 'GET', 'HEAD']) {
      const answer = await request(`/jobs/backup/${kind}?rid=r1`, { method });
      expect(answer.status).toBe(200);
      if (method === 'HEAD') expect(answer.text).toBe('');
      else expect(answer.json).toMatchObject({ ok: true, job: 'backup', run_id: null, reason: 'logged' });
    }
    expect(pings.map(({ ping }) => [ping.kind, ping.rid])).toEqual(
      ['POST', 'GET', 'HEAD'].map(() => [kind, 'r1']),
    );
  });

  test('is answered with the job as it has left it', async () => {
    const { post, request, clock } = await withJob();
    const shown = async (): Promise<object> => {
      const { id, name, schedule, status, last_run, created_at } = (await request('/jobs/backup')).json;
      return { id, name, schedule, status, last_run, created_at };
    };
    expect((await post('/jobs/backup/start?rid=r1')).json).toMatchObject({
      ...(await shown()),
      name: 'backup',
      status: 'running',
      last_run: new Date(clock.now()).toISOString(),
    });
    await clock.advance(5_000);
    expect((await post('/jobs/backup/failure?rid=r1')).json).toMatchObject({
      ...(await shown()),
      status: 'failure',
    });
  });

  test('changes the job, as clients of the original service send it', async () => {
    const { post, request, clock } = await withJob();
    const started = await post('/jobs/backup/start');
    expect(started.json).toMatchObject({ ok: true, job: 'backup', reason: 'unscheduled' });
    await clock.advance(5_000);
    const ended = await post('/jobs/backup/success', {});
    expect(ended.json).toMatchObject({ run_id: started.json['run_id'], reason: 'succeeded' });
    expect((await request('/jobs/backup')).json).toMatchObject({
      status: 'success',
      last_run: '2026-01-15T12:00:00.000Z',
    });
  });

  test.each(['//jobs/backup/success', '/jobs//backup///success', '/jobs/backup/success/', '//ping//backup/'])(
    'to %s means what it says',
    async (path) => {
      const { ingest, request, raw } = await startServer();
      await ingest.register('backup', {});
      // A client of Node would take what follows two slashes for a host.
      const answer = await raw(
        `POST ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
      );
      expect(answer).toContain('HTTP/1.1 200 OK');
      expect((await request('/jobs/backup')).json).toMatchObject({ status: 'success' });
    },
  );

  test('takes Content-Length: 0 with a JSON content type', async () => {
    const { raw, pings } = await recording();
    const answer = await raw(
      'POST /jobs/backup/success HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n' +
        'Content-Type: application/json\r\nContent-Length: 0\r\n\r\n',
    );
    expect(parseRaw(answer).status).toBe(200);
    expect(pings[0]!.ping.output).toBeNull();
  });

  test('is dated when its body is complete', async () => {
    const { port, pings, clock } = await recording();
    const { socket, received } = await dial(port);
    socket.write('POST /jobs/backup/log HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nab');
    await until(() => clock.timerCount > 0);
    await clock.advance(2_000);
    socket.write('cd');
    await until(() => received().includes('"ok"'));
    expect(pings[0]!.ping).toMatchObject({ received_at: clock.now(), output: 'abcd' });
    socket.destroy();
  });

  test.each([
    ['text/plain', 'done\n', 'done\n'],
    ['application/octet-stream', Buffer.from([0x61, 0xff]), 'a\ufffd'],
    ['application/x-www-form-urlencoded', 'rows=1', 'rows=1'],
    ['not a type', 'x', 'x'],
    ['application/json', '{"rows":1}', '{"rows":1}'],
  ])('takes a body of type %s as output', async (type, body, output) => {
    const { request, pings } = await recording();
    const answer = await request('/jobs/backup/log', {
      method: 'POST',
      body,
      headers: { 'Content-Type': type },
    });
    expect(answer.status).toBe(200);
    expect(pings[0]!.ping.output).toBe(output);
  });

  test('takes parameters and output from one JSON object', async () => {
    const { post, pings } = await recording();
    await post('/jobs/backup/failure?host=web1', { rid: 'r1', exit_code: 2, output: 'no space left' });
    expect(pings[0]!.ping).toMatchObject({ host: 'web1', rid: 'r1', exit_code: 2, output: 'no space left' });
  });

  test('keeps the end of a body of any size', async () => {
    const { request, pings } = await recording();
    const body = `${'x'.repeat(3_000_000)}the end`;
    for (const type of ['text/plain', 'application/json']) {
      const answer = await request('/jobs/backup/failure', {
        method: 'POST',
        body,
        headers: { 'Content-Type': type },
      });
      expect(answer.status).toBe(200);
    }
    for (const { ping } of pings) {
      expect(ping.output).toBe(body.slice(-100_000));
      expect(ping.output_dropped_bytes).toBe(3_000_007 - 100_000);
    }
  });

  test('with chunks, with a trailer and with Expect is taken', async () => {
    const { raw, pings } = await recording();
    const head = 'POST /jobs/backup/log HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n';
    const chunked = await raw(
      `${head}Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\nX: y\r\n\r\n`,
    );
    expect(parseRaw(chunked).status).toBe(200);
    const expecting = await raw(`${head}Expect: 100-continue\r\nContent-Length: 2\r\n\r\nde`);
    expect(expecting).toContain('HTTP/1.1 200 OK');
    const odd = await raw(`${head}Expect: a-miracle\r\nContent-Length: 2\r\n\r\nfg`);
    expect(parseRaw(odd).status).toBe(200);
    expect(pings.map(({ ping }) => ping.output)).toEqual(['abc', 'de', 'fg']);
  });

  test('says in its answer and in the log, and in the history, what it did', async () => {
    const lines: string[] = [];
    const logger: Logger = {
      ...silentLogger,
      debug: (message, fields = {}) => lines.push(`${message} ${Object.values(fields).join(' ')}`),
    };
    const { post, request } = await startServer({ logger });
    await post('/jobs', { name: 'backup', schedule: '0 2 * * *', min_runtime: '5m' });
    const { json } = await request('/jobs/backup/success?duration_ms=1000', { method: 'POST' });
    expect(json).toMatchObject({ reason: 'too_fast' });
    const { json: runs } = await request('/jobs/backup/runs');
    expect(runs[0]).toMatchObject({ reason: 'too_fast', id: json['run_id'] });
    expect(lines.filter((line) => line.startsWith('ping '))).toEqual([
      `ping backup success too_fast ${String(json['run_id'])}`,
    ]);
  });

  test('with a malformed run id counts as one without: a second start means that the first run died', async () => {
    const { post, request } = await withJob();
    await post('/jobs/backup/start?rid=a%20b&delay_ms=61000');
    await post('/jobs/backup/start?rid=a%20b');
    const { json: runs } = await request('/jobs/backup/runs');
    expect(runs.map(({ rid, outcome }) => [rid, outcome])).toEqual([
      [null, null],
      [null, 'abandoned'],
    ]);
  });

  test('is judged by the tail of its output that is kept, not by what was dropped', async () => {
    const { post, request } = await startServer();
    await post('/jobs', { name: 'backup', expect: { output: { contains: 'done', not_contains: 'ERROR' } } });
    let count = 0;
    const judged = async (body: string): Promise<unknown> => {
      count += 1;
      return (await request(`/jobs/backup/success?rid=${count}`, { method: 'POST', body })).json['reason'];
    };
    expect(await judged(`ERROR${'.'.repeat(10_000)}done`)).toBe('succeeded');
    expect(await judged(`done${'.'.repeat(10_000)}`)).toBe('output_mismatch');
    expect(await judged(`done${'.'.repeat(9_000)}`)).toBe('succeeded');
  });

  test('is not judged by an output that its client did not capture, but by one that is empty', async () => {
    const { post, request } = await startServer();
    await post('/jobs', { name: 'backup', expect: { output: { contains: 'done' } } });
    const judged = async (path: string, body?: unknown): Promise<unknown> =>
      (body === undefined ? await request(path, { method: 'POST', body: '' }) : await post(path, body)).json[
        'reason'
      ];
    expect(await judged('/jobs/backup/success?rid=a&captured=false')).toBe('succeeded');
    expect(await judged('/jobs/backup/success?rid=b')).toBe('output_mismatch');
    expect(await judged('/jobs/backup/success?rid=c&captured=true')).toBe('output_mismatch');
    expect(await judged('/jobs/backup/success?rid=d', { captured: false })).toBe('succeeded');
    expect(await judged('/jobs/backup/success?rid=e', { output: '' })).toBe('output_mismatch');
  });

  test('is no success where nobody can read how the run did, which its answer and the log explain', async () => {
    const lines: string[] = [];
    const logger: Logger = {
      ...silentLogger,
      warn: (message, fields) => lines.push(`${message}: ${String(fields?.['warning'])}`),
    };
    const { post, request } = await startServer({ logger });
    await post('/jobs', { name: 'backup' });
    const answer = await request('/jobs/backup/success?exit_code=False&rid=a%20b', { method: 'POST' });
    expect(answer.status).toBe(200);
    const warning = 'rid "a b" cannot be read; exit_code "False" cannot be read';
    expect(answer.json).toMatchObject({ ok: true, reason: 'unreadable_report', warning });
    expect(lines).toEqual([`ping that cannot be read in full: ${warning}`]);
    const { json: runs } = await request('/jobs/backup/runs');
    expect(runs[0]).toMatchObject({ outcome: 'failure', detail: 'exit_code "False" cannot be read' });
  });

  test('tells of a failure as curl and PowerShell send it', async () => {
    const { post, request } = await startServer();
    await post('/jobs', { name: 'backup' });
    const reasonOf = async (body: string | FormData | URLSearchParams, headers = {}): Promise<unknown> =>
      (await request('/jobs/backup/success', { method: 'POST', body, headers })).json['reason'];
    const form = new FormData();
    form.set('exit_code', '3');
    expect(await reasonOf(form)).toBe('exit_code');
    expect(await reasonOf(new URLSearchParams({ exit_code: '4' }))).toBe('exit_code');
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    expect(await reasonOf('{"exit_code":5}', type)).toBe('exit_code');
  });

  test('for an unknown job is a 404 with a suggestion, and counted', async () => {
    const { post, request, unknownPings } = await withJob();
    const answer = await post('/jobs/backpu/success');
    expect(answer.status).toBe(404);
    expect(answer.json).toMatchObject({ code: 'unknown_job', errors: [{ suggestion: 'backup' }] });
    expect((await request('/jobs/a%2Fb/start', { method: 'HEAD' })).status).toBe(404);
    expect(unknownPings).toEqual([
      ['backpu', 'success'],
      ['a/b', 'start'],
    ]);
  });

  test('that could not be stored is not acknowledged', async () => {
    const { post } = await recording(new CronflowError('store_unavailable', 'The disk is full.'));
    const answer = await post('/jobs/backup/success');
    expect(answer.status).toBe(503);
    expect(answer.json).toMatchObject({ code: 'store_unavailable', detail: 'The disk is full.' });
    expect(answer.headers.get('retry-after')).toBe('5');
  });

  test('is answered only once it is durable', async () => {
    let commit: (() => void) | undefined;
    const server = await startServer({
      ingest: {
        ping: (name) =>
          new Promise(
            (resolve) => (commit = () => resolve({ job: named(name), run_id: 'r', reason: 'started' })),
          ),
        ...PINGS_ONLY,
      },
    });
    let isAnswered = false;
    const answer = server.post('/jobs/backup/start').then((each) => {
      isAnswered = true;
      return each;
    });
    await until(() => commit !== undefined);
    await settle();
    expect(isAnswered).toBe(false);
    commit?.();
    expect((await answer).status).toBe(200);
  });
});

describe('a body that does not come to its end', () => {
  const HEAD = 'POST /jobs/backup/failure?rid=r1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n';

  test('is given up after its time, and the ping recorded with what came', async () => {
    const { port, pings, clock, lines } = await recording();
    const { socket, received } = await dial(port);
    socket.write(`${HEAD}half`);
    await until(() => clock.timerCount > 0);
    await settle();
    await clock.advance(30_000);
    if (!socket.closed) await once(socket, 'close');
    expect(parseRaw(received())).toMatchObject({ status: 200 });
    expect(received().toLowerCase()).toContain('connection: close');
    expect(pings[0]!.ping).toMatchObject({ rid: 'r1', output: 'half' });
    expect(lines).toEqual(['ping recorded without the rest of its body']);
  });

  test('is not recorded where its client went away', async () => {
    const { port, pings, clock, lines } = await recording();
    const { socket } = await dial(port);
    socket.write(`${HEAD}half`);
    await until(() => clock.timerCount > 0);
    socket.destroy();
    await until(() => lines.length > 0);
    expect(lines).toEqual(['a client went away in the middle of a ping']);
    expect(pings).toEqual([]);
    expect(clock.timerCount).toBe(0);
  });

  test('is read no further than the limit, and recorded', async () => {
    const pings: Ping[] = [];
    const server = await startServer({
      limits: { pingBodyBytesMax: 50_000 },
      ingest: {
        async ping(name, ping) {
          pings.push(ping);
          return { job: named(name), run_id: null, reason: 'logged' };
        },
        ...PINGS_ONLY,
      },
    });
    const answer = await server.request('/jobs/backup/log', { method: 'POST', body: 'x'.repeat(5_000_000) });
    expect(answer.status).toBe(200);
    const { output, output_dropped_bytes: droppedBytes } = pings[0]!;
    expect(output).toMatch(/^x+$/);
    const readBytes = output!.length + droppedBytes;
    expect(readBytes).toBeGreaterThan(50_000);
    // Some is on its way when the limit is reached.
    expect(readBytes).toBeLessThan(1_000_000);
  });
});

test('a ping under a former name counts, and the answer, the log and the job say the new name', async () => {
  const former: unknown[] = [];
  const onFormerName = (name: string, current: string, kind: string): number =>
    former.push([name, current, kind]);
  const { post, request } = await startServer({ onFormerName });
  await post('/jobs', { name: 'dump', schedule: '0 2 * * *' });
  expect((await post('/jobs', { name: 'backup', renamed_from: 'dump' })).json).toMatchObject({
    name: 'backup',
    renamed_from: 'dump',
  });
  expect((await post('/jobs/dump/success')).json).toMatchObject({
    ok: true,
    job: 'backup',
    warning:
      'Job "dump" is named "backup" now; pings under the old name count for 30 days after that. Ping the new name.',
  });
  expect((await post('/jobs/backup/success?rid=b')).json).not.toHaveProperty('warning');
  expect(former).toEqual([['dump', 'backup', 'success']]);
  expect((await request('/jobs/backup/runs')).json).toHaveLength(2);
  expect((await request('/jobs/dump')).json).toMatchObject({
    status: 404,
    detail: 'No job is named "dump". Did you mean "backup"?',
  });
});
