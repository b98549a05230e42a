import { execFile } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { testNotify } from '../../src/cli/test-notify.ts';
import { DEFAULT_START_AT } from '../support/fake-clock.ts';
import { readMail } from '../support/mime.ts';
import { startPagerDutyServer } from '../support/pagerduty-server.ts';
import { type SlackServer, startSlackServer } from '../support/slack-server.ts';
import { SMTP_CERTIFICATE, startSmtpServer } from '../support/smtp-server.ts';
import { startWebhookServer, type WebhookServer } from '../support/webhook-server.ts';
import { type Result, runIn } from './support/io.ts';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const HOST = hostname();
const CONFIG = `
defaults:
  timezone: Europe/Berlin
  mention: [U024BE7LH]
notifiers:
  ops: { type: slack, webhook_url: '\${HOOK:-}' }
  collected: { type: log }
  bot: { type: slack, bot_token: '\${TOKEN:-xoxb-1-1-x}', channel: '#ops', api_url: '\${API:-https://slack.com/api}' }
  pager: { type: pagerduty, routing_key: '\${KEY:-00000000000000000000000000000000}', url: '\${PAGER:-https://localhost}' }
jobs: {}
`;

let root = '';
let slack: SlackServer;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'cronflow-test-notify-'));
  await writeFile(join(root, 'cronflow.yaml'), CONFIG);
  slack = await startSlackServer();
});
afterEach(async () => {
  await slack.close();
  await rm(root, { recursive: true, force: true });
});

function run(argv: readonly string[], env: Record<string, string> = { HOOK: slack.url }): Promise<Result> {
  return runIn(root, DEFAULT_START_AT, (io) => testNotify(argv, io), { env });
}

/** The command as people start it. */
function start(argv: readonly string[], env: Record<string, string>): Promise<Result> {
  return new Promise((resolve) => {
    const options = { cwd: root, env: { PATH: process.env['PATH'], ...env } };
    execFile(process.execPath, [MAIN, 'test-notify', ...argv], options, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    );
  });
}

/** A configuration with a notifier `mail` to a server on this machine. */
async function configureMail(port: number, settings: string): Promise<void> {
  await writeFile(join(root, 'ca.pem'), SMTP_CERTIFICATE);
  const mail = `type: email, host: localhost, port: ${port}, from: Cron <cron@example.com>, to: [ops@example.com]`;
  await writeFile(join(root, 'cronflow.yaml'), `notifiers:\n  mail: { ${mail}, ${settings} }\njobs: {}\n`);
}

describe('cronflow test-notify', () => {
  test('sends a message that says that it is a test, and looks as a real one does', async () => {
    expect(await start(['ops'], { HOOK: slack.url })).toEqual({
      code: 0,
      stdout: `ops (slack) took it: TEST FAILED example-job on ${HOST}: exit 1 after 4m12s\n`,
      stderr: '',
    });
    expect(slack.messages).toHaveLength(1);
    const [{ text, readable }] = slack.messages as [(typeof slack.messages)[0]];
    expect(text).toBe(`TEST FAILED example-job on ${HOST}: exit 1 after 4m12s`);
    for (const part of ['Nothing is wrong', 'pg_dump: error', 'Europe/Berlin', '<@U024BE7LH>'])
      expect(readable).toContain(part);
  });

  test('tells only of the end of a trouble where nothing is kept open', async () => {
    const { code, stdout } = await run(['ops', '--event', 'resolved']);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `ops (slack) took it: TEST RESOLVED example-job: ran fine on ${HOST}, was in trouble for 2h\n`,
    });
    expect(slack.messages).toHaveLength(1);
  });

  test('edits what it posted by a bot token, so that nothing looks open', async () => {
    const env = { TOKEN: slack.token, API: slack.apiUrl };
    const { code, stdout, stderr } = await start(['bot', '--event', 'resolved'], env);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe(
      `bot (slack) took it: TEST FAILED example-job on ${HOST}: exit 1 after 4m12s\n` +
        `bot (slack) took it: TEST RESOLVED example-job: ran fine on ${HOST}, was in trouble for 2h\n`,
    );
    expect(slack.messages.map(({ threadTs }) => threadTs)).toEqual([null, slack.messages[0]!.ts]);
    expect(slack.messages[0]!.readable).toContain('RESOLVED');
    const alone = await run(['bot'], env);
    expect(alone.stdout).toBe(
      `bot (slack) took it: TEST FAILED example-job on ${HOST}: exit 1 after 4m12s\n`,
    );
  });

  test('leaves an alert of PagerDuty open for whoever is called, and closes it when told to', async () => {
    const pagerDuty = await startPagerDutyServer();
    try {
      const env = { KEY: pagerDuty.routingKey, PAGER: pagerDuty.url };
      const opened = await run(['pager'], env);
      expect(opened).toEqual({
        code: 0,
        stdout:
          `pager (pagerduty) took it: TEST FAILED example-job on ${HOST}: exit 1 after 4m12s\n` +
          'It stays open there until: cronflow test-notify pager --event resolved\n',
        stderr: '',
      });
      expect(pagerDuty.alerts).toMatchObject([{ status: 'triggered' }]);
      const closed = await run(['pager', '--event', 'resolved', '--json'], env);
      expect(JSON.parse(closed.stdout)).toMatchObject({
        ok: true,
        messages: [{ kind: 'opened' }, { kind: 'closed' }],
        stays_open: false,
      });
      // The one that was open, and no other.
      expect(pagerDuty.alerts).toMatchObject([{ status: 'resolved' }]);
      const over = await run(['pager', '--event', 'cronflow_away', '--json'], env);
      expect(JSON.parse(over.stdout)).toMatchObject({ ok: true, stays_open: false });
    } finally {
      await pagerDuty.close();
    }
  });

  describe('to a webhook', () => {
    const SECRET = 'a-secret-of-the-receiver';
    let webhook: WebhookServer;
    beforeEach(async () => {
      webhook = await startWebhookServer();
      await writeFile(
        join(root, 'cronflow.yaml'),
        'notifiers:\n' +
          '  tickets: { type: webhook, url: "${HOOK}/in/XsecretXpath", secret: "${SECRET}", headers: { X-Key: XsecretXkey } }\n' +
          '  chat: { type: webhook, url: "${HOOK}", template: \'{"text": "{{title}}"}\' }\n' +
          'jobs: {}\n',
      );
    });
    afterEach(() => webhook.close());
    const env = (): Record<string, string> => ({ HOOK: webhook.origin, SECRET });

    test('posts signed JSON, and closes what it opened there when told to', async () => {
      const { code, stdout, stderr } = await run(['tickets'], env());
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toBe(
        `tickets (webhook) took it: TEST FAILED example-job on ${HOST}: exit 1 after 4m12s\n` +
          'It stays open there until: cronflow test-notify tickets --event resolved\n',
      );
      const closed = await run(['tickets', '--event', 'resolved', '--json'], env());
      expect(JSON.parse(closed.stdout)).toMatchObject({ ok: true, stays_open: false });
      expect(webhook.accepted.map(({ headers }) => headers['cronflow-event'])).toEqual([
        'opened',
        'opened',
        'closed',
      ]);
      const [first] = webhook.accepted;
      const timestamp = String(first?.headers['cronflow-timestamp']);
      const hex = createHmac('sha256', SECRET).update(`${timestamp}.${first?.body}`).digest('hex');
      expect(first?.headers['cronflow-signature']).toBe(`v1=${hex}`);
      const bodies = webhook.accepted.map(({ body }) => JSON.parse(body) as { incident: { id: string } });
      expect(bodies[0]).toMatchObject({
        event: 'opened',
        title: expect.stringContaining('TEST FAILED') as string,
      });
      expect(new Set(bodies.map(({ incident }) => incident.id)).size).toBe(1);
    });

    test('keeps nothing open where people read a text', async () => {
      const { code, stdout } = await run(['chat'], env());
      expect(code).toBe(0);
      expect(stdout).not.toContain('stays open');
      expect(JSON.parse(webhook.accepted[0]!.body)).toEqual({
        text: `TEST FAILED example-job on ${HOST}: exit 1 after 4m12s`,
      });
      expect((await run(['chat', '--event', 'storm'], env())).code).toBe(2);
    });

    test('says what was answered, and shows no secret that is repeated', async () => {
      const body = 'no key XsecretXkey for /in/XsecretXpath';
      webhook.failNext({ kind: 'answer', status: 401, body }, { kind: 'reset' });
      const refused = await run(['tickets'], env());
      expect(refused).toEqual({
        code: 1,
        stdout: '',
        stderr:
          'cronflow test-notify: tickets (webhook) did not take it: the webhook answered 401 no key *** for ***\n' +
          'Check the credentials.\n',
      });
      const dropped = await run(['tickets', '--json'], env());
      expect(dropped).toMatchObject({ code: 1, stderr: '' });
      expect(JSON.parse(dropped.stdout)).toMatchObject({
        ok: false,
        messages: [
          { result: 'retry', detail: expect.stringContaining('the webhook could not be reached') as string },
        ],
        advice: 'Cronflow would try again for 24 hours; this command does not: try it again in a while.',
      });
    });
  });

  describe('by email', () => {
    const PASSWORD = 'XsecretXpassword';

    const LOGIN = `username: cron, password: ${PASSWORD}`;

    test('sends a mail, and the end alone', async () => {
      const smtp = await startSmtpServer({ security: 'starttls', users: { cron: PASSWORD } });
      try {
        await configureMail(smtp.port, `ca_file: ca.pem, ${LOGIN}`);
        const { code, stdout, stderr } = await run(['mail']);
        expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
        expect(stdout).toBe(`mail (email) took it: TEST FAILED example-job on ${HOST}: exit 1 after 4m12s\n`);
        expect((await run(['mail', '--event', 'resolved'])).code).toBe(0);
        expect((await run(['mail', '--event', 'storm'])).code).toBe(0);
        const subjects = smtp.mails.map(({ content }) => readMail(content).headers.get('subject'));
        expect(subjects).toEqual([
          `TEST FAILED example-job on ${HOST}: exit 1 after 4m12s`,
          `TEST RESOLVED example-job: ran fine on ${HOST}, was in trouble for 2h`,
          'TEST 8 JOBS: 4 FAILED, 3 MISSED, 1 TIMEOUT',
        ]);
        expect(readMail(smtp.mails[2]!.content).text).toContain('example-backup-invoices');
      } finally {
        await smtp.close();
      }
    });

    test.each([
      [
        'a wrong password',
        `ca_file: ca.pem, username: cron, password: ${PASSWORD}2`,
        'Check the credentials.',
      ],
      ['a certificate that is not trusted', LOGIN, 'Check the certificate of the receiver'],
    ])('says what to do about %s', async (_, settings, advice) => {
      const smtp = await startSmtpServer({ security: 'starttls', users: { cron: PASSWORD } });
      try {
        await configureMail(smtp.port, settings);
        const { code, stdout, stderr } = await run(['mail']);
        expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
        expect(stderr).toContain(advice);
        expect(stderr).not.toContain(PASSWORD);
        expect(smtp.mails).toEqual([]);
      } finally {
        await smtp.close();
      }
    });

    test('says what to do about a server that does not encrypt, and about one that refuses', async () => {
      const smtp = await startSmtpServer({ security: 'plain' });
      try {
        await configureMail(smtp.port, LOGIN);
        const plain = await run(['mail']);
        expect(plain.code).toBe(1);
        expect(plain.stderr).toContain('security: tls (port 465) may be what it wants');
        expect(plain.stderr).not.toContain('certificate');
        await configureMail(smtp.port, 'security: none');
        smtp.refuse('ops@example.com', '550 5.1.1 no such user');
        const refused = await run(['mail', '--json']);
        expect(JSON.parse(refused.stdout)).toMatchObject({
          ok: false,
          messages: [{ result: 'permanent', detail: 'the mail server answered 550 5.1.1 no such user' }],
          advice: 'Cronflow would give such a message up at once: correct the notifier in cronflow.yaml.',
        });
      } finally {
        await smtp.close();
      }
    });
  });

  test('tells of a storm where messages are merged, and nowhere else', async () => {
    const { code, stdout } = await run(['ops', '--event', 'storm']);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: 'ops (slack) took it: TEST 8 JOBS: 4 FAILED, 3 MISSED, 1 TIMEOUT\n',
    });
    expect(slack.messages[0]!.readable).toContain('example-backup-invoices');
    const refused = await run(['pager', '--event', 'storm']);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(
      'notifier "pager" is sent each message by itself, however many there are',
    );
  });

  test('says what the receiver answered, and what to do, without the address', async () => {
    slack.failNext({ kind: 'answer', status: 404, body: 'no_service' });
    const refused = await start(['ops'], { HOOK: slack.url });
    expect(refused).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'cronflow test-notify: ops (slack) did not take it: Slack answered 404 no_service: add a new webhook in the ' +
        'settings of the app and put its address into webhook_url\nCheck the address.\n',
    });
  });

  test.each([
    [503, 'try_later', 'Cronflow would try again for 24 hours; this command does not'],
    [410, 'channel_is_archived', 'unarchive the channel, or add a webhook for another'],
    [418, 'teapot', 'Cronflow would give such a message up at once'],
  ])('tries only once: %i %s', async (status, body, advice) => {
    slack.failNext({ kind: 'answer', status, body });
    const { code, stderr } = await run(['ops']);
    expect(code).toBe(1);
    expect(stderr).toContain(`Slack answered ${status} ${body}`);
    expect(stderr).toContain(advice);
    expect(slack.answers).toHaveLength(1);
  });

  test('says that nothing answers at the address', async () => {
    const { url } = slack;
    await slack.close();
    const { code, stderr } = await run(['ops'], { HOOK: url });
    expect(code).toBe(1);
    expect(stderr).toBe(
      'cronflow test-notify: ops (slack) did not take it: Slack could not be reached (ECONNREFUSED: nothing listens there)\n' +
        'Check the address, and whether a firewall keeps this machine from it.\n',
    );
  });

  test('fails where a real message would only be logged', async () => {
    expect(await run(['ops'], {})).toEqual({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(
        /^cronflow test-notify: ops \(slack\): Nothing was sent: webhook_url is empty, .* nobody would be told\. /,
      ) as string,
    });
  });

  test('writes to the log where that is what the notifier does', async () => {
    const { code, stdout, stderr } = await run(['collected', '--event', 'missed']);
    expect(code).toBe(0);
    expect(stdout).toBe(
      'collected (log) logged it, which tells nobody: TEST MISSED example-job: expected 12:55, nothing by 13:00 (Europe/Berlin)\n',
    );
    expect(stderr).toContain('warn  TEST MISSED example-job: ');
  });

  test('knows the notifier of the environment, where the file names none', async () => {
    await writeFile(join(root, 'other.yaml'), 'jobs: {}\n');
    const env = { SLACK_WEBHOOK_URL: slack.url, CRONFLOW_CONFIG: 'other.yaml' };
    expect((await run(['slack', '--event', 'timeout'], env)).code).toBe(0);
    expect(slack.messages[0]?.text).toBe(`TEST TIMEOUT example-job on ${HOST}: still running after 2h`);
  });

  test('tells programs in JSON what became of the message', async () => {
    const taken = await run(['ops', '--json']);
    expect(taken.code).toBe(0);
    expect(JSON.parse(taken.stdout)).toEqual({
      ok: true,
      notifier: 'ops',
      type: 'slack',
      event: 'failure',
      messages: [
        {
          delivery_id: `test-ops.${DEFAULT_START_AT}.opened`,
          kind: 'opened',
          title: `TEST FAILED example-job on ${HOST}: exit 1 after 4m12s`,
          result: 'ok',
          detail: null,
        },
      ],
      stays_open: false,
      advice: null,
    });
    slack.failNext({ kind: 'answer', status: 403, body: 'invalid_token' });
    const refused = await run(['ops', '--json']);
    expect(refused).toMatchObject({ code: 1, stderr: '' });
    expect(JSON.parse(refused.stdout)).toMatchObject({
      ok: false,
      messages: [
        {
          result: 'permanent',
          detail: expect.stringContaining('Slack answered 403 invalid_token: add a new webhook') as string,
        },
      ],
      advice: 'Check the credentials.',
    });
    expect(refused.stdout).not.toContain(slack.secret);
  });

  test.each([
    [[], 'it needs the NAME of a notifier of cronflow.yaml'],
    [['ops', 'collected'], 'one NAME; "collected" is too many'],
    [['opps'], 'notifier "opps" is not one of ops, collected, bot, pager; did you mean "ops"?'],
    [['ops', '--event', 'fail'], '--event "fail" is not one of failure, signal, '],
    [['ops', '--event', 'resolve'], 'did you mean "resolved"?'],
    [['ops', '--now'], '--now'],
  ])('refuses %j with exit code 2', async (argv, message) => {
    const { code, stderr } = await run(argv);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(message) as string });
    expect(stderr).toContain('Try: cronflow test-notify --help\n');
  });

  test('sends nothing from a configuration with errors', async () => {
    await writeFile(join(root, 'cronflow.yaml'), 'jobs: []\n');
    const { code, stderr } = await run(['ops']);
    expect(code).toBe(1);
    expect(stderr).toContain('cronflow.yaml:1:7 jobs: ');
    expect(slack.answers).toEqual([]);
  });

  test('prints its help, with every event', async () => {
    const { code, stdout } = await run(['--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Usage: cronflow test-notify NAME /);
    expect(stdout).toContain('notifier_failing, storm.');
  });
});
