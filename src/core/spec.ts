import { parseDuration } from '../schedule/duration.ts';
import type { Declaration } from './declaration.ts';
import { LIMITS } from './limits.ts';
import type { BadKind } from './reasons.ts';

/** When a job should run: a cron expression in a zone, or a period counted from its last start. */
export type Schedule =
  { kind: 'cron'; expression: string; timezone: string } | { kind: 'every'; everyMs: number };

/** Bad outcomes needed to open an incident: of any kind together, or of each kind for itself. */
export type FailureThreshold = { any: number } | Partial<Record<BadKind, number>>;

export interface NotifyTarget {
  /** Name of a notifier. */
  to: string;
  /** The kinds it takes; all when absent. */
  on: readonly BadKind[];
}

/** A job's declaration as the core reads it: durations in milliseconds, every default filled in. */
export interface Spec {
  name: string;
  schedule: Schedule | null;
  graceMs: number;
  maxRuntimeMs: number;
  failureThreshold: FailureThreshold;
  recoveryThreshold: number;
  remindEveryMs: number | null;
  notify: readonly NotifyTarget[];
  paused: boolean;
  successExitCodes: readonly number[];
  openRunsMax: number;
  keepRuns: number;
  replayWindowMs: number;
}

/** What a spec needs from outside its declaration. */
export interface Globals {
  /** Names of all configured notifiers: who is told when a job has no `notify`. */
  notifiers: readonly string[];
  replayWindowMs: number;
}

export const DEFAULT_GLOBALS: Globals = { notifiers: [], replayWindowMs: LIMITS.replayWindowMsDefault };

const ALL_KINDS: readonly BadKind[] = ['failure', 'missed', 'timeout'];

/**
 * Reads a valid declaration into a spec.
 * @param declaration as validated against `schemas/cronflow.schema.json`, defaults applied
 * @throws Error only for a declaration that validation should have refused
 */
export function specOf(name: string, declaration: Declaration, globals: Globals): Spec {
  return {
    name,
    schedule: scheduleOf(declaration),
    graceMs: durationOf(declaration.grace, LIMITS.graceMsDefault),
    maxRuntimeMs: durationOf(declaration.max_runtime, LIMITS.maxRuntimeMsDefault),
    failureThreshold: thresholdOf(declaration.failure_threshold),
    recoveryThreshold: declaration.recovery_threshold ?? 1,
    remindEveryMs: declaration.remind_every === undefined ? null : parseDuration(declaration.remind_every),
    notify: notifyOf(declaration.notify, globals.notifiers),
    paused: declaration.paused ?? false,
    successExitCodes: declaration.success_exit_codes ?? [0],
    openRunsMax: declaration.max_open_runs ?? LIMITS.openRunsMaxDefault,
    keepRuns: declaration.keep_runs ?? LIMITS.keepRunsDefault,
    replayWindowMs: globals.replayWindowMs,
  };
}

function durationOf(text: string | undefined, otherwiseMs: number): number {
  return text === undefined ? otherwiseMs : parseDuration(text);
}

function scheduleOf(declaration: Declaration): Schedule | null {
  if (declaration.every !== undefined) return { kind: 'every', everyMs: parseDuration(declaration.every) };
  if (declaration.schedule === undefined) return null;
  return { kind: 'cron', expression: declaration.schedule, timezone: declaration.timezone ?? 'UTC' };
}

function thresholdOf(threshold: Declaration['failure_threshold']): FailureThreshold {
  if (threshold === undefined) return { any: 1 };
  return typeof threshold === 'number' ? { any: threshold } : threshold;
}

function notifyOf(notify: Declaration['notify'], everyone: readonly string[]): NotifyTarget[] {
  if (notify === undefined) return everyone.map((to) => ({ to, on: ALL_KINDS }));
  return notify.map((item) =>
    typeof item === 'string' ? { to: item, on: ALL_KINDS } : { to: item.to, on: item.on ?? ALL_KINDS },
  );
}
