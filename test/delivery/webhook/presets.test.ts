import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { cleanLine, cleanText, lastLines } from '../../../src/delivery/message/clean.ts';
import type { Message } from '../../../src/delivery/message/message.ts';
import type { Notifier } from '../../../src/delivery/notifier.ts';
import { buildWebhook } from '../../../src/delivery/webhook/notifier.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { startWebhookServer, type WebhookRequest, type WebhookServer } from '../../support/webhook-server.ts';
import {
  type ChatService,
  discordService,
  SERVICE_TOKEN,
  telegramService,
} from '../../support/webhook-services.ts';
import { quiet } from '../support/logger.ts';
import { aMessage } from '../support/message.ts';
import { CHATS } from '../support/receivers.ts';

const never = new AbortController().signal;
const SERVICES = Object.entries(CHATS).map(
  ([preset, { service, settings }]): [string, ChatService, object] => [preset, service, settings],
);

let open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open) await close();
  open = [];
});

async function setUp(
  preset: string,
  service: ChatService,
  settings: object,
): Promise<{ server: WebhookServer; notifier: Notifier }> {
  const server = await startWebhookServer(service.judge);
  const clock = createFakeClock();
  const url = `${server.origin}${service.path}`;
  const parts = { clock, logger: quiet(clock), pacerOf: () => expect.fail() };
  const notifier = buildWebhook('ops', { url, preset, ...settings }, parts);
  open.push(
    () => notifier.close(),
    () => server.close(),
  );
  return { server, notifier };
}

function last(server: WebhookServer): WebhookRequest {
  const request = server.accepted.at(-1);
  if (request === undefined) throw new Error('nothing was accepted');
  return request;
}

/** As `messageOf` leaves texts that came from outside. */
const HOSTILE = cleanText(
  '@everyone <@1> <!channel> [x](https://evil.example) ``` **b** </pre><script>&amp; \\ @here\u0000 \ud83d\u202e',
);
/** Three bytes for each character. */
function wideLines(count: number, length: number): string {
  return Array.from({ length: count }, () => '漢'.repeat(length)).join('\n');
}

const hostileText = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.constantFrom(
        '@everyone',
        '<@1>',
        '```',
        '`',
        '<b>',
        '</pre>',
        '&lt;',
        '[a](b)',
        '\\',
        '@x',
        '😀'.repeat(50),
      ),
    ),
    { maxLength: 20 },
  )
  .map((pieces) => pieces.join(' '));
const hostileMessage = fc
  .record({
    // A backspace at the front takes the F back, and no real title is empty.
    title: hostileText.map((text) => cleanLine(`F${text}`, 400) || 'x'),
    description: fc.option(hostileText.map((text) => cleanLine(text, 400) || 'x')),
    fields: fc.array(
      hostileText.map((text) => ({ label: 'Host', value: cleanLine(text, 400) || 'x' })),
      { maxLength: 12 },
    ),
    output: fc.option(
      fc.array(hostileText, { minLength: 1, maxLength: 25 }).map((lines) => {
        return lastLines(lines.join('\n'), 20, 300).join('\n') || 'x';
      }),
    ),
  })
  .map((changes) => aMessage(changes));

describe.each(SERVICES)('the preset %s', (preset, service, settings) => {
  test('says a message in full', async () => {
    const { server, notifier } = await setUp(preset, service, settings);
    expect(await notifier.send(aMessage(), never)).toEqual({ result: 'ok' });
    const text = service.readable(last(server));
    expect(text).toContain('FAILED backup on web1: exit 1 after 4m12s');
    expect(text).toContain('Dumps every database');
    expect(text).toContain('web1');
    expect(text).toContain('pg_dump: error: <unknown> & more');
    expect(text).toContain('cronflow.yaml:12');
    expect(last(server).body).toContain('https://cron.example.com/jobs/backup/runs/j1-7');
    expect(JSON.parse(last(server).body)).toMatchSnapshot();
  });

  test('is a chat, which hears of no paused jobs, and whose messages do not merge', async () => {
    const { notifier } = await setUp(preset, service, settings);
    expect(notifier).toMatchObject({ type: 'webhook', keepsState: false, mergedLengthMax: null });
  });

  test('is taken whatever stands in it, and mentions nobody', async () => {
    const { server, notifier } = await setUp(preset, service, settings);
    const taken = async (message: Message): Promise<void> => {
      expect(await notifier.send(message, never)).toEqual({ result: 'ok' });
      for (const text of service.mentionable(last(server))) expect(text).not.toMatch(/@\w|(?<!\\)<[@!#]/);
    };
    const long = HOSTILE.repeat(200);
    const fields = Array.from({ length: 12 }, () => ({ label: 'Host', value: cleanLine(long, 400) }));
    const output = lastLines(`${long}\n`.repeat(30), 20, 300).join('\n');
    await taken(aMessage({ title: cleanLine(long, 400), description: cleanLine(long, 400), output, fields }));
    await taken(aMessage({ output: '😀'.repeat(3_000), fields }));
    // What fits by characters does not by bytes.
    const wide = Array.from({ length: 12 }, () => ({ label: 'Host', value: wideLines(1, 400) }));
    await taken(
      aMessage({
        title: wideLines(1, 400),
        description: wideLines(1, 400),
        output: wideLines(20, 300),
        fields: wide,
      }),
    );
    await taken(aMessage({ output: wideLines(10, 130) }));
    await taken(aMessage({ description: null, output: null, fields: [], links: [] }));
    await fc.assert(fc.asyncProperty(hostileMessage, taken), { numRuns: 60 });
  });

  test('keeps the end of a long output, where the error is', async () => {
    const { server, notifier } = await setUp(preset, service, settings);
    const output = [...Array.from({ length: 19 }, () => 'x'.repeat(290)), 'the error'].join('\n');
    await notifier.send(aMessage({ output }), never);
    expect(service.readable(last(server))).toContain('the error');
  });

  test('says what the service answered, without the address', async () => {
    const { server, notifier } = await setUp(preset, service, settings);
    server.failNext({ kind: 'answer', status: 403, body: `no: ${service.path}` });
    const sent = await notifier.send(aMessage(), never);
    expect(sent).toMatchObject({
      result: 'permanent',
      detail: expect.stringContaining('answered 403 no: ***'),
    });
    expect(JSON.stringify(sent)).not.toContain(SERVICE_TOKEN);
  });
});

describe('a preset with an answer of its service', () => {
  test('reads in the JSON of Discord how long to wait', async () => {
    const { server, notifier } = await setUp('discord', discordService, {});
    const body = JSON.stringify({
      message: 'You are being rate limited.',
      retry_after: 1.337,
      global: false,
    });
    server.failNext({ kind: 'answer', status: 429, body, headers: { 'retry-after': '2' } });
    expect(await notifier.send(aMessage(), never)).toMatchObject({ result: 'retry', afterMs: 1_337 });
  });

  test('reads in the JSON of Telegram how long to wait', async () => {
    const { server, notifier } = await setUp('telegram', telegramService, { chat_id: '-1001234' });
    const body = JSON.stringify({ ok: false, error_code: 429, parameters: { retry_after: 7 } });
    server.failNext({ kind: 'answer', status: 429, body });
    expect(await notifier.send(aMessage(), never)).toMatchObject({ result: 'retry', afterMs: 7_000 });
  });

  test('waits as usual where the JSON does not say', async () => {
    const { server, notifier } = await setUp('discord', discordService, {});
    server.failNext({ kind: 'answer', status: 429, body: '<html>', headers: { 'retry-after': '3' } });
    expect(await notifier.send(aMessage(), never)).toMatchObject({ result: 'retry', afterMs: 3_000 });
  });

  test('sends plain text where Telegram cannot read the markup', async () => {
    const { server, notifier } = await setUp('telegram', telegramService, { chat_id: '@backups' });
    const body = JSON.stringify({ ok: false, description: "Bad Request: can't parse entities: byte 7" });
    server.failNext({ kind: 'answer', status: 400, body });
    expect(await notifier.send(aMessage({ title: 'FAILED @all <b>' }), never)).toEqual({ result: 'ok' });
    expect(server.answers).toEqual([400, 200]);
    const { text, parse_mode: mode } = JSON.parse(last(server).body) as Record<string, string>;
    expect(mode).toBeUndefined();
    expect(text).toMatch(/^FAILED @\u200ball <b>\n/);
  });

  test('says the new number of a group of Telegram', async () => {
    const { server, notifier } = await setUp('telegram', telegramService, { chat_id: '-1001234' });
    const parameters = { migrate_to_chat_id: -1009 };
    const body = JSON.stringify({ ok: false, description: 'Bad Request: group upgraded', parameters });
    server.failNext({ kind: 'answer', status: 400, body });
    expect(await notifier.send(aMessage(), never)).toEqual({
      result: 'permanent',
      detail: 'the chat is now a supergroup: set chat_id to "-1009"',
    });
  });

  test('asks Discord for an answer that says whether the message was kept', async () => {
    const { server, notifier } = await setUp('discord', discordService, {});
    await notifier.send(aMessage(), never);
    expect(last(server).path).toMatch(/\?wait=true$/);
  });

  test('needs a topic for ntfy', async () => {
    const clock = createFakeClock();
    const parts = { clock, logger: quiet(clock), pacerOf: () => expect.fail() };
    const notifier = buildWebhook('ops', { url: 'https://ntfy.sh/', preset: 'ntfy' }, parts);
    expect(await notifier.send(aMessage(), never)).toEqual({
      result: 'permanent',
      detail: 'url does not end in the name of a topic, as https://ntfy.sh/my-topic does',
    });
    await notifier.close();
  });
});
