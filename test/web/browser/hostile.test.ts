import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasChromium } from '../../support/chromium.ts';
import { type Dashboard, startDashboard } from '../support/dashboard.ts';
import { HOSTILE, HOSTILE_JOB, LONGEST_NAME } from '../support/hostile.ts';
import { PHONE, useBrowser, visit } from '../support/visit.ts';

/** What the page does to the reader if it takes a text for markup; and how far it is wider than its window. */
const harm = (page: Page): Promise<unknown> =>
  page.evaluate(`({
    wasHurt: globalThis.wasHurt ?? false,
    strangers: document.querySelectorAll('#app script, #app img, #app iframe, #app [onerror], #app [onload]').length,
    links: [...document.links].filter(({ protocol }) => protocol !== 'http:' && protocol !== 'https:').length,
    tooWideBy: Math.max(0, document.documentElement.scrollWidth - innerWidth),
  })`);
const NONE = { wasHurt: false, strangers: 0, links: 0, tooWideBy: 0 };

describe.skipIf(!hasChromium)('hostile names and outputs', () => {
  let service: Dashboard;
  beforeAll(async () => {
    service = await startDashboard('hostile');
    await fetch(`${service.url}/jobs/${HOSTILE.unknownPing}/start`, { method: 'POST' });
  });
  afterAll(() => service?.stop());
  useBrowser();

  test.each([undefined, PHONE])('are text on the first screen (%j)', async (viewport) => {
    const { page } = await visit(`${service.url}/`, viewport === undefined ? {} : { viewport });
    // What each job printed comes by a request of its own.
    await expect.poll(() => page.textContent('.troubles')).toContain('&lt;already escaped&gt;');
    await page.locator('[data-row]').first().waitFor();
    if (viewport === undefined)
      await expect.poll(() => page.textContent('.jobs')).toContain('<img src=x onerror=');
    expect(await harm(page)).toEqual(NONE);
  });

  test.each([undefined, PHONE])('are text on the page of a job (%j)', async (viewport) => {
    const { page } = await visit(
      `${service.url}/ui/jobs/${HOSTILE_JOB}`,
      viewport === undefined ? {} : { viewport },
    );
    await page.click('.run summary');
    const output = await page.textContent('.output pre');
    expect(output).toContain('<script>globalThis.wasHurt = 1</script>');
    expect(output).toMatch(/^red cleared +link$/m);
    expect(output).toContain('L'.repeat(9_000));
    // oxlint-disable-next-line no-control-regex
    expect(output).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f\u202e]/);
    expect(await page.textContent('.job-head')).toContain(HOSTILE.description);
    expect(await page.textContent('.job-head .tag')).toBe(HOSTILE.tag);
    expect(await page.textContent('.run-detail dl')).toContain(HOSTILE.host);
    expect(await harm(page)).toEqual(NONE);
    await page.click('text=wrap lines');
    expect(await harm(page)).toEqual(NONE);
    await page.click('.job-why summary');
    await page.click('.ready-lines summary');
    expect(await harm(page)).toEqual(NONE);
  });

  test.each([LONGEST_NAME, 'constructor'])('of %s break no page', async (job) => {
    const { page } = await visit(`${service.url}/ui/jobs/${job}`, { viewport: PHONE });
    await page.locator('.job-why').waitFor();
    expect(await page.textContent('.job-name')).toBe(job);
    expect(await harm(page)).toEqual(NONE);
  });

  test('are text on the timeline', async () => {
    const { page } = await visit(`${service.url}/ui/timeline`);
    await page.locator('.lane path').first().waitFor();
    expect(await page.textContent('.timeline')).toContain('<img src=x onerror=');
    await page.selectOption('[aria-label="Filter by group"]', HOSTILE.group);
    await expect.poll(() => page.locator('.lane').count()).toBe(1);
    expect(await harm(page)).toEqual(NONE);
  });

  test('in an address are a screen that says that there is nothing', async () => {
    const { page, allowRefusals } = await visit(`${service.url}/healthz`);
    allowRefusals();
    await page.goto(
      `${service.url}/ui/jobs/${encodeURIComponent('<img src=x onerror=globalThis.wasHurt=1>')}`,
    );
    await page.locator('.notice h2').waitFor();
    expect(await page.textContent('.notice h2')).toContain('<img src=x');
    expect(await harm(page)).toEqual(NONE);
    await page.goto(`${service.url}/?q=${encodeURIComponent('"><script>globalThis.wasHurt=1</script>')}`);
    await page.locator('text=No job is like that.').waitFor();
    expect(await harm(page)).toEqual(NONE);
  });
});
