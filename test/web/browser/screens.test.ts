import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasChromium } from '../../support/chromium.ts';
import { type Dashboard, startDashboard } from '../support/dashboard.ts';
import type { PastName } from '../support/pasts.ts';
import { faultsByAxe, PHONE, useBrowser, visit } from '../support/visit.ts';

/** Returns the addresses of the menu. */
const menuOf = (page: Page): Promise<string[]> =>
  page.locator('header nav a').evaluateAll((links) => links.map((link) => link.getAttribute('href') ?? ''));

/** Runs in the page: says whether the entry of the menu for the open screen can be seen. */
const IS_CURRENT_SEEN = `(({ left, right }) => left >= 0 && right <= innerWidth)(
  document.querySelector('header nav [aria-current]').getBoundingClientRect()
)`;

/** Waits until a screen shows its data, or that there is none. */
async function shown(page: Page): Promise<void> {
  await page.locator('.connection.live').waitFor();
  await page.locator('main h1, main h2').first().waitFor();
  await expect.poll(() => page.locator('main .loading', { hasText: 'Loading' }).count()).toBe(0);
}

describe.skipIf(!hasChromium).each(['night', 'empty'] satisfies PastName[])('after %s', (past) => {
  let service: Dashboard;
  beforeAll(async () => {
    service = await startDashboard(past);
  });
  afterAll(() => service?.stop());
  useBrowser();

  test.each(['light', 'dark'] as const)(
    'each screen of the menu can be read by everybody in %s',
    async (colorScheme) => {
      const { page } = await visit(`${service.url}/`, { colorScheme });
      await shown(page);
      const faults: Record<string, string[]> = {};
      for (const path of await menuOf(page)) {
        await page.click(`header nav a[href="${path}"]`);
        await shown(page);
        const found = await faultsByAxe(page);
        if (found.length > 0) faults[path] = found;
      }
      expect(faults).toEqual({});
    },
  );

  test('each screen of the menu fits a phone, on which the menu shows where one is', async () => {
    const { page } = await visit(`${service.url}/`, { viewport: PHONE });
    await shown(page);
    const tooWide: Record<string, unknown> = {};
    for (const path of await menuOf(page)) {
      await page.goto(`${service.url}${path}`);
      await shown(page);
      const by = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
      if (by !== 0 && Number(by) > 0) tooWide[path] = by;
      await expect.poll(() => page.evaluate(IS_CURRENT_SEEN)).toBe(true);
    }
    expect(tooWide).toEqual({});
  });
});
