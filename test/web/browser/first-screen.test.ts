import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasChromium } from '../../support/chromium.ts';
import { type Dashboard, startDashboard } from '../support/dashboard.ts';
import { useBrowser, visit } from '../support/visit.ts';

/** What went wrong overnight, and the words that say why. */
const WRONG: readonly [name: string, why: RegExp][] = [
  ['Cronflow itself', /pager.*410 Gone: this integration was deleted/],
  ['cert-renew', /started while an earlier run was still going/],
  ['invoice-run', /did not start at 05:00/],
  ['postgres-backup', /exit 1 after 31m.*No space left on device/],
  ['warehouse-sync', /reported no end within its limit of 2h/],
];

const searchOf = (page: Page): string => new URL(page.url()).search;

describe.skipIf(!hasChromium)('the first screen', () => {
  let service: Dashboard;
  beforeAll(async () => {
    service = await startDashboard('night');
  });
  afterAll(() => service?.stop());
  useBrowser();

  async function open(query = ''): Promise<Page> {
    const { page } = await visit(`${service.url}/${query}`);
    await page.locator('.connection.live').waitFor();
    await page.locator('[data-row]').first().waitFor();
    return page;
  }

  test('names all five that went wrong, and why, without scrolling', async () => {
    const page = await open();
    await page.locator('.troubles li', { hasText: 'No space left on device' }).waitFor();
    const items = page.locator('.troubles li');
    expect(await items.count()).toBe(WRONG.length);
    for (const [name, why] of WRONG) {
      const item = page.locator('.troubles li', { hasText: name });
      await expect.poll(async () => (await item.innerText()).replaceAll(/\s+/g, ' ')).toMatch(why);
      const box = (await item.boundingBox())!;
      expect(box.y + box.height).toBeLessThanOrEqual(800);
    }
    expect(await page.evaluate('scrollY')).toBe(0);
    await expect.poll(() => page.title()).toMatch(/^\(5\) Now/);
    expect(decodeURIComponent((await page.getAttribute('#icon', 'href')) ?? '')).toContain('>5<');
  });

  test('keeps filters in the address, and back and forward go along', async () => {
    const page = await open();
    const heading = page.locator('#jobs-title');
    await page.click('.segments button:has-text("In trouble")');
    await expect.poll(() => heading.textContent()).toBe('4 of 120 jobs');
    expect(searchOf(page)).toBe('?status=trouble');
    await page.selectOption('[aria-label="Filter by group"]', 'web');
    await expect.poll(() => heading.textContent()).toBe('1 of 120 jobs');
    expect(searchOf(page)).toBe('?status=trouble&group=web');
    await page.goBack();
    await expect.poll(() => heading.textContent()).toBe('4 of 120 jobs');
    await page.goBack();
    await expect.poll(() => heading.textContent()).toBe('120 jobs');
    await page.goForward();
    await page.goForward();
    await expect.poll(() => heading.textContent()).toBe('1 of 120 jobs');
    await page.click('[data-row] a');
    await page.locator('.job-why').waitFor();
    await page.goBack();
    await expect.poll(() => heading.textContent()).toBe('1 of 120 jobs');
  });

  test('opens with the filters of its address', async () => {
    const page = await open('?owner=data-team&sort=name');
    await expect.poll(() => page.locator('#jobs-title').textContent()).toBe('2 of 120 jobs');
    expect(await page.locator('[data-row] .name').allTextContents()).toEqual(['daily-report', 'data-export']);
  });

  test('is used by the keys alone', async () => {
    const page = await open('?sort=name');
    await page.keyboard.press('/');
    await page.keyboard.type('vacuum');
    await expect.poll(() => page.locator('[data-row]').count()).toBe(4);
    await page.keyboard.press('Tab');
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('k');
    await page.keyboard.press('Enter');
    await page.locator('.job-why').waitFor();
    expect(new URL(page.url()).pathname).toBe('/ui/jobs/vacuum-berlin');
    await page.keyboard.press('g');
    await page.keyboard.press('t');
    await page.locator('.lane').first().waitFor();
    await page.keyboard.press('?');
    await page.locator('dialog[open]').waitFor();
    expect(await page.textContent('dialog')).toContain('look closer');
    await page.keyboard.press('Escape');
    await page.locator('dialog[open]').waitFor({ state: 'hidden' });
    expect(await page.locator('dialog[open]').count()).toBe(0);
  });

  test('shows a ping at once, and that all is well again', async () => {
    const page = await open();
    await service.ping('sitemap-oslo/failure?exit_code=5', 'sitemap: cannot write\n');
    const item = page.locator('.troubles li', { hasText: 'sitemap-oslo' });
    await item.waitFor();
    await expect.poll(() => item.innerText()).toContain('sitemap: cannot write');
    await expect.poll(() => page.title()).toMatch(/^\(6\) Now/);
    await service.ping('sitemap-oslo/success?exit_code=0');
    await item.waitFor({ state: 'detached' });
    await expect.poll(() => page.title()).toMatch(/^\(5\) Now/);
  });

  test('keeps the theme that was chosen', async () => {
    const page = await open();
    const ground = (): Promise<string> =>
      page.evaluate('getComputedStyle(document.documentElement).backgroundColor');
    const light = await ground();
    await page.keyboard.press('t');
    await page.keyboard.press('t');
    await expect.poll(ground).not.toBe(light);
    const dark = await ground();
    await page.reload();
    await page.locator('[data-row]').first().waitFor();
    expect(await ground()).toBe(dark);
  });
});
