import { parseDuration } from '../../schedule/duration.ts';
import { parseInstantIn } from '../../schedule/instant.ts';
import type { Declaration } from './declaration.ts';
import { LIMITS } from './limits.ts';
import type { BadKind } from './reasons.ts';
import { defaultMaxRuntimeMs, type Overlap, type Schedule, scheduleOf } from './schedule.ts';

/** The number of bad outcomes that open an incident: of any kind together, or of each kind by itself. */
export type FailureThreshold = { any: number } | Partial<Record<BadKind, number>>;

export interface NotifyTarget {
  /** The name of a notifier. */
  to: string;
  /** The kinds of trouble of which it is told. A declaration without `on` names all kinds. */
  on: readonly BadKind[];
}

/** The texts that the kept end of a run's output must and must not contain. */
export interface ExpectedOutput {
  contains: readonly string[];
  notContains: readonly string[];
  /** A regular expression in RE2 syntax. */
  matches: string | null;
}

/** A time in which trouble is recorded and nobody is told (docs/design.md §3.3). `toAt` is not part of it. */
export type MaintenanceWindow =
  | { kind: 'recurring'; expression: string; timezone: string; durationMs: number }
  | { kind: 'single'; fromAt: number; toAt: number };

/** The declaration of a job as the core reads it: durations in milliseconds, every default filled in. */
export interface Spec {
  name: string;
  schedule: Schedule | null;
  graceMs: number;
  maxRuntimeMs: number;
  /** Null when a run may be as short as it likes. */
  minRuntimeMs: number | null;
  expectedOutput: ExpectedOutput | null;
  overlap: Overlap;
  maintenance: readonly MaintenanceWindow[];
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

/** The values that a spec needs from outside its declaration. */
export interface Globals {
  /** The names of all configured notifiers, who are told when a job has no `notify`. */
  notifiers: readonly string[];
  replayWindowMs: number;
}

export const DEFAULT_GLOBALS: Globals = { notifiers: [], replayWindowMs: LIMITS.replayWindowMsDefault };

const ALL_KINDS: readonly BadKind[] = ['failure', 'missed', 'timeout'];

// What jobs do not declare is the same for all of them, and a fleet of them should hold it once.
const FIRST_FAILURE: FailureThreshold = { any: 1 };
const ZERO_ONLY: readonly number[] = [0];
const NO_MAINTENANCE: readonly MaintenanceWindow[] = [];
const everyoneOf = new WeakMap<readonly string[], readonly NotifyTarget[]>();

/**
 * Reads a valid declaration into a spec.
 * @param declaration a declaration that was validated against `schemas/cronflow.schema.json`, defaults applied
 * @throws Error only for a declaration that validation should have refused
 */
export function specOf(name: string, declaration: Declaration, globals: Globals): Spec {
  return {
    name,
    schedule: scheduleOf(declaration),
    graceMs: durationOf(declaration.grace, LIMITS.graceMsDefault),
    maxRuntimeMs: maxRuntimeMsOf(declaration),
    minRuntimeMs: declaration.min_runtime === undefined ? null : parseDuration(declaration.min_runtime),
    expectedOutput: expectedOutputOf(declaration),
    overlap: overlapOf(declaration),
    maintenance: maintenanceOf(declaration),
    failureThreshold: thresholdOf(declaration.failure_threshold),
    recoveryThreshold: declaration.recovery_threshold ?? 1,
    remindEveryMs: declaration.remind_every === undefined ? null : parseDuration(declaration.remind_every),
    notify: notifyOf(declaration.notify, globals.notifiers),
    paused: declaration.paused ?? false,
    successExitCodes: declaration.success_exit_codes ?? ZERO_ONLY,
    openRunsMax: declaration.max_open_runs ?? LIMITS.openRunsMaxDefault,
    keepRuns: keepRunsOf(declaration),
    replayWindowMs: globals.replayWindowMs,
  };
}

/** Returns the number of settled runs that are kept of a job (docs/design.md §3.5). */
export function keepRunsOf({ keep_runs: keepRuns }: Declaration): number {
  return keepRuns ?? LIMITS.keepRunsDefault;
}

/** Returns how many bytes of the end of a run's output are kept (docs/design.md §6). */
export function outputBytesMaxOf({ output_limit: limit }: Declaration): number {
  if (limit === undefined) return LIMITS.outputBytesMaxDefault;
  return typeof limit === 'number' ? limit : Number(limit.replace('kB', '')) * 1_000;
}

/** Returns the time after which a run times out, as it is declared or as it is by default (docs/design.md §3.2). */
export function maxRuntimeMsOf(declaration: Declaration): number {
  if (declaration.max_runtime !== undefined) return parseDuration(declaration.max_runtime);
  return defaultMaxRuntimeMs(scheduleOf(declaration), overlapOf(declaration));
}

function overlapOf({ overlap }: Declaration): Overlap {
  return overlap ?? 'allow';
}

/** Tells whether two specs say the same. The comparison works because `specOf` puts their keys in the same order. */
export function isSameSpec(a: Spec, b: Spec): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function durationOf(text: string | undefined, otherwiseMs: number): number {
  return text === undefined ? otherwiseMs : parseDuration(text);
}

function thresholdOf(threshold: Declaration['failure_threshold']): FailureThreshold {
  if (threshold === undefined) return FIRST_FAILURE;
  return typeof threshold === 'number' ? { any: threshold } : threshold;
}

function notifyOf(notify: Declaration['notify'], everyone: readonly string[]): readonly NotifyTarget[] {
  if (notify === undefined) {
    const known = everyoneOf.get(everyone) ?? everyone.map((to) => ({ to, on: ALL_KINDS }));
    everyoneOf.set(everyone, known);
    return known;
  }
  return notify.map((item) =>
    typeof item === 'string' ? { to: item, on: ALL_KINDS } : { to: item.to, on: item.on ?? ALL_KINDS },
  );
}

function expectedOutputOf({ expect }: Declaration): ExpectedOutput | null {
  if (expect?.output === undefined) return null;
  const { contains = [], not_contains: notContains = [], matches } = expect.output;
  return { contains: [contains].flat(), notContains: [notContains].flat(), matches: matches ?? null };
}

function maintenanceOf(declaration: Declaration): readonly MaintenanceWindow[] {
  if (declaration.maintenance === undefined) return NO_MAINTENANCE;
  return declaration.maintenance.map((window) => {
    const timezone = window.timezone ?? declaration.timezone ?? 'UTC';
    if (window.schedule !== undefined && window.duration !== undefined) {
      const durationMs = parseDuration(window.duration);
      return { kind: 'recurring', expression: window.schedule, timezone, durationMs };
    }
    const [fromAt, toAt] = [window.from, window.to].map((text) => parseInstantIn(text ?? '', timezone));
    if (fromAt === undefined || toAt === undefined) {
      throw new Error('a maintenance window without an end: validation should have refused it');
    }
    return { kind: 'single', fromAt, toAt };
  });
}
