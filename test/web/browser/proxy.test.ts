import { afterEach, describe, expect, test } from 'vitest';
import { hasChromium } from '../../support/chromium.ts';
import { type PathProxy, startPathProxy } from '../../support/path-proxy.ts';
import { type Dashboard, startDashboard } from '../support/dashboard.ts';
import { useBrowser, visit } from '../support/visit.ts';

describe.skipIf(!hasChromium)('under a path of a proxy', () => {
  useBrowser();
  let service: Dashboard;
  let proxy: PathProxy;
  // The pages are closed before, because what runs first was declared last.
  afterEach(async () => {
    proxy?.close();
    await service?.stop();
  });

  test.each([true, false])(
    'the dashboard works, whether the path is left in the address or not (%s)',
    async (leavesPath) => {
      const options = leavesPath
        ? { args: ['--base-path', '/tools/cron'] }
        : { env: { CRONFLOW_TRUST_PROXY: '1' } };
      service = await startDashboard('night', options);
      proxy = await startPathProxy('/tools/cron', Number(new URL(service.url).port), leavesPath);
      const { page } = await visit(`${proxy.url}/`);
      await page.locator('.troubles li').first().waitFor();
      await page.locator('.connection.live').waitFor();
      await page.click('nav >> text=Timeline');
      await page.locator('.lane path').first().waitFor();
      expect(page.url()).toBe(`${proxy.url}/ui/timeline`);
      await page.reload();
      await page.locator('.lane path').first().waitFor();
      await page.click('[data-job="invoice-run"] a');
      await page.locator('.job-why').waitFor();
      expect(page.url()).toBe(`${proxy.url}/ui/jobs/invoice-run`);
      await page.click('.ready-lines summary');
      expect(await page.textContent('.ready-lines pre')).toContain(`CRONFLOW_URL=${proxy.url}\n`);
      await page.click('.job-why summary');
      await page.locator('.job-why a').first().click();
      await page.waitForURL(/\/docs\/reasons#/);
      expect(page.url()).toContain(`${proxy.url}/docs/reasons#`);
    },
  );
});
