import { Agent, getGlobalDispatcher, setGlobalDispatcher } from 'undici';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { SlackWebhook } from '../../../src/delivery/slack/webhook.ts';
import { Pacer } from '../../../src/delivery/transport/pacer.ts';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.ts';
import { type SlackServer, startSlackServer } from '../../support/slack-server.ts';
import { aMessage } from '../support/message.ts';

const never = new AbortController().signal;

let server: SlackServer;
let clock: FakeClock;
let slack: SlackWebhook;

beforeEach(async () => {
  server = await startSlackServer();
  clock = createFakeClock();
  slack = notifierFor(server.url);
});

afterEach(async () => {
  await slack.close();
  await server.close();
});

function notifierFor(webhookUrl: string): SlackWebhook {
  return new SlackWebhook({ name: 'ops', webhookUrl, mention: [], clock, pacer: new Pacer(clock, 1_000) });
}

describe('SlackWebhook', () => {
  test('posts what Slack accepts', async () => {
    expect(await slack.send(aMessage(), never)).toEqual({ result: 'ok' });
    const [message] = server.messages;
    expect(message?.text).toBe('FAILED backup on web1: exit 1 after 4m12s');
    expect(message?.readable).toContain('pg_dump: error: <unknown> & more');
  });

  test('is taken by the strict server however hostile the message is', async () => {
    const hostile = '<!channel> ``` & @here \u2028'.repeat(400);
    const fields = Array.from({ length: 12 }, () => ({ label: 'Host', value: hostile }));
    const message = aMessage({ title: hostile, description: hostile, output: hostile, fields });
    expect(await slack.send(message, never)).toEqual({ result: 'ok' });
    expect(server.answers.map(({ status }) => status)).toEqual([200]);
  });

  test('falls back to plain text, at the usual pace, when the blocks are refused', async () => {
    server.failNext({ kind: 'answer', status: 400, body: 'invalid_blocks' });
    const sent = slack.send(aMessage(), never);
    await until(() => server.answers.length === 1 && clock.timerCount === 1);
    await clock.advance(1_000);
    expect(await sent).toEqual({ result: 'ok' });
    expect(server.messages[0]?.blocks).toEqual([]);
    expect(server.messages[0]?.text).toContain('Reason: exit 1 after 4m12s');
  });

  test.each([
    [400, 'no_text', 'please report this'],
    [400, 'too_many_attachments', ''],
    [400, 'user_not_found', ''],
    [403, 'action_prohibited', 'ask an administrator of the workspace to let the app post there'],
    [403, 'invalid_token', 'add a new webhook in the settings of the app'],
    [403, 'no_active_hooks', 'add a new webhook in the settings of the app'],
    [403, 'no_team', 'add a new webhook in the settings of the app'],
    [403, 'posting_to_general_channel_denied', 'ask an administrator of the workspace'],
    [403, 'team_disabled', 'add a new webhook in the settings of the app'],
    [404, 'channel_not_found', 'correct the name, or'],
    [404, 'no_service', 'add a new webhook in the settings of the app'],
    [410, 'channel_is_archived', 'unarchive the channel, or add a webhook for another'],
  ])('gives up after the answer %i %s and says what to do', async (status, body, advice) => {
    server.failNext({ kind: 'answer', status, body });
    const sent = await slack.send(aMessage(), never);
    expect(sent.result).toBe('permanent');
    const detail = 'detail' in sent ? sent.detail : '';
    expect(detail.startsWith(`Slack answered ${status} ${body}${advice === '' ? '' : ': '}${advice}`)).toBe(
      true,
    );
  });

  test.each([
    [500, 'rollup_error'],
    [503, ''],
  ])('tries again after the answer %i %s', async (status, body) => {
    server.failNext({ kind: 'answer', status, body });
    expect((await slack.send(aMessage(), never)).result).toBe('retry');
  });

  test('calls those whom it is told to call when trouble begins, and nobody when it is over', async () => {
    const pacer = new Pacer(clock, 0);
    const notifier = new SlackWebhook({
      name: 'ops',
      webhookUrl: server.url,
      mention: ['S0615G0KT'],
      clock,
      pacer,
    });
    await notifier.send(aMessage({ mentions: ['U024BE7LH'] }), never);
    await notifier.send(aMessage({ kind: 'closed', severity: 'good' }), never);
    expect(server.messages[0]?.readable).toContain('\n<@U024BE7LH> <!subteam^S0615G0KT>\n');
    for (const kind of ['opened', 'merged'] as const) {
      await notifier.send(aMessage({ kind, severity: 'over' }), never);
    }
    await notifier.send(aMessage({ kind: 'reminder' }), never);
    expect(server.messages.map(({ readable }) => readable.includes('subteam'))).toEqual([
      true,
      false,
      false,
      false,
      false,
    ]);
    await notifier.close();
  });

  test('falls back to plain text once', async () => {
    const refusal = { kind: 'answer', status: 400, body: 'invalid_payload' } as const;
    server.failNext(refusal, refusal);
    const sent = slack.send(aMessage(), never);
    await until(() => server.answers.length === 1 && clock.timerCount === 1);
    await clock.advance(1_000);
    expect(await sent).toEqual({
      result: 'permanent',
      detail: 'Slack answered 400 invalid_payload: please report this to the authors of Cronflow',
    });
    expect(server.answers).toHaveLength(2);
  });

  test('posts no two messages within a second', async () => {
    const sent = [slack.send(aMessage(), never), slack.send(aMessage(), never)];
    await server.waitForMessages(1);
    await sent[0];
    await clock.advance(999);
    expect(server.messages).toHaveLength(1);
    await clock.advance(1);
    expect(await sent[1]).toEqual({ result: 'ok' });
    expect(server.messages).toHaveLength(2);
  });

  test('counts the second from the answer, for a slow request may have arrived only then', async () => {
    server.failNext({ kind: 'hang' });
    const controller = new AbortController();
    const slow = slack.send(aMessage(), controller.signal);
    await until(() => server.answers.length === 1);
    await clock.advance(5_000);
    controller.abort();
    await slow;
    const sent = slack.send(aMessage(), never);
    await clock.advance(999);
    expect(server.messages).toHaveLength(0);
    await clock.advance(1);
    expect(await sent).toEqual({ result: 'ok' });
  });

  test('has connections of its own, whatever the rest of the process does with its', async () => {
    const before = getGlobalDispatcher();
    const closed = new Agent();
    await closed.close();
    setGlobalDispatcher(closed);
    try {
      expect(await slack.send(aMessage(), never)).toEqual({ result: 'ok' });
    } finally {
      setGlobalDispatcher(before);
    }
  });

  test('lets the pacer count the second from the end of a slow request', async () => {
    const pacer = new Pacer(clock, 1_000);
    await pacer.turn(never);
    await clock.advance(5_000);
    pacer.used();
    let isOn = false;
    void pacer.turn(never).then(() => (isOn = true));
    await clock.advance(999);
    expect(isOn).toBe(false);
    await clock.advance(1);
    expect(isOn).toBe(true);
  });

  test('hands on how long Slack wants to be left alone', async () => {
    server.failNext({ kind: 'answer', status: 429, body: 'rate_limited', retryAfter: '30' });
    expect(await slack.send(aMessage(), never)).toMatchObject({ result: 'retry', afterMs: 30_000 });
  });

  test.each(['reset', 'accept_and_drop'] as const)(
    'tries again after a connection that broke: %s',
    async (kind) => {
      server.failNext({ kind });
      const sent = await slack.send(aMessage(), never);
      expect(sent).toEqual({
        result: 'retry',
        detail: 'Slack could not be reached (UND_ERR_SOCKET: the connection was broken off)',
      });
    },
  );

  test('tries again when nobody listens', async () => {
    await server.close();
    expect(await slack.send(aMessage(), never)).toEqual({
      result: 'retry',
      detail: 'Slack could not be reached (ECONNREFUSED: nothing listens there)',
    });
  });

  test('ends with its signal, during a request and while waiting for its turn', async () => {
    server.failNext({ kind: 'hang' });
    const controller = new AbortController();
    const sent = [slack.send(aMessage(), controller.signal), slack.send(aMessage(), controller.signal)];
    controller.abort();
    const timedOut = { result: 'retry', detail: 'Slack did not answer in time' };
    expect(await Promise.all(sent)).toEqual([timedOut, timedOut]);
  });

  test.each(['not an address', 'file:///etc/passwd', 'http://'])(
    'gives up on the address %s',
    async (webhookUrl) => {
      const result = await notifierFor(webhookUrl).send(aMessage(), never);
      expect(result).toEqual({
        result: 'permanent',
        detail: 'its webhook_url is no address that begins with https:// or http://',
      });
    },
  );

  test('tells nobody its address, whatever goes wrong', async () => {
    const results: unknown[] = [];
    server.failNext({ kind: 'answer', status: 500, body: 'rollup_error' });
    const withSystemClock = new SlackWebhook({
      name: 'ops',
      webhookUrl: server.url,
      mention: [],
      clock: systemClock,
      pacer: new Pacer(systemClock, 0),
    });
    results.push(await withSystemClock.send(aMessage(), never));
    await server.close();
    results.push(await withSystemClock.send(aMessage(), never));
    results.push(await notifierFor(`${server.url} with a space and :bad`).send(aMessage(), never));
    results.push(await notifierFor(`xx${server.url}`).send(aMessage(), never));
    expect(JSON.stringify(results)).not.toContain(server.secret);
    expect(JSON.stringify(withSystemClock)).not.toContain(server.secret);
    await withSystemClock.close();
  });
});

/** Waits for the server, which is real, without time passing for the notifier. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
