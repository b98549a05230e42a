import { describe, expect, test } from 'vitest';
import type { LoggedEvent } from '../../src/core/model/event.ts';
import { MINUTE_MS } from '../../src/schedule/units.ts';
import { readAgain } from '../../src/store/read-again.ts';
import type { Past, Store, Tx } from '../../src/store/store.ts';
import { incident, job, NOW_AT, ping, run } from '../support/records.ts';
import { openBeforeEach, rows } from './stores.ts';

const LIMITS = { bytes_max: 2 ** 30, ms_max: 60_000 };

const pinged = (after: number): LoggedEvent => ({
  type: 'ping',
  ping: ping({ received_at: NOW_AT + after, output: 'x'.repeat(200) }),
});
const eventsOf = async (past: Past): Promise<LoggedEvent[]> => {
  const events: LoggedEvent[] = [];
  for await (const { event } of past.events()) events.push(event);
  return events;
};

/** The log of commits for one job, which explanations are read from. */
describe.each(rows)('the past of a job in the $name store', ({ make }) => {
  let store: Store;
  openBeforeEach(make, (opened) => (store = opened));

  const write = (fn: (tx: Tx) => void): Promise<void> => store.transact({ all: true }, fn);
  // Ids of jobs are UUIDs, which a store may write otherwise.
  test.each([
    ['a', 'b'],
    ['3f6e2d1c-0000-4000-8000-00000000000a', '3f6e2d1c-0000-4000-8000-00000000000b'],
  ])('has every event of job %s since the records that it begins with, and none of another', async (a, b) => {
    await write((tx) => {
      tx.putJob(job(a));
      tx.putJob(job(b));
    });
    const all: LoggedEvent[] = [];
    for (let minute = 1; minute <= 30; minute += 1) {
      const event = pinged(minute * MINUTE_MS);
      all.push(event);
      await write((tx) => {
        tx.putJob(job(a, {}, { run_count: minute }));
        tx.putRun(run(a, minute));
        tx.logEvent(a, event);
        tx.logEvent(b, pinged(minute * MINUTE_MS + 1));
      });
    }
    // A store may prune its log while the last commits are read.
    const { past, events } = await readAgain(async () => {
      const opened = await store.past(a, NOW_AT + 60 * MINUTE_MS, LIMITS);
      return { past: opened, events: await eventsOf(opened) };
    });
    expect(past.begin_at).toBeGreaterThanOrEqual(past.log_from_at);
    const begun = past.begin?.job.state.run_count ?? 0;
    expect(events).toEqual(all.slice(begun));
    expect(past.begin?.runs.map(({ number }) => number) ?? []).toEqual(
      Array.from({ length: begun }, (_, index) => index + 1),
    );
  });

  test('begins where the log does, if that does not go back so far', async () => {
    await write((tx) => tx.putJob(job('a')));
    await write((tx) => tx.logEvent('a', pinged(0)));
    const past = await store.past('a', 0, LIMITS);
    expect(past.begin_at).toBe(past.log_from_at);
    expect(await eventsOf(past)).toEqual([pinged(0)]);
  });

  test('begins with the incident that is open, and with meta values', async () => {
    await write((tx) => {
      tx.putJob(job('a'));
      tx.putIncident(incident('a-i1', 'a', { closed_at: NOW_AT }));
      tx.putIncident(incident('a-i2', 'a'));
      tx.putMeta('settings', { of: 'then' });
    });
    for (let count = 0; count < 20; count += 1) await write((tx) => tx.logEvent('a', pinged(count)));
    const { begin } = await store.past('a', NOW_AT + MINUTE_MS, LIMITS);
    // A store that keeps all events begins before the job, and then there is nothing to begin with.
    if (begin === null) return;
    expect(begin.incident?.id).toBe('a-i2');
    expect(begin.meta('settings')).toEqual({ of: 'then' });
  });

  test('is empty for a job that there never was', async () => {
    await write((tx) => {
      tx.putJob(job('a'));
      tx.logEvent('a', pinged(0));
    });
    const past = await store.past('nope', NOW_AT, LIMITS);
    expect(past.begin).toBeNull();
    expect(await eventsOf(past)).toEqual([]);
  });

  test('is refused beyond the limit of bytes', async () => {
    await write((tx) => {
      tx.putJob(job('a'));
      for (let count = 0; count < 100; count += 1) tx.logEvent('a', pinged(count));
    });
    const reading = store.past('a', NOW_AT, { ...LIMITS, bytes_max: 100 }).then(eventsOf);
    await expect(reading).rejects.toMatchObject({ code: 'overloaded' });
  });
});
