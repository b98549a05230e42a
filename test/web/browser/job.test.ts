import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HOUR_MS } from '../../../src/schedule/units.ts';
import { hasChromium } from '../../support/chromium.ts';
import { type Dashboard, startDashboard } from '../support/dashboard.ts';
import { faultsByAxe, PHONE, useBrowser, visit, type VisitOptions } from '../support/visit.ts';

const text = async (page: Page, selector: string): Promise<string> =>
  ((await page.textContent(selector)) ?? '').replaceAll(/\s+/g, ' ').trim();

describe.skipIf(!hasChromium)('the page of a job', () => {
  let service: Dashboard;
  beforeAll(async () => {
    service = await startDashboard('night');
  });
  afterAll(() => service?.stop());
  useBrowser();

  async function open(job: string, options: VisitOptions = {}): Promise<Page> {
    const { page } = await visit(`${service.url}/ui/jobs/${job}`, options);
    await page.locator('.job-why').waitFor();
    return page;
  }

  /** Returns what the API shows. */
  async function shown<Answer>(path: string): Promise<Answer> {
    return (await (await fetch(`${service.url}${path}`)).json()) as Answer;
  }

  test('says in a sentence how the job is, which opens into why', async () => {
    const page = await open('postgres-backup');
    expect(await text(page, '.job-why .verdict')).toMatch(
      /^Failed: the run that began at 02:00 failed after 31m with exit code 1\./,
    );
    await page.click('.job-why summary');
    const why = await text(page, '.job-why');
    for (const part of ['What is expected', 'What happened', 'The incident', 'Who was told'])
      expect(why).toContain(part);
    expect(why).toContain('ops was told');
    expect(await page.locator('.job-why a').first().getAttribute('href')).toMatch(/^\/docs\/reasons#/);
  });

  test('shows the output of a run by a click, in its colours, wrapped or not', async () => {
    const page = await open('postgres-backup');
    await page.click('.run summary');
    const output = page.locator('.run .output pre');
    expect(await output.textContent()).toContain('ok accounts\n');
    expect(await output.textContent()).not.toContain('\u001B');
    expect(await output.locator('.ink-red').textContent()).toBe('pg_dump: error:');
    expect(await output.getAttribute('class')).toBe('wrapped');
    await page.click('text=wrap lines');
    expect(await output.getAttribute('class')).toBe('');
    expect(await text(page, '.run-detail dl')).toContain('exit code1');
  });

  test('draws durations with median and limit, and the last 90 days', async () => {
    const page = await open('postgres-backup');
    await page.locator('.durations svg').waitFor();
    const summary = await page.locator('.durations svg').getAttribute('aria-label');
    expect(summary).toMatch(/^Durations: median 4\dm( \d+s)?, longest 5\dm( \d+s)?, limit 2h$/);
    expect(await page.locator('.durations .limit-line').count()).toBe(1);
    await page.locator('.calendar li').first().waitFor();
    expect(await page.locator('.calendar li').count()).toBe(90);
    expect(await page.locator('.calendar .day-failure').getAttribute('title')).toBe('2026-01-16: 1 failure');
  });

  test('tells of each incident who was told, when, and what failed', async () => {
    const page = await open('mail-queue-flush');
    await page.locator('.messages li').first().waitFor();
    expect(await text(page, '.incident-line')).toBe('exit code03:00, over after 1h, 2 bad');
    const messages = (await page.locator('.messages li').allTextContents()).map((each) => each.trim());
    expect(messages).toContainEqual(expect.stringMatching(/^ops was told that it began, 03:0\d/));
    expect(messages).toContainEqual(expect.stringMatching(/^ops was told that it is over, 04:00/));
    expect(messages).toContainEqual(
      'pager was not told that it is over: given up, 04:00 (410 Gone: this integration was deleted)',
    );
  });

  test('says what is to come in the zone of the job and in that of the reader', async () => {
    const page = await open('new-york-close');
    const rows = page.locator('.coming tbody tr');
    await rows.first().waitFor();
    expect(await text(page, '.coming thead')).toContain('America/New_York');
    expect(await rows.first().locator('td').allTextContents()).toEqual(['17:30', '23:30', 'in 15 h']);
  });

  test('says where and how the job is declared, and the lines that make it report', async () => {
    const page = await open('postgres-backup');
    await page.locator('.declared pre').waitFor();
    expect(await text(page, '.declared code')).toMatch(/\/cronflow\.yaml:\d+$/);
    expect(await page.textContent('.declared pre')).toContain('    schedule: "0 2 * * *"\n');
    await page.click('.ready-lines summary');
    const line = `0 2 * * * /opt/cronflow/scripts/monitor.sh postgres-backup -- COMMAND`;
    expect(await page.textContent('.ready-lines pre')).toContain(`CRONFLOW_URL=${service.url}\n${line}`);
    for (const [kind, part] of [
      ['systemd', 'OnCalendar=*-*-* 02:00:00 Europe/Berlin'],
      ['Kubernetes', 'kind: CronJob'],
      ['curl', '/jobs/postgres-backup/success?rid=$rid&exit_code=$?'],
    ] as const) {
      await page.click(`.ready-lines button:text-is("${kind}")`);
      await expect.poll(() => page.textContent('.ready-lines pre')).toContain(part);
    }
  });

  test('pauses, resumes and acknowledges by one click each, for as long as is chosen', async () => {
    const page = await open('invoice-run');
    await page.locator('.acknowledge select').selectOption({ label: 'for 1 day' });
    await page.click('.actions button:text-is("Acknowledge")');
    await page.locator('.actions .acknowledge', { hasText: 'acknowledged until' }).waitFor();
    const troubled = await shown<{ incident: { acknowledged_until_at: string } }>('/jobs/invoice-run');
    await page.click('.actions button:text-is("Pause")');
    await page.locator('.actions button:text-is("Resume")').waitFor();
    await page.locator('.actions', { hasText: 'paused until' }).waitFor();
    const paused = await shown<{ paused_until_at: string }>('/jobs/invoice-run');
    // A day, and the 4 hours that a pause takes unless another time is chosen; the clock went on between the two.
    const betweenMs =
      Date.parse(troubled.incident.acknowledged_until_at) - Date.parse(paused.paused_until_at);
    expect(Math.round(betweenMs / HOUR_MS)).toBe(20);
    await page.locator('.incident-line', { hasText: 'over after' }).waitFor();
    await page.click('.actions button:text-is("Resume")');
    await page.locator('.actions select').selectOption({ label: 'until resumed' });
    await page.click('.actions button:text-is("Pause")');
    await page.locator('.actions', { hasText: 'paused until somebody resumes it' }).waitFor();
    await page.click('.actions button:text-is("Resume")');
    await page.locator('.actions button:text-is("Pause")').waitFor();
    expect(await page.locator('.actions [role="alert"]').count()).toBe(0);
  });

  test('is live: a ping is in the history at once', async () => {
    const page = await open('vacuum-oslo');
    await page.locator('.run').first().waitFor();
    const count = await page.locator('.run').count();
    await service.ping('vacuum-oslo/start?rid=live');
    await page.locator('.run', { hasText: 'running' }).waitFor();
    await service.ping('vacuum-oslo/failure?rid=live&exit_code=3', 'vacuum: out of memory\n');
    await page.locator('.run', { hasText: 'exit 3' }).waitFor();
    expect(await page.locator('.run').count()).toBe(count + 1);
    await page.locator('.job-why', { hasText: 'exit code 3' }).waitFor();
  });

  test('says so where there is no such job, or no such run any more', async () => {
    const { page, allowRefusals } = await visit(`${service.url}/healthz`);
    allowRefusals();
    await page.goto(`${service.url}/ui/jobs/nobody`);
    await page.locator('h2:text-is("There is no job nobody")').waitFor();
    await page.goto(`${service.url}/ui/jobs/postgres-backup/runs/gone-1`);
    await expect
      .poll(() => page.textContent('.history .empty'))
      .toBe('The run of this address is not kept any more.');
  });

  test('fits a phone', async () => {
    const page = await open('postgres-backup', { viewport: PHONE });
    await page.click('.job-why summary');
    await page.click('.run summary');
    await page.locator('.output pre').waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
  });

  test.each(['light', 'dark'] as const)('can be read by everybody in %s', async (colorScheme) => {
    const page = await open('postgres-backup', { colorScheme });
    await page.click('.job-why summary');
    await page.click('.run summary');
    await page.click('.ready-lines summary');
    await page.locator('.output pre').waitFor();
    expect(await faultsByAxe(page)).toEqual([]);
  });
});
