import type { Declaration } from '../../../src/core/model/declaration.ts';
import { BAD_KINDS, type BadKind } from '../../../src/core/model/reasons.ts';
import { compileCron, type Cron } from '../../../src/schedule/cron.ts';
import { parseDuration } from '../../../src/schedule/duration.ts';
import { type Windows, windowsOf } from './windows.ts';

/** The texts that the end of the output must and must not contain. */
export interface Expectation {
  contains: readonly string[];
  not_contains: readonly string[];
  matches: string | null;
}

const MINUTE_MS = 60_000;
/** This holds where a job says nothing (docs/design.md §5). */
const GRACE_MS = 5 * MINUTE_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const MAX_RUNTIME_MS = DAY_MS;
/** The limit is this many periods where an open run hides what does not come. */
const HIDING_PERIODS = 4;
const MAX_OPEN_RUNS = 10;

/** A declaration with every default filled in and every text read. */
export interface Terms {
  /** Identifies the schedule. A change of it is a new schedule. */
  schedule_key: string;
  cron: Cron | null;
  every_ms: number | null;
  grace_ms: number;
  /** Its `every`, or the shortest time between two slots; null without either. */
  period_ms: number | null;
  max_runtime_ms: number;
  min_runtime_ms: number;
  success_exit_codes: readonly number[];
  expect: Expectation;
  overlap: 'allow' | 'forbid' | 'skip';
  failure_threshold: number | Readonly<Record<BadKind, number>>;
  recovery_threshold: number;
  remind_every_ms: number | null;
  /** Maps each notifier of the job to the kinds that it takes. */
  notify: ReadonlyMap<string, ReadonlySet<BadKind>>;
  max_open_runs: number;
  paused: boolean;
  windows: Windows;
}

/** Reads a declaration as a job of a script has it, on top of no `defaults`. */
export function termsOf(declared: Declaration, notifiers: readonly string[]): Terms {
  const { schedule, timezone = 'UTC', every } = declared;
  const graceMs = durationOf(declared.grace) ?? GRACE_MS;
  const periodMs = schedule === undefined ? durationOf(every) : shortestMs(schedule);
  return {
    schedule_key: schedule === undefined ? `every ${every}` : `${schedule} in ${timezone}`,
    cron: schedule === undefined ? null : compileCron(schedule, timezone),
    every_ms: durationOf(every),
    grace_ms: graceMs,
    period_ms: periodMs,
    max_runtime_ms: durationOf(declared.max_runtime) ?? unsaidMaxRuntimeMs(declared, periodMs),
    min_runtime_ms: durationOf(declared.min_runtime) ?? 0,
    success_exit_codes: declared.success_exit_codes ?? [0],
    expect: {
      contains: listOf(declared.expect?.output?.contains),
      not_contains: listOf(declared.expect?.output?.not_contains),
      matches: declared.expect?.output?.matches ?? null,
    },
    overlap: declared.overlap ?? 'allow',
    failure_threshold: thresholdOf(declared.failure_threshold),
    recovery_threshold: declared.recovery_threshold ?? 1,
    remind_every_ms: declared.remind_every === 'off' ? null : durationOf(declared.remind_every),
    notify: notifyOf(declared.notify ?? notifiers, notifiers),
    max_open_runs: declared.max_open_runs ?? MAX_OPEN_RUNS,
    paused: declared.paused ?? false,
    windows: windowsOf(declared.maintenance ?? [], timezone, graceMs),
  };
}

/** Returns the limit of runs of a job that declares none. */
function unsaidMaxRuntimeMs({ every, overlap }: Declaration, periodMs: number | null): number {
  const hides = every !== undefined || overlap === 'skip';
  if (!hides || periodMs === null) return MAX_RUNTIME_MS;
  return Math.min(MAX_RUNTIME_MS, Math.max(HOUR_MS, HIDING_PERIODS * periodMs));
}

const shortest = new Map<string, number>();

/** Returns the shortest time between two slots of a year in which no clock is changed. */
function shortestMs(schedule: string): number {
  const known = shortest.get(schedule);
  if (known !== undefined) return known;
  const cron = compileCron(schedule, 'UTC');
  const startAt = Date.UTC(2023, 0, 1);
  let ms = Number.POSITIVE_INFINITY;
  let before: number | null = null;
  for (let at = cron.next(startAt); at !== null && at < startAt + 366 * DAY_MS; at = cron.next(at)) {
    if (before !== null) ms = Math.min(ms, at - before);
    before = at;
    // No cron of the worlds is denser than this.
    if (ms <= MINUTE_MS) break;
  }
  shortest.set(schedule, ms);
  return ms;
}

function durationOf(text: string | undefined): number | null {
  return text === undefined ? null : parseDuration(text);
}

function listOf(texts: string | readonly string[] | undefined): readonly string[] {
  return typeof texts === 'string' ? [texts] : (texts ?? []);
}

function thresholdOf(given: Declaration['failure_threshold']): Terms['failure_threshold'] {
  if (typeof given !== 'object') return given ?? 1;
  return { failure: given.failure ?? 1, missed: given.missed ?? 1, timeout: given.timeout ?? 1 };
}

function notifyOf(
  items: readonly NonNullable<Declaration['notify']>[number][],
  known: readonly string[],
): Terms['notify'] {
  const notify = new Map<string, Set<BadKind>>();
  for (const item of items) {
    const { to, on = BAD_KINDS } = typeof item === 'string' ? { to: item } : item;
    if (known.includes(to)) notify.set(to, new Set([...(notify.get(to) ?? []), ...on]));
  }
  return notify;
}
