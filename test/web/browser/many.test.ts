import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasChromium } from '../../support/chromium.ts';
import { type Dashboard, startDashboard } from '../support/dashboard.ts';
import { useBrowser, visit } from '../support/visit.ts';

/** A window shows some 20 rows, and a few more are drawn beyond its edges. */
const ROWS_MAX = 80;

describe.skipIf(!hasChromium)('5,000 jobs', () => {
  let service: Dashboard;
  beforeAll(async () => {
    service = await startDashboard('fiveThousand');
  });
  afterAll(() => service?.stop());
  useBrowser();

  test('are a list of which only what is in the window is drawn', async () => {
    const { page } = await visit(`${service.url}/?sort=name`);
    const rows = page.locator('[data-row]');
    await page.locator('h2', { hasText: '5000 jobs' }).waitFor();
    expect(await rows.count()).toBeLessThan(ROWS_MAX);
    const elements = (): Promise<number> => page.evaluate(`document.querySelectorAll('*').length`);
    expect(await elements()).toBeLessThan(6_000);
    await page.evaluate('scrollTo(0, document.documentElement.scrollHeight / 2)');
    await expect.poll(() => rows.first().textContent()).toMatch(/job-2\d\d\d/);
    expect(await rows.count()).toBeLessThan(ROWS_MAX);
    await page.evaluate('scrollTo(0, document.documentElement.scrollHeight)');
    await page.locator('[data-row]', { hasText: 'job-4999' }).waitFor();
    expect(await rows.count()).toBeLessThan(ROWS_MAX);
    expect(await elements()).toBeLessThan(6_000);
  });

  test('are searched, and a ping of one of them is shown', async () => {
    const { page } = await visit(`${service.url}/`);
    await page.locator('h2', { hasText: '5000 jobs' }).waitFor();
    await page.fill('[aria-label="Search jobs"]', 'job-4321');
    await page.locator('[data-row]', { hasText: 'job-4321' }).waitFor();
    await expect.poll(() => page.locator('[data-row]').count()).toBe(1);
    await service.ping('job-4321/start?rid=live');
    await page.locator('[data-row] [aria-label="running"]').waitFor();
    await service.ping('job-4321/success?rid=live');
    await page.locator('[data-row] [aria-label="succeeded"]').waitFor();
  });

  test('are lanes of which only what is in the window is drawn', async () => {
    const { page } = await visit(`${service.url}/ui/timeline`);
    await page.locator('.lane path').first().waitFor();
    const lanes = page.locator('.lane');
    expect(await lanes.count()).toBeLessThan(ROWS_MAX);
    await page.evaluate('scrollTo(0, document.documentElement.scrollHeight)');
    // The last of the groups by name is that of the ninth job of every 25.
    await page.locator('[data-job="job-4984"] path').first().waitFor({ state: 'attached' });
    expect(await lanes.count()).toBeLessThan(ROWS_MAX);
    await page.evaluate('scrollTo(0, 0)');
    await page.locator('[data-job="job-0000"] path').first().waitFor({ state: 'attached' });
  });
});
