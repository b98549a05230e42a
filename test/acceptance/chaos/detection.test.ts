import { expect, test } from 'vitest';
import { detectionsOf, type Logged } from './detection.ts';

const WINDOW_MS = 1_000;
const ping = (at: number): Logged => ({ job: 'a', at, event: { type: 'ping', ping: { received_at: at } } });
const tick = (at: number, job = 'a'): Logged => ({ job, at: at + 5, event: { type: 'tick', now_at: at } });
const gap = (from: number, to: number, at = to): Logged => ({
  job: 'a',
  at,
  event: { type: 'gap', from_at: from, to_at: to },
});

const cases: { what: string; rows: Logged[]; lateMs: number; looks: number }[] = [
  { what: 'a tick', rows: [ping(0), tick(2_100)], lateMs: 105, looks: 0 },
  { what: 'a ping that came late', rows: [ping(0), ping(2_300)], lateMs: 300, looks: 0 },
  {
    what: 'a tick after one that passed it over',
    rows: [ping(0), tick(2_100, 'b'), tick(3_100)],
    lateMs: 1_105,
    looks: 1,
  },
  // Found by CI (seed 280867): nobody looked between the limit and the gap.
  {
    what: 'a gap that began after the limit',
    rows: [ping(0), gap(2_200, 4_600, 5_000)],
    lateMs: 3_000,
    looks: 0,
  },
  {
    what: 'a tick, after the wait for what was kept in a gap',
    rows: [ping(0), gap(1_900, 4_000), tick(5_100)],
    lateMs: 105,
    looks: 0,
  },
  {
    what: 'a tick, after a wait that ended in the next gap',
    rows: [ping(0), gap(1_900, 4_000), gap(4_500, 6_000), tick(7_100)],
    lateMs: 105,
    looks: 0,
  },
  {
    what: 'a tick, where the next gap was over before the wait was',
    rows: [ping(0), gap(1_900, 4_000), gap(4_500, 4_900), tick(5_100)],
    lateMs: 105,
    looks: 0,
  },
];

test.each(cases)('a limit is noticed by $what', ({ rows, lateMs, looks }) => {
  expect(detectionsOf(rows, new Map([['a', 2_000]]), WINDOW_MS)).toEqual([{ job: 'a', lateMs, looks }]);
});

test('a limit that nothing in the log noticed is told with what was logged', () => {
  const rows = [ping(0), gap(1_900, 4_000), tick(4_500)];
  expect(() => detectionsOf(rows, new Map([['a', 2_000]]), WINDOW_MS)).toThrow('nobody noticed a');
});
