import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sleep } from '../../../src/clock.ts';
import type { Message } from '../../../src/delivery/message/message.ts';
import { KINDS } from '../../../src/delivery/registry.ts';
import { Pacer } from '../../../src/delivery/transport/pacer.ts';
import { DOWN, harness, type Harness, OK, openingOf } from '../support/harness.ts';
import { quiet } from '../support/logger.ts';
import { aClosing, anIncident } from '../support/records.ts';
import { SECOND_MS } from '../../../src/schedule/units.ts';

const GROUP_WAIT_MS = 10 * SECOND_MS;

/** As people configure them: how many messages a kind takes at a time, and how much of a storm, is its own. */
const SETTINGS = {
  email: { host: 'mail.example.com', from: 'a@example.com', to: ['b@example.com'] },
  slack: { webhook_url: 'https://hooks.slack.com/services/T/B/x' },
  bot: { bot_token: 'xoxb-0', channel: 'C1' },
};

interface Sent {
  message: Message;
  fromMs: number;
  toMs: number;
}

let h: Harness;
let sent: Sent[];

beforeEach(() => {
  h = harness();
  sent = [];
});

afterEach(async () => {
  const stopped = h.worker.stop();
  await h.clock.advance(60 * SECOND_MS);
  await stopped;
});

/** Makes `ops` take messages as a kind does, each for so long; a slow disk is part of the picture. */
function become(name: keyof typeof SETTINGS, sendMs: number, commitMs: number, downMs = 0): void {
  const { clock, ops } = h;
  const parts = { clock, logger: quiet(clock), pacerOf: () => new Pacer(clock, 0) };
  const real = KINDS[name === 'bot' ? 'slack' : name]!('ops', SETTINGS[name], parts);
  ops.concurrency = real.concurrency;
  ops.mergedLengthMax = real.mergedLengthMax;
  h.store.slow = { clock, commitMs };
  ops.send = async (message) => {
    const fromMs = clock.monotonic();
    await sleep(clock, sendMs);
    if (clock.monotonic() < downMs) return DOWN;
    sent.push({ message, fromMs, toMs: clock.monotonic() });
    return OK;
  };
}

/** Owes one delivery after another, evenly over a time. */
async function overTime(count: number, ms: number, owe: (number: number) => Promise<void>): Promise<void> {
  for (let number = 1; number <= count; number += 1) {
    await owe(number);
    h.worker.wake();
    await h.clock.advance(ms / count);
  }
  await h.clock.advance(4 * GROUP_WAIT_MS);
}

const fail = (number: number): Promise<void> => h.owe(openingOf(h.clock, number));

async function recover(number: number): Promise<void> {
  const at = h.clock.now();
  const ids = { incident_id: `j${number}-i1`, job_id: `j${number}` };
  await h.putIncident(
    anIncident({ id: ids.incident_id, job_id: ids.job_id, job_name: `job-${number}`, closed_at: at }),
  );
  const closing = aClosing(ids);
  const facts = { ...closing.facts, job_name: `job-${number}` };
  await h.owe({ ...closing, created_at: at, next_attempt_at: at, facts });
}

function namesOf({ message }: Sent): string[] {
  if (message.kind !== 'merged') return [/job-\d+/.exec(message.title)?.[0] ?? message.title];
  return message.sections.flatMap(({ lines }) => lines.flatMap(({ names }) => names));
}

/** Nothing goes out beside a merged message, nor within ten seconds after it. */
function expectApart(): void {
  for (const { message, toMs } of sent.filter((each) => each.message.kind === 'merged')) {
    const after = sent.filter((each) => each.message !== message && each.toMs > toMs);
    for (const { fromMs } of after) expect(fromMs - toMs).toBeGreaterThanOrEqual(GROUP_WAIT_MS);
  }
}

const numbers = (count: number): string[] => Array.from({ length: count }, (_, i) => `job-${i + 1}`).sort();

describe.each(['email', 'slack', 'bot'] as const)('a storm by %s', (name) => {
  test.each([
    { count: 200, ms: 25_000, sendMs: 300, commitMs: 150, messagesMax: 9 },
    { count: 77, ms: 9_600, sendMs: 50, commitMs: 400, messagesMax: 7 },
    { count: 120, ms: 40_000, sendMs: 2_500, commitMs: 5, messagesMax: 10 },
    { count: 60, ms: 60_000, sendMs: 100, commitMs: 900, messagesMax: 13 },
  ])(
    'of $count messages in $ms ms loses no name, and comes in few messages with pauses between',
    async ({ count, ms, sendMs, commitMs, messagesMax }) => {
      become(name, sendMs, commitMs);
      h.worker.start(['ops']);
      await overTime(count, ms, fail);
      expect(sent.flatMap(namesOf).sort()).toEqual(numbers(count));
      expectApart();
      expect(sent.length).toBeLessThanOrEqual(messagesMax);
      sent = [];
      await overTime(count, ms, recover);
      expect(sent.flatMap(namesOf).sort()).toEqual(numbers(count));
      expectApart();
      expect(sent.length).toBeLessThanOrEqual(messagesMax);
    },
  );

  test('holds back what comes after a merged message that was tried again', async () => {
    become(name, 200, 100, 14 * SECOND_MS);
    h.worker.start(['ops']);
    await overTime(100, 30 * SECOND_MS, fail);
    await h.clock.advance(30 * SECOND_MS);
    expect(sent.flatMap(namesOf).sort()).toEqual(numbers(100));
    const merged = sent.filter(({ message }) => message.kind === 'merged');
    expect(merged.length).toBeGreaterThan(0);
    expectApart();
  });
});
