import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { JobDelivery } from '../../../src/core/model/records.ts';
import { redact } from '../../../src/core/text/redact.ts';
import { NotifierRegistry } from '../../../src/delivery/registry.ts';
import { DeliveryWorker } from '../../../src/delivery/sending/worker.ts';
import { type SlackServer, startSlackServer } from '../../support/slack-server.ts';
import { harness, type Harness, openingOf } from '../support/harness.ts';
import { SECOND_MS } from '../../../src/schedule/units.ts';

const INCIDENTS = 5_000;
const GROUPS = ['billing', 'reporting', undefined];

let h: Harness;
let server: SlackServer;
let registry: NotifierRegistry;
let worker: DeliveryWorker;

/** Requests under way: time stands still until they end, however busy the machine is. */
const requests = { underWay: 0 };
const begins = (): void => void (requests.underWay += 1);
const ends = (): void => void (requests.underWay -= 1);

beforeEach(async () => {
  requests.underWay = 0;
  subscribe('undici:request:create', begins);
  for (const end of ['trailers', 'error']) subscribe(`undici:request:${end}`, ends);
  h = harness();
  const { clock, logger, store } = h;
  server = await startSlackServer({ enforcesPace: true, now: () => clock.now() });
  registry = new NotifierRegistry({ clock, logger });
  const base = { store, owner: 'one', clock, logger, notifiers: registry };
  worker = new DeliveryWorker({ ...base, random: () => 1, publicUrl: () => null, redact });
});

afterEach(async () => {
  const stopped = worker.stop();
  await h.clock.advance(60 * SECOND_MS);
  await stopped;
  await registry.close();
  await server.close();
  unsubscribe('undici:request:create', begins);
  for (const end of ['trailers', 'error']) unsubscribe(`undici:request:${end}`, ends);
});

async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    await h.clock.advance(100);
    while (requests.underWay > 0) await new Promise((resolve) => setTimeout(resolve, 1));
    await h.clock.advance(0);
  }
}

function nameOf(number: number): string {
  return `nightly-export-of-customer-number-${String(number).padStart(6, '0')}`;
}

/** The opening of one more incident, of a job of its own. */
async function fail(from: number, count: number): Promise<void> {
  const openings = Array.from({ length: count }, (_, i): JobDelivery => {
    const opening = openingOf(h.clock, from + i);
    return { ...opening, facts: { ...opening.facts, job_name: nameOf(from + i) } };
  });
  await h.owe(...openings);
  await h.store.transact({ all: true }, (tx) => {
    for (let number = from; number < from + count; number += 1) {
      const job = tx.jobById(`j${number}`)!;
      const group = GROUPS[number % GROUPS.length];
      if (group !== undefined) tx.putJob({ ...job, declaration: { ...job.declaration, group } });
    }
  });
  worker.wake();
}

test.each(['by webhook', 'by bot token'])(
  '5,000 incidents in a second are told in at most 20 messages within a minute, each by name (%s)',
  async (way) => {
    const settings =
      way === 'by webhook'
        ? { webhook_url: server.url }
        : { bot_token: server.token, channel: 'ops', api_url: server.apiUrl };
    worker.start(registry.apply([{ name: 'ops', type: 'slack', settings }]));
    expect(nameOf(1)).toHaveLength(40);
    const beganAt = h.clock.now();
    for (let from = 0; from < INCIDENTS; from += INCIDENTS / 10) {
      await fail(from, INCIDENTS / 10);
      await pass(100);
    }
    await pass(59 * SECOND_MS);
    const lastAt = server.answers.at(-1)?.at ?? Infinity;
    expect(lastAt - beganAt).toBeLessThanOrEqual(60 * SECOND_MS);
    expect(server.messages.length).toBeLessThanOrEqual(20);
    expect(new Set(server.answers.map(({ status }) => status))).toEqual(new Set([200]));
    const told = server.messages.flatMap(({ readable }) => readable.match(/nightly-[a-z0-9-]+/g) ?? []);
    expect(new Set(told).size).toBe(INCIDENTS);
    const { total } = await h.store.deliveries({ status: 'sent', skip: 0, limit: 1 });
    expect(total).toBe(INCIDENTS);
    // The first is told at once and alone.
    expect(server.answers[0]?.at).toBeLessThan(beganAt + SECOND_MS);
    expect(server.messages[0]?.text).toMatch(/^FAILED nightly-export-of-customer-number-\d+ on web1: exit 1/);
  },
);
