import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasChromium } from '../../support/chromium.ts';
import { type Dashboard, startDashboard } from '../support/dashboard.ts';
import { useBrowser, visit, visitAgain } from '../support/visit.ts';

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

  test.each([
    ['/', '[data-row]'],
    ['/ui/timeline', '.lane'],
    ['/ui/configuration', 'main section'],
    ['/ui/jobs/digest-paris', '.run'],
  ])('lets %s ask for each thing once when it is opened', async (path, content) => {
    const visited = await visit(`${service.url}${path}`);
    const asked = await visitAgain(visited);
    const { page } = visited;
    await page.locator('.connection.live').waitFor();
    await page.locator(content).first().waitFor();
    await expect.poll(() => page.title()).toMatch(/^\(\d/);
    const before = /^\((\d+)\)/.exec(await page.title())?.[1];
    // What a page asks for twice it asks for before it looks at what changed later.
    await service.ping('churn-oslo/failure?exit_code=1');
    await expect.poll(() => page.title()).toMatch(new RegExp(`^\\(${Number(before) + 1}\\)`));
    // The incident that the ping opens is a reason to ask for these again.
    const concernsPing = /^\/incidents\?|^\/config$|churn-oslo/;
    const others = asked.filter((address) => !concernsPing.test(address));
    await service.ping('churn-oslo/success?exit_code=0');
    expect(others).toContain('/session');
    expect(others.filter((address, index) => others.indexOf(address) !== index)).toEqual([]);
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
