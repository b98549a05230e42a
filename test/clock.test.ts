import { expect, test } from 'vitest';
import { createFollowingClock, type FollowingClock } from '../src/clock.ts';
import { createFakeClock, type FakeClock } from './support/fake-clock.ts';
import { seededRandom } from './support/random.ts';

const START = Date.UTC(2025, 0, 1);

/** A database whose clock is ahead of the wall clock of this process by `aheadMs`, and that answers after a while. */
function database(own: FakeClock, clock: FollowingClock, aheadMs: number) {
  let offsetMs = own.now() - own.monotonic() + aheadMs;
  const now = (): number => own.monotonic() + offsetMs;
  return {
    now,
    step: (byMs: number) => void (offsetMs += byMs),
    /** Asks for the time; the question takes `thereMs` and the answer `backMs`. */
    ask: async (thereMs: number, backMs: number) => {
      const sentMs = own.monotonic();
      await own.advance(thereMs);
      const at = now();
      await own.advance(backMs);
      clock.follow({ other_at: at, sent_ms: sentMs, received_ms: own.monotonic() });
    },
  };
}

test('the clock shows the time of the database, to half of the way there and back', async () => {
  const own = createFakeClock(START);
  const clock = createFollowingClock(own);
  expect(clock.now()).toBe(START);
  const { ask, now } = database(own, clock, -300_000);
  await ask(4, 0);
  expect(Math.abs(clock.now() - now())).toBeLessThanOrEqual(2);
});

test('a clock of this machine that is set changes nothing', async () => {
  const own = createFakeClock(START);
  const clock = createFollowingClock(own);
  const { ask, now } = database(own, clock, 0);
  await ask(1, 1);
  own.set(START - 3_600_000);
  expect(Math.abs(clock.now() - now())).toBeLessThanOrEqual(1);
  await ask(1, 1);
  expect(Math.abs(clock.now() - now())).toBeLessThanOrEqual(1);
});

test('slow answers make it neither leap nor go back', async () => {
  const own = createFakeClock(START);
  const clock = createFollowingClock(own);
  const { ask, now } = database(own, clock, 12_345);
  const random = seededRandom(7);
  await ask(1, 1);
  let last = clock.now();
  for (let round = 0; round < 500; round += 1) {
    await ask(Math.floor(random() * 900), Math.floor(random() * 900));
    expect(clock.now()).toBeGreaterThanOrEqual(last);
    last = clock.now();
    expect(Math.abs(last - now())).toBeLessThanOrEqual(5);
  }
});

test('a database whose clock was set is followed, both ways', async () => {
  const own = createFakeClock(START);
  const clock = createFollowingClock(own);
  const { ask, now, step } = database(own, clock, 0);
  await ask(1, 1);
  step(600_000);
  await ask(1, 1);
  expect(Math.abs(clock.now() - now())).toBeLessThanOrEqual(1);
  step(-1_200_000);
  await ask(1, 1);
  expect(Math.abs(clock.now() - now())).toBeLessThanOrEqual(1);
});

test('a small step back is made by standing still', async () => {
  const own = createFakeClock(START);
  const clock = createFollowingClock(own);
  const { ask, now, step } = database(own, clock, 0);
  await ask(0, 0);
  const before = clock.now();
  step(-400);
  await ask(0, 0);
  expect(clock.now()).toBe(before);
  await own.advance(500);
  expect(clock.now()).toBe(now());
});
