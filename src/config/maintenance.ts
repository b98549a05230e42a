import { INSTANT_IN_ALLOWED, parseInstantIn } from '../schedule/instant.ts';
import { type Finding, shownValue } from './faults.ts';
import type { JobContext } from './job-context.ts';
import { scheduleProblems } from './schedules.ts';
import { pointer } from './yaml/tree.ts';

const FORMS = 'allowed: schedule and duration, or from and to';

/**
 * Finds the mistakes in maintenance windows that the schema cannot find.
 * @param path JSON pointer of `maintenance`
 */
export function maintenanceProblems(path: string, windows: unknown, context: JobContext): Finding[] {
  if (!Array.isArray(windows)) return [];
  return windows.flatMap((window: unknown, i) => {
    const isMapping = typeof window === 'object' && window !== null && !Array.isArray(window);
    return isMapping ? windowProblems(pointer(path, i), window as Record<string, unknown>, context) : [];
  });
}

function windowProblems(path: string, window: Record<string, unknown>, context: JobContext): Finding[] {
  const { schedule, duration, from, to, timezone } = window;
  const problems = scheduleProblems(path, { schedule, timezone }, context);
  if (has(schedule, duration) && has(from, to)) {
    problems.push({ code: 'conflict', path, message: `mixes two kinds of window (${FORMS})` });
  } else if (has(schedule, duration)) {
    problems.push(...missing(path, { schedule, duration }));
  } else if (has(from, to)) {
    problems.push(...missing(path, { from, to }), ...instantProblems(path, { from, to }, context));
  } else {
    problems.push({ code: 'missing_key', path, message: `says no time (${FORMS})` });
  }
  return problems;
}

function has(...values: unknown[]): boolean {
  return values.some((value) => value !== undefined);
}

function missing(path: string, values: Record<string, unknown>): Finding[] {
  return Object.entries(values)
    .filter(([, value]) => value === undefined)
    .map(([key]) => ({ code: 'missing_key', path, message: `lacks the key "${key}" (${FORMS})` }));
}

function instantProblems(
  path: string,
  { from, to }: { from: unknown; to: unknown },
  context: JobContext,
): Finding[] {
  const problems: Finding[] = [];
  const read = (key: string, text: unknown): number | undefined => {
    const at = pointer(path, key);
    if (typeof text !== 'string' || context.broken.has(at)) return undefined;
    // A zone only moves an instant and cannot make it invalid, so any zone serves for this check.
    const instant = parseInstantIn(text, 'UTC');
    if (instant === undefined) {
      const shown = shownValue(text, context.spots.get(at));
      problems.push({
        code: 'bad_instant',
        path: at,
        message: `must be ${INSTANT_IN_ALLOWED}, not ${shown}`,
      });
    }
    return instant;
  };
  const [fromAt, toAt] = [read('from', from), read('to', to)];
  const isComparable = isLocal(from) === isLocal(to);
  if (fromAt !== undefined && toAt !== undefined && isComparable && toAt <= fromAt) {
    problems.push({ code: 'out_of_range', path: pointer(path, 'to'), message: 'must be later than "from"' });
  }
  return problems;
}

function isLocal(text: unknown): boolean {
  return !/(Z|[+-]\d\d:\d\d)$/.test(String(text));
}
