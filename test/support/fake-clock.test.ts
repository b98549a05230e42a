import { describe, expect, test } from 'vitest';
import { sleep } from '../../src/clock.ts';
import { createFakeClock, DEFAULT_START_AT } from './fake-clock.ts';

describe('createFakeClock', () => {
  test('runs timers in order, each at its own instant, those set meanwhile too', async () => {
    const clock = createFakeClock(1_000);
    const seen: string[] = [];
    const note = (name: string) => (): void => void seen.push(`${name} ${clock.now()}`);
    clock.after(20, note('b'));
    clock.after(10, () => {
      note('a')();
      clock.after(5, note('a2'));
    });
    clock.after(20, note('c'));
    clock.after(31, note('late'));
    clock.after(15, note('cancelled'))();
    await clock.advance(30);
    expect(seen).toEqual(['a 1010', 'a2 1015', 'b 1020', 'c 1020']);
    expect([clock.now(), clock.monotonic(), clock.timerCount]).toEqual([1_030, 30, 1]);
  });

  test('lets promises go on between timers', async () => {
    const clock = createFakeClock();
    const seen: number[] = [];
    const loop = (async () => {
      for (let round = 0; round < 3; round++) {
        await sleep(clock, 1_000);
        seen.push(clock.now() - DEFAULT_START_AT);
      }
    })();
    await clock.advance(3_000);
    await loop;
    expect(seen).toEqual([1_000, 2_000, 3_000]);
  });

  test('steps the wall clock without a timer noticing', async () => {
    const clock = createFakeClock(5_000);
    let fired = 0;
    clock.after(100, () => (fired += 1));
    clock.set(1_000);
    expect([clock.now(), clock.monotonic(), fired]).toEqual([1_000, 0, 0]);
    await clock.advance(100);
    expect([clock.now(), clock.monotonic(), fired]).toEqual([1_100, 100, 1]);
  });
});
