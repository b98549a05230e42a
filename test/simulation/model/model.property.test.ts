import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Declaration } from '../../../src/core/model/declaration.ts';
import { PING_KINDS } from '../../../src/core/model/reasons.ts';
import type { Happening, Script, ScriptedPing, Telling } from '../script.ts';
import { expectedOf } from './model.ts';

const MINUTE_MS = 60_000;
const START_AT = Date.UTC(2026, 2, 28);
const DAYS_MS = 3 * 24 * 60 * MINUTE_MS;

const declarations: fc.Arbitrary<Declaration> = fc.record(
  {
    grace: fc.constantFrom('1s', '5m', '90m'),
    max_runtime: fc.constantFrom('10m', '3h'),
    overlap: fc.constantFrom('allow', 'forbid', 'skip'),
    failure_threshold: fc.constantFrom(1, 2, { failure: 2, missed: 1 }),
    recovery_threshold: fc.constantFrom(1, 2),
    remind_every: fc.constantFrom('1h', '7h'),
    notify: fc.constantFrom<NonNullable<Declaration['notify']>>(
      [],
      ['ops'],
      ['ops', { to: 'pager', on: ['missed'] }],
    ),
    maintenance: fc.constant([{ schedule: '30 1 * * *', duration: '3h' }]),
    max_open_runs: fc.constantFrom(1, 2),
    paused: fc.boolean(),
  },
  { requiredKeys: [] },
);
const spec = fc
  .tuple(
    declarations,
    fc.constantFrom<Declaration>(
      {},
      { schedule: '0 * * * *', timezone: 'Europe/Berlin' },
      { schedule: '30 2 * * *', timezone: 'Europe/Berlin' },
      { every: '50m' },
    ),
  )
  .map(([rest, when]): Declaration => ({ ...rest, ...when }));

const ping: fc.Arbitrary<ScriptedPing> = fc.record(
  {
    kind: fc.constantFrom(...PING_KINDS),
    rid: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'),
    duration_ms: fc.integer({ min: 0, max: 200 * MINUTE_MS }),
    delay_ms: fc.integer({ min: 0, max: 300 * MINUTE_MS }),
  },
  { requiredKeys: ['kind'] },
);

type Unplaced = {
  wait_ms: number;
  away_ms: number;
  happening: { type: Happening['type'] } & Record<string, unknown>;
};

const step: fc.Arbitrary<Unplaced> = fc.record({
  wait_ms: fc.integer({ min: 0, max: 150 * MINUTE_MS }),
  away_ms: fc.integer({ min: 1, max: 90 * MINUTE_MS }),
  happening: fc.oneof(
    { weight: 8, arbitrary: fc.record({ type: fc.constant('ping' as const), ping }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('edit' as const), declaration: fc.option(spec) }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constantFrom('pause' as const, 'resume' as const) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constant('away' as const),
        how: fc.constantFrom('crash', 'stop', 'suspend', 'store_failing'),
      }),
    },
  ),
});

const script: fc.Arbitrary<Script> = fc.tuple(spec, fc.array(step, { maxLength: 40 })).map(([job, steps]) => {
  let at = START_AT;
  const happenings: Happening[] = [];
  for (const { wait_ms: waitMs, away_ms: awayMs, happening } of steps) {
    at += waitMs;
    const placed = { ...happening, at, job: 'job', to_at: at + awayMs } as unknown as Happening;
    happenings.push(placed);
    if (placed.type === 'away') at = placed.to_at;
  }
  return {
    start_at: START_AT,
    end_at: Math.max(at, START_AT + DAYS_MS) + 1,
    replay_window_ms: 15 * MINUTE_MS,
    notifiers: ['ops', 'pager'],
    jobs: { job },
    happenings,
  };
});

/** Lists what is wrong with the order in which one notifier was told. */
function faultsOf(tellings: readonly Telling[]): string[] {
  const faults: string[] = [];
  let opened: Telling | null = null;
  for (const telling of tellings) {
    if (telling.kind === 'opened') {
      if (opened !== null) faults.push('told twice');
      opened = telling;
    } else if (opened === null) faults.push(`${telling.kind} of nothing`);
    else if (telling.kind !== 'reminder') opened = null;
  }
  return faults;
}

describe('the model itself', () => {
  test('opens, reminds and closes in this order, and gives up each slot once', () => {
    fc.assert(
      fc.property(script, (given) => {
        const verdict = expectedOf(given);
        for (const notifier of given.notifiers) {
          expect(faultsOf(verdict.tellings.filter((one) => one.notifier === notifier))).toEqual([]);
        }
        // `unknown` is not among them, because an anonymous run ends so, too, and the slot that it has taken over then
        // stands beside it.
        const givenUp = new Set(['missed', 'skipped']);
        const slots = verdict.endings
          .filter((one) => one.rid === null && givenUp.has(one.outcome ?? ''))
          .map((one) => one.slot_at)
          .filter((at) => at !== null);
        expect(new Set(slots).size).toBe(slots.length);
        // A run id is one run, and one more for each start that may have used it again.
        for (const rid of new Set(verdict.endings.map((one) => one.rid))) {
          if (rid === null) continue;
          const ended = verdict.endings.filter((one) => one.rid === rid);
          const starts = given.happenings.filter(
            (one) => one.type === 'ping' && one.ping.kind === 'start' && one.ping.rid === rid,
          );
          expect(ended.length).toBeLessThanOrEqual(1 + starts.length);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('says the same about the beginning of a script, however that goes on', () => {
    fc.assert(
      fc.property(script, fc.integer({ min: 0, max: DAYS_MS }), (given, cutMs) => {
        // A cut in the middle of an absence would make another script.
        const cutAt = START_AT + cutMs;
        fc.pre(
          !given.happenings.some(
            (one) => one.type === 'away' && one.at <= cutAt && cutAt <= one.to_at + 10_000,
          ),
        );
        const whole = expectedOf(given).tellings;
        const happenings = given.happenings.filter((one) => one.at < cutAt);
        const begun = expectedOf({ ...given, end_at: cutAt, happenings }).tellings;
        expect(whole.slice(0, begun.length)).toEqual(begun);
      }),
      { numRuns: 200 },
    );
  });
});
