import { readFile, rename, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type SlackServer, startSlackServer } from '../support/slack-server.ts';
import { type Service, startService } from './service.ts';
import { type AcceptanceStore, STORES } from './stores.ts';
import { MINUTE_MS } from '../../src/schedule/units.ts';

/** No slot of `backup` comes in this test; `nightly` is due every minute and nobody runs it at first. */
const CONFIG = `source_url: https://git.example.com/ops/{path}#L{line}
redact: ['customer (\\w+)']
notifiers:
  ops:
    type: slack
    webhook_url: \${SLACK_WEBHOOK_URL}
jobs:
  backup:
    max_runtime: 10m
    runbook: https://wiki.example.com/backup
`;
const NIGHTLY = `  nightly:
    schedule: "* * * * *"
    grace: 30s
`;

interface JobJson {
  name: string;
  status: string;
  last_run: string | null;
  max_runtime: string;
}

let slack: SlackServer;
let service: Service;

const names = async (): Promise<string[]> => (await service.get<JobJson[]>('/jobs')).map(({ name }) => name);
const job = (name: string): Promise<JobJson> => service.get<JobJson>(`/jobs/${name}`);
const hasJobs = (...expected: string[]): Promise<true> =>
  service.until(`jobs ${expected.join(', ')}`, async () =>
    (await names()).join() === expected.join() ? true : undefined,
  );

/** What Slack was told from the `count`th message on, with what depends on the machine made equal. */
async function toldSince(count: number): Promise<string[]> {
  await slack.waitForMessages(count + 1);
  return slack.messages.slice(count).map(({ text }) =>
    text
      .replaceAll(hostname(), 'HOST')
      .replace(/after [\dms.]+/, 'after N')
      .replace(/for [\dms.]+/, 'for N')
      .replaceAll(/\d\d:\d\d(:\d\d)?/g, 'HH:MM'),
  );
}

describe.each(STORES)('a cron job, watched end to end over %s', (_name, make) => {
  let store: AcceptanceStore;
  beforeAll(async () => {
    [slack, store] = await Promise.all([startSlackServer(), make()]);
    service = await startService(CONFIG, slack.url, store.where);
  });

  afterAll(async () => {
    await service?.stop();
    await slack?.close();
    await store?.drop();
  });

  test('the declared job is there and nothing is told', async () => {
    expect(await names()).toEqual(['backup']);
    expect(await job('backup')).toMatchObject({ status: 'pending', last_run: null });
  });

  test('a run that succeeds has streams, arguments and exit code as without the wrapper', async () => {
    const script = 'cat; printf "%s\\n" "$@"; echo err >&2';
    const finished = await service.monitor('backup', ['sh', '-c', script, 'sh', 'a  b', '*', ''], {
      input: 'in\n',
    });
    expect(finished).toEqual({ code: 0, stdout: 'in\na  b\n*\n\n', stderr: 'err\n' });
    expect(await job('backup')).toMatchObject({ status: 'success' });
    expect(slack.messages).toEqual([]);
  });

  test('a run that fails reaches Slack once, through 429, 500 and a closed connection', async () => {
    slack.failNext(
      { kind: 'answer', status: 429, retryAfter: '2' },
      { kind: 'answer', status: 500 },
      { kind: 'reset' },
    );
    const script = 'echo "disk full <!channel>" >&2; echo "customer Smith password=hunter2"; exit 3';
    const { code } = await service.monitor('backup', ['sh', '-c', script]);
    expect(code).toBe(3);
    await service.until('three refusals and the message', async () => {
      if (slack.messages.length === 0) await service.advance(5_000);
      return slack.messages[0];
    });
    expect(await toldSince(0)).toEqual(['FAILED backup on HOST: exit 3 after N']);
    expect(slack.answers.map(({ status }) => status)).toEqual([429, 500, null, 200]);
    expect(slack.messages[0]!.readable).toContain('disk full <!channel>');
    expect(JSON.stringify(slack.messages[0]!.blocks)).not.toContain('<!channel>');
    expect(slack.messages[0]!.readable).toContain('customer [redacted] password=[redacted]');
    expect(slack.messages[0]!.readable).toContain('https://wiki.example.com/backup');
    expect(JSON.stringify(slack.messages[0]!.blocks)).toContain(
      'https://git.example.com/ops/cronflow.yaml#L8',
    );
  });

  test('a second failure is not told again', async () => {
    await service.monitor('backup', ['false']);
    await service.advance(MINUTE_MS);
    expect(slack.messages).toHaveLength(1);
  });

  test('a run that is killed is a failure by its signal', async () => {
    const { code } = await service.monitor('backup', ['sh', '-c', 'kill -TERM $$']);
    expect(code).toBe(143);
    const [run] =
      await service.get<{ signal: string; reason: string; exit_code: number }[]>('/jobs/backup/runs');
    expect(run).toMatchObject({ signal: 'TERM', reason: 'signal', exit_code: 143 });
  });

  test('a run that succeeds again ends the incident, once', async () => {
    await service.monitor('backup', ['true']);
    await service.advance(2_000);
    expect(await toldSince(1)).toEqual(['RESOLVED backup: ran fine on HOST, was in trouble for N (3 bad)']);
  });

  test('an edit in place adds a job', async () => {
    await writeFile(service.configPath, CONFIG + NIGHTLY);
    await hasJobs('backup', 'nightly');
    expect(await job('nightly')).toMatchObject({ status: 'pending' });
  });

  test('a job that never runs is told once', async () => {
    await service.advance(5 * MINUTE_MS);
    expect(await toldSince(2)).toEqual([
      'NEVER SEEN nightly: expected HH:MM, nothing by HH:MM, nor ever before (UTC)',
    ]);
  });

  test('a rename over the file changes a limit, and a broken file changes nothing', async () => {
    const changed = (CONFIG + NIGHTLY).replace('10m', '20m');
    await writeFile(`${service.configPath}.new`, changed);
    await rename(`${service.configPath}.new`, service.configPath);
    await service.until('the new limit', async () =>
      (await job('backup')).max_runtime === '20m' ? true : undefined,
    );
    const before = await service.get<{ revision: string }>('/config');
    await writeFile(service.configPath, changed.replace('max_runtime', 'max_runtim'));
    const { last_error: error } = await service.until('the error', async () => {
      const config = await service.get<{ last_error: { detail: string } | null }>('/config');
      return config.last_error === null ? undefined : config;
    });
    expect(error!.detail).toContain(
      'jobs.backup.max_runtim: unknown key "max_runtim", did you mean "max_runtime"?',
    );
    expect(await service.get('/config')).toMatchObject({ revision: before.revision });
    expect(await names()).toEqual(['backup', 'nightly']);
    await service.advance(2_000);
    const told = await toldSince(3);
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(
      /^CONFIGURATION INVALID: .*unknown key "max_runtim".*; the last good configuration goes on running$/,
    );
  });

  test('git checkout brings the first file back: the job leaves, its incident closes without a word', async () => {
    await service.git('checkout', '-q', '--', 'cronflow.yaml');
    await hasJobs('backup');
    await service.advance(2_000);
    expect(await toldSince(4)).toEqual(['RESOLVED: the configuration is valid again, after N']);
    expect(await readFile(service.configPath, 'utf8')).toBe(CONFIG);
  });

  test('kill -9 loses no answered ping: the hung run is told after the restart', async () => {
    const answer = await fetch(`${service.url}/jobs/backup/start?rid=hung`, { method: 'POST' });
    expect(answer.status).toBe(200);
    await service.killAndRestart();
    expect(await job('backup')).toMatchObject({ status: 'running' });
    // Cronflow was away shortly before the limit, so what the wrapper may have kept has its time first.
    await service.advance(16 * MINUTE_MS);
    expect(await toldSince(5)).toEqual([
      'TIMEOUT backup: still running after N: Cronflow was away for N of that and may not have seen its end',
    ]);
  });

  test('a ping for a job nobody declared is 404 and says so', async () => {
    const answer = await fetch(`${service.url}/jobs/backpu/success`, { method: 'POST' });
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ code: 'unknown_job' });
  });

  test('the webhook address is nowhere in the log', () => {
    expect(service.log()).not.toContain(slack.secret);
  });
});
