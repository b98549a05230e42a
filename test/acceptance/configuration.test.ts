import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type SlackServer, startSlackServer } from '../support/slack-server.ts';
import { until } from '../support/until.ts';
import { type Service, startService } from './service.ts';

const MAIN = `include: [conf.d/*.yaml]
notifiers:
  ops:
    type: slack
    webhook_url: \${SLACK_WEBHOOK_URL}
`;
/** On a machine that may be busy; nothing here is held to a time. */
const FILES = 10;
const JOBS_OF_FILE = 1_000;

interface ConfigJson {
  revision: string;
  files: string[];
  last_error: { code: string; detail: string } | null;
  held: { revision: string } | null;
}

let slack: SlackServer;
let service: Service;

beforeAll(async () => {
  slack = await startSlackServer();
  service = await startService(MAIN, slack.url);
});

afterAll(async () => {
  await service?.stop();
  await slack?.close();
});

const config = (): Promise<ConfigJson> => service.get<ConfigJson>('/config');
const write = (name: string, text: string): Promise<void> => writeFile(join(service.directory, name), text);
const failing = (...parts: string[]): Promise<ConfigJson> =>
  service.until(`an error with ${parts.join(' and ')}`, async () => {
    const status = await config();
    return parts.every((part) => status.last_error?.detail.includes(part)) ? status : undefined;
  });
const mended = (): Promise<ConfigJson> =>
  service.until('a configuration that is applied', async () => {
    const status = await config();
    return status.last_error === null ? status : undefined;
  });

/** What Slack was told from the `count`th message on, in the first words. */
async function toldSince(count: number, more: number): Promise<string[]> {
  for (let seen = -1; seen !== slack.messages.length || seen < count + more;) {
    seen = slack.messages.length;
    await service.advance(2_000);
  }
  return slack.messages.slice(count).map(({ text }) => text.split(/[:,] /).slice(0, 2).join(': '));
}

/** One file of many jobs; the grace of every hundredth is as given. */
function manyJobs(file: number, grace: string): string {
  const jobs = Array.from(
    { length: JOBS_OF_FILE },
    (_, i) => `  job-${file}-${i}: {schedule: "${i % 60} 2 * * *", grace: ${i % 100 === 0 ? grace : '9m'}}\n`,
  );
  return `jobs:\n${jobs.join('')}`;
}

/** Rewrites all files in a directory beside, and swaps it in. */
async function publish(grace: string): Promise<void> {
  await mkdir(join(service.directory, 'next'));
  for (let file = 0; file < FILES; file += 1) await write(`next/${file}.yaml`, manyJobs(file, grace));
  await rename(join(service.directory, 'conf.d'), join(service.directory, 'before')).catch(() => {});
  await rename(join(service.directory, 'next'), join(service.directory, 'conf.d'));
  await rm(join(service.directory, 'before'), { recursive: true, force: true });
}

/** Pings again and again until told to stop; all that was answered. */
function pingOn(name: string): { stop(): Promise<number[]> } {
  const statuses: number[] = [];
  const stopped = new AbortController();
  const pinging = (async () => {
    while (!stopped.signal.aborted) {
      const answer = await fetch(`${service.url}/jobs/${name}/success?rid=${randomUUID()}`, {
        method: 'POST',
      });
      await answer.arrayBuffer();
      statuses.push(answer.status);
    }
  })();
  return {
    async stop() {
      stopped.abort();
      await pinging;
      return statuses;
    },
  };
}

describe('a configuration in many files', () => {
  test('of 10,000 jobs, of which 1 in 100 changes, is planned and swapped while pings flow, and no ping is refused', async () => {
    await writeFile(service.configPath, `${MAIN}jobs:\n  pinged: {}\n`);
    await service.until('the first job', async () => ((await fetchOk('/jobs/pinged')) ? true : undefined));
    const pings = ['a', 'b', 'c'].map(() => pingOn('pinged'));
    const applied = (line: string): Promise<true> =>
      until(`"${line}" in the log`, () => service.log().includes(line));
    await publish('10m');
    expect(await applied('added=10000 changed=0 removed=0 unchanged=1')).toBe(true);
    await publish('11m');
    expect(await applied('added=0 changed=100 removed=0 unchanged=9901')).toBe(true);
    const statuses = (await Promise.all(pings.map((each) => each.stop()))).flat();
    expect(new Set(statuses)).toEqual(new Set([200]));
    const { total } = await runsOf('pinged');
    expect(total).toBe(Math.min(100, statuses.length));
    expect(await service.get('/jobs/job-9-900')).toMatchObject({ grace: '11m', source: 'file' });
    expect((await config()).files).toHaveLength(FILES + 1);
  });

  test('that loses most of its jobs is held until the loss is confirmed', async () => {
    const before = await config();
    await rename(join(service.directory, 'conf.d'), join(service.directory, 'away'));
    const { held, revision } = await failing('would remove 10000 of 10001 jobs');
    expect(revision).toBe(before.revision);
    expect(await fetchOk('/jobs/job-0-0')).toBe(true);
    const reload = (query: string): Promise<Response> =>
      fetch(`${service.url}/config/reload${query}`, { method: 'POST' });
    expect((await reload('')).status).toBe(409);
    expect((await reload(`?confirm=${held!.revision}`)).status).toBe(200);
    expect(await fetchOk('/jobs/job-0-0')).toBe(false);
    expect(await toldSince(0, 2)).toEqual([
      expect.stringMatching(/^CONFIGURATION HELD/),
      expect.stringMatching(/^RESOLVED/),
    ]);
  });

  test('is told to be broken once for each mistake and once when it is mended, also over a restart', async () => {
    const told = slack.messages.length;
    await mkdir(join(service.directory, 'conf.d'));
    await write('conf.d/a.yaml', 'jobs: {a: {grace: 5}}\n');
    await failing('conf.d/a.yaml:1:19 jobs.a.grace');
    await toldSince(told, 1);
    await write('conf.d/b.yaml', 'jobs: {a: {}}\n');
    await failing(
      'conf.d/a.yaml:1:19 jobs.a.grace',
      'conf.d/b.yaml:1:8 jobs.a: "a" is declared a second time',
    );
    await toldSince(told, 2);
    await service.killAndRestart();
    await failing('conf.d/b.yaml');
    await rm(join(service.directory, 'conf.d/b.yaml'));
    await write('conf.d/a.yaml', 'jobs: {a: {grace: 5m}}\n');
    await mended();
    expect(await toldSince(told, 3)).toEqual([
      expect.stringMatching(/^CONFIGURATION INVALID/),
      expect.stringMatching(/^CONFIGURATION INVALID/),
      expect.stringMatching(/^RESOLVED: the configuration is valid again/),
    ]);
  });

  test('is told to be mended when it was mended while Cronflow was down', async () => {
    const told = slack.messages.length;
    await write('conf.d/a.yaml', 'jobs: {a: {grace: 6}}\n');
    await failing('conf.d/a.yaml');
    await toldSince(told, 1);
    await write('conf.d/a.yaml', 'jobs: {a: {grace: 6m}}\n');
    await service.killAndRestart();
    await mended();
    expect((await toldSince(told, 2)).at(-1)).toMatch(/^RESOLVED: the configuration is valid again/);
  });
});

async function fetchOk(path: string): Promise<boolean> {
  return (await fetch(`${service.url}${path}`)).ok;
}

async function runsOf(name: string): Promise<{ total: number }> {
  const answer = await fetch(`${service.url}/jobs/${name}/runs?limit=1`);
  return { total: Number(answer.headers.get('x-total-count')) };
}
