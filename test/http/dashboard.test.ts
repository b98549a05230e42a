import { readdirSync } from 'node:fs';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { request as send } from 'node:http';
import { NO_TOKENS } from '../../src/http/access/tokens.ts';
import { startServer } from './support.ts';

const BROWSER = { Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };
const TOKENS = { all: ['all-1'], read: ['read-1'], ping: ['ping-1'] };

/** The addresses of scripts and styles that a page names. */
function filesOf(page: string): string[] {
  return [...page.matchAll(/(?:src|href)="([^"]*\/assets\/[^"]+)"/g)].map(([, address]) => address!);
}

/** Asks without what `fetch` does by itself: it unpacks an answer. */
function rawly(url: string, encoding: string): Promise<{ encoding: string | undefined; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const asked = send(url, { headers: { 'Accept-Encoding': encoding } }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () =>
        resolve({ encoding: answer.headers['content-encoding'], body: Buffer.concat(chunks) }),
      );
    });
    asked.once('error', reject).end();
  });
}

describe('the dashboard', () => {
  test.each([
    '/',
    '/ui/timeline',
    '/ui/incidents',
    '/ui/incidents/i1',
    '/ui/jobs/backup',
    '/ui/jobs/backup/runs/r-1',
    '/ui/deliveries',
    '/ui/configuration',
    '/ui/audit',
    '/ui/check',
  ])('is the same page at %s, and a browser asks whether it is still right', async (path) => {
    const { request } = await startServer();
    const { text } = await request('/', { headers: BROWSER });
    const answer = await request(path, { headers: BROWSER });
    expect(answer.text).toBe(text);
    expect(answer.headers.get('content-security-policy')).toMatch(/script-src 'self'; style-src 'self'/);
    const again = await request(path, {
      headers: { ...BROWSER, 'If-None-Match': answer.headers.get('etag')! },
    });
    expect(again.status).toBe(304);
  });

  test('has files that may be kept for ever, compressed as the client takes them', async () => {
    const { request, url } = await startServer();
    const files = filesOf((await request('/', { headers: BROWSER })).text);
    expect(new Set(files.map((file) => file.split('.').at(-1)))).toEqual(new Set(['css', 'js']));
    for (const file of files) {
      const { headers, text } = await request(file);
      expect(headers.get('cache-control')).toBe('private, max-age=31536000, immutable');
      expect(headers.get('vary')).toBe('Accept-Encoding');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      const [brotli, gzip, none] = [
        await rawly(`${url}${file}`, 'gzip, br'),
        await rawly(`${url}${file}`, 'gzip'),
        await rawly(`${url}${file}`, 'identity'),
      ];
      expect([brotli.encoding, gzip.encoding, none.encoding]).toEqual(['br', 'gzip', undefined]);
      expect(brotliDecompressSync(brotli.body).toString()).toBe(text);
      expect(gunzipSync(gzip.body).toString()).toBe(text);
      expect(none.body.toString()).toBe(text);
    }
  });

  test('needs at most 80 kB of compressed script and style, those of all screens together', async () => {
    const { request, url } = await startServer();
    const named = filesOf((await request('/', { headers: BROWSER })).text).map((file) =>
      file.split('/').at(-1)!,
    );
    const files = readdirSync(new URL('../../dist/web/assets', import.meta.url)).filter(
      (name) => !/\.(?:br|gz)$/.test(name),
    );
    expect(files).toEqual(expect.arrayContaining(named));
    const bodies = await Promise.all(files.map((file) => rawly(`${url}/ui/assets/${file}`, 'gzip')));
    expect(bodies.every(({ encoding }) => encoding === 'gzip')).toBe(true);
    expect(bodies.reduce((sum, { body }) => sum + body.length, 0)).toBeLessThan(80_000);
  });

  test('has no inline script or style, and names no other host', async () => {
    const { request } = await startServer();
    const { text } = await request('/', { headers: BROWSER });
    expect(text).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=/);
    expect(text).not.toMatch(/(?:src|href|action)="(?:https?:)?\/\//);
  });

  test('begins its addresses with the path under which a proxy shows it', async () => {
    const { request, url } = await startServer({ base: { basePath: '/tools', trustsProxy: true } });
    const page = await request('/ui/timeline', { headers: { ...BROWSER, 'X-Forwarded-Prefix': '/cron' } });
    expect(page.text).toContain('data-base="/cron"');
    expect(filesOf(page.text).every((file) => file.startsWith('/cron/ui/assets/'))).toBe(true);
    // What the proxy leaves in the address is no path of the description.
    const own = await (await fetch(`${url}/tools/`, { headers: BROWSER })).text();
    expect(own).toContain('data-base="/tools"');
    for (const file of filesOf(own)) expect((await fetch(`${url}${file}`)).status).toBe(200);
  });

  test('is behind the login, which leads back to the address', async () => {
    const { url } = await startServer({ tokens: TOKENS });
    const answer = await fetch(`${url}/ui/jobs/a%22b?x=1`, { headers: BROWSER, redirect: 'manual' });
    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')).toBe(`/login?next=${encodeURIComponent('/ui/jobs/a%22b?x=1')}`);
  });

  test('lets a browser without script log out', async () => {
    const { request } = await startServer({ tokens: TOKENS });
    const login = await request('/login', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{"token":"read-1"}',
    });
    const cookie = login.headers.getSetCookie()[0]!.split(';', 1)[0]!;
    const { text, headers } = await request('/', { headers: { ...BROWSER, cookie } });
    expect(text).toMatch(/<noscript>[^]*action="\/logout"[^]*<\/noscript>/);
    expect(headers.get('content-security-policy')).toContain("form-action 'self'");
  });

  test.each([
    ['/jobs/backup', '/ui/jobs/backup'],
    ['/jobs/a%22b/runs/r-1?x=1', '/ui/jobs/a%22b/runs/r-1?x=1'],
    ['/incidents/i1', '/ui/incidents/i1'],
    ['/config', '/ui/configuration'],
    ['/deliveries?status=dead', '/ui/deliveries?status=dead'],
  ])('shows what the link %s of a message leads to, by way of the login', async (link, page) => {
    const { url } = await startServer({
      tokens: TOKENS,
      base: { basePath: '/cron', trustsProxy: false },
    });
    const login = await fetch(`${url}/cron${link}`, { headers: BROWSER, redirect: 'manual' });
    const form = new URL(login.headers.get('location')!, url);
    expect(form.searchParams.get('next')).toBe(`/cron${link}`);
    const body = new URLSearchParams({ token: 'read-1', next: form.searchParams.get('next')! });
    const back = await fetch(`${url}/cron/login`, { method: 'POST', body, redirect: 'manual' });
    const cookie = back.headers.getSetCookie()[0]!.split(';', 1)[0]!;
    const opened = await fetch(new URL(back.headers.get('location')!, url), {
      headers: { ...BROWSER, cookie },
      redirect: 'manual',
    });
    expect([opened.status, opened.headers.get('location')]).toEqual([303, `/cron${page}`]);
    const shown = await fetch(new URL(`/cron${page}`, url), { headers: { ...BROWSER, cookie } });
    expect(shown.headers.get('content-type')).toMatch('text/html');
  });

  test.each<[string, Record<string, string>]>([
    ['a client of Java', { Accept: 'text/html, image/gif, image/jpeg, */*; q=0.2' }],
    ['a client that takes anything', { Accept: '*/*' }],
    ['a script of a page', { Accept: BROWSER.Accept, 'Sec-Fetch-Dest': 'empty' }],
    ['a client with a token', { Accept: BROWSER.Accept, Authorization: 'Bearer read-1' }],
  ])('leaves to %s what it always got', async (_who, headers) => {
    const { request } = await startServer(headers['Authorization'] === undefined ? {} : { tokens: TOKENS });
    const answer = await request('/config', { headers });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('vary')).toBe('Accept');
    expect(answer.json).toMatchObject({ source: 'cronflow.yaml' });
  });

  test.each([
    '/ui/nowhere',
    '/ui/assets/nothing.js',
    '/ui/assets/..%2f..%2fpackage.json',
    '/ui/assets/constructor',
  ])('has nothing at %s', async (path) => {
    const { request } = await startServer({ tokens: NO_TOKENS });
    expect((await request(path)).json).toMatchObject({ status: 404, code: 'not_found' });
  });
});
