import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasChromium } from '../../support/chromium.ts';
import { type Dashboard, startDashboard } from '../support/dashboard.ts';
import { useBrowser, visit } from '../support/visit.ts';

describe.skipIf(!hasChromium)('the connection', () => {
  let service: Dashboard;
  beforeAll(async () => {
    service = await startDashboard('night');
  });
  afterAll(() => service?.stop());
  useBrowser();

  test('that is lost is said so with the time, and the page catches up by itself', async () => {
    const { page, allowRefusals } = await visit(`${service.url}/?q=vacuum-oslo`);
    await page.locator('.connection.live').waitFor();
    await page.locator('[data-row]').first().waitFor();
    allowRefusals();
    await service.kill();
    await page.locator('.connection.lost').waitFor();
    expect(await page.textContent('.strips [role="alert"]')).toMatch(
      /^Cronflow cannot be reached since \d\d:\d\d\. What is shown is from then\./,
    );
    // What was shown stays there.
    expect(await page.locator('[data-row]').count()).toBe(1);
    await service.restart();
    await service.ping('vacuum-oslo/failure?exit_code=4', 'vacuum: no such table\n');
    await page.locator('.connection.live').waitFor();
    await page.locator('.troubles li', { hasText: 'vacuum-oslo' }).waitFor();
    expect(await page.locator('.strips', { hasText: 'cannot be reached' }).count()).toBe(0);
  });

  test('brings what happens to every open page', async () => {
    const [first, second] = [
      await visit(`${service.url}/`),
      await visit(`${service.url}/ui/jobs/digest-oslo`),
    ];
    for (const { page } of [first, second]) await page.locator('.connection.live').waitFor();
    await second.page.locator('.run').first().waitFor();
    const rows = await second.page.locator('.run').count();
    await service.ping('digest-oslo/failure?exit_code=7', 'digest: mailbox full\n');
    await first.page.locator('.troubles li', { hasText: 'digest-oslo' }).waitFor();
    await second.page.locator('.run', { hasText: 'exit 7' }).waitFor();
    expect(await second.page.locator('.run').count()).toBe(rows + 1);
    await service.ping('digest-oslo/success?exit_code=0');
    await first.page.locator('.troubles li', { hasText: 'digest-oslo' }).waitFor({ state: 'detached' });
  });
});
