import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type SlackServer, startSlackServer } from '../support/slack-server.ts';
import { mountSmall } from '../support/small-disk.ts';
import { type Service, startService } from './service.ts';
import { MINUTE_MS, SECOND_MS } from '../../src/schedule/units.ts';

const CONFIG = `notifiers:
  ops:
    type: slack
    webhook_url: \${SLACK_WEBHOOK_URL}
jobs:
  backup: {schedule: "* * * * *", grace: 1m, failure_threshold: 100}
`;
const FAILING = 'STORE FAILING: Cannot write to';
const OUTPUT = 'x'.repeat(5_000);

interface Run {
  outcome: string;
  slot_at: string | null;
}

const disk = mountSmall();
const where = disk === null ? ' (skipped: mounting one needs root)' : '';
let slack: SlackServer;
let service: Service;

const startIn = (name: string): Promise<Service> =>
  startService(CONFIG, slack.url, { dataDir: join(disk!.path, name) });
const ping = (path = 'backup/success'): Promise<Response> =>
  fetch(`${service.url}/jobs/${path}`, { method: 'POST', body: OUTPUT });
const titles = (): string[] => slack.messages.map(({ text }) => text);

/** In steps, so that a receiver's answer is there before the service's clock says that it was too slow. */
const told = (title: string): Promise<string> =>
  service.until(title, async () => {
    const found = titles().find((each) => each.includes(title));
    if (found === undefined) await service.advance(10 * SECOND_MS);
    return found;
  });

async function expectRefusal(): Promise<void> {
  const refused = await ping();
  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
  expect(await refused.json()).toMatchObject({ code: 'store_unavailable' });
  expect((await fetch(`${service.url}/readyz`)).status).toBe(503);
  expect((await fetch(`${service.url}/healthz`)).status).toBe(200);
}

describe.skipIf(disk === null)(`a start on a full disk${where}`, () => {
  beforeEach(async () => {
    slack = await startSlackServer();
  });
  afterEach(async () => {
    disk?.free();
    await service?.stop();
    await slack.close();
  });
  afterAll(() => disk?.unmount());

  test('takes pings without their outputs while there is room for them alone, and people know', async () => {
    const config = CONFIG.replace(
      /backup: .*/,
      'backup: {schedule: "0 0 1 1 *"}\n  silent: {schedule: "* * * * *", grace: 1m}',
    );
    service = await startService(config, slack.url, { dataDir: join(disk!.path, 'narrow') });
    // Two pages and the rest of one hold the commits of minutes, and not this.
    const body = 'x\n'.repeat(5_000);
    let runs = 0;
    const end = (): Promise<Response> =>
      fetch(`${service.url}/jobs/backup/success?rid=r${(runs += 1)}`, { method: 'POST', body });
    expect((await ping('silent/success')).status).toBe(200);
    expect(await (await end()).json()).not.toHaveProperty('warning');
    disk!.fill(8_192);
    const answer = await end();
    expect(answer.status).toBe(200);
    const { run_id: runId, warning } = (await answer.json()) as Record<'run_id' | 'warning', string>;
    expect(warning).toBe('the output (10000 bytes) could not be kept; the ping counts');
    expect(await service.get(`/jobs/backup/runs/${runId}`)).toMatchObject({
      outcome: 'success',
      output_bytes: 0,
      output_dropped_bytes: 10_000,
    });
    expect(service.log()).toContain('ping whose output could not be kept');
    // Half a minute by the clock of the service, and no more.
    for (let beats = 0; beats < 3; beats += 1) await service.advance(10 * SECOND_MS);
    await service.until('STORE FAILING', async () =>
      titles().find((each) => each.startsWith('STORE FAILING')),
    );
    expect(titles().find((each) => each.startsWith('STORE FAILING'))).toContain('pings count without it');
    // No ping was refused, so that nothing explains the silence of a job.
    await told('MISSED silent');
    expect((await fetch(`${service.url}/readyz`)).status).toBe(200);
    disk!.free();
    await service.advance(20 * SECOND_MS);
    await told('RESOLVED: the store works again');
    expect(await (await end()).json()).not.toHaveProperty('warning');
  });

  test('comes up the very first time, refuses, tells, and goes on when there is space', async () => {
    disk!.fill();
    service = await startIn('first');
    await expectRefusal();
    expect(await told(FAILING)).toContain('no space left');
    await expectRefusal();
    disk!.free();
    await service.advance(20 * SECOND_MS);
    expect((await fetch(`${service.url}/readyz`)).status).toBe(200);
    expect((await ping()).status).toBe(200);
    expect(await service.get('/config')).toMatchObject({ last_error: null });
    await told('RESOLVED: the store works again');
  });

  test('comes up a later time, refuses, tells, goes on, and calls no slot of that time missed', async () => {
    service = await startIn('later');
    expect((await ping()).status).toBe(200);
    // Until the last page of the journal is full as well.
    disk!.fill();
    await service.until('a refusal', async () => ((await ping()).status === 503 ? true : undefined));
    await service.killAndRestart(2 * MINUTE_MS);
    await expectRefusal();
    await told(FAILING);
    await service.advance(5 * MINUTE_MS);
    const freedAt = service.now();
    disk!.free();
    await service.advance(20 * SECOND_MS);
    expect((await fetch(`${service.url}/readyz`)).status).toBe(200);
    expect((await ping()).status).toBe(200);
    await told('RESOLVED: the store works again');
    await told('CRONFLOW WAS AWAY');
    const runs = await service.get<Run[]>('/jobs/backup/runs?limit=100');
    const meanwhile = runs.filter((run) => run.slot_at !== null && Date.parse(run.slot_at) < freedAt);
    const outcomes = new Set(meanwhile.map(({ outcome }) => outcome));
    expect(outcomes).toContain('unknown');
    expect(outcomes).not.toContain('missed');
    expect(titles().filter((title) => title.startsWith(FAILING))).toHaveLength(1);
  });
});
