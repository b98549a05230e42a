import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Delivery } from '../../../src/core/model/records.ts';
import type { Message } from '../../../src/delivery/message/message.ts';
import { DOWN, harness, type Harness, openingOf, REVOKED } from '../support/harness.ts';
import { aClosing, aJob, anIncident, someFacts } from '../support/records.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../src/schedule/units.ts';

const GROUP_WAIT_MS = 10 * SECOND_MS;

let h: Harness;

beforeEach(() => {
  h = harness();
  h.ops.mergedLengthMax = 12_000;
});

afterEach(async () => {
  h.store.failsCommits = false;
  const stopped = h.worker.stop();
  await h.clock.advance(MINUTE_MS);
  await stopped;
});

function start(): Promise<void> {
  h.worker.start([...h.notifiers.keys()]);
  return h.clock.advance(0);
}

function openings(count: number, from = 1): Delivery[] {
  return Array.from({ length: count }, (_, i) => openingOf(h.clock, from + i));
}

function namesIn({ sections }: Message): string[] {
  return sections.flatMap(({ lines }) => lines.flatMap(({ names }) => names));
}

/** Every job that was told of, by any message, in the order of the messages. */
function told(): string[] {
  return h.ops.sent.flatMap((message) =>
    message.kind === 'merged' ? namesIn(message) : [message.title.split(' ')[1] ?? ''],
  );
}

function namesOf(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, i) => `job-${from + i}`);
}

async function statuses(): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  const { items } = await h.store.deliveries({ skip: 0, limit: 100_000 });
  for (const { status } of items) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

describe('a worker in a storm', () => {
  test('sends five at once, and what is owed beyond that in one message ten seconds after the first', async () => {
    await h.owe(...openings(12));
    await start();
    await h.clock.advance(GROUP_WAIT_MS - 1);
    expect(h.ops.titles.map((title) => title.split(' ')[1])).toEqual(namesOf(1, 5));
    await h.clock.advance(1);
    expect(h.ops.sent.map(({ kind }) => kind).slice(5)).toEqual(['merged']);
    expect(namesIn(h.ops.sent[5]!).sort()).toEqual(namesOf(6, 12).sort());
    expect(await statuses()).toEqual({ sent: 12 });
    expect(await h.delivery('j7-i1.ops.opened')).toMatchObject({
      merged_into: 'j6-i1.ops.opened',
      last_error: 'told with j6-i1.ops.opened',
    });
  });

  test('lets a lone alert go at once, before and after', async () => {
    await h.owe(openingOf(h.clock, 1));
    await start();
    expect(told()).toEqual(['job-1']);
    await h.owe(...openings(10, 2));
    h.worker.wake();
    await h.clock.advance(3 * GROUP_WAIT_MS);
    expect(told()).toHaveLength(11);
    await h.owe(openingOf(h.clock, 20));
    h.worker.wake();
    await h.clock.advance(0);
    expect(h.ops.titles.at(-1)).toContain('job-20');
  });

  test('gathers what comes within the ten seconds after a merged message into the next one', async () => {
    await h.owe(...openings(8));
    await start();
    await h.clock.advance(GROUP_WAIT_MS);
    expect(h.ops.sent).toHaveLength(6);
    for (let i = 0; i < 9; i += 1) {
      await h.owe(openingOf(h.clock, 100 + i));
      h.worker.wake();
      await h.clock.advance(SECOND_MS);
    }
    expect(h.ops.sent).toHaveLength(6);
    await h.clock.advance(SECOND_MS);
    expect(namesIn(h.ops.sent[6]!).sort()).toEqual(namesOf(100, 108));
  });

  test('loses no name of what does not fit into one message', async () => {
    h.ops.mergedLengthMax = 500;
    await h.owe(...openings(400));
    await start();
    await h.clock.advance(2 * MINUTE_MS);
    expect(told().sort()).toEqual(namesOf(1, 400).sort());
    // The first goes alone; with so many waiting no other does.
    expect(h.ops.sent.map(({ kind }) => kind).filter((kind) => kind !== 'merged')).toEqual(['opened']);
    expect(h.ops.sent.length).toBeGreaterThan(5);
    expect(await statuses()).toEqual({ sent: 400 });
  });

  test('takes from the outbox what does not fit into a lane of a thousand', async () => {
    await h.owe(...openings(2_500));
    await start();
    await h.clock.advance(2 * MINUTE_MS);
    expect(told().sort()).toEqual(namesOf(1, 2_500).sort());
    expect(h.ops.sent.length).toBeLessThan(10);
  });

  test('never merges for a notifier that takes each message alone', async () => {
    h.ops.mergedLengthMax = null;
    await h.owe(...openings(50));
    await start();
    expect(h.ops.sent.map(({ kind }) => kind)).toEqual(Array.from({ length: 50 }, () => 'opened'));
  });

  test('counts only what was taken by the notifier', async () => {
    h.ops.answers = [DOWN, DOWN, DOWN, DOWN, DOWN];
    await h.owe(...openings(9));
    await start();
    // Five were refused, and four of the others taken.
    expect(h.ops.sent).toHaveLength(4);
    await h.clock.advance(5 * SECOND_MS);
    expect(h.ops.sent).toHaveLength(5);
    await h.clock.advance(5 * SECOND_MS);
    expect(h.ops.sent.map(({ kind }) => kind)).toEqual([
      ...Array.from({ length: 5 }, () => 'opened'),
      'merged',
    ]);
    expect(told().sort()).toEqual(namesOf(1, 9).sort());
  });
});

describe('the content of a merged message', () => {
  test('is committed before it is sent, and stays so over attempts', async () => {
    await h.owe(...openings(8));
    await start();
    h.ops.answers = [DOWN];
    await h.clock.advance(GROUP_WAIT_MS);
    expect(await h.delivery('j6-i1.ops.opened')).toMatchObject({
      status: 'pending',
      attempts: 1,
      merged_ids: ['j7-i1.ops.opened', 'j8-i1.ops.opened'],
    });
    // What comes now is not squeezed in.
    await h.owe(openingOf(h.clock, 9));
    await h.clock.advance(5 * SECOND_MS);
    const merged = h.ops.sent.find(({ kind }) => kind === 'merged');
    expect(namesIn(merged!)).toEqual(['job-6', 'job-7', 'job-8']);
    await h.clock.advance(3 * GROUP_WAIT_MS);
    expect(told().sort()).toEqual(namesOf(1, 9));
  });

  test('goes out again as it was when its end could not be written down before a crash', async () => {
    await h.owe(...openings(8));
    await start();
    h.ops.answers = ['held'];
    await h.clock.advance(GROUP_WAIT_MS);
    expect(h.ops.attempts).toHaveLength(6);
    h.store.failsCommits = true;
    h.ops.release();
    await h.clock.advance(0);
    // Dead before it could write; the next one finds it after the lease.
    const stopped = h.worker.stop();
    await h.clock.advance(MINUTE_MS);
    await stopped;
    h.store.failsCommits = false;
    const next = h.another();
    next.start(['ops']);
    await h.clock.advance(2 * MINUTE_MS);
    const merged = h.ops.sent.filter(({ kind }) => kind === 'merged');
    expect(merged.map(namesIn)).toEqual([
      ['job-6', 'job-7', 'job-8'],
      ['job-6', 'job-7', 'job-8'],
    ]);
    expect(new Set(merged.map(({ deliveryId }) => deliveryId)).size).toBe(1);
    expect(h.ops.sent).toHaveLength(7);
    const end = next.stop();
    await h.clock.advance(MINUTE_MS);
    await end;
  });

  test('is given up together, and what is still open is owed again to the mended notifier', async () => {
    await h.owe(...openings(8));
    await start();
    h.ops.answers = [REVOKED];
    await h.clock.advance(GROUP_WAIT_MS);
    expect(await statuses()).toEqual({ sent: 5, dead: 3 });
    h.worker.notifiersChanged(['ops']);
    await h.clock.advance(3 * GROUP_WAIT_MS);
    expect(told().sort()).toEqual(namesOf(1, 8));
    const said = h.ops.sent.flatMap(({ fields }) => fields.filter(({ label }) => label === 'Not delivered'));
    expect(said[0]?.value).toContain('3 earlier messages');
    expect(await statuses()).toEqual({ sent: 8 });
  });

  test('is tried for as long as the youngest delivery in it', async () => {
    await h.owe(...openings(8));
    const old = await h.delivery('j6-i1.ops.opened');
    await h.owe({ ...old, created_at: h.clock.now() - 20 * HOUR_MS });
    await start();
    h.ops.always = DOWN;
    await h.clock.advance(20 * HOUR_MS);
    expect(await statuses()).toEqual({ sent: 5, pending: 3 });
    h.ops.always = { result: 'ok' };
    await h.clock.advance(10 * MINUTE_MS);
    expect(told().sort()).toEqual(namesOf(1, 8).sort());
  });

  test('is merged no more with what it was given up with, once it is owed again', async () => {
    await h.owe(...openings(7));
    await start();
    h.ops.answers = [REVOKED];
    await h.clock.advance(GROUP_WAIT_MS);
    await h.putIncident(anIncident({ id: 'j6-i1', job_id: 'j6', closed_at: h.clock.now() }));
    await h.clock.advance(GROUP_WAIT_MS);
    h.ops.always = { result: 'ok', receipt: 'm1' };
    h.worker.notifiersChanged(['ops']);
    await h.clock.advance(0);
    expect(h.ops.titles.at(-1)).toContain('job-7');
    expect(await h.delivery('j7-i1.ops.opened')).not.toHaveProperty('merged_into');
  });

  test('leaves its receipt for what follows about each incident, and says that it told of others', async () => {
    h.ops.always = { result: 'ok', receipt: 'm1' };
    await h.owe(...openings(7));
    await start();
    await h.clock.advance(2 * GROUP_WAIT_MS);
    for (const number of [1, 6, 7]) {
      const ids = { incident_id: `j${number}-i1`, job_id: `j${number}` };
      await h.owe({ ...aClosing(ids), next_attempt_at: h.clock.now() });
    }
    h.worker.wake();
    await h.clock.advance(0);
    expect(h.ops.sent.slice(-3).map(({ opening }) => opening)).toMatchObject([
      { receipt: 'm1', isMerged: false, said: { kind: 'opened' } },
      { receipt: 'm1', isMerged: true, said: null },
      { receipt: 'm1', isMerged: true, said: null },
    ]);
  });

  test('goes its own way when the delivery it was merged into is removed with its job', async () => {
    await h.owe(...openings(8));
    await start();
    h.ops.answers = [DOWN];
    await h.clock.advance(GROUP_WAIT_MS);
    await h.store.transact({ ids: ['j6'] }, (tx) => tx.deleteJob('j6'));
    await h.clock.advance(3 * GROUP_WAIT_MS);
    expect(told().sort()).toEqual(['job-1', 'job-2', 'job-3', 'job-4', 'job-5', 'job-7', 'job-8']);
  });

  test('is taken apart for a notifier that now takes each delivery alone', async () => {
    await h.owe(...openings(8));
    await start();
    h.ops.answers = [DOWN];
    await h.clock.advance(GROUP_WAIT_MS);
    const ids = { incident_id: 'j7-i1', job_id: 'j7' };
    await h.owe({ ...aClosing(ids), next_attempt_at: h.clock.now() });
    await h.putIncident(anIncident({ id: 'j7-i1', job_id: 'j7', closed_at: h.clock.now() }));
    h.ops.mergedLengthMax = null;
    h.worker.notifiersChanged(['ops']);
    await h.clock.advance(3 * GROUP_WAIT_MS);
    expect(h.ops.sent.slice(5).map(({ deliveryId, kind }) => [deliveryId, kind])).toEqual([
      ['j6-i1.ops.opened', 'opened'],
      ['j7-i1.ops.opened', 'opened_and_closed'],
      ['j8-i1.ops.opened', 'opened'],
    ]);
    expect(h.ops.attempts).toHaveLength(9);
    expect(await statuses()).toEqual({ sent: 9 });
  });

  test('is put together anew for a notifier whose messages are now shorter', async () => {
    h.ops.mergedLengthMax = 200_000;
    await h.owe(...openings(400));
    await start();
    h.ops.answers = [DOWN];
    await h.clock.advance(GROUP_WAIT_MS);
    expect((await h.delivery('j2-i1.ops.opened')).merged_ids).toHaveLength(398);
    h.ops.mergedLengthMax = 500;
    h.worker.notifiersChanged(['ops']);
    await h.clock.advance(2 * MINUTE_MS);
    expect(told().sort()).toEqual(namesOf(1, 400).sort());
    for (const { sections } of h.ops.sent) expect(JSON.stringify(sections).length).toBeLessThan(1_500);
    expect(await statuses()).toEqual({ sent: 400 });
  });

  test('goes out one by one where a bug keeps it from being put together', async () => {
    await h.owe(...openings(9));
    const broken = openingOf(h.clock, 7);
    await h.owe({ ...broken, facts: { ...broken.facts, expected_at: NaN, at: NaN, reason: 'missed' } });
    await start();
    await h.clock.advance(3 * GROUP_WAIT_MS);
    // Of which only a bare message can be written.
    expect(h.ops.titles.filter((title) => title === 'IN TROUBLE job-7: missed')).toHaveLength(1);
    expect(told().sort()).toEqual([...namesOf(1, 6), ...namesOf(8, 9), 'TROUBLE'].sort());
    expect(h.log.join('')).toContain('error several messages could not be put together');
    expect(await statuses()).toEqual({ sent: 9 });
  });

  test('includes the closing of an incident that closed before it was told, and nothing of that comes after', async () => {
    await h.owe(...openings(8));
    const closing = aClosing({ incident_id: 'j8-i1', job_id: 'j8', facts: someFacts({ job_name: 'job-8' }) });
    await start();
    await h.owe({ ...closing, created_at: h.clock.now(), next_attempt_at: h.clock.now() });
    await h.putIncident(anIncident({ id: 'j8-i1', job_id: 'j8', closed_at: h.clock.now() }));
    await h.clock.advance(3 * GROUP_WAIT_MS);
    expect(h.ops.sent).toHaveLength(6);
    const lines = h.ops.sent[5]!.sections.flatMap(({ lines: each }) => each);
    expect(lines.find(({ names }) => names.includes('job-8'))?.what).toContain('AND RESOLVED');
    expect(await statuses()).toEqual({ sent: 9 });
  });

  test('comes before a closing that is owed after it was put together', async () => {
    await h.owe(...openings(8));
    await start();
    h.ops.answers = [DOWN];
    await h.clock.advance(GROUP_WAIT_MS);
    const closing = aClosing({ incident_id: 'j8-i1', job_id: 'j8', facts: someFacts({ job_name: 'job-8' }) });
    await h.owe({ ...closing, next_attempt_at: h.clock.now() });
    h.worker.wake();
    await h.clock.advance(0);
    expect(h.ops.sent).toHaveLength(5);
    await h.clock.advance(3 * GROUP_WAIT_MS);
    expect(h.ops.sent.map(({ kind }) => kind).slice(5)).toEqual(['merged', 'closed']);
  });

  test('leaves out a pause, which is told alone and at once to those that keep state', async () => {
    h.ops.keepsState = true;
    await h.owe(...openings(8));
    await start();
    await h.owe({ ...openingOf(h.clock, 50), id: 'j50-i1.ops.closed', kind: 'closed_silently' });
    h.worker.wake();
    await h.clock.advance(0);
    expect(h.ops.sent.map(({ kind }) => kind).slice(5)).toEqual(['closed_silently']);
  });

  test('leaves out reminders that something newer has overtaken', async () => {
    await h.owe(...openings(7));
    await start();
    const reminder = { ...openingOf(h.clock, 30), id: 'j30-i1.ops.reminder.1', kind: 'reminder' as const };
    await h
      .putIncident(anIncident({ id: 'j30-i1', job_id: 'j30', reminder_count: 2 }))
      .catch(() => undefined);
    await h.store.transact({ all: true }, (tx) => {
      tx.putJob(aJob({ id: 'j30', name: 'job-30' }));
      tx.putIncident(anIncident({ id: 'j30-i1', job_id: 'j30', reminder_count: 2 }));
      tx.putDelivery(reminder);
    });
    await h.clock.advance(3 * GROUP_WAIT_MS);
    expect(told().sort()).toEqual(namesOf(1, 7));
    expect((await h.delivery(reminder.id)).last_error).toBe('no message: overtaken by what came after');
  });
});
