import { claimed } from '../../support/store.ts';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Message } from '../../../src/delivery/message/message.ts';
import { DOWN, harness, type Harness, openingOf } from '../support/harness.ts';
import { MINUTE_MS } from '../../../src/schedule/units.ts';

/** docs/design.md names none; more must never wait in the worker than the outbox could give it again in a moment. */
const HELD_MAX = 1_000;

let h: Harness;

beforeEach(() => {
  h = harness();
});

afterEach(async () => {
  const stopped = h.worker.stop();
  await h.clock.advance(MINUTE_MS);
  await stopped;
});

test.each([null, 12_000])(
  'the worker holds a thousand of all that wait, and leaves the rest in the outbox (merged length %s)',
  async (mergedLengthMax) => {
    h.ops.mergedLengthMax = mergedLengthMax;
    h.ops.answers = ['deaf'];
    const count = 4_000;
    await h.owe(...Array.from({ length: count }, (_, i) => openingOf(h.clock, i)));
    h.worker.start(['ops']);
    await h.clock.advance(5_000);
    const rest = await claimed(h.store, { now_at: h.clock.now(), lease_ms: 1, limit: count });
    expect(rest.length).toBeGreaterThanOrEqual(count - HELD_MAX - 1);
  },
);

test('the worker keeps nothing of what it has sent, or tried to send', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const given: WeakRef<Message | AbortSignal>[] = [];
  const send = h.ops.send.bind(h.ops);
  h.ops.send = (message, signal) => {
    given.push(new WeakRef(message), new WeakRef(signal));
    return send(message, signal);
  };
  h.ops.answers = [DOWN, DOWN];
  await h.owe(...Array.from({ length: 50 }, (_, i) => openingOf(h.clock, i)));
  h.worker.start(['ops']);
  await h.clock.advance(MINUTE_MS);
  expect(given.length).toBeGreaterThan(100);
  h.ops.sent.length = 0;
  // What the last of them left on the stack may live a moment longer.
  let kept = given.length;
  for (let round = 0; round < 20 && kept > 4; round += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    collect();
    kept = given.filter((each) => each.deref() !== undefined).length;
  }
  expect(kept).toBeLessThanOrEqual(4);
});
