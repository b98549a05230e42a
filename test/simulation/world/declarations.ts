import type { Declaration } from '../../../src/core/model/declaration.ts';
import type { Rule } from '../../support/job-keys.ts';
import type { Dice } from './dice.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../src/schedule/units.ts';

/** Lists schedules with roughly the distance between their slots. */
const SCHEDULES: readonly (readonly [string, number])[] = [
  ['* * * * *', MINUTE_MS],
  ['*/5 * * * *', 5 * MINUTE_MS],
  ['0 */10 * * * *', 10 * MINUTE_MS],
  ['7,22,37,52 * * * *', 15 * MINUTE_MS],
  ['*/30 0-4 * * *', 30 * MINUTE_MS],
  ['0 * * * *', HOUR_MS],
  ['@hourly', HOUR_MS],
  ['30 1-3 * * *', HOUR_MS],
  ['0 */2 * * *', 2 * HOUR_MS],
  ['15 1,2,3,9,17 * * *', 5 * HOUR_MS],
  ['0 0 2 * * *', DAY_MS],
  ['30 2 * * *', DAY_MS],
  ['0 2 * * *', DAY_MS],
  ['30 1 * * *', DAY_MS],
  ['@daily', DAY_MS],
  ['0 9 * * 1-5', DAY_MS],
];
const PERIODS: readonly (readonly [string, number])[] = [
  ['90s', 90 * SECOND_MS],
  ['7m', 7 * MINUTE_MS],
  ['15m', 15 * MINUTE_MS],
  ['1h', HOUR_MS],
  ['5h', 5 * HOUR_MS],
  ['1d', DAY_MS],
];
/** A world with more slots than this takes long and shows nothing new. */
const SLOTS_MAX = 300;

export interface DeclarationOptions {
  timezone: string;
  fromAt: number;
  spanMs: number;
  notifiers: readonly string[];
}

/** Makes a random job. */
export function randomDeclaration(dice: Dice, options: DeclarationOptions): Declaration {
  const { declaration, periodMs } = randomSchedule(dice, options);
  declaration.grace = randomGrace(dice, periodMs);
  for (const key of OPTIONAL_KEYS) if (dice.chance(0.3)) setKey(declaration, key, dice, options);
  if (dice.chance(0.75) || outlastsHistory(declaration))
    declaration.max_runtime = randomMaxRuntime(dice, periodMs);
  return declaration;
}

/**
 * Tells whether a run could outlast the history that is looked at. A run that stays open for a day would do so where
 * slots are dense.
 */
function outlastsHistory(declaration: Declaration): boolean {
  const { every, overlap, max_runtime: limit } = declaration;
  return (
    limit === undefined &&
    every === undefined &&
    overlap !== 'skip' &&
    periodMsOf(declaration) <= 15 * MINUTE_MS
  );
}

/** Returns the declaration of a job after somebody edited a line or two of it. */
export function editedDeclaration(dice: Dice, before: Declaration, options: DeclarationOptions): Declaration {
  const after = { ...before };
  for (let count = dice.int(1, 2); count > 0; count -= 1) {
    const change = dice.int(0, 5);
    if (change === 0) replaceSchedule(dice, after, options);
    else if (change === 1) after.grace = randomGrace(dice, periodMsOf(after));
    else if (change === 2) after.max_runtime = randomMaxRuntime(dice, periodMsOf(after));
    else {
      const key = dice.pick(OPTIONAL_KEYS);
      if (dice.chance(0.3)) delete after[key];
      else setKey(after, key, dice, options);
    }
  }
  if (outlastsHistory(after)) after.max_runtime = randomMaxRuntime(dice, periodMsOf(after));
  return after;
}

/** Returns roughly the distance between the starts of a job. */
export function periodMsOf(declaration: Declaration): number {
  const known = [...SCHEDULES, ...PERIODS].find(
    ([text]) => text === (declaration.schedule ?? declaration.every),
  );
  return known?.[1] ?? HOUR_MS;
}

/** Keys that every job has or that are chosen with its schedule, and the pause, which comes as an edit. */
type ChosenElsewhere = 'schedule' | 'every' | 'timezone' | 'grace' | 'max_runtime' | 'paused';
type OptionalKey = Exclude<Rule, ChosenElsewhere>;

const OPTIONAL = {
  failure_threshold: true,
  recovery_threshold: true,
  remind_every: true,
  notify: true,
  max_open_runs: true,
  success_exit_codes: true,
  keep_runs: true,
  overlap: true,
  min_runtime: true,
  expect: true,
  maintenance: true,
} as const satisfies Record<OptionalKey, true>;
const OPTIONAL_KEYS = Object.keys(OPTIONAL) as OptionalKey[];

function setKey(declaration: Declaration, key: OptionalKey, dice: Dice, options: DeclarationOptions): void {
  const { notifiers } = options;
  switch (key) {
    case 'failure_threshold':
      declaration.failure_threshold = dice.pick([
        dice.int(1, 4),
        { failure: dice.int(1, 3), missed: dice.int(1, 2), timeout: dice.int(1, 2) },
        { failure: 3 },
        { missed: 2 },
      ]);
      return;
    case 'recovery_threshold':
      declaration.recovery_threshold = dice.int(1, 3);
      return;
    case 'remind_every':
      declaration.remind_every = dice.pick(['10m', '45m', '1h', '6h', '1d']);
      return;
    case 'notify':
      declaration.notify = notifiers
        .filter(() => dice.chance(0.7))
        .map((to) => (dice.chance(0.5) ? to : { to, on: randomKinds(dice) }));
      return;
    case 'max_open_runs':
      declaration.max_open_runs = dice.int(1, 3);
      return;
    case 'success_exit_codes':
      declaration.success_exit_codes = dice.pick([[0], [0, 1], [0, 24], [2]]);
      return;
    case 'keep_runs':
      declaration.keep_runs = dice.pick([100, 200]);
      return;
    case 'overlap':
      declaration.overlap = dice.pick(['allow', 'forbid', 'forbid', 'skip', 'skip']);
      return;
    case 'min_runtime':
      declaration.min_runtime = duration(dice.spanMs(SECOND_MS, 2 * MINUTE_MS));
      return;
    case 'expect':
      declaration.expect = {
        output: dice.pick([
          { contains: 'rows' },
          { not_contains: 'ERROR' },
          { matches: '^(done|warning)' },
          { contains: 'done', not_contains: ['ERROR', 'nothing'] },
        ]),
      };
      return;
    case 'maintenance':
      declaration.maintenance = Array.from({ length: dice.int(1, 2) }, () => randomWindow(dice, options));
      return;
  }
}

/**
 * Lists windows that repeat, with the longest that they may last, because trouble in a window without end is never
 * told.
 */
const WINDOWS: readonly (readonly [string, number])[] = [
  ['0 2 * * *', 5 * HOUR_MS],
  ['30 1 * * *', 5 * HOUR_MS],
  ['0 */6 * * *', 4 * HOUR_MS],
  ['15 * * * *', 40 * MINUTE_MS],
];

function instant(at: number): string {
  return new Date(Math.floor(at / SECOND_MS) * SECOND_MS).toISOString();
}

function randomWindow(
  dice: Dice,
  { fromAt, spanMs }: DeclarationOptions,
): NonNullable<Declaration['maintenance']>[number] {
  if (dice.chance(0.5)) {
    const [schedule, mostMs] = dice.pick(WINDOWS);
    return { schedule, duration: duration(dice.spanMs(5 * MINUTE_MS, mostMs)) };
  }
  const windowAt = dice.int(fromAt, fromAt + spanMs);
  return { from: instant(windowAt), to: instant(windowAt + dice.spanMs(MINUTE_MS, spanMs / 4)) };
}

function randomKinds(dice: Dice): ('failure' | 'missed' | 'timeout')[] {
  const kinds = (['failure', 'missed', 'timeout'] as const).filter(() => dice.chance(0.5));
  return kinds.length > 0 ? kinds : ['missed'];
}

function randomSchedule(
  dice: Dice,
  options: DeclarationOptions,
): { declaration: Declaration; periodMs: number } {
  const declaration: Declaration = {};
  replaceSchedule(dice, declaration, options);
  return { declaration, periodMs: periodMsOf(declaration) };
}

function replaceSchedule(dice: Dice, declaration: Declaration, options: DeclarationOptions): void {
  delete declaration.schedule;
  delete declaration.every;
  delete declaration.timezone;
  const fits = ([, periodMs]: readonly [string, number]): boolean => options.spanMs / periodMs <= SLOTS_MAX;
  const kind = dice.random();
  if (kind < 0.1) return;
  if (kind < 0.3) declaration.every = dice.pick(PERIODS.filter(fits))[0];
  else {
    declaration.schedule = dice.pick(SCHEDULES.filter(fits))[0];
    declaration.timezone = options.timezone;
  }
}

/** Makes a grace of seconds to longer than the period. */
function randomGrace(dice: Dice, periodMs: number): string {
  if (dice.chance(0.2)) return duration(dice.spanMs(periodMs, 3 * periodMs));
  return duration(dice.spanMs(5 * SECOND_MS, Math.max(6 * SECOND_MS, periodMs)));
}

function randomMaxRuntime(dice: Dice, periodMs: number): string {
  return duration(dice.spanMs(Math.min(periodMs, MINUTE_MS), 2 * periodMs));
}

function duration(ms: number): string {
  return `${Math.max(1, Math.round(ms / SECOND_MS))}s`;
}
