import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hasChromium, launchChromium } from '../support/chromium.ts';
import { startPathProxy } from '../support/path-proxy.ts';
import { openApi } from './openapi.ts';
import { startServer } from './support.ts';

let browser: Browser | undefined;
beforeAll(async () => {
  if (hasChromium) browser = await launchChromium();
});
afterAll(() => browser?.close());

/** A page, and all that it asks for or complains of. */
async function open(url: string) {
  const page = await browser!.newPage();
  const asked = new Set<string>();
  const complaints: string[] = [];
  page.on('request', (each) => asked.add(new URL(each.url()).origin));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    // A refused request is what some of these tests are about; Chromium notes it as an error.
    if (message.type() === 'error' && !message.text().includes('the server responded with')) {
      complaints.push(message.text());
    }
  });
  await page.goto(url);
  return { page, asked, complaints };
}

/** Opens an operation, fills in its form and sends it. */
async function tryOut(page: Page, operation: string, fields: Record<string, string>): Promise<void> {
  await page.click(`#${operation} > summary`);
  for (const [name, value] of Object.entries(fields))
    await page.fill(`#${operation} [name="${name}"]`, value);
  await page.click(`#${operation} button`);
  await page.waitForSelector(`#${operation} .answer`, { state: 'attached' });
}

const operations = Object.values(openApi.paths).flatMap((item) =>
  Object.keys(item).filter((key) => key !== 'parameters'),
);

test.skipIf(!hasChromium)(
  '/docs shows every operation, sends requests, and asks nobody else for anything',
  async () => {
    const { url, request, port } = await startServer();
    const { page, asked, complaints } = await open(`${url}/docs`);
    await page.waitForSelector('#post_job');
    expect(await page.textContent('h1')).toBe('Cronflow 1.2.3');
    expect(await page.locator('.operation').count()).toBe(operations.length);

    await tryOut(page, 'post_job', {});
    expect(await page.textContent('#post_job .ok')).toBe('201 Created');
    await tryOut(page, 'post_failure', {
      name: 'daily-database-backup',
      exit_code: '3',
      body: '{"output":"a\'b"}',
    });
    expect(await page.textContent('#post_failure .ok')).toBe('200 OK');
    expect(await page.textContent('#post_failure .output pre')).toBe(
      `curl -X POST 'http://127.0.0.1:${port}/jobs/daily-database-backup/failure?exit_code=3' ` +
        `-H 'Content-Type: application/json' --data-binary '{"output":"a'\\''b"}'`,
    );
    const [run] = (await request('/jobs/daily-database-backup/runs')).json;
    expect(run).toMatchObject({ exit_code: 3, output_bytes: 3 });

    await tryOut(page, 'get_job', { name: '<b>/../x' });
    expect(await page.textContent('#get_job .bad')).toBe('404 Not Found');
    expect(await page.textContent('#get_job .answer')).toContain('"code": "unknown_job"');

    expect([...asked]).toEqual([url]);
    expect(complaints).toEqual([]);
  },
);

test.skipIf(!hasChromium)('/ leads a browser on', async () => {
  const { url } = await startServer({ notices: () => ['nobody will be told'] });
  const { page, complaints } = await open(url);
  expect(await page.textContent('[role=alert]')).toBe('Nobody will be told');
  await page.click('a[href="/docs"]');
  await page.waitForSelector('#post_job');
  expect(complaints).toEqual([]);
});

interface Contrast {
  text: string;
  contrast: number;
}

/** The contrast of text with what it stands on (WCAG 2), of the elements that this finds in the page. */
const contrasts = (page: Page, selector: string): Promise<Contrast[]> =>
  page.evaluate(`(() => {
    const painted = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    // Any colour of CSS as red, green and blue, on what it lets through.
    const over = (color, below) => {
      for (const each of [below, color]) {
        painted.fillStyle = each;
        painted.fillRect(0, 0, 1, 1);
      }
      const [red, green, blue] = painted.getImageData(0, 0, 1, 1).data;
      return \`rgb(\${red}, \${green}, \${blue})\`;
    };
    const luminance = (color) => {
      const [red, green, blue] = color
        .match(/\\d+/g)
        .map((part) => Number(part) / 255)
        .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const page = document.createElement('div');
    page.style.backgroundColor = 'Canvas';
    document.body.append(page);
    const ofPage = getComputedStyle(page).backgroundColor;
    return [...document.querySelectorAll(${JSON.stringify(selector)})].map((element) => {
      let ground = ofPage;
      const chain = [];
      for (let each = element; each !== null; each = each.parentElement) chain.unshift(each);
      for (const each of chain) ground = over(getComputedStyle(each).backgroundColor, ground);
      const ink = over(getComputedStyle(element).color, ground);
      const [dark, light] = [luminance(ink), luminance(ground)].sort((a, b) => a - b);
      return { text: element.textContent.slice(0, 40), contrast: (light + 0.05) / (dark + 0.05) };
    });
  })()`);

test.skipIf(!hasChromium).each(['light', 'dark'] as const)(
  'all of /docs can be read in %s mode',
  async (colorScheme) => {
    const { url } = await startServer();
    const { page } = await open(`${url}/docs`);
    await page.emulateMedia({ colorScheme });
    await page.waitForSelector('#post_job');
    await tryOut(page, 'get_job', { name: 'nobody' });
    await tryOut(page, 'post_job', {});
    const methods = await contrasts(page, '.method');
    expect(new Set(methods.map(({ text }) => text))).toEqual(
      new Set(['POST', 'GET', 'PUT', 'PATCH', 'DELETE']),
    );
    const texts = await contrasts(page, 'h1, h2, p, small, code, pre, summary, td, .what, .ok, .bad, button');
    expect(texts.length).toBeGreaterThan(100);
    expect([...methods, ...texts].filter(({ contrast }) => contrast < 4.5)).toEqual([]);
  },
);

test.skipIf(!hasChromium).each([true, false])(
  '/docs works under the path of a proxy that leaves it in the address (%s)',
  async (leavesPath) => {
    const base = { basePath: leavesPath ? '/tools/cron' : '', trustsProxy: !leavesPath };
    const { url, port, request } = await startServer({ base });
    await request('/jobs', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ name: 'daily-database-backup' }),
    });
    const proxy = await startPathProxy('/tools/cron', port, leavesPath);
    try {
      expect(proxy.url).not.toContain(url);
      const { page, complaints } = await open(`${proxy.url}/docs`);
      await page.waitForSelector('#get_job');
      await tryOut(page, 'get_job', { name: 'daily-database-backup' });
      expect(await page.textContent('#get_job .ok')).toBe('200 OK');
      expect(complaints).toEqual([]);
    } finally {
      proxy.close();
    }
  },
);
