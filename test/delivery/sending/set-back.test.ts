import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { redact } from '../../../src/core/text/redact.ts';
import { DeliveryWorker } from '../../../src/delivery/sending/worker.ts';
import { silentLogger } from '../../../src/observe/log.ts';
import { settle } from '../../support/fake-clock.ts';
import { startMemoryService } from '../../support/memory-service.ts';
import { DOWN, FakeNotifier, harness, openingOf } from '../support/harness.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../src/schedule/units.ts';

/** An ordinary Tuesday. */
const START_AT = Date.UTC(2026, 1, 3, 9);

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** The parts from a ping to the notifier, with the sign of life that is stored every 10 s. */
async function service() {
  const parts = await startMemoryService(START_AT);
  const { clock, store, liveness, configure } = parts;
  await configure({ backup: { schedule: '0 2 * * *', failure_threshold: 1 } });
  await liveness.start();
  const ops = new FakeNotifier('ops', clock);
  const worker = new DeliveryWorker({
    store,
    owner: 'one',
    clock,
    logger: silentLogger,
    random: () => 1,
    notifiers: new Map([['ops', ops]]),
    publicUrl: () => null,
    redact,
  });
  worker.start(['ops']);
  stops.push(async () => {
    await worker.stop();
    await liveness.stop();
  });
  /** A ping, and what the commit wakes. */
  const ping = async (...args: Parameters<typeof parts.ping>): Promise<void> => {
    await parts.ping(...args);
    worker.wake();
    await settle();
  };
  return { ...parts, ops, worker, ping };
}

describe('a worker whose wall clock is set back', () => {
  test('tells of a failure that comes between the step and the next sign of life', async () => {
    await fc.assert(
      fc.asyncProperty(
        // From a second, which is no step, to two days.
        fc.integer({ min: SECOND_MS, max: 48 * HOUR_MS }),
        fc.integer({ min: 0, max: 9 * SECOND_MS }),
        fc.integer({ min: 0, max: 9 * SECOND_MS }),
        fc.constantFrom('start', 'success', null),
        async (stepMs, beforeMs, afterMs, kind) => {
          const { clock, ops, ping, store } = await service();
          if (kind !== null) await ping('backup', kind);
          await clock.advance(beforeMs);
          clock.set(clock.now() - stepMs);
          await clock.advance(afterMs);
          await ping('backup', 'failure', { exit_code: 3 });
          const { items } = await store.deliveries({ skip: 0, limit: 10 });
          expect(items).toEqual([
            expect.objectContaining({ created_at: clock.now(), next_attempt_at: clock.now() }),
          ]);
          expect(ops.attempts).toEqual([{ at: clock.now(), deliveryId: items[0]!.id }]);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('dates a failure by the clock as it is, and takes no duration out of the step', async () => {
    const { clock, ops, ping } = await service();
    await ping('backup', 'start');
    clock.set(clock.now() - 3 * HOUR_MS - 17 * MINUTE_MS);
    await clock.advance(4 * SECOND_MS);
    await ping('backup', 'failure', { exit_code: 3 });
    const { facts } = ops.sent[0]!.source.delivery;
    expect(facts).toMatchObject({ at: clock.now(), incident_opened_at: clock.now(), duration_ms: 0 });
  });

  test('tells of an end that comes between the step and the next sign of life', async () => {
    const { clock, ops, ping, worker } = await service();
    await ping('backup', 'failure', { exit_code: 3 });
    await ping('backup', 'start', { rid: 'r2' });
    clock.set(clock.now() - 90 * MINUTE_MS);
    // The worker sees the step before there is anything to make due.
    worker.wake();
    await clock.advance(2 * SECOND_MS);
    await ping('backup', 'success', { rid: 'r2' });
    expect(ops.sent.map(({ kind }) => kind)).toEqual(['opened', 'closed']);
    expect(ops.attempts.at(-1)?.at).toBe(clock.now());
  });

  test('tries at once what waited for its next attempt, whoever noticed the step', async () => {
    const h = harness();
    stops.push(() => h.worker.stop());
    h.ops.answers = [DOWN];
    await h.owe(openingOf(h.clock, 1));
    h.worker.start(['ops']);
    await h.clock.advance(0);
    expect(h.ops.attempts).toHaveLength(1);
    // It was set back before this worker ever looked: only the stored sign of life tells.
    h.worker.clockSetBack();
    await h.clock.advance(0);
    expect(h.ops.sent).toHaveLength(1);
  });

  test('adds up steps that are each too small to be one', async () => {
    const h = harness();
    stops.push(() => h.worker.stop());
    h.ops.always = DOWN;
    await h.owe(openingOf(h.clock, 1));
    h.worker.start(['ops']);
    // Five attempts: the next one is 80 s away.
    await h.clock.advance(80 * SECOND_MS);
    h.ops.always = { result: 'ok' };
    for (let step = 0; step < 4; step++) {
      h.clock.set(h.clock.now() - 40 * SECOND_MS);
      await h.clock.advance(10 * SECOND_MS);
    }
    expect(h.ops.sent).toHaveLength(1);
  });
});
