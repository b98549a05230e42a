import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasChromium } from '../../support/chromium.ts';
import { type Dashboard, startDashboard } from '../support/dashboard.ts';
import { faultsByAxe, useBrowser, visit, type VisitOptions } from '../support/visit.ts';

/** Points at the first sign of a kind in the lane of a job. */
async function pointAt(page: Page, job: string, sign: string): Promise<void> {
  const found = page.locator(`[data-job="${job}"] .sign-${sign}`);
  await found.scrollIntoViewIfNeeded();
  const box = (await found.boundingBox())!;
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
}

const moment = (page: Page): Promise<string | null> => page.locator('.moment-line p').textContent();

describe.skipIf(!hasChromium)('the timeline', () => {
  let service: Dashboard;
  beforeAll(async () => {
    service = await startDashboard('night');
  });
  afterAll(() => service?.stop());
  useBrowser();

  async function open(query = '', options: VisitOptions = {}): Promise<Page> {
    const { page } = await visit(`${service.url}/ui/timeline${query}`, options);
    await page.locator('.lane path').first().waitFor();
    return page;
  }

  test('shows what ran, what failed, what did not run and what goes on', async () => {
    const page = await open();
    const signs = (job: string): Promise<string[]> =>
      page
        .locator(`[data-job="${job}"] path`)
        .evaluateAll((paths) => paths.map((path) => path.getAttribute('class') ?? ''));
    expect(await signs('postgres-backup')).toEqual(['sign-failure']);
    expect(await signs('invoice-run')).toEqual(['sign-slot-missed']);
    expect(await page.locator('.lane-group').first().textContent()).toBe('billing 13');
    expect(await page.locator('[data-job="invoice-run"] svg').getAttribute('aria-label')).toBe('1 missed');
    await page.fill('[aria-label="Search jobs"]', 'daily-report');
    await expect.poll(() => signs('daily-report')).toEqual(['sign-slot-waiting']);
    await page.fill('[aria-label="Search jobs"]', 'cert-renew');
    await expect.poll(() => page.locator('.lane').count()).toBe(1);
    // The second run of an `overlap: forbid` began while the first one went on.
    expect(await signs('cert-renew')).toEqual(expect.arrayContaining(['sign-running', 'sign-failure']));
    expect(await page.locator('.lane-lines .now').count()).toBe(1);
  });

  test('says what ran at a moment, under the pointer and by the keys', async () => {
    const page = await open();
    await pointAt(page, 'postgres-backup', 'failure');
    await expect.poll(() => moment(page)).toMatch(/postgres-backup failed, 02:00–02:31 \(31m\) · \d+ runs: /);
    await page.mouse.move(600, 5);
    await expect.poll(() => moment(page)).toMatch(/^08:\d\d \d+ runs: /);
    await page.focus('input[type="range"]');
    await page.keyboard.press('ArrowLeft');
    await expect.poll(() => moment(page)).toMatch(/^07:\d\d /);
    for (let press = 0; press < 12; press += 1) await page.keyboard.press('PageUp');
    await expect.poll(() => moment(page)).toMatch(/expected/);
  });

  test('looks closer and back, and history goes along', async () => {
    const page = await open();
    await page.click('text="2 h"');
    await expect.poll(() => new URL(page.url()).search).toBe('?hours=2');
    await page.keyboard.press('-');
    await expect.poll(() => new URL(page.url()).search).toBe('?hours=6');
    await page.keyboard.press('ArrowLeft');
    await expect.poll(() => new URL(page.url()).searchParams.get('at')).toMatch(/^2026-01-16T05:\d\dZ$/);
    expect(await page.locator('.segments [aria-pressed="true"]').allTextContents()).toEqual(['6 h']);
    await page.goBack();
    await page.goBack();
    expect(new URL(page.url()).search).toBe('?hours=2');
    expect(await page.locator('.segments [aria-pressed="true"]').allTextContents()).toEqual(['2 h', 'Now']);
    await page.goForward();
    expect(new URL(page.url()).search).toBe('?hours=6');
    await page.selectOption('[aria-label="Filter by group"]', 'mail');
    await expect.poll(() => page.locator('.lane').count()).toBe(13);
    await page.selectOption('[aria-label="Order of the jobs"]', 'first');
    await expect.poll(() => page.locator('.lane-group').count()).toBe(0);
  });

  test('opens a run by its bar', async () => {
    const page = await open();
    await pointAt(page, 'postgres-backup', 'failure');
    await expect.poll(() => moment(page)).toContain('postgres-backup failed');
    await page.mouse.down();
    await page.mouse.up();
    await page.waitForURL(/\/ui\/jobs\/postgres-backup\/runs\/[^/]+$/);
    await page.locator('.output').waitFor();
    expect(await page.textContent('.output pre')).toContain('No space left on device');
  });

  test('shows a run as soon as it begins, and when it has ended', async () => {
    const page = await open('?q=stats-refresh-paris');
    const running = page.locator('[data-job="stats-refresh-paris"] .sign-running');
    expect(await running.count()).toBe(0);
    await service.ping('stats-refresh-paris/start?rid=live');
    await running.waitFor({ state: 'attached' });
    await service.ping('stats-refresh-paris/failure?rid=live&exit_code=9');
    await page.locator('[data-job="stats-refresh-paris"] .sign-failure').waitFor({ state: 'attached' });
    expect(await running.count()).toBe(0);
  });

  test('says so where the runs are too many to be drawn one by one', async () => {
    const { page } = await visit(`${service.url}/healthz`);
    let asked = 0;
    // The list of runs has no end.
    await page.route(/\/runs\?.*(?:since|cursor)=/, async (route) => {
      const answer = await route.fetch({ url: `${service.url}/runs?since=24h&limit=50` });
      asked += 1;
      await route.fulfill({
        response: answer,
        headers: { ...answer.headers(), link: '</runs?cursor=x>; rel="next"' },
      });
    });
    await page.goto(`${service.url}/ui/timeline`);
    await page.locator('.too-many').waitFor();
    expect(await page.textContent('.too-many')).toMatch(
      /those from before 0\d:\d\d are drawn by their slots/,
    );
    // Each load asks for eight pages, and one follows when the connection stands.
    expect(asked).toBeGreaterThanOrEqual(8);
    await page.unrouteAll({ behavior: 'ignoreErrors' });
  });

  test.each(['light', 'dark'] as const)('can be read by everybody in %s', async (colorScheme) => {
    expect(await faultsByAxe(await open('', { colorScheme }))).toEqual([]);
  });
});
