import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { NamedToken } from '../../../src/core/model/named-token.ts';
import { nextAddress } from '../../../src/http/access/next-address.ts';
import { createLogger } from '../../../src/observe/log.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../../src/schedule/units.ts';
import { hasChromium, launchChromium } from '../../support/chromium.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { startServer } from '../support.ts';

function named(name: string, changes: Partial<NamedToken> = {}): NamedToken {
  const sha256 = createHash('sha256').update(`${name}-token`).digest('hex');
  return { name, sha256, allows: 'all', only: null, expires_at: null, ...changes };
}

const JSON_TYPE = { 'Content-Type': 'application/json' };
const FORM_TYPE = { 'Content-Type': 'application/x-www-form-urlencoded' };

async function start(changes: Parameters<typeof startServer>[0] = {}) {
  let tokens = [named('boss'), named('viewer', { allows: 'read' }), named('job', { allows: 'ping' })];
  const server = await startServer({ namedTokens: () => tokens, ...changes });
  const login = (token: string, headers: Record<string, string> = {}) =>
    server.request('/login', {
      method: 'POST',
      headers: { ...JSON_TYPE, ...headers },
      body: JSON.stringify({ token }),
    });
  const sessionOf = async (token: string): Promise<Record<string, string>> => {
    const set = (await login(token)).headers.get('set-cookie') ?? '';
    return { Cookie: set.split(';', 1)[0]! };
  };
  const statusOf = async (cookie: Record<string, string>, path = '/jobs', method = 'GET'): Promise<number> =>
    (await server.request(path, { method, headers: cookie })).status;
  return { ...server, login, sessionOf, statusOf, setTokens: (next: NamedToken[]) => void (tokens = next) };
}

function from(address: string): Record<string, string> {
  return { 'X-Forwarded-For': address };
}

describe('a session', () => {
  test('is a cookie that no script reads and no other site sends, and may what its token may', async () => {
    const { login, sessionOf, statusOf, request } = await start();
    const answer = await login('viewer-token');
    expect(answer.headers.get('set-cookie')).toMatch(
      /^cronflow_session=[\w-]{43}; Path=\/; Max-Age=604800; HttpOnly; SameSite=Strict$/,
    );
    expect(answer.json).toMatchObject({ via: 'session', who: 'viewer', allows: ['read'] });
    expect(answer.text).not.toContain('viewer-token');
    const viewer = await sessionOf('viewer-token');
    expect(await statusOf(viewer)).toBe(200);
    expect(await statusOf(viewer, '/jobs/x/pause', 'POST')).toBe(403);
    expect(await statusOf(viewer, '/jobs/x/success', 'POST')).toBe(403);
    const boss = await sessionOf('boss-token');
    expect(await statusOf(boss, '/jobs/x/pause', 'POST')).toBe(404);
    expect(await statusOf(boss, '/jobs/x/success', 'POST')).toBe(404);
    const shown = await request('/session', { headers: boss });
    expect(shown.json).toMatchObject({ via: 'session', who: 'boss', allows: ['all'] });
    expect(await statusOf({ Cookie: `cronflow_session=${'x'.repeat(43)}` })).toBe(401);
    expect(await statusOf({ Cookie: `a=b; ${boss['Cookie']}; c=d` })).toBe(200);
    // An old cookie of another path may stand before the one that counts.
    expect(await statusOf({ Cookie: `cronflow_session=${'x'.repeat(43)}; ${boss['Cookie']}` })).toBe(200);
  });

  test('is what the audit log says of a write', async () => {
    const { sessionOf, request } = await start();
    const boss = await sessionOf('boss-token');
    await request('/jobs', { method: 'POST', headers: { ...boss, ...JSON_TYPE }, body: '{"name":"a"}' });
    expect((await request('/audit', { headers: boss })).json).toMatchObject([
      { via: 'session', who: 'boss' },
    ]);
  });

  test('refuses a write from a page of another site', async () => {
    const { sessionOf, request } = await start();
    const boss = await sessionOf('boss-token');
    for (const foreign of [{ Origin: 'https://evil.example' }, { 'Sec-Fetch-Site': 'same-site' }]) {
      const answer = await request('/jobs/x/pause', { method: 'POST', headers: { ...boss, ...foreign } });
      expect(answer.json['code']).toBe('foreign_origin');
    }
  });

  test('ends with its token, and when the token changes or expires', async () => {
    const { sessionOf, statusOf, setTokens, clock } = await start();
    const [boss, viewer] = [await sessionOf('boss-token'), await sessionOf('viewer-token')];
    setTokens([named('viewer', { allows: 'read', expires_at: clock.now() + 1_000 })]);
    expect([await statusOf(boss), await statusOf(viewer)]).toEqual([401, 200]);
    await clock.advance(1_000);
    expect(await statusOf(viewer)).toBe(401);
    // It does not come back with the token.
    setTokens([named('boss')]);
    expect(await statusOf(boss)).toBe(401);
  });

  test('hears no more events once it is over, or its token is gone', async () => {
    const { url, sessionOf, setTokens, clock, request } = await start();
    const [boss, viewer] = [await sessionOf('boss-token'), await sessionOf('viewer-token')];
    const open = (headers: Record<string, string>) => fetch(`${url}/events`, { headers });
    const streams = await Promise.all([
      open(boss),
      open(viewer),
      open({ Authorization: 'Bearer boss-token' }),
      open({ Authorization: 'Bearer viewer-token' }),
    ]);
    await request('/logout', { method: 'POST', headers: viewer });
    setTokens([named('viewer', { allows: 'read' })]);
    await clock.advance(15_000);
    // The first three end by themselves, and the last one goes on.
    const ended = await Promise.all(streams.slice(0, 3).map((stream) => stream.text()));
    expect(ended.map((text) => text.startsWith(': Cronflow events'))).toEqual([true, true, true]);
    const reader = streams[3].body!.getReader();
    expect((await reader.read()).done).toBe(false);
    await reader.cancel();
  });

  test('allows less as soon as its token does', async () => {
    const { sessionOf, statusOf, setTokens } = await start();
    const boss = await sessionOf('boss-token');
    setTokens([named('boss', { allows: 'read' })]);
    expect([await statusOf(boss), await statusOf(boss, '/jobs/x/pause', 'POST')]).toEqual([200, 403]);
  });

  test('ends 12 hours after its last use, and 7 days after its beginning', async () => {
    const { sessionOf, statusOf, clock } = await start();
    const idle = await sessionOf('boss-token');
    await clock.advance(12 * HOUR_MS - 1);
    expect(await statusOf(idle)).toBe(200);
    await clock.advance(12 * HOUR_MS);
    expect(await statusOf(idle)).toBe(401);
    const busy = await sessionOf('boss-token');
    for (let hours = 0; hours < 7 * 24 - 6; hours += 6) {
      await clock.advance(6 * HOUR_MS);
      expect(await statusOf(busy)).toBe(200);
    }
    await clock.advance(7 * DAY_MS - (7 * 24 - 6) * HOUR_MS);
    expect(await statusOf(busy)).toBe(401);
  });

  test('ends with a logout, which needs none', async () => {
    const { sessionOf, statusOf, request } = await start();
    const boss = await sessionOf('boss-token');
    const answer = await request('/logout', { method: 'POST', headers: boss });
    expect([answer.status, answer.headers.get('set-cookie')]).toEqual([
      204,
      'cronflow_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict',
    ]);
    expect(await statusOf(boss)).toBe(401);
    expect((await request('/logout', { method: 'POST' })).status).toBe(204);
  });

  test('is for TLS alone where the client came by it', async () => {
    const trusting = await start({ base: { basePath: '/cron', trustsProxy: true } });
    const cookie = async ({ login }: typeof trusting, headers: Record<string, string>) =>
      (await login('boss-token', headers)).headers.get('set-cookie');
    expect(await cookie(trusting, { 'X-Forwarded-Proto': 'https' })).toMatch(/Path=\/cron; .*; Secure$/);
    expect(await cookie(trusting, { 'X-Forwarded-Proto': 'https, http' })).not.toContain('Secure');
    const other = await start();
    expect(await cookie(other, { 'X-Forwarded-Proto': 'https' })).not.toContain('Secure');
  });
});

describe('a login', () => {
  test('is refused for a token that is wrong, for one for pings, and without one', async () => {
    const { login, request } = await start();
    expect((await login('wrong')).status).toBe(401);
    expect((await login('job-token')).json['code']).toBe('forbidden');
    for (const body of ['{}', '[]', 'null', '{"token":1}'])
      expect((await request('/login', { method: 'POST', headers: JSON_TYPE, body })).status).toBe(400);
    const { post } = await startServer();
    expect((await post('/login', { token: 'any' })).json['detail']).toContain('No token is set');
  });

  test('is limited by address, for wrong tokens alone, and says when to try again', async () => {
    const lines: string[] = [];
    const logger = createLogger(createFakeClock(), 'info', (line) => lines.push(line));
    const base = { basePath: '', trustsProxy: true };
    const { login, clock } = await start({ base, logger });
    for (let i = 0; i < 20; i += 1) expect((await login('boss-token', from('192.0.2.1'))).status).toBe(200);
    for (let i = 0; i < 10; i += 1) expect((await login('wrong', from('192.0.2.1'))).status).toBe(401);
    await clock.advance(MINUTE_MS);
    const refused = await login('boss-token', from('192.0.2.1'));
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '240']);
    expect((await login('boss-token', from('192.0.2.2'))).status).toBe(200);
    await clock.advance(4 * MINUTE_MS);
    expect((await login('boss-token', from('192.0.2.1'))).status).toBe(200);
    expect(lines.join('')).toMatch(/session opened token=boss from=192.0.2.1/);
    expect(lines.join('')).toMatch(/login refused from=192.0.2.1/);
    expect(lines.join('')).not.toContain('API write');
  });

  test('takes a network of IPv6 for one address, and is limited over all of them', async () => {
    const base = { basePath: '', trustsProxy: true };
    const { login } = await start({ base });
    for (let i = 0; i < 10; i += 1) await login('wrong', from(`2001:db8::${i}:1`));
    expect((await login('boss-token', from('2001:db8:0:0:ffff::9'))).status).toBe(429);
    expect((await login('boss-token', from('2001:db8:0:1::9'))).status).toBe(200);
    for (let i = 0; i < 290; i += 1) await login('wrong', from(`192.0.2.${i % 250}`));
    expect((await login('boss-token', from('203.0.113.1'))).status).toBe(429);
  });

  test('by a form leads on, or shows the form again with what is wrong', async () => {
    const { url } = await start();
    const send = (fields: Record<string, string>) =>
      fetch(`${url}/login`, {
        method: 'POST',
        redirect: 'manual',
        headers: FORM_TYPE,
        body: new URLSearchParams(fields).toString(),
      });
    const good = await send({ token: 'boss-token', next: '/docs?a=1' });
    expect([good.status, good.headers.get('location')]).toEqual([303, '/docs?a=1']);
    const bad = await send({ token: '<b>', next: '/docs"' });
    expect(bad.status).toBe(401);
    const page = await bad.text();
    expect(page).toContain('<p role="alert">The token is none of this Cronflow.');
    expect(page).toContain('value="/docs%22"');
    expect(page).not.toContain('<b>');
    expect((await send({ token: 'boss-token', next: '//evil.example' })).headers.get('location')).toBe('/');
  });

  test('is where a browser without a session is sent, whatever it asks for', async () => {
    const { url, request } = await start();
    const open = (path: string, headers = {}) =>
      fetch(`${url}${path}`, { redirect: 'manual', headers: { Accept: 'text/html', ...headers } });
    for (const path of ['/docs', '/nothing', '/jobs/nope'])
      expect((await open(path)).headers.get('location')).toBe(`/login?next=${encodeURIComponent(path)}`);
    expect((await open('/docs', { Authorization: 'Bearer wrong' })).status).toBe(401);
    expect((await request('/docs')).status).toBe(401);
    const page = await open('/login?next=https://evil.example');
    expect(await page.text()).toContain('name="next" value="/"');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
  });
});

test.skipIf(!hasChromium)('a person logs in and out with a browser that runs no script', async () => {
  const { url } = await start();
  const browser = await launchChromium();
  try {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(`${url}/`);
    await page.fill('[name="token"]', 'wrong');
    await page.click('button');
    expect(await page.textContent('[role="alert"]')).toContain('The token is none of this Cronflow.');
    await page.fill('[name="token"]', 'boss-token');
    await page.click('button');
    expect([page.url(), await page.textContent('h1')]).toEqual([`${url}/`, 'Cronflow 1.2.3']);
    await page.click('button');
    expect(page.url()).toBe(`${url}/login`);
    await page.goto(`${url}/`);
    expect(page.url()).toBe(`${url}/login?next=%2F`);
  } finally {
    await browser.close();
  }
});

test.each([
  ['/docs', '/docs'],
  ['/docs?a=b#c', '/docs?a=b#c'],
  ['/cron/docs', '/cron/docs'],
  [undefined, '/'],
  ['', '/'],
  ['docs', '/'],
  ['//evil.example', '/'],
  ['/\\evil.example', '/'],
  ['/a\\b', '/'],
  ['/..//evil.example', '/'],
  ['/./\t/evil.example', '/'],
  ['/\n/evil.example', '/'],
  ['https://evil.example', '/'],
  ['javascript:alert(1)', '/'],
  ['/login?next=/login', '/'],
  ['/logout', '/'],
  [`/${'x'.repeat(2_000)}`, '/'],
])('after a login to go to %j one goes to %j', (wanted, expected) => {
  expect(nextAddress(wanted, '')).toBe(expected);
});
