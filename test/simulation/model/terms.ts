import type { Declaration } from '../../../src/core/declaration.ts';
import { applyDefaults } from '../../../src/core/defaults.ts';
import { LIMITS } from '../../../src/core/limits.ts';
import { BAD_KINDS, type BadKind } from '../../../src/core/reasons.ts';
import { compileCron, type Cron } from '../../../src/schedule/cron.ts';
import { parseDuration } from '../../../src/schedule/duration.ts';
import { type MaintenanceItem, type Windows, windowsOf } from './windows.ts';

export interface Expectation {
  contains?: string;
  not_contains?: string;
  matches?: string;
}

/** What scripts may declare. */
export type Declared = Declaration & {
  overlap?: 'allow' | 'forbid' | 'skip';
  min_runtime?: string;
  expect?: Expectation & { output?: Expectation };
  maintenance?: readonly MaintenanceItem[];
};

/** A declaration with every default filled in and every text read. */
export interface Terms {
  /** Says when slots are; a change of it is a new schedule. */
  schedule_key: string;
  cron: Cron | null;
  every_ms: number | null;
  grace_ms: number;
  max_runtime_ms: number;
  min_runtime_ms: number;
  success_exit_codes: readonly number[];
  expect: Expectation;
  overlap: 'allow' | 'forbid' | 'skip';
  failure_threshold: number | Readonly<Record<BadKind, number>>;
  recovery_threshold: number;
  remind_every_ms: number | null;
  /** Which kinds each notifier of the job takes. */
  notify: ReadonlyMap<string, ReadonlySet<BadKind>>;
  max_open_runs: number;
  paused: boolean;
  windows: Windows;
}

export function termsOf(given: Declaration, notifiers: readonly string[]): Terms {
  const declared = applyDefaults(given, {}) as Declared;
  const { schedule, timezone = 'UTC', every } = declared;
  const graceMs = durationOf(declared.grace) ?? LIMITS.graceMsDefault;
  return {
    schedule_key: schedule === undefined ? `every ${every}` : `${schedule} in ${timezone}`,
    cron: schedule === undefined ? null : compileCron(schedule, timezone),
    every_ms: durationOf(every),
    grace_ms: graceMs,
    max_runtime_ms: durationOf(declared.max_runtime) ?? LIMITS.maxRuntimeMsDefault,
    min_runtime_ms: durationOf(declared.min_runtime) ?? 0,
    success_exit_codes: declared.success_exit_codes ?? [0],
    expect: { ...declared.expect, ...declared.expect?.output },
    overlap: declared.overlap ?? 'allow',
    failure_threshold: thresholdOf(declared.failure_threshold),
    recovery_threshold: declared.recovery_threshold ?? 1,
    remind_every_ms: durationOf(declared.remind_every),
    notify: notifyOf(declared.notify ?? notifiers, notifiers),
    max_open_runs: declared.max_open_runs ?? LIMITS.openRunsMaxDefault,
    paused: declared.paused ?? false,
    windows: windowsOf(declared.maintenance ?? [], timezone, graceMs),
  };
}

function durationOf(text: string | undefined): number | null {
  return text === undefined ? null : parseDuration(text);
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
