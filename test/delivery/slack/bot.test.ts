import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Message } from '../../../src/delivery/message/message.ts';
import type { SendResult } from '../../../src/delivery/notifier.ts';
import { SlackBot } from '../../../src/delivery/slack/bot.ts';
import { Pacer } from '../../../src/delivery/transport/pacer.ts';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.ts';
import { type SlackServer, startSlackServer } from '../../support/slack-server.ts';
import { aMessage } from '../support/message.ts';
import { aClosing, aDelivery } from '../support/records.ts';
import { sendInTime } from '../support/send.ts';

let server: SlackServer;
let clock: FakeClock;
let bot: SlackBot;

beforeEach(async () => {
  clock = createFakeClock();
  server = await startSlackServer({ enforcesPace: true, now: () => clock.now() });
  bot = botFor({});
});

afterEach(async () => {
  await bot.close();
  await server.close();
});

function botFor(changes: Partial<ConstructorParameters<typeof SlackBot>[0]>): SlackBot {
  const { apiUrl, token } = server;
  const pacer = new Pacer(clock, 1_000);
  return new SlackBot({ name: 'ops', apiUrl, token, channel: '#ops', mention: [], clock, pacer, ...changes });
}

function send(message: Message): Promise<SendResult> {
  return sendInTime(bot, message, clock);
}

/** Sends the alert and gives it back as the opening of what follows. */
async function alerted(isMerged = false): Promise<NonNullable<Message['opening']>> {
  const said = aMessage({ mentions: ['U024BE7LH'] });
  const sent = await send(said);
  const receipt = sent.result === 'ok' ? (sent.receipt ?? '') : '';
  return { receipt, isMerged, said: isMerged ? null : said };
}

function aRecovery(changes: Partial<Message> = {}): Message {
  return aMessage({
    deliveryId: 'j1-i1.ops.closed',
    kind: 'closed',
    severity: 'good',
    title: 'RESOLVED backup: ran fine on web1, was in trouble for 2h10m (3 bad)',
    fields: [{ label: 'Host', value: 'web1' }],
    output: null,
    outputNote: null,
    source: { ...aMessage().source, delivery: aClosing() },
    ...changes,
  });
}

function methods(): string[] {
  return server.answers.map(({ method }) => method);
}

describe('an alert', () => {
  test('is posted to the channel, and its receipt says where that is', async () => {
    const { receipt } = await alerted();
    expect(JSON.parse(receipt)).toEqual({ channel: 'C0OPS00001', ts: server.messages[0]?.ts });
    expect(server.messages[0]).toMatchObject({
      channel: 'C0OPS00001',
      threadTs: null,
      text: 'FAILED backup on web1: exit 1 after 4m12s',
    });
    expect(server.messages[0]?.readable).toContain('🔴 FAILED backup on web1');
  });

  test.each(['C0NIGHT001', '#night', 'night'])('goes to the channel %s', async (channel) => {
    bot = botFor({ channel });
    await alerted();
    expect(server.messages[0]?.channel).toBe('C0NIGHT001');
  });

  test('calls whom the notifier names and whom the job names, each once', async () => {
    bot = botFor({ mention: ['here', 'U024BE7LH'] });
    await alerted();
    expect(server.messages[0]?.readable).toContain('\n<@U024BE7LH> <!here>\n');
  });

  test('is posted also where api_url ends with two slashes', async () => {
    bot = botFor({ apiUrl: `${server.apiUrl}//` });
    expect((await send(aMessage())).result).toBe('ok');
  });

  test('goes out as plain text, at the usual pace, when the blocks are refused', async () => {
    for (const error of ['invalid_blocks', 'msg_blocks_too_long']) {
      server.failNext({ kind: 'error', error });
      expect((await send(aMessage())).result).toBe('ok');
      expect(server.messages.at(-1)?.blocks).toEqual([]);
      expect(server.messages.at(-1)?.text).toContain('Reason: exit 1 after 4m12s');
    }
    expect(server.answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  });
});

describe('the end of a trouble', () => {
  test('is said in the thread of the alert, and the alert is edited to say so', async () => {
    const opening = await alerted();
    const sent = await send(aRecovery({ opening }));
    expect(sent.result).toBe('ok');
    const [alert, reply] = server.messages;
    expect(reply).toMatchObject({ threadTs: alert?.ts, isBroadcast: false });
    expect(reply?.readable).toContain('🟢 RESOLVED backup: ran fine on web1');
    expect(alert?.edits).toBe(1);
    expect(alert?.readable).toBe(
      [
        '🟢 RESOLVED backup: ran fine on web1, was in trouble for 2h10m (3 bad)',
        '~FAILED backup on web1: exit 1 after 4m12s~',
        'Dumps every database',
        '*Reason*\nexit 1 after 4m12s',
        '*Host*\nweb1',
        '*Output*, the last 2 lines',
        '```\nconnecting\npg_dump: error: <unknown> & more\n```',
        '<https://cron.example.com/jobs/backup/runs/j1-7?a=1&b=2|Run>',
        'Declared in: cronflow.yaml:12',
      ].join('\n'),
    );
  });

  test('is said once when the edit fails for a while: the edit comes first', async () => {
    const opening = await alerted();
    server.failNext({ kind: 'error', error: 'ratelimited', retryAfter: '7' });
    expect(await send(aRecovery({ opening }))).toEqual({
      result: 'retry',
      detail: 'Slack answered ratelimited',
      afterMs: 7_000,
    });
    expect((await send(aRecovery({ opening }))).result).toBe('ok');
    expect(methods().slice(1)).toEqual(['chat.update', 'chat.update', 'chat.postMessage']);
    expect(server.messages).toHaveLength(2);
  });

  test.each([
    'cant_update_message',
    'edit_window_closed',
    'message_not_found',
    'block_mismatch',
    'msg_too_long',
  ])('is said though the alert cannot be edited: %s', async (error) => {
    const opening = await alerted();
    server.failNext({ kind: 'error', error });
    expect((await send(aRecovery({ opening }))).result).toBe('ok');
    expect(methods()).toEqual(['chat.postMessage', 'chat.update', 'chat.postMessage']);
  });

  test('is said without the edit when that has failed five times', async () => {
    const opening = await alerted();
    const source = { ...aMessage().source, delivery: { ...aClosing(), attempts: 5 } };
    expect((await send(aRecovery({ opening, source }))).result).toBe('ok');
    expect(methods()).toEqual(['chat.postMessage', 'chat.postMessage']);
    expect(server.messages[1]?.threadTs).toBe(server.messages[0]?.ts);
  });

  test('stands for itself when the alert was deleted', async () => {
    const opening = await alerted();
    server.deleteMessage(server.messages[0]?.ts ?? '');
    expect((await send(aRecovery({ opening }))).result).toBe('ok');
    expect(server.messages).toMatchObject([{ threadTs: null, channel: 'C0OPS00001' }]);
  });

  test('stands for itself in the present channel when the app has left that of the alert', async () => {
    const opening = await alerted();
    server.leaveChannel('C0OPS00001');
    bot = botFor({ channel: 'night' });
    expect((await send(aRecovery({ opening }))).result).toBe('ok');
    expect(server.messages[1]).toMatchObject({ threadTs: null, channel: 'C0NIGHT001' });
  });

  test('stands for itself when the receipt was lost', async () => {
    expect((await send(aRecovery())).result).toBe('ok');
    const broken = { receipt: '{"channel":"<!here>","ts":"1"}', isMerged: false, said: null };
    expect((await send(aRecovery({ opening: broken }))).result).toBe('ok');
    expect(server.messages).toMatchObject([{ threadTs: null }, { threadTs: null }]);
  });

  test('is threaded under a merged alert, which stays as it is, and shown in the channel', async () => {
    const opening = await alerted(true);
    await send(aRecovery({ opening }));
    const [alert, reply] = server.messages;
    expect(alert?.edits).toBe(0);
    expect(reply).toMatchObject({ threadTs: alert?.ts, isBroadcast: true });
  });

  test('edits plainly when the blocks of the edit are refused', async () => {
    const opening = await alerted();
    server.failNext({ kind: 'error', error: 'invalid_blocks' });
    await send(aRecovery({ opening }));
    const [alert] = server.messages;
    expect(alert?.blocks).toEqual([]);
    expect(alert?.text).toContain('RESOLVED backup: ran fine');
    expect(alert?.text).toContain('Before: FAILED backup on web1: exit 1 after 4m12s\nDumps every database');
  });
});

describe('a reminder', () => {
  test('stands in the thread, and is shown in the channel', async () => {
    const opening = await alerted();
    await send(
      aMessage({ kind: 'reminder', title: 'STILL FAILED backup', opening: { ...opening, said: null } }),
    );
    const [alert, reply] = server.messages;
    expect(alert?.edits).toBe(0);
    expect(reply).toMatchObject({ threadTs: alert?.ts, isBroadcast: true });
  });
});

function silent(opening: Message['opening']): Message {
  const title = 'PAUSED backup: was in trouble for 2h';
  return aRecovery({ kind: 'closed_silently', severity: 'over', title, opening });
}

describe('pausing or removing a job in trouble', () => {
  test('edits the alert and posts nothing', async () => {
    expect(await send(silent(await alerted()))).toEqual({ result: 'ok' });
    expect(server.messages).toHaveLength(1);
    expect(server.messages[0]?.readable).toMatch(/^🟡 PAUSED backup.*\n~FAILED backup.*~\n/);
  });

  test('does nothing where there is nothing to edit', async () => {
    expect(await send(silent(null))).toEqual({ result: 'ok' });
    expect(await send(silent(await alerted(true)))).toEqual({ result: 'ok' });
    expect(methods()).toEqual(['chat.postMessage']);
  });

  test.each(['message_not_found', 'cant_update_message', 'edit_window_closed', 'is_inactive'])(
    'lets go of an alert that can no longer be edited: %s',
    async (error) => {
      const opening = await alerted();
      server.failNext({ kind: 'error', error });
      expect(await send(silent(opening))).toEqual({ result: 'ok' });
    },
  );

  test('is tried again, for there is no reply that would be said twice', async () => {
    const opening = await alerted();
    server.failNext({ kind: 'error', error: 'internal_error' });
    expect(await send(silent(opening))).toEqual({ result: 'retry', detail: 'Slack answered internal_error' });
  });
});

describe('the notifier by bot token', () => {
  const TOKEN = 'copy the Bot User OAuth Token of the app (xoxb-...) into bot_token';

  test.each([
    ['invalid_auth', TOKEN],
    ['not_authed', TOKEN],
    ['token_revoked', `install the app to the workspace again and ${TOKEN}`],
    ['account_inactive', `install the app to the workspace again and ${TOKEN}`],
    ['missing_scope', 'add the scope chat:write to the app, install'],
    ['not_in_channel', 'invite the app to the channel: /invite @its-name'],
    ['channel_not_found', 'correct the name, or, if the channel is private, invite the app to it'],
    ['is_archived', 'unarchive the channel or name another'],
    ['restricted_action', 'ask an administrator of the workspace to let the app post there'],
    ['msg_too_long', 'please report this'],
    ['something_new', ''],
  ])('gives up at %s and says what to do', async (error, advice) => {
    server.failNext({ kind: 'error', error });
    const sent = await send(aMessage());
    expect(sent.result).toBe('permanent');
    const detail = 'detail' in sent ? sent.detail : '';
    expect(detail.startsWith(`Slack answered ${error}${advice === '' ? '' : ': '}${advice}`)).toBe(true);
  });

  test.each(['internal_error', 'fatal_error', 'service_unavailable', 'request_timeout', 'team_added_to_org'])(
    'tries again after %s',
    async (error) => {
      server.failNext({ kind: 'error', error });
      expect(await send(aMessage())).toEqual({ result: 'retry', detail: `Slack answered ${error}` });
    },
  );

  test('waits as long as Slack says, and half a minute where it does not', async () => {
    server.failNext(
      { kind: 'error', error: 'ratelimited', retryAfter: '3' },
      { kind: 'error', error: 'ratelimited' },
    );
    expect(await send(aMessage())).toMatchObject({ result: 'retry', afterMs: 3_000 });
    expect(await send(aMessage())).toMatchObject({ result: 'retry', afterMs: 30_000 });
  });

  test('takes an answer that is not of Slack for an outage', async () => {
    server.failNext(
      { kind: 'answer', status: 200, body: '<html>log in</html>' },
      { kind: 'answer', status: 502, body: 'bad gateway' },
      { kind: 'answer', status: 200, body: '{"ok":"yes"}' },
    );
    const details = [await send(aMessage()), await send(aMessage()), await send(aMessage())];
    expect(details).toEqual([
      { result: 'retry', detail: 'Slack answered 200 with something that is not its own' },
      { result: 'retry', detail: 'Slack answered 502 bad gateway' },
      { result: 'retry', detail: 'Slack answered 200 with something that is not its own' },
    ]);
  });

  test('says what the server says of a wrong token, a wrong channel and a wrong address', async () => {
    bot = botFor({ token: 'xoxb-wrong' });
    expect(await send(aMessage())).toMatchObject({ detail: `Slack answered invalid_auth: ${TOKEN}` });
    bot = botFor({ channel: 'nowhere' });
    expect(await send(aMessage())).toMatchObject({ result: 'permanent' });
    bot = botFor({ apiUrl: `${server.apiUrl}/v2` });
    expect(await send(aMessage())).toMatchObject({
      result: 'permanent',
      detail: 'Slack answered unknown_method: correct api_url: it ends in /api',
    });
    bot = botFor({ apiUrl: 'ftp://example.com' });
    expect(await send(aMessage())).toEqual({
      result: 'permanent',
      detail: 'its api_url is no address that begins with https:// or http://',
    });
  });

  test('the notifier by bot token posts no two messages within a second, the edit included', async () => {
    const opening = await alerted();
    await send(aRecovery({ opening }));
    await send(aMessage({ source: { ...aMessage().source, delivery: aDelivery() } }));
    const times = server.answers.map(({ at }) => at);
    expect(server.answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    for (const [index, at] of times.entries()) {
      if (index > 0) expect(at - (times[index - 1] ?? 0)).toBeGreaterThanOrEqual(1_000);
    }
  });
});
