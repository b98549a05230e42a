import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { redact } from '../../../src/core/text/redact.ts';
import { NotifierRegistry } from '../../../src/delivery/registry.ts';
import { DeliveryWorker } from '../../../src/delivery/sending/worker.ts';
import { type SlackServer, startSlackServer } from '../../support/slack-server.ts';
import { harness, type Harness, openingOf } from '../support/harness.ts';
import { aClosing } from '../support/records.ts';

let h: Harness;
let server: SlackServer;
let registry: NotifierRegistry;
let worker: DeliveryWorker;

beforeEach(async () => {
  h = harness();
  server = await startSlackServer({ enforcesPace: true, now: () => h.clock.now() });
  const { clock, logger, store } = h;
  registry = new NotifierRegistry({ clock, logger });
  const base = { store, owner: 'one', clock, logger, notifiers: registry };
  worker = new DeliveryWorker({
    ...base,
    random: () => 1,
    publicUrl: () => 'https://cron.example.com',
    redact,
  });
});

afterEach(async () => {
  const stopped = worker.stop();
  await h.clock.advance(60_000);
  await stopped;
  await registry.close();
  await server.close();
});

/** Starts the worker and lets fake time pass, in steps, until the server has accepted `count` messages. */
async function deliver(count: number, stepMs = 500): Promise<void> {
  worker.start(registry.apply([{ name: 'ops', type: 'slack', settings: { webhook_url: server.url } }]));
  await untilAccepted(count, stepMs);
}

async function untilAccepted(count: number, stepMs: number): Promise<void> {
  for (let steps = 0; server.messages.length < count; steps++) {
    if (steps > 20_000) throw new Error(`${server.messages.length} of ${count} messages`);
    await h.clock.advance(stepMs);
  }
}

function names(): string[] {
  return server.messages.map(({ text }) => text.split(' ')[1] ?? '');
}

describe('the delivery from the outbox to Slack', () => {
  test('keeps to the pace of Slack by itself', async () => {
    await h.owe(...[1, 2, 3, 4, 5].map((number) => openingOf(h.clock, number)));
    await deliver(5);
    expect(names().sort()).toEqual(['job-1', 'job-2', 'job-3', 'job-4', 'job-5']);
    expect(server.answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(server.messages[0]?.readable).toContain('FAILED job-1 on web1: exit 1 after 4m12s');
  });

  test('gets through whatever goes wrong on the way', async () => {
    server.failNext(
      { kind: 'answer', status: 500, body: 'rollup_error' },
      { kind: 'answer', status: 429, body: 'rate_limited', retryAfter: '20' },
      { kind: 'reset' },
      { kind: 'answer', status: 400, body: 'invalid_blocks' },
    );
    await h.owe(openingOf(h.clock, 1));
    await deliver(1);
    expect(server.answers.map(({ status }) => status)).toEqual([500, 429, null, 400, 200]);
    expect(server.messages[0]?.blocks).toEqual([]);
    const waited = server.answers.map(({ at }, index) => at - (server.answers[index - 1]?.at ?? at));
    expect(waited[2]).toBeGreaterThanOrEqual(20_000);
  });

  test('sends a message again whose request hangs', async () => {
    server.failNext({ kind: 'hang' });
    await h.owe(openingOf(h.clock, 1));
    await deliver(1, 5_000);
    expect(names()).toEqual(['job-1']);
    expect((await h.delivery('j1-i1.ops.opened')).attempts).toBe(2);
  });

  test('tells twice, by the same id, when the answer was lost', async () => {
    server.failNext({ kind: 'accept_and_drop' });
    await h.owe(openingOf(h.clock, 1));
    await deliver(2);
    expect(names()).toEqual(['job-1', 'job-1']);
  });

  test('gives up on a webhook that was revoked, and says so without its address', async () => {
    server.failNext({ kind: 'answer', status: 403, body: 'invalid_token' });
    await h.owe(openingOf(h.clock, 1), openingOf(h.clock, 2));
    await deliver(1);
    await h.clock.advance(2_000);
    expect(h.log.join('')).toContain('error="Slack answered 403 invalid_token: add a new webhook');
    // The second got through: the first is told again.
    await server.waitForMessages(1);
    for (let steps = 0; server.messages.length < 2 && steps < 100; steps++) await h.clock.advance(1_000);
    expect(names()).toEqual(['job-2', 'job-1']);
    const { items } = await h.store.deliveries({ skip: 0, limit: 10 });
    expect(JSON.stringify([items, h.log])).not.toContain(server.secret);
  });
});

describe('the delivery from the outbox to Slack by bot token', () => {
  test('ends an alert in its thread and in place, with all it had said', async () => {
    const settings = { bot_token: server.token, channel: 'ops', api_url: server.apiUrl };
    worker.start(registry.apply([{ name: 'ops', type: 'slack', settings }]));
    const opening = openingOf(h.clock, 1);
    await h.owe(opening);
    worker.wake();
    await untilAccepted(1, 500);
    const before = server.messages[0]?.readable.split('\n') ?? [];
    const about = { incident_id: opening.incident_id, job_id: opening.job_id };
    const { facts } = aClosing();
    const at = h.clock.now() + 7_200_000;
    await h.clock.advance(7_200_000);
    const due = { created_at: at, next_attempt_at: at, facts: { ...facts, job_name: 'job-1' } };
    await h.owe(aClosing({ ...about, ...due }));
    worker.wake();
    await untilAccepted(2, 500);
    const [alert, reply] = server.messages;
    expect(reply).toMatchObject({ threadTs: alert?.ts, isBroadcast: false });
    const [header, struck, ...rest] = alert?.readable.split('\n') ?? [];
    expect(header).toMatch(/^🟢 RESOLVED job-1: ran fine on web1/);
    expect(struck).toBe('~FAILED job-1 on web1: exit 1 after 4m12s~');
    expect(rest).toEqual(before.slice(1));
  });
});
