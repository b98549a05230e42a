import { describe, expect, test } from 'vitest';
import { PING_KINDS } from '../../src/core/model/reasons.ts';
import type { HttpDeps } from '../../src/http/deps.ts';
import { SECURITY_HEADERS } from '../../src/http/answer/headers.ts';
import { allRoutes } from '../../src/http/routes/routes.ts';
import { servicesOf } from '../../src/http/services.ts';
import { NO_TOKENS, type Tokens } from '../../src/http/access/tokens.ts';
import { parseRaw, startServer } from './support.ts';

const TOKENS: Tokens = { all: ['all-1', 'all-2'], read: ['read-1'], ping: ['ping-1'] };

/** A request of each route, and the tokens that allow it. */
const ASKS: [method: string, path: string, allowed: string[]][] = [
  ['GET', '/', ['all-1', 'all-2', 'read-1']],
  ['GET', '/ui/timeline', ['all-1', 'all-2', 'read-1']],
  ['GET', '/ui/jobs/backup', ['all-1', 'all-2', 'read-1']],
  ['GET', '/ui/jobs/backup/runs/nope', ['all-1', 'all-2', 'read-1']],
  ['GET', '/ui/incidents/nope', ['all-1', 'all-2', 'read-1']],
  ['GET', '/ui/assets/nope.js', ['all-1', 'all-2', 'read-1']],
  ['GET', '/jobs/backup', ['all-1', 'all-2', 'read-1']],
  ['GET', '/jobs/backup/runs', ['all-1', 'all-2', 'read-1']],
  ['GET', '/badge.svg', ['all-1', 'all-2', 'read-1']],
  ['GET', '/badge.json', ['all-1', 'all-2', 'read-1']],
  ['GET', '/badge/backup.svg', ['all-1', 'all-2', 'read-1']],
  ['GET', '/badge/group/db.json', ['all-1', 'all-2', 'read-1']],
  ['GET', '/badge/tag/nightly.svg', ['all-1', 'all-2', 'read-1']],
  ['GET', '/badges', ['all-1', 'all-2', 'read-1']],
  ['GET', '/slots', ['all-1', 'all-2', 'read-1']],
  ['GET', '/runs/recent', ['all-1', 'all-2', 'read-1']],
  ['GET', '/runs/summary', ['all-1', 'all-2', 'read-1']],
  ['GET', '/runs', ['all-1', 'all-2', 'read-1']],
  ['GET', '/jobs/backup/runs/nope', ['all-1', 'all-2', 'read-1']],
  ['GET', '/jobs/backup/runs/nope/output', ['all-1', 'all-2', 'read-1']],
  ['GET', '/jobs/backup/days', ['all-1', 'all-2', 'read-1']],
  ['GET', '/jobs/backup/why', ['all-1', 'all-2', 'read-1']],
  ['GET', '/docs/reasons', ['all-1', 'all-2', 'read-1']],
  ['GET', '/incidents/nope', ['all-1', 'all-2', 'read-1']],
  ['GET', '/deliveries', ['all-1', 'all-2', 'read-1']],
  ['GET', '/docs/docs.js', ['all-1', 'all-2', 'read-1']],
  ['GET', '/docs/docs.css', ['all-1', 'all-2', 'read-1']],
  ['GET', '/jobs', ['all-1', 'all-2', 'read-1']],
  ['GET', '/docs', ['all-1', 'all-2', 'read-1']],
  ['GET', '/openapi.json', ['all-1', 'all-2', 'read-1']],
  ['GET', '/config', ['all-1', 'all-2', 'read-1']],
  ['GET', '/incidents', ['all-1', 'all-2', 'read-1']],
  ['POST', '/config/check', ['all-1', 'all-2', 'read-1']],
  ['POST', '/config/reload', ['all-1', 'all-2']],
  ['PUT', '/jobs/backup', ['all-1', 'all-2']],
  ['PATCH', '/jobs/backup', ['all-1', 'all-2']],
  ['GET', '/config/jobs', ['all-1', 'all-2', 'read-1']],
  ['GET', '/config/lints', ['all-1', 'all-2', 'read-1']],
  // An answer that is good would go on for ever.
  ['GET', `/events?job=${'x'.repeat(300)}`, ['all-1', 'all-2', 'read-1']],
  ['GET', '/pings/unknown', ['all-1', 'all-2', 'read-1']],
  ['GET', '/audit', ['all-1', 'all-2', 'read-1']],
  ['GET', '/session', ['all-1', 'all-2', 'read-1', 'ping-1']],
  ['GET', '/metrics', ['all-1', 'all-2', 'read-1']],
  ['DELETE', '/jobs/backup', ['all-1', 'all-2']],
  ['POST', '/jobs', ['all-1', 'all-2']],
  ['POST', '/jobs/backup/pause', ['all-1', 'all-2']],
  ['POST', '/jobs/backup/resume', ['all-1', 'all-2']],
  ['POST', '/incidents/nope/ack?until=4h', ['all-1', 'all-2']],
  ...[
    ...PING_KINDS.map((kind) => `/jobs/backup/${kind}`),
    ...['', '/start', '/fail', '/log', '/3'].map((signal) => `/ping/backup${signal}`),
  ].flatMap((path) =>
    ['POST', 'GET', 'HEAD'].map((method): (typeof ASKS)[number] => [
      method,
      path,
      ['all-1', 'all-2', 'ping-1'],
    ]),
  ),
];
/** Routes that anybody may ask; a test below says what they tell. */
const ANONYMOUS = ['GET /healthz', 'GET /readyz', 'GET /login', 'POST /login', 'POST /logout'];

describe('a service with tokens', () => {
  test('each route is asked here, and no other is open to anybody', () => {
    const routes = allRoutes(servicesOf({ version: '1', tokens: NO_TOKENS, store: {} } as HttpDeps));
    const asked = ASKS.map(([method, path]) => `${method} ${path.split('?')[0]}`);
    const isAsked = (method: string, path: string): boolean => {
      const pattern = new RegExp(`^${method} ${path.replaceAll(/:\w+/g, '[^/]+')}$`);
      return asked.some((ask) => pattern.test(ask));
    };
    const others = routes.filter(({ method, path }) => !isAsked(method, path));
    expect(others.map(({ method, path }) => `${method} ${path}`)).toEqual(ANONYMOUS);
  });

  test.each(ASKS)('takes the right token for %s %s', async (method, path, allowed) => {
    const { request } = await startServer({ tokens: TOKENS });
    for (const token of ['all-1', 'all-2', 'read-1', 'ping-1']) {
      const { status } = await request(path, { method, headers: { Authorization: `Bearer ${token}` } });
      // What is allowed may still fail for other reasons; what is not is 403 and nothing else.
      expect([token, status === 403]).toEqual([token, !allowed.includes(token)]);
      expect(status).not.toBe(401);
    }
    for (const headers of [{}, { Authorization: 'Bearer wrong' }, { Authorization: 'Basic YWxsLTE=' }]) {
      const answer = await request(path, { method, headers });
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="cronflow"');
    }
  });

  test('answers only the probes without a token, and they tell no detail', async () => {
    const { request } = await startServer({ tokens: TOKENS, notices: () => ['nobody will be told'] });
    expect((await request('/healthz')).json).toEqual({ status: 'ok' });
    expect((await request('/readyz')).json).toEqual({ status: 'ready' });
    const read = await request('/readyz', { headers: { Authorization: 'Bearer read-1' } });
    expect(read.json['warnings']).toEqual(['nobody will be told']);
    const ping = await request('/readyz', { headers: { Authorization: 'Bearer ping-1' } });
    expect(ping.json).toEqual({ status: 'ready' });
  });

  test('tells nobody without a token what there is', async () => {
    const { request } = await startServer({ tokens: TOKENS });
    for (const path of ['/nothing', '/jobs/nope', '/jobs/%zz'])
      expect((await request(path)).status).toBe(401);
    expect((await request('/jobs', { method: 'OPTIONS' })).status).toBe(401);
  });

  test('refuses a wrong token even where none is needed', async () => {
    const { request } = await startServer({ tokens: TOKENS });
    expect((await request('/healthz', { headers: { Authorization: 'Bearer wrong' } })).status).toBe(401);
  });

  test('allows both uses to a token that is set for two', async () => {
    const { request } = await startServer({ tokens: { all: [], read: ['both'], ping: ['both'] } });
    const headers = { Authorization: 'bearer both' };
    expect((await request('/jobs', { headers })).status).toBe(200);
    expect((await request('/jobs/x/log', { headers })).status).toBe(404);
    expect((await request('/jobs', { method: 'POST', headers })).status).toBe(403);
  });

  test('answers under every name by which it is reached', async () => {
    const { raw } = await startServer({ tokens: TOKENS });
    const answer = await raw('GET /healthz HTTP/1.1\r\nHost: cron.example.com\r\nConnection: close\r\n\r\n');
    expect(parseRaw(answer).status).toBe(200);
  });
});

describe('a service without a token', () => {
  test.each([
    ['localhost', 200],
    ['LOCALHOST:8000', 200],
    ['127.0.0.1', 200],
    ['127.0.0.1:9', 200],
    ['127.1.2.3', 200],
    ['[::1]:8000', 200],
    ['[::1]', 200],
    ['evil.example', 403],
    ['127.0.0.1.evil.example', 403],
    ['localhost.evil.example:80', 403],
    ['192.168.1.5', 403],
    ['[fe80::1]', 403],
    ['localhost:80:80', 403],
    ['', 403],
  ])('answers a request to the name %j with %i', async (host, status) => {
    const { raw } = await startServer();
    const answer = parseRaw(
      await raw(`GET /jobs/x/log HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`),
    );
    // The job is not known, but the ping got as far as to find that out.
    expect(answer.status === 404 ? 200 : answer.status).toBe(status);
    if (status === 403) expect(JSON.parse(answer.body)).toMatchObject({ code: 'foreign_host' });
  });

  test('answers under every name where it listens openly', async () => {
    const { raw } = await startServer({ tokens: NO_TOKENS }, '0.0.0.0');
    const answer = await raw('GET /healthz HTTP/1.1\r\nHost: cron.example.com\r\nConnection: close\r\n\r\n');
    expect(parseRaw(answer).status).toBe(200);
  });
});

describe('a link of another site that a person follows', () => {
  const FOLLOWED = {
    'sec-fetch-site': 'cross-site',
    'sec-fetch-mode': 'navigate',
    'sec-fetch-dest': 'document',
  };

  const followed = async (
    target: string,
    more: Record<string, string> = {},
    tokens = NO_TOKENS,
    method = 'GET',
  ) => {
    const { raw } = await startServer({ tokens });
    const lines = Object.entries({ ...FOLLOWED, ...more }).map(([k, v]) => `${k}: ${v}\r\n`);
    const head = `${method} ${target} HTTP/1.1\r\nHost: localhost:8000\r\nConnection: close\r\n`;
    return parseRaw(await raw(`${head}${lines.join('')}\r\n`));
  };

  test.each([
    ['/jobs/a%22b?x=1', '/jobs/a%22b?x=1'],
    ['/runs?outcome=failure&limit=5', '/runs?outcome=failure&amp;limit=5'],
    ['/docs/reasons', '/docs/reasons'],
    ['/ui/jobs/a%22b/runs/7', '/ui/jobs/a%22b/runs/7'],
    ['/login', '/'],
    ['/', '/'],
  ])('to %s leads to a page that asks for the address again', async (target, address) => {
    for (const tokens of [NO_TOKENS, TOKENS]) {
      const answer = await followed(target, { cookie: 'a=b' }, tokens);
      expect(answer.status).toBe(200);
      expect(answer.body).toContain(`content="0; url=${address}"`);
      expect(answer.head).toContain("content-security-policy: default-src 'none'; frame-ancestors 'none'");
    }
  });

  test.each([
    '/jobs/x/success',
    '//jobs/x/success/',
    '/jobs/x/succes%73',
    '/ping/x',
    '/ping/x/0',
    '/ping/ping-1/x',
    '/nothing',
    '/jobs/%2e%2e/why',
    '/jobs/x%',
  ])('leads to no ping and nowhere else: %s', async (path) => {
    for (const tokens of [NO_TOKENS, TOKENS])
      expect((await followed(path, { cookie: 'a=b' }, tokens)).status).toBe(403);
  });

  test.each([
    ['POST', {}],
    ['GET', { 'sec-fetch-dest': 'iframe' }],
    ['GET', { 'sec-fetch-mode': 'no-cors' }],
    ['GET', { origin: 'https://evil.example' }],
  ])('is a %s with no other headers: %j', async (method, more) => {
    expect((await followed('/jobs', more, NO_TOKENS, method)).status).toBe(403);
  });
});

describe('a request that another site may have sent', () => {
  test.each([
    [{ origin: 'http://evil.example' }, 403],
    [{ origin: 'null' }, 403],
    [{ origin: 'http://localhost:3000' }, 403],
    [{ origin: 'file://localhost:8000' }, 403],
    [{ origin: 'http://localhost:8000' }, 404],
    [{ origin: 'HTTP://LOCALHOST:8000' }, 403],
    [{ origin: 'https://localhost:8000' }, 404],
    [{ 'sec-fetch-site': 'cross-site' }, 403],
    [{ 'sec-fetch-site': 'same-site' }, 403],
    [{ 'sec-fetch-site': 'anything' }, 403],
    [{ origin: 'http://localhost:8000', 'sec-fetch-site': 'same-site' }, 403],
    [{ 'sec-fetch-site': 'same-origin' }, 404],
    [{ 'sec-fetch-site': 'none' }, 404],
    [{ origin: 'http://localhost:8000', 'sec-fetch-site': 'cross-site' }, 403],
  ])('with %j is answered %i, even where it is a ping by GET', async (headers, status) => {
    for (const tokens of [NO_TOKENS, TOKENS]) {
      const { raw } = await startServer({ tokens });
      for (const method of ['GET', 'POST']) {
        const lines = Object.entries({ ...headers, authorization: 'Bearer all-1' }).map(
          ([k, v]) => `${k}: ${v}\r\n`,
        );
        const answer = await raw(
          `${method} /jobs/x/success HTTP/1.1\r\nHost: localhost:8000\r\nConnection: close\r\n${lines.join('')}\r\n`,
        );
        expect(parseRaw(answer).status).toBe(status);
        expect(JSON.parse(parseRaw(answer).body)).toMatchObject({
          code: status === 403 ? 'foreign_origin' : 'unknown_job',
        });
      }
    }
  });

  test('is told from one of this site also where the port is the usual one of the scheme', async () => {
    const { raw } = await startServer({ tokens: TOKENS });
    const ask = async (origin: string, host: string): Promise<number> =>
      parseRaw(
        await raw(
          `GET /jobs HTTP/1.1\r\nHost: ${host}\r\nOrigin: ${origin}\r\nAuthorization: Bearer all-1\r\nConnection: close\r\n\r\n`,
        ),
      ).status;
    expect(await ask('https://cron.example.com', 'cron.example.com:443')).toBe(200);
    expect(await ask('https://cron.example.com', 'cron.example.com')).toBe(200);
    expect(await ask('https://cron.example.com', 'cron.example.com:80')).toBe(403);
  });
});

describe('every answer', () => {
  test.each(['/', '/ui/timeline', '/jobs', '/nothing', '/jobs/%zz', '/docs', '/docs/docs.js', '/healthz'])(
    'to %s carries the security headers',
    async (path) => {
      const { request } = await startServer();
      const { headers } = await request(path);
      for (const [name, value] of Object.entries(SECURITY_HEADERS)) {
        if (name === 'Content-Security-Policy') continue;
        // What has a tag is asked for anew each time, and nobody but the browser of the reader keeps it.
        const isTagged = name === 'Cache-Control' && headers.has('ETag');
        expect([name, headers.get(name)]).toEqual([name, isTagged ? 'private, no-cache' : value]);
      }
      const policy = headers.get('content-security-policy');
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toContain('unsafe');
      expect(headers.get('access-control-allow-origin')).toBeNull();
      expect(headers.get('x-powered-by')).toBeNull();
    },
  );
});
