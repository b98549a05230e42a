import { request } from 'undici';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type SlackServer, startSlackServer } from './slack-server.ts';

/** A test that Slack takes a message is worth only as much as the server that stands in for Slack is strict. */

let now = 0;
let server: SlackServer;
beforeEach(async () => {
  now = 1_000_000;
  server = await startSlackServer({ enforcesPace: true, now: () => now });
});
afterEach(() => server.close());

interface Answered {
  status: number;
  body: string;
  retryAfter: string | undefined;
}

async function post(url: string, body: string, headers: Record<string, string>): Promise<Answered> {
  const answer = await request(url, { method: 'POST', headers, body });
  const retryAfter = [answer.headers['retry-after']].flat()[0];
  return { status: answer.statusCode, body: await answer.body.text(), retryAfter };
}

const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };

function webhook(payload: object | string): Promise<Answered> {
  return post(server.url, typeof payload === 'string' ? payload : JSON.stringify(payload), JSON_TYPE);
}

async function api(method: string, call: object, token: string | null = server.token): Promise<unknown> {
  const authorization: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
  const { body } = await post(`${server.apiUrl}/${method}`, JSON.stringify(call), {
    ...JSON_TYPE,
    ...authorization,
  });
  const { ok, error } = JSON.parse(body) as { ok: boolean; error?: string };
  return ok ? 'ok' : error;
}

const text = (length: number, type = 'mrkdwn'): object => ({ type, text: 'x'.repeat(length) });
const section = (length: number): object => ({ type: 'section', text: text(length) });

/** Lists payloads with their fault, in the words of the webhook and in those of the Web API. */
const PAYLOADS: [string, object, string, string][] = [
  ['a header of 150', { text: 'x', blocks: [{ type: 'header', text: text(150, 'plain_text') }] }, 'ok', 'ok'],
  [
    'a header of 151',
    { text: 'x', blocks: [{ type: 'header', text: text(151, 'plain_text') }] },
    'invalid_blocks',
    'invalid_blocks',
  ],
  ['a header in mrkdwn', { blocks: [{ type: 'header', text: text(9) }] }, 'invalid_blocks', 'invalid_blocks'],
  ['a section of 3,000', { blocks: [section(3_000)] }, 'ok', 'ok'],
  ['a section of 3,001', { blocks: [section(3_001)] }, 'invalid_blocks', 'invalid_blocks'],
  ['an empty section', { blocks: [section(0)] }, 'invalid_blocks', 'invalid_blocks'],
  [
    '11 fields',
    { blocks: [{ type: 'section', fields: Array.from({ length: 11 }, () => text(1)) }] },
    'invalid_blocks',
    'invalid_blocks',
  ],
  [
    'a field of 2,001',
    { blocks: [{ type: 'section', fields: [text(2_001)] }] },
    'invalid_blocks',
    'invalid_blocks',
  ],
  [
    '11 elements',
    { blocks: [{ type: 'context', elements: Array.from({ length: 11 }, () => text(1)) }] },
    'invalid_blocks',
    'invalid_blocks',
  ],
  ['50 blocks', { blocks: Array.from({ length: 50 }, () => section(1)) }, 'ok', 'ok'],
  ['51 blocks', { blocks: Array.from({ length: 51 }, () => section(1)) }, 'invalid_blocks', 'invalid_blocks'],
  ['13,000 in all', { text: 'x'.repeat(1_000), blocks: [1, 2, 3, 4].map(() => section(3_000)) }, 'ok', 'ok'],
  [
    'more than 13,000 in all',
    { text: 'x'.repeat(1_001), blocks: [1, 2, 3, 4].map(() => section(3_000)) },
    'invalid_blocks',
    'msg_blocks_too_long',
  ],
  ['an unknown block', { blocks: [{ type: 'table' }] }, 'invalid_blocks', 'invalid_blocks'],
  ['blocks that are no list', { blocks: {} }, 'invalid_blocks_format', 'invalid_blocks_format'],
  ['no text', {}, 'no_text', 'no_text'],
  ['an empty text', { text: '', blocks: [] }, 'no_text', 'no_text'],
];

describe('the webhook of the stand-in for Slack', () => {
  test.each(PAYLOADS)('judges a message with %s as Slack does', async (_, payload, expected) => {
    expect(await webhook(payload)).toMatchObject({ status: expected === 'ok' ? 200 : 400, body: expected });
  });

  test('refuses what is no JSON, what is too large, and what is another type', async () => {
    expect((await webhook('{')).body).toBe('invalid_payload');
    expect((await webhook({ text: 'x'.repeat(100_000) })).body).toBe('invalid_payload');
    expect((await post(server.url, '{"text":"x"}', { 'content-type': 'text/plain' })).body).toBe(
      'invalid_payload',
    );
  });

  test('takes one message a second, and says how long to wait', async () => {
    expect((await webhook({ text: 'x' })).status).toBe(200);
    now += 999;
    expect(await webhook({ text: 'x' })).toEqual({ status: 429, body: 'rate_limited', retryAfter: '1' });
    now += 1;
    expect((await webhook({ text: 'x' })).status).toBe(200);
  });

  test('is at its address only', async () => {
    expect(await post(`${server.url}x`, '{"text":"x"}', JSON_TYPE)).toMatchObject({
      status: 404,
      body: 'no_service',
    });
  });
});

describe('the Web API of the stand-in for Slack', () => {
  test.each(PAYLOADS)('judges a message with %s as Slack does', async (_, payload, __, expected) => {
    expect(await api('chat.postMessage', { channel: 'ops', ...payload })).toBe(expected);
  });

  test('wants a token, a channel that there is, and a method', async () => {
    expect(await api('chat.postMessage', { channel: 'ops', text: 'x' }, null)).toBe('not_authed');
    expect(await api('chat.postMessage', { channel: 'ops', text: 'x' }, 'xoxb-other')).toBe('invalid_auth');
    expect(await api('chat.postMessage', { channel: 'nowhere', text: 'x' })).toBe('channel_not_found');
    expect(await api('chat.guess', { channel: 'ops', text: 'x' })).toBe('unknown_method');
  });

  test('takes one message a second in each channel', async () => {
    expect(await api('chat.postMessage', { channel: 'ops', text: 'x' })).toBe('ok');
    expect(await api('chat.postMessage', { channel: 'night', text: 'x' })).toBe('ok');
    expect(await api('chat.postMessage', { channel: '#ops', text: 'x' })).toBe('ratelimited');
    expect(server.answers.at(-1)?.status).toBe(429);
  });

  test('threads under messages that there are', async () => {
    await api('chat.postMessage', { channel: 'ops', text: 'x' });
    now += 1_000;
    const { ts } = server.messages[0]!;
    expect(await api('chat.postMessage', { channel: 'ops', text: 'y', thread_ts: '1.1' })).toBe(
      'thread_not_found',
    );
    expect(await api('chat.postMessage', { channel: 'ops', text: 'y', thread_ts: ts })).toBe('ok');
    expect(server.messages[1]).toMatchObject({ threadTs: ts, isBroadcast: false });
  });

  test('edits by the id of the channel, keeps blocks that are not replaced, and takes no long text', async () => {
    await api('chat.postMessage', { channel: 'ops', text: 'x', blocks: [section(1)] });
    const { ts, channel } = server.messages[0]!;
    expect(await api('chat.update', { channel: 'ops', ts, text: 'y' })).toBe('channel_not_found');
    expect(await api('chat.update', { channel, ts: '1.1', text: 'y' })).toBe('message_not_found');
    expect(await api('chat.update', { channel, ts, text: 'y'.repeat(4_001) })).toBe('msg_too_long');
    expect(await api('chat.update', { channel, ts, text: 'y' })).toBe('ok');
    expect(server.messages[0]).toMatchObject({ text: 'y', blocks: [section(1)], edits: 1 });
    expect(await api('chat.update', { channel, ts, text: 'z', blocks: [] })).toBe('ok');
    expect(server.messages[0]).toMatchObject({ text: 'z', blocks: [], edits: 2 });
  });
});
