import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasChromium } from '../../support/chromium.ts';
import { type Dashboard, startDashboard } from '../support/dashboard.ts';
import { useBrowser, visit, type Visit } from '../support/visit.ts';

describe.skipIf(!hasChromium)('with tokens', () => {
  let service: Dashboard;
  beforeAll(async () => {
    service = await startDashboard('night', {
      env: {
        CRONFLOW_TOKEN: 'all-token',
        CRONFLOW_READ_TOKEN: 'read-token',
        CRONFLOW_PING_TOKEN: 'ping-token',
      },
      pingToken: 'ping-token',
    });
  });
  afterAll(() => service?.stop());
  useBrowser();

  async function logIn(path: string, token: string): Promise<Visit> {
    const visited = await visit(`${service.url}${path}`);
    await visited.page.fill('[name="token"]', token);
    await visited.page.click('button');
    return visited;
  }

  test('a link to a job leads by way of the login to what was asked for', async () => {
    const { page } = await logIn('/ui/jobs/postgres-backup?x=1', 'all-token');
    await page.locator('.job-why').waitFor();
    expect(page.url()).toBe(`${service.url}/ui/jobs/postgres-backup?x=1`);
    await page.locator('.actions button:text-is("Pause")').waitFor();
    await page.locator('.connection.live').waitFor();
    // A proxy must not see the token of anybody in a line that is copied.
    expect(await page.textContent('body')).not.toContain('all-token');
  });

  test('a token for reading shows all and may change nothing', async () => {
    const { page } = await logIn('/ui/jobs/postgres-backup', 'read-token');
    await page.locator('.job-why').waitFor();
    await page.locator('.run').first().waitFor();
    await page.locator('button:text-is("Log out")').waitFor();
    expect(await page.locator('.actions button').count()).toBe(0);
    await page.click('text=Cronflow');
    await page.locator('.troubles li').first().waitFor();
    expect(await page.locator('button:text-is("Acknowledge")').count()).toBe(0);
  });

  test('after the logout a login is asked for', async () => {
    const { page, allowRefusals } = await logIn('/', 'all-token');
    allowRefusals();
    await page.locator('.troubles li').first().waitFor();
    await page.click('text=Log out');
    await page.waitForURL(/\/login/);
    await page.goto(`${service.url}/ui/timeline`);
    await page.locator('[name="token"]').waitFor();
    expect(page.url()).toBe(`${service.url}/login?next=${encodeURIComponent('/ui/timeline')}`);
  });

  test('a session that is over is said so, and leads back to where the reader was', async () => {
    const { page, allowRefusals } = await logIn('/ui/timeline', 'all-token');
    await page.locator('.lane path').first().waitFor();
    allowRefusals();
    // A session lives in the memory of the process that opened it.
    await service.restart();
    await page.click('text=Log in again');
    await page.fill('[name="token"]', 'all-token');
    await page.click('button');
    await page.locator('.lane path').first().waitFor();
    expect(page.url()).toBe(`${service.url}/ui/timeline`);
  });
});
