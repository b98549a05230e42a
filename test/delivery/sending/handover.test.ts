import { expect, test } from 'vitest';
import type { Clock } from '../../../src/clock.ts';
import { goOn, noteOf } from '../../../src/delivery/sending/handover.ts';
import { Lane } from '../../../src/delivery/sending/lane.ts';
import { HOUR_MS, SECOND_MS } from '../../../src/schedule/units.ts';

const NOW_AT = Date.UTC(2026, 0, 15, 12);

/** A clock that stands still. Each instance has a monotonic one of its own. */
function clockAt(nowAt: number, monotonicMs: number): Clock {
  return { now: () => nowAt, monotonic: () => monotonicMs, after: () => () => {} };
}

/** The lane of an instance that has just sent. */
function sentLane(clock: Clock): Lane {
  const lane = new Lane('ops');
  lane.lastSentMs = clock.monotonic();
  return lane;
}

test('whoever takes over a lane keeps the pace of the one before', () => {
  const before = clockAt(NOW_AT, 5_000);
  const after = clockAt(NOW_AT + 200, 90_000);
  const lane = new Lane('ops');
  goOn(lane, noteOf(sentLane(before), before), after);
  expect(lane.heldUntilMs - after.monotonic()).toBe(800);
});

test('a note by a clock that was ahead by days holds no message back for days', () => {
  const ahead = clockAt(NOW_AT + 72 * HOUR_MS, 5_000);
  const right = clockAt(NOW_AT, 90_000);
  const from = sentLane(ahead);
  from.storm.goOn(
    { start_at: ahead.now(), sent_count: 3, is_holding: true, is_behind: false },
    ahead.now() - ahead.monotonic(),
    ahead.monotonic(),
  );
  const lane = new Lane('ops');
  goOn(lane, noteOf(from, ahead), right);
  expect(lane.heldUntilMs - right.monotonic()).toBeLessThanOrEqual(HOUR_MS);
  const begunAt = lane.storm.note(0)!.start_at;
  expect(begunAt).toBeLessThanOrEqual(right.monotonic());
  expect(begunAt).toBeGreaterThan(right.monotonic() - SECOND_MS);
});
