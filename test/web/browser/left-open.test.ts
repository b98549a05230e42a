import { readFile, writeFile } from 'node:fs/promises';
import type { Route } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasChromium } from '../../support/chromium.ts';
import { type Dashboard, startDashboard } from '../support/dashboard.ts';
import { MORNING_AT } from '../support/morning.ts';
import { moveClock, useBrowser, visit, visitAgain, type Visit } from '../support/visit.ts';

const MINUTE_MS = 60_000;

/** Answers as a server does that has a fault. */
const refuse =
  (status: number, detail: string) =>
  (route: Route): Promise<void> =>
    route.fulfill({
      status,
      contentType: 'application/problem+json',
      body: JSON.stringify({ code: 'x', detail }),
    });

describe.skipIf(!hasChromium)('a page that is left open', () => {
  let service: Dashboard;
  beforeAll(async () => {
    service = await startDashboard('night');
  });
  afterAll(() => service?.stop());
  useBrowser();

  async function open(path = '/'): Promise<Visit> {
    const visited = await visit(`${service.url}${path}`);
    await visited.page.locator('.connection.live').waitFor();
    return visited;
  }

  test('counts what ran since it was opened', async () => {
    const { page } = await open();
    const night = async (): Promise<number> =>
      Number(/([\d,]+) runs of/.exec(await page.locator('.night').innerText())?.[1]?.replace(',', ''));
    await page.locator('.night').waitFor();
    const before = await night();
    await service.ping('traffic-tokyo/success?exit_code=0');
    await expect.poll(night).toBe(before + 1);
  });

  test.each([429, 500, 503])(
    'says that an answer is %i while events still come, and shows later what changed',
    async (status) => {
      const { page, allowRefusals } = await open('/?q=traffic-oslo');
      await page.locator('[data-row]').first().waitFor();
      allowRefusals();
      await page.route(/\/jobs\?/, refuse(status, 'The store fails.'));
      await service.ping('traffic-oslo/failure?exit_code=5', 'x\n');
      await expect
        .poll(() => page.locator('.strips').innerText())
        .toMatch(/^Since \d\d:\d\d some of what is shown .* The store fails\. The page tries again/);
      expect(await page.locator('[data-row] [aria-label="in trouble"]').count()).toBe(0);
      await page.unroute(/\/jobs\?/);
      await page.locator('[data-row] [aria-label="in trouble"]').waitFor();
      await expect.poll(() => page.locator('.strips', { hasText: 'The store fails' }).count()).toBe(0);
      await service.ping('traffic-oslo/success?exit_code=0');
      await page.locator('[data-row] [aria-label="succeeded"]').waitFor();
    },
  );

  test('asks for nothing about all jobs when one of them runs', async () => {
    const visited = await open('/?q=traffic-paris');
    const asked = await visitAgain(visited);
    const { page } = visited;
    await page.locator('.connection.live').waitFor();
    for (let run = 1; run <= 5; run += 1) {
      await service.ping(`traffic-paris/start?rid=run-${run}`);
      await page.locator('[data-row] [aria-label="running"]').waitFor();
      await service.ping(`traffic-paris/success?rid=run-${run}`);
      await page.locator('[data-row] [aria-label="succeeded"]').waitFor();
    }
    expect(asked).toContain('/jobs?name=traffic-paris');
    // All jobs, the open incidents and their number.
    expect(asked.filter((query) => /limit=1000|open=true/.test(query))).toHaveLength(3);
  });

  test('goes on to say what runs long when all jobs are looked at again', async () => {
    const { page } = await open('/?q=traffic');
    const watch = page.locator('.watch', { hasText: 'data-export' });
    await watch.waitFor();
    const config = await readFile(service.configPath, 'utf8');
    await writeFile(service.configPath, `${config}\n  traffic-new: {every: 1d}\n`);
    await page.locator('[data-row]', { hasText: 'traffic-new' }).waitFor();
    await expect.poll(() => watch.count()).toBe(1);
  });

  test('says that a job is gone that is removed from the configuration', async () => {
    const own = await startDashboard('empty');
    try {
      await writeFile(own.configPath, 'jobs:\n  kept: {every: 1h}\n  going: {every: 1h}\n');
      const { page, allowRefusals } = await visit(`${own.url}/`);
      await page.locator('[data-row]', { hasText: 'going' }).waitFor();
      await page.click('[data-row] a:text-is("going")');
      await page.locator('.job-why').waitFor();
      allowRefusals();
      await writeFile(own.configPath, 'jobs:\n  kept: {every: 1h}\n');
      await expect.poll(() => page.locator('main h2').first().textContent()).toBe('There is no job going');
    } finally {
      await own.stop();
    }
  });

  test('is loaded anew where the server has other files than it knows', async () => {
    const { page, allowRefusals } = await open();
    allowRefusals();
    await page.route(/assets\/incidents-/, refuse(404, 'There is no such file.'));
    await page.evaluate('window.isOld = true');
    await page.click('nav >> text=Incidents');
    // While it is loaded there is nothing to ask.
    await expect.poll(() => page.evaluate('window.isOld').catch(() => true)).toBeUndefined();
    await page.unroute(/assets\/incidents-/);
    expect(page.url()).toBe(`${service.url}/ui/incidents`);
  });

  test('says that nobody is on it any longer once an acknowledgement has ended', async () => {
    const { page } = await open();
    const item = page.locator('.troubles li', { hasText: 'invoice-run' });
    await item.locator('button:text-is("Acknowledge")').click();
    await item.getByText('acknowledged until').waitFor();
    await moveClock(page, 5 * 60 * MINUTE_MS);
    await expect.poll(() => item.locator('button:text-is("Acknowledge")').count()).toBe(1);
  });

  test('says that a job is late when its slot has come', async () => {
    const soon = new Date(MORNING_AT + 30 * MINUTE_MS).toISOString();
    const jobs = (await (await fetch(`${service.url}/jobs?limit=1000`)).json()) as {
      name: string;
      expected_at: string | null;
      status: string;
    }[];
    const next = jobs
      .filter(({ expected_at: at, status }) => status === 'success' && at !== null && at > soon)
      .sort((a, b) => (a.expected_at! < b.expected_at! ? -1 : 1))[0]!;
    const { page } = await open(`/?q=${next.name}`);
    const row = page.locator('[data-row]', { has: page.locator(`a:text-is("${next.name}")`) });
    await row.locator('[aria-label]').first().waitFor();
    expect(await row.locator('[aria-label="late"]').count()).toBe(0);
    const laterMs = Date.parse(next.expected_at!) - (await page.evaluate<number>('Date.now()')) + 10_000;
    await service.advance(laterMs);
    await moveClock(page, laterMs);
    await row.locator('[aria-label="late"]').waitFor();
    await page.locator('.watch', { hasText: next.name }).waitFor();
  });
});
