import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasChromium } from '../../support/chromium.ts';
import { type Dashboard, startDashboard } from '../support/dashboard.ts';
import { useBrowser, visit } from '../support/visit.ts';

const rowsOf = async (page: Page): Promise<string[]> =>
  (await page.locator('main .list > li').allInnerTexts()).map((text) => text.replaceAll(/\s+/g, ' '));

const searchOf = (page: Page): string => new URL(page.url()).search;

describe.skipIf(!hasChromium)('the lists', () => {
  let service: Dashboard;
  beforeAll(async () => {
    service = await startDashboard('night');
  });
  afterAll(() => service?.stop());
  useBrowser();

  async function open(path: string): Promise<Page> {
    const { page } = await visit(`${service.url}${path}`);
    await page.locator('.connection.live').waitFor();
    return page;
  }

  test('of incidents are filtered, and one of them says who was told', async () => {
    const page = await open('/ui/incidents');
    await expect.poll(async () => (await rowsOf(page)).length).toBe(7);
    await page.click('main button:text-is("Over")');
    await expect.poll(async () => (await rowsOf(page)).length).toBe(2);
    expect(searchOf(page)).toBe('?open=false');
    await page.goBack();
    await expect.poll(async () => (await rowsOf(page)).length).toBe(7);
    await page.click('a.name:text-is("mail-queue-flush")');
    await page.locator('h2:text-is("Who was told")').waitFor();
    await expect
      .poll(async () => (await rowsOf(page)).join('\n'))
      .toContain('410 Gone: this integration was deleted');
    expect((await rowsOf(page)).filter((row) => row.startsWith('failed exit code'))).toHaveLength(2);
  });

  test('of incidents are live, and each is acknowledged on its page', async () => {
    const page = await open('/ui/incidents?open=true');
    await expect.poll(async () => (await rowsOf(page)).length).toBe(5);
    await service.ping('sitemap-paris/failure?exit_code=6', 'sitemap: no route to host\n');
    await expect.poll(async () => (await rowsOf(page))[0]).toContain('sitemap-paris');
    await page.click('a.name:text-is("sitemap-paris")');
    await page.click('button:text-is("Acknowledge")');
    await page.locator('.acknowledge', { hasText: 'acknowledged until' }).waitFor();
    await service.ping('sitemap-paris/success?exit_code=0');
    await page.locator('h1 [aria-label="over"]').waitFor();
    expect(await page.locator('button:text-is("Acknowledge")').count()).toBe(0);
  });

  test('of deliveries say which could not be delivered', async () => {
    const page = await open('/ui/deliveries');
    await page.click('main button:text-is("Given up")');
    await expect.poll(() => searchOf(page)).toBe('?status=dead');
    await expect.poll(async () => (await rowsOf(page)).length).toBeGreaterThan(0);
    await expect
      .poll(async () =>
        (await rowsOf(page)).every((row) => row.includes('pager') && row.includes('410 Gone')),
      )
      .toBe(true);
    await page.goBack();
    await expect.poll(async () => (await rowsOf(page)).some((row) => row.startsWith('ops'))).toBe(true);
  });

  test('of changes say who made them', async () => {
    const page = await open('/ui/audit?who=alice');
    await expect.poll(async () => (await rowsOf(page)).length).toBe(2);
    const [paused, acknowledged] = (await rowsOf(page)).toSorted();
    expect(`${paused} ${acknowledged}`).toMatch(/warehouse-sync/);
    expect(`${paused} ${acknowledged}`).toMatch(/image-prune-oslo/);
    expect(paused).toContain('10.0.0.7');
  });
});
