import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Cron, compileCron } from '../../src/schedule/cron.ts';
import { clockOf, type Matcher, runsOf } from './oracle.ts';
import { DAY_MS, MINUTE_MS } from '../../src/schedule/units.ts';

// Every kind of change: by how many minutes, and about when (UTC).
const CHANGES: [zone: string, change: number, day: string][] = [
  ['America/New_York', 60, '2024-03-10'],
  ['America/New_York', -60, '2024-11-03'],
  ['Europe/Berlin', 60, '2025-03-30'],
  ['Europe/Dublin', -60, '2025-10-26'],
  ['Africa/Cairo', 60, '2024-04-25'], // at midnight
  ['Africa/Cairo', -60, '2024-10-31'], // at midnight
  ['America/Havana', -60, '2024-11-03'],
  ['Asia/Beirut', 60, '2024-03-30'],
  ['America/Santiago', 60, '2024-09-08'],
  ['Atlantic/Azores', -60, '2024-10-27'],
  ['Australia/Lord_Howe', 30, '2024-10-05'],
  ['Australia/Lord_Howe', -30, '2024-04-06'],
  ['Asia/Pyongyang', -30, '2015-08-14'],
  ['Pacific/Chatham', 60, '2024-09-28'],
  ['Antarctica/Troll', 120, '2024-03-31'],
  ['Antarctica/Troll', -120, '2024-10-27'],
  ['Antarctica/Casey', 180, '2018-10-06'], // as great as to be skipped
  ['Antarctica/Casey', -180, '2018-03-10'], // just small enough to be caught up with
  ['Antarctica/Vostok', -420, '1994-01-31'],
  ['Pacific/Apia', 1440, '2011-12-30'], // a day left out
  ['America/Sao_Paulo', 0, '2024-06-01'],
];

const windows = CHANGES.map(([timezone, change, day]) => {
  const fromMs = Date.parse(`${day}T00:00Z`) - 2 * DAY_MS;
  const clock = clockOf(timezone, fromMs, fromMs + 5 * DAY_MS);
  return { timezone, change, fromMs, toMs: fromMs + 5 * DAY_MS, clock };
});

interface Text {
  text: string;
  values: Set<number>;
}

/**
 * A field as people write them, with the numbers it means by an evaluation of its own; its numbers go up to
 * `max`, its stars to `starMax`.
 */
function fieldOf(min: number, max: number, starMax = max): fc.Arbitrary<Text> {
  const number = fc.integer({ min, max });
  const single = number.map((value) => ({ text: `${value}`, values: [value] }));
  const range = fc.tuple(number, number, fc.integer({ min: 1, max: 7 })).map(([a, b, step]) => {
    const [from, to] = [Math.min(a, b), Math.max(a, b)];
    return { text: step === 1 ? `${from}-${to}` : `${from}-${to}/${step}`, values: stepped(from, to, step) };
  });
  const star = fc
    .integer({ min: 1, max: 12 })
    .map((step) => ({ text: step === 1 ? '*' : `*/${step}`, values: stepped(min, starMax, step) }));
  const list = fc.array(fc.oneof(single, range), { minLength: 1, maxLength: 3 });
  return fc.oneof(
    { weight: 1, arbitrary: fc.tuple(star).map(join) },
    { weight: 2, arbitrary: list.map(join) },
    { weight: 1, arbitrary: fc.tuple(star, list).map(([first, rest]) => join([first, ...rest])) },
  );
}

function stepped(from: number, to: number, step: number): number[] {
  const values: number[] = [];
  for (let value = from; value <= to; value += step) values.push(value);
  return values;
}

function join(items: readonly { text: string; values: number[] }[]): Text {
  return {
    text: items.map((item) => item.text).join(','),
    values: new Set(items.flatMap((item) => item.values)),
  };
}

const everything = (min: number, max: number): fc.Arbitrary<Text> =>
  fc.constant({ text: '*', values: new Set(stepped(min, max, 1)) });

const jobs = fc
  .tuple(
    fieldOf(0, 59),
    // Mostly hours in which clocks are changed.
    fc.oneof(fieldOf(0, 23), fieldOf(0, 3, 23), fieldOf(0, 3, 23)),
    fc.oneof(everything(1, 31), fieldOf(1, 31)),
    fc.oneof(everything(1, 12), everything(1, 12), fieldOf(1, 12)),
    fc.oneof(everything(0, 7), fieldOf(0, 7)),
  )
  .map(([minute, hour, dayOfMonth, month, dayOfWeek]) => {
    const either = !dayOfMonth.text.startsWith('*') && !dayOfWeek.text.startsWith('*');
    const job: Matcher = {
      minutes: minute.values,
      hours: hour.values,
      daysOfMonth: dayOfMonth.values,
      months: month.values,
      daysOfWeek: new Set([...dayOfWeek.values].map((value) => value % 7)),
      eitherDay: either,
      wildcard: minute.text.startsWith('*') || hour.text.startsWith('*'),
    };
    const fields = [minute, hour, dayOfMonth, month, dayOfWeek];
    return { expression: fields.map((field) => field.text).join(' '), job };
  });

/** Undefined for the few random expressions that are refused because no day matches. */
function compile(expression: string, timezone: string): Cron | undefined {
  try {
    return compileCron(expression, timezone);
  } catch {
    return undefined;
  }
}

function slotsBetween(cron: Cron, fromMs: number, toMs: number): number[] {
  const slots: number[] = [];
  for (let at = cron.next(fromMs - 1); at !== null && at < toMs; at = cron.next(at)) slots.push(at);
  return slots;
}

function slotsBackwards(cron: Cron, fromMs: number, toMs: number): number[] {
  const slots: number[] = [];
  for (let at = cron.previous(toMs - 1); at !== null && at >= fromMs; at = cron.previous(at - 1))
    slots.push(at);
  return slots.reverse();
}

describe('slots around changes of offset', () => {
  test.each(windows)(
    'are tested with a table that is right about $timezone, $change minutes',
    ({ change, clock }) => {
      const steps = clock.slice(1).map((minute, index) => minute - (clock[index] ?? 0) - 1);
      expect(steps.filter((step) => step !== 0)).toStrictEqual(change === 0 ? [] : [change]);
    },
  );

  test.each(windows)('are those of a minute-by-minute loop in $timezone, $change minutes', (window) => {
    const { timezone, fromMs, toMs, clock } = window;
    fc.assert(
      fc.property(jobs, ({ expression, job }) => {
        const cron = compile(expression, timezone);
        fc.pre(cron !== undefined);
        // The loop has no past at its start, so the first hours of the window are not compared.
        const afterMs = fromMs + DAY_MS / 4;
        const expected = runsOf(job, clock, fromMs).filter((slot) => slot >= afterMs);
        expect(slotsBetween(cron, afterMs, toMs)).toStrictEqual(expected);
        expect(slotsBackwards(cron, afterMs, toMs)).toStrictEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  test('are found from any instant, not only from slot to slot', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...windows),
        jobs,
        fc.double({ min: 0.1, max: 0.9 }),
        (window, { expression, job }, part) => {
          const { timezone, fromMs, toMs, clock } = window;
          const cron = compile(expression, timezone);
          fc.pre(cron !== undefined);
          const afterMs = fromMs + DAY_MS / 4;
          const runs = runsOf(job, clock, fromMs).filter((run) => run >= afterMs);
          const start = Math.round(fromMs + part * (toMs - fromMs));
          for (let at = start; at < start + 600 * MINUTE_MS && at < toMs; at += 7 * MINUTE_MS) {
            // Beyond the window the loop knows nothing.
            const next = cron.next(at) ?? toMs;
            const previous = cron.previous(at) ?? 0;
            expect(next < toMs ? next : undefined).toBe(runs.find((run) => run > at));
            expect(previous >= afterMs ? previous : undefined).toBe(runs.findLast((run) => run <= at));
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  test('are the same whatever was asked before', () => {
    const parts = fc.array(fc.double({ min: 0.1, max: 0.9, noNaN: true }), { minLength: 2, maxLength: 12 });
    fc.assert(
      fc.property(fc.constantFrom(...windows), jobs, parts, (window, { expression, job }, asked) => {
        const { timezone, fromMs, toMs, clock } = window;
        const cron = compile(expression, timezone);
        fc.pre(cron !== undefined);
        const afterMs = fromMs + DAY_MS / 4;
        const runs = runsOf(job, clock, fromMs).filter((run) => run >= afterMs);
        const some = asked.map((part) => Math.round(fromMs + part * (toMs - fromMs)));
        // Those at and around slots are where an answer that is remembered ends.
        const edges = some.flatMap((at) => runs.find((run) => run > at) ?? []);
        for (const at of [...some, ...edges.flatMap((edge) => [edge, edge - 1, edge + 1])]) {
          const next = cron.next(at) ?? toMs;
          const previous = cron.previous(at) ?? 0;
          expect(next < toMs ? next : undefined).toBe(runs.find((run) => run > at));
          expect(previous >= afterMs ? previous : undefined).toBe(runs.findLast((run) => run <= at));
        }
      }),
      { numRuns: 150 },
    );
  });

  test('follow the wall clock to the second with six fields', () => {
    const second = fc.tuple(fieldOf(0, 59), fieldOf(0, 59), fieldOf(0, 23));
    fc.assert(
      fc.property(fc.constantFrom(...windows), second, (window, [seconds, minutes, hours]) => {
        const { timezone, fromMs, clock } = window;
        const cron = compileCron(`${seconds.text} ${minutes.text} ${hours.text} * * *`, timezone);
        const expected: number[] = [];
        clock.forEach((local, index) => {
          if (!minutes.values.has(local % 60) || !hours.values.has(Math.floor(local / 60) % 24)) return;
          const inMinute = [...seconds.values].sort((a, b) => a - b);
          expected.push(...inMinute.map((value) => fromMs + index * MINUTE_MS + value * 1000));
        });
        const some = expected.slice(0, 2000);
        const untilMs = (some.at(-1) ?? fromMs) + 1;
        expect(slotsBetween(cron, fromMs, untilMs)).toStrictEqual(some);
        expect(slotsBackwards(cron, fromMs, untilMs)).toStrictEqual(some);
      }),
      { numRuns: 60 },
    );
  });
});

describe('the next slot and the previous slot', () => {
  const zones = fc.constantFrom('UTC', 'Europe/Berlin', 'America/St_Johns', 'Asia/Gaza', 'Africa/Casablanca');
  const instants = fc.integer({ min: Date.UTC(1990, 0), max: Date.UTC(2090, 0) });

  test('mirror each other', () => {
    fc.assert(
      fc.property(jobs, zones, instants, ({ expression }, timezone, at) => {
        const cron = compile(expression, timezone);
        fc.pre(cron !== undefined);
        const next = cron.next(at) ?? Number.NaN;
        const previous = cron.previous(at) ?? Number.NaN;
        expect(next).toBeGreaterThan(at);
        expect(previous).toBeLessThanOrEqual(at);
        expect(cron.previous(next)).toBe(next);
        expect(cron.previous(next - 1)).toBe(previous);
        expect(cron.next(previous)).toBe(next);
        expect(cron.next(previous - 1)).toBe(previous);
      }),
      { numRuns: 400 },
    );
  });

  test('never go back', () => {
    fc.assert(
      fc.property(
        jobs,
        zones,
        instants,
        fc.integer({ min: 0, max: 400 * DAY_MS }),
        ({ expression }, timezone, at, later) => {
          const cron = compile(expression, timezone);
          fc.pre(cron !== undefined);
          expect(cron.next(at + later)).toBeGreaterThanOrEqual(cron.next(at) ?? 0);
          expect(cron.previous(at + later)).toBeGreaterThanOrEqual(cron.previous(at) ?? 0);
        },
      ),
      { numRuns: 200 },
    );
  });
});
