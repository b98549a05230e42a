import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Notifier } from '../../../src/delivery/notifier.ts';
import { buildWebhook } from '../../../src/delivery/webhook/notifier.ts';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.ts';
import { startWebhookServer, type WebhookServer } from '../../support/webhook-server.ts';
import { quiet } from '../support/logger.ts';
import { aMessage } from '../support/message.ts';

const never = new AbortController().signal;
const TOKEN = 'XsecretXhookXtokenX';

let server: WebhookServer;
let clock: FakeClock;
let notifiers: Notifier[];

beforeEach(async () => {
  server = await startWebhookServer();
  clock = createFakeClock();
  notifiers = [];
});

afterEach(async () => {
  for (const notifier of notifiers) await notifier.close();
  await server.close();
});

function hook(settings: object = {}): Notifier {
  const parts = { clock, logger: quiet(clock), pacerOf: () => expect.fail() };
  const notifier = buildWebhook('ops', { url: `${server.origin}/hooks/${TOKEN}?a=1`, ...settings }, parts);
  notifiers.push(notifier);
  return notifier;
}

describe('a webhook', () => {
  test('posts JSON, with the headers that were given', async () => {
    const headers = { Authorization: 'Bearer 0123456789', 'X-Team': 'ops' };
    expect(await hook({ headers }).send(aMessage(), never)).toEqual({ result: 'ok' });
    const [request] = server.accepted;
    expect(request).toMatchObject({
      method: 'POST',
      path: `/hooks/${TOKEN}?a=1`,
      headers: {
        'content-type': 'application/json',
        'user-agent': 'cronflow',
        authorization: 'Bearer 0123456789',
        'x-team': 'ops',
        'cronflow-delivery': 'j1-i1.ops.opened',
      },
    });
    expect(JSON.parse(request?.body ?? '')).toMatchObject({ version: 1, event: 'opened' });
  });

  test('sends the user and password of an address as the header that they mean', async () => {
    const url = `${server.origin.replace('://', '://us%40er:pass%3Aword@')}/x`;
    await hook({ url }).send(aMessage(), never);
    expect(server.accepted[0]?.headers.authorization).toBe(`Basic ${btoa('us@er:pass:word')}`);
  });

  test('takes no redirect', async () => {
    server.failNext({ kind: 'answer', status: 308, headers: { location: '/elsewhere' } });
    expect(await hook().send(aMessage(), never)).toEqual({
      result: 'permanent',
      detail:
        'the webhook answered 308, a redirect, which is not followed: give url the address that it leads to',
    });
    expect(server.answers).toEqual([308]);
  });

  test.each([
    [500, 'retry'],
    [503, 'retry'],
    [429, 'retry'],
    [408, 'retry'],
    [400, 'permanent'],
    [404, 'permanent'],
    [410, 'permanent'],
  ])('takes the answer %i for %s', async (status, result) => {
    server.failNext({ kind: 'answer', status });
    expect(await hook().send(aMessage(), never)).toMatchObject({ result });
  });

  test('hands on how long the receiver wants to be left alone', async () => {
    server.failNext({ kind: 'answer', status: 503, headers: { 'retry-after': '120' } });
    expect(await hook().send(aMessage(), never)).toMatchObject({ result: 'retry', afterMs: 120_000 });
  });

  test.each(['reset', 'accept_and_drop'] as const)(
    'tries again after a connection that broke: %s',
    async (kind) => {
      server.failNext({ kind });
      expect(await hook().send(aMessage(), never)).toEqual({
        result: 'retry',
        detail: 'the webhook could not be reached (UND_ERR_SOCKET: the connection was broken off)',
      });
    },
  );

  test('tries again when nobody listens', async () => {
    const notifier = hook();
    await server.close();
    expect(await notifier.send(aMessage(), never)).toEqual({
      result: 'retry',
      detail: 'the webhook could not be reached (ECONNREFUSED: nothing listens there)',
    });
  });

  test('ends with the signal', async () => {
    server.failNext({ kind: 'hang' });
    const controller = new AbortController();
    const sent = hook().send(aMessage(), controller.signal);
    await expect.poll(() => server.answers.length).toBe(1);
    controller.abort();
    expect(await sent).toEqual({ result: 'retry', detail: 'the webhook did not answer in time' });
  });

  test('waits for what is being sent before it is closed', async () => {
    const notifier = hook();
    const sent = notifier.send(aMessage(), never);
    await notifier.close();
    notifiers = [];
    expect(await sent).toEqual({ result: 'ok' });
  });

  test('tells no secret that the receiver repeats', async () => {
    const headers = { Authorization: 'Bearer 0123456789' };
    for (const body of [`no hook ${TOKEN}`, `no GET /hooks/${TOKEN}?a=1`, 'bad token 0123456789']) {
      server.failNext({ kind: 'answer', status: 401, body });
      const sent = await hook({ headers }).send(aMessage(), never);
      expect(sent).toMatchObject({ result: 'permanent', detail: expect.stringContaining('***') });
      expect(JSON.stringify(sent)).not.toMatch(/XsecretX|0123456789/);
    }
  });
});
