import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasChromium } from '../../support/chromium.ts';
import { type Dashboard, startDashboard } from '../support/dashboard.ts';
import { faultsByAxe, useBrowser, visit } from '../support/visit.ts';

let service: Dashboard;
beforeAll(async () => {
  service = await startDashboard('night');
});
afterAll(() => service?.stop());

interface IncidentJson {
  job_name: string | null;
  kind: string;
  reason: string;
  closed_at: string | null;
}

test('five things are wrong after the night, and two are over', async () => {
  const incidents = (await (await fetch(`${service.url}/incidents`)).json()) as IncidentJson[];
  const told = incidents.map(
    ({ job_name: job, kind, reason, closed_at: closedAt }) =>
      `${job ?? kind} ${reason}${closedAt === null ? '' : ', over'}`,
  );
  expect(told.toSorted()).toEqual([
    'cert-renew overlap',
    'invoice-run missed',
    'mail-queue-flush exit_code, over',
    'notifier notifier_failing',
    'postgres-backup exit_code',
    'search-reindex exit_code, over',
    'warehouse-sync timeout',
  ]);
});

describe.skipIf(!hasChromium)('the browser of the tests', () => {
  useBrowser();

  test('shows a page as it is at 8:05 in Berlin', async () => {
    const { page } = await visit(`${service.url}/docs`);
    expect(await page.evaluate('new Date().toString()')).toMatch(/^Fri Jan 16 2026 08:05:\d\d GMT\+0100/);
    expect(await page.evaluate('new Date(Date.now()).toString()')).toMatch(/^Fri Jan 16 2026 08:05:/);
  });

  test('notes errors, violations of the CSP and requests to other hosts', async () => {
    const { page, complaints } = await visit(`${service.url}/docs`);
    await page.evaluate(`{
      console.error('an error');
      const script = document.createElement('script');
      script.textContent = 'globalThis.wasRun = true';
      document.body.append(script);
      setTimeout(() => { throw new Error('thrown'); });
      void fetch('http://cronflow.example/x').catch(() => {});
    }`);
    const wanted = [
      /^an error /,
      /^CSP: script-src-elem forbids inline/,
      /^thrown$/,
      /^CSP: connect-src forbids http:\/\/cronflow\.example/,
    ];
    await expect
      .poll(() => wanted.map((each) => complaints.some((text) => each.test(text))))
      .not.toContain(false);
    expect(await page.evaluate('globalThis.wasRun')).toBeUndefined();
    complaints.length = 0;
  });

  test('notes a link that is followed to another host, which cannot be reached', async () => {
    const { page, complaints } = await visit(`${service.url}/docs`);
    await expect(page.goto('http://cronflow.example/x')).rejects.toThrow('ERR_NAME_NOT_RESOLVED');
    expect(complaints).toContainEqual('asked http://cronflow.example for /x');
    complaints.length = 0;
  });

  test('finds with axe what a screen reader cannot read', async () => {
    const { page } = await visit(`${service.url}/ui/jobs/dunning-oslo`);
    await page.locator('.job-why').waitFor();
    expect(await faultsByAxe(page)).toEqual([]);
    await page.evaluate(`document.querySelector('main').append(document.createElement('button'))`);
    expect((await faultsByAxe(page)).join('\n')).toMatch(/^button-name: <button><\/button>/);
  });
});
