import { readFile, writeFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasChromium } from '../../support/chromium.ts';
import { type Dashboard, startDashboard } from '../support/dashboard.ts';
import { faultsByAxe, useBrowser, visit } from '../support/visit.ts';

describe.skipIf(!hasChromium)('what a configuration is worth, and what came of it', () => {
  let service: Dashboard;
  beforeAll(async () => {
    service = await startDashboard('night');
  });
  afterAll(() => service?.stop());
  useBrowser();

  async function checked(text: string): Promise<Page> {
    const { page } = await visit(`${service.url}/ui/check`);
    await page.fill('textarea', text);
    await page.click('form button');
    await page.locator('[aria-live] h2').first().waitFor();
    return page;
  }

  test('a text is told its mistakes with a caret', async () => {
    const page = await checked('jobs:\n  bad: {schedul: "0 2 * * *"}\n');
    expect(await page.textContent('[aria-live] h2')).toBe('Not valid: 1 error');
    const quoted = await page.locator('.fault-text .quoted').allTextContents();
    expect(quoted.at(-1)).toMatch(/^ +\| +\^{7}$/);
    expect(await page.locator('.plan').count()).toBe(0);
  });

  test('a text is told what applying it would change, and nothing is changed', async () => {
    const before = await (await fetch(`${service.url}/config`)).text();
    const page = await checked(
      'jobs:\n  cert-renew: {schedule: "0 */4 * * *", notify: []}\n  fresh: {schedule: "@daily"}\n',
    );
    expect(await page.locator('[aria-live] h2').allTextContents()).toEqual([
      'Valid: 2 jobs, 1 to look at',
      'Applying it: 1 added, 1 changed, 119 removed',
      'The last 7 days under it',
    ]);
    expect(await page.textContent('[aria-live] .bad')).toContain('would wait to be confirmed');
    expect(await page.locator('[aria-live] pre').last().textContent()).toMatch(
      /^invoice-run \(would be removed\)\n {2}- gone /m,
    );
    expect(await page.locator('.plan-added').allTextContents()).toEqual([expect.stringMatching(/^\+ fresh/)]);
    expect(await (await fetch(`${service.url}/config`)).text()).toBe(before);
  });

  test('the screen of the configuration says what is probably not meant in it', async () => {
    const { lints } = (await (await fetch(`${service.url}/config/lints`)).json()) as { lints: unknown[] };
    const { page } = await visit(`${service.url}/ui/configuration`);
    await page.locator('h2:has-text("The last changes")').waitFor();
    const shown = page.locator('section:has(h2:has-text("Probably not meant"))');
    await expect.poll(() => shown.count()).toBe(lints.length > 0 ? 1 : 0);
    if (lints.length > 0) expect(await shown.textContent()).toContain('cronflow.yaml:');
  });

  test('what is not meant of many jobs is said once, with the names of ten, and of all who ask', async () => {
    const config = await readFile(service.configPath, 'utf8');
    const names = Array.from({ length: 93 }, (_, index) => `quiet-${index + 10}`);
    const jobs = names.map((name) => `  ${name}: {schedule: '0 6 * * *', notify: []}\n`).join('');
    await writeFile(service.configPath, `${config}${jobs}`);
    const { page } = await visit(`${service.url}/ui/configuration`);
    await page.click('text=Read the files again');
    const lint = page.locator('.lints > li', { hasText: 'nobody is told of this job' });
    await lint.waitFor();
    expect(await lint.count()).toBe(1);
    const shown = lint.locator('.places a:visible');
    expect(await shown.allTextContents()).toEqual(names.slice(0, 10));
    await lint.locator('summary', { hasText: 'and 83 more' }).click();
    expect(await shown.allTextContents()).toEqual(names);
    expect(await faultsByAxe(page)).toEqual([]);
    await shown.nth(2).click();
    await page.locator('h1', { hasText: 'quiet-12' }).waitFor();
    await writeFile(service.configPath, config);
  });

  test('the link of a message opens the page of its incident', async () => {
    const incidents = (await (await fetch(`${service.url}/incidents`)).json()) as {
      id: string;
      job_name: string;
    }[];
    const { id } = incidents.find(({ job_name: job }) => job === 'invoice-run')!;
    const { page } = await visit(`${service.url}/incidents/${id}`);
    await page.locator('h1:has-text("invoice-run: did not start")').waitFor();
    expect(new URL(page.url()).pathname).toBe(`/ui/incidents/${id}`);
    await page.locator('text=alert sent').waitFor();
    expect(await page.title()).toBe('(5) Incident · Cronflow');
  });

  test('a mistake on disk is shown as soon as it is read, and goes when it is mended', async () => {
    const { page, allowRefusals } = await visit(`${service.url}/ui/configuration`);
    // The answer to the button is a refusal.
    allowRefusals();
    const config = await readFile(service.configPath, 'utf8');
    await writeFile(service.configPath, `${config}\nnonsense: 1\n`);
    await page.click('text=Read the files again');
    await page.locator('h2:has-text("What is on disk was not applied")').waitFor();
    expect(await page.locator('.alarm .quoted').first().textContent()).toContain('nonsense: 1');
    await writeFile(service.configPath, config);
    await page.click('text=Read the files again');
    await page.locator('h2:has-text("What is on disk was not applied")').waitFor({ state: 'detached' });
  });
});
