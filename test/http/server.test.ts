import { once } from 'node:events';
import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { settle } from '../support/fake-clock.ts';
import { faultsOfAnswer } from './openapi.ts';
import { parseRaw, startServer, until } from './support.ts';

const END = 'Connection: close\r\n\r\n';

/** Whatever cannot be read is answered as a problem, in full: its status and its code. */
function readProblem(answer: string): [status: number, code: unknown] {
  const { status, head, body } = parseRaw(answer);
  expect(head).toContain('content-type: application/problem+json; charset=utf-8');
  expect(head).toContain('x-content-type-options: nosniff');
  expect(faultsOfAnswer('GET', '/nothing', status, 'application/problem+json', body)).toEqual([]);
  const problem = JSON.parse(body) as { status: number; code: unknown };
  expect(problem.status).toBe(status);
  return [status, problem.code];
}

describe('the routes', () => {
  test.each([
    ['GET', '/nothing', 404, 'not_found'],
    ['POST', '/', 405, 'method_not_allowed'],
    ['POST', '/jobs/backup', 405, 'method_not_allowed'],
    ['PATCH', '/jobs', 405, 'method_not_allowed'],
    ['PROPFIND', '/jobs', 405, 'method_not_allowed'],
    ['DELETE', '/jobs/backup/start', 405, 'method_not_allowed'],
    ['GET', '/config/reload', 405, 'method_not_allowed'],
    ['GET', '/jobs/backup/nothing', 404, 'not_found'],
    ['GET', '/Jobs', 404, 'not_found'],
    ['GET', '/jobs/%zz', 400, 'bad_request'],
    ['GET', '/jobs/%E0%A4%A/start', 400, 'bad_request'],
    ['GET', '/docs/../../package.json', 404, 'not_found'],
    ['GET', '/docs/%2e%2e%2fpackage.json', 404, 'not_found'],
    ['OPTIONS', '*', 404, 'not_found'],
  ])('answer %s %s with %i', async (method, path, status, code) => {
    const { raw } = await startServer();
    expect(readProblem(await raw(`${method} ${path} HTTP/1.1\r\nHost: localhost\r\n${END}`))).toEqual([
      status,
      code,
    ]);
  });

  test('tell the right methods to a wrong one', async () => {
    const { request } = await startServer();
    const allow = async (path: string): Promise<unknown> =>
      (await request(path, { method: 'PROPFIND' })).headers.get('allow');
    expect(await allow('/jobs')).toBe('GET, HEAD, POST, OPTIONS');
    expect(await allow('/jobs/backup')).toBe('DELETE, GET, HEAD, PATCH, PUT, OPTIONS');
    expect(await allow('/config/reload')).toBe('POST, OPTIONS');
  });

  test('tell their methods to OPTIONS', async () => {
    const { request } = await startServer();
    const answer = await request('/jobs/backup/start', { method: 'OPTIONS' });
    expect([answer.status, answer.headers.get('allow')]).toEqual([204, 'GET, HEAD, POST, OPTIONS']);
    expect((await request('/nothing', { method: 'OPTIONS' })).status).toBe(404);
  });

  test('answer HEAD as GET without a body', async () => {
    const { request } = await startServer();
    const [head, get] = [await request('/jobs', { method: 'HEAD' }), await request('/jobs')];
    expect(head.text).toBe('');
    expect(head.headers.get('content-length')).toBe(get.headers.get('content-length'));
    expect((await request('/nothing', { method: 'HEAD' })).status).toBe(404);
  });

  test('are the same with a slash at the end', async () => {
    const { request } = await startServer();
    expect((await request('/jobs/?limit=1')).status).toBe(200);
  });

  test('refuse the character zero, which no store keeps in a name', async () => {
    const server = await startServer();
    for (const [method, path] of [
      ['POST', '/ping/a%00'],
      ['POST', '/jobs/a%00/success'],
      ['GET', '/jobs/a%00'],
      ['GET', '/incidents/i%00'],
    ] as const) {
      const { status, json } = await server.request(path, { method });
      expect([status, json['code']]).toEqual([400, 'bad_request']);
    }
    for (const path of ['/jobs?q=a%00', '/runs?job=a%00', '/audit?job=a%00', '/deliveries?incident=i%00']) {
      const { status, json } = await server.request(path);
      expect([status, JSON.stringify(json)]).toEqual([422, expect.stringContaining('character')]);
    }
  });

  test('understand an address in full', async () => {
    const { raw } = await startServer();
    expect(await raw(`GET http://localhost/healthz HTTP/1.1\r\nHost: localhost\r\n${END}`)).toContain(
      '{"status":"ok"}',
    );
  });
});

describe('a server that gets what is not HTTP', () => {
  test.each([
    ['nonsense', 'nonsense\r\n\r\n', 400, 'bad_request'],
    ['a method nobody knows', `GETT / HTTP/1.1\r\nHost: localhost\r\n${END}`, 400, 'bad_request'],
    ['TLS', Buffer.from('160301020001000', 'hex'), 400, 'bad_request'],
    [
      'two lengths',
      `POST /jobs/x/log HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n${END}ab`,
      400,
      'bad_request',
    ],
    [
      'length and chunks',
      `POST /jobs/x/log HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n${END}0\r\n\r\n`,
      400,
      'bad_request',
    ],
    ['no Host', `GET /healthz HTTP/1.1\r\n${END}`, 400, 'bad_request'],
    [
      'a huge header',
      `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n${END}`,
      431,
      'headers_too_large',
    ],
    [
      'a huge address',
      `GET /jobs?q=${'x'.repeat(20_000)} HTTP/1.1\r\nHost: localhost\r\n${END}`,
      431,
      'headers_too_large',
    ],
    [
      'a chunk that is no chunk',
      `POST /jobs/x/log HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n${END}zz\r\n`,
      400,
      'bad_request',
    ],
  ])('answers with a problem: %s', async (_what, bytes, status, code) => {
    const { raw } = await startServer();
    expect(readProblem(await raw(bytes))).toEqual([status, code]);
  });

  test('keeps a connection usable after a request that was refused before its body came', async () => {
    const { port } = await startServer();
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    let received = '';
    socket.on('data', (chunk) => (received += String(chunk)));
    socket.write('POST /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\n');
    await until(() => received.includes('not_found'));
    socket.write('abcGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await until(() => received.includes('{"status":"ok"}'));
    expect(received.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 404', 'HTTP/1.1 200']);
    socket.destroy();
  });

  test('keeps a connection usable after a body beyond the limit', async () => {
    const { port, post } = await startServer({ limits: { pingBodyBytesMax: 10 } });
    await post('/jobs', { name: 'backup' });
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    let received = '';
    socket.on('data', (chunk) => (received += String(chunk)));
    const length = 1_000_000;
    socket.write(`POST /jobs/backup/log HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${length}\r\n\r\n`);
    socket.write('x'.repeat(length / 2));
    await until(() => received.includes('"ok":true'));
    socket.write('x'.repeat(length / 2));
    socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await until(() => received.includes('{"status":"ok"}'));
    expect(received.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200']);
    socket.destroy();
  });

  test('answers HTTP/1.0 without a Host', async () => {
    const { raw } = await startServer();
    expect(parseRaw(await raw('GET /healthz HTTP/1.0\r\n\r\n')).status).toBe(200);
  });

  test('makes no upgrade', async () => {
    const { raw } = await startServer();
    const answer = await raw(
      'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade, close\r\nUpgrade: websocket\r\n\r\n',
    );
    expect(parseRaw(answer).status).toBe(200);
  });

  test('goes on serving', async () => {
    const { raw, request } = await startServer();
    await raw('nonsense\r\n\r\n');
    expect((await request('/healthz')).status).toBe(200);
  });
});

describe('the limits of time', () => {
  test('cut off headers that trickle in', async () => {
    const { raw } = await startServer({ limits: { headersMsMax: 50, connectionCheckMs: 10 } });
    expect(readProblem(await raw('GET / HTTP/1.1\r\nHost: loc'))).toEqual([408, 'request_timeout']);
  });

  test('cut off a connection that says nothing', async () => {
    const { raw } = await startServer({ limits: { headersMsMax: 50, connectionCheckMs: 10 } });
    expect(readProblem(await raw())).toEqual([408, 'request_timeout']);
  });

  test('give up a JSON body that does not come', async () => {
    const { raw, clock } = await startServer();
    const answer = raw('POST /jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{');
    await until(() => clock.timerCount > 0);
    await settle();
    await clock.advance(30_000);
    expect(readProblem(await answer)).toEqual([408, 'request_timeout']);
  });
});

describe('a server that begins to listen', () => {
  test('tells the port and the address to open', async () => {
    const { port, url, address } = await startServer();
    expect(port).toBeGreaterThan(0);
    expect([address, url]).toEqual(['127.0.0.1', `http://127.0.0.1:${port}`]);
  });

  test('works on IPv6', async () => {
    const { url, request } = await startServer({}, '::1');
    expect(url).toMatch(/^http:\/\/\[::1\]:\d+$/);
    expect((await request('/healthz')).status).toBe(200);
  });

  test('takes an IPv6 address in brackets', async () => {
    const { address } = await startServer({}, '[::1]');
    expect(address).toBe('::1');
  });

  test('says that its port is in use, and what to do', async () => {
    const { port } = await startServer();
    const { server } = await startServer();
    await server.close();
    await expect(server.listen('127.0.0.1', port)).rejects.toMatchObject({
      code: 'cannot_listen',
      message: expect.stringMatching(new RegExp(`port ${port} is in use.*--port`)),
    });
    await server.close();
  });
});

describe('a server that closes', () => {
  test('ends connections that are idle, also those that never asked anything', async () => {
    const { port, server } = await startServer();
    const agent = new Agent({ keepAlive: true });
    const sent = httpRequest({ port, host: '127.0.0.1', path: '/healthz', agent }).end();
    const [response] = (await once(sent, 'response')) as [NodeJS.ReadableStream];
    response.resume();
    await once(response, 'end');
    const silent = connect(port, '127.0.0.1').on('error', () => {});
    await once(silent, 'connect');
    // The fake clock never moves, so this ends only if nothing is waited for.
    await server.close();
    if (!silent.closed) await once(silent, 'close');
    expect(silent.bytesRead).toBe(0);
    agent.destroy();
  });

  test('lets a ping that has begun end, and tells its client to leave', async () => {
    const server = await startServer();
    await server.post('/jobs', { name: 'backup' });
    const socket = connect(server.port, '127.0.0.1');
    let received = '';
    socket.on('data', (chunk) => (received += String(chunk)));
    socket.write('POST /jobs/backup/success HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nab');
    await until(() => server.clock.timerCount > 0);
    await settle();
    const closed = server.server.close();
    await expect(fetch(`${server.url}/healthz`)).rejects.toThrow('fetch failed');
    socket.write('cd');
    await closed;
    await until(() => received.includes('"ok":true'));
    expect(parseRaw(received)).toMatchObject({ status: 200 });
    expect(received.toLowerCase()).toContain('connection: close');
  });

  test('cuts off requests that do not end in time', async () => {
    const { port, server, clock } = await startServer({ limits: { bodyMsMax: 50_000 } });
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    socket.write('POST /jobs/backup/success HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nab');
    await until(() => clock.timerCount > 0);
    const closed = server.close();
    await settle();
    await clock.advance(10_000);
    await closed;
    if (!socket.closed) await once(socket, 'close');
    expect(socket.bytesRead).toBe(0);
  });

  test('closes once when it is asked twice', async () => {
    const { server } = await startServer();
    await Promise.all([server.close(), server.close()]);
    await expect(server.close()).resolves.toBeUndefined();
  });
});
