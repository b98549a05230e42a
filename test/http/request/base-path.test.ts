import { describe, expect, test } from 'vitest';
import { FIRST_PARTS_OF_ROUTES, parseBasePath } from '../../../src/http/request/base-path.ts';
import type { HttpDeps } from '../../../src/http/deps.ts';
import { allRoutes } from '../../../src/http/routes/routes.ts';
import { servicesOf } from '../../../src/http/services.ts';
import { NO_TOKENS } from '../../../src/http/access/tokens.ts';
import { startServer } from '../support.ts';

const UNTRUSTED = { basePath: '/tools/cron', trustsProxy: false };
const TRUSTED = { basePath: '', trustsProxy: true };

describe('behind a proxy that shows Cronflow under a path', () => {
  test('a request counts with the path and without it', async () => {
    const { port, url } = await startServer({ base: UNTRUSTED });
    const send = (path: string, init: RequestInit = {}): Promise<Response> => fetch(`${url}${path}`, init);
    const json = { 'Content-Type': 'application/json' };
    const body = JSON.stringify({ name: 'backup' });
    const registered = await send('/tools/cron/jobs', { method: 'POST', headers: json, body });
    expect(registered.status).toBe(201);
    expect(registered.headers.get('location')).toBe('/tools/cron/jobs/backup');
    for (const path of [
      '/jobs/backup/success',
      '/tools/cron/jobs/backup/success',
      '/tools/cron//jobs/backup/log/',
    ])
      expect((await send(path)).status).toBe(200);
    for (const path of ['/tools/cron', '/tools/cron/', '/']) {
      const root = (await (await send(path)).json()) as { links: Record<string, string> };
      expect(root.links).toMatchObject({ docs: '/tools/cron/docs', openapi: '/tools/cron/openapi.json' });
    }
    expect((await send('/tools/cronjobs')).status).toBe(404);
    expect(port).toBeGreaterThan(0);
  });

  test('every link of a page begins with the path', async () => {
    const { url } = await startServer({ base: UNTRUSTED });
    for (const path of ['/', '/docs']) {
      const page = await (await fetch(`${url}${path}`, { headers: { Accept: 'text/html' } })).text();
      const links = Array.from(page.matchAll(/(?:href|src)="(?!data:)([^"]*)"/g), (match) => match[1]);
      expect(links.length).toBeGreaterThan(1);
      for (const link of links) expect(link).toMatch(/^\/tools\/cron\//);
    }
    const document = (await (await fetch(`${url}/openapi.json`)).json()) as { servers: unknown };
    expect(document.servers).toEqual([{ url: '/tools/cron' }]);
  });

  test('the proxy may say the path, where it is trusted', async () => {
    const linksFor = async (base: typeof TRUSTED, prefix: string): Promise<string> => {
      const { url } = await startServer({ base });
      const root = await fetch(url, { headers: { 'X-Forwarded-Prefix': prefix } });
      return ((await root.json()) as { links: { docs: string } }).links.docs;
    };
    expect(await linksFor(TRUSTED, '/ops/cron/')).toBe('/ops/cron/docs');
    expect(await linksFor({ ...UNTRUSTED, trustsProxy: true }, '/ops')).toBe('/ops/docs');
    expect(await linksFor(UNTRUSTED, '/ops')).toBe('/tools/cron/docs');
    for (const bad of [
      '//evil.example',
      '/a"><script>',
      '/../x',
      '/jobs',
      '/ping',
      'ops',
      `/${'x'.repeat(300)}`,
      '/a, /b',
    ])
      expect(await linksFor(TRUSTED, bad)).toBe('/docs');
  });
});

test.each([
  ['', ''],
  ['/', ''],
  ['/cron', '/cron'],
  ['/tools/cron/', '/tools/cron'],
])('the base path %j is read as %j', (text, path) => {
  expect(parseBasePath(text)).toBe(path);
});

test('no base path begins as a route does', () => {
  const routes = allRoutes(servicesOf({ version: '1', tokens: NO_TOKENS, store: {} } as HttpDeps));
  const firstParts = new Set(routes.map(({ path }) => path.split('/')[1]!));
  firstParts.delete('');
  expect([...FIRST_PARTS_OF_ROUTES].sort()).toEqual([...firstParts].sort());
});

test.each([
  '/jobs',
  '/ping/cron',
  '/Docs',
  'cron',
  '//cron',
  '/a b',
  '/a?b',
  '/..',
  '/a/./b',
  `/${'x'.repeat(300)}`,
])('the base path %j is refused', (text) => {
  expect(() => parseBasePath(text)).toThrow(/base path .* is .*, and allowed are .*such as \/cronflow/);
});
