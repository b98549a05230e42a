import type { Declaration } from '../core/model/declaration.ts';
import { applyDefaults, type Fill } from '../core/model/defaults.ts';
import type { Fault } from '../core/model/errors.ts';
import { type Finding, findingsOf, type Spots, shownValue, toFault, unknown } from './faults.ts';
import { hideInFault } from './secrets/hide.ts';
import type { JobContext } from './job-context.ts';
import { maintenanceProblems } from './maintenance.ts';
import { expectProblems } from './patterns.ts';
import { scheduleProblems } from './schedules.ts';
import { validators } from './schema.ts';
import { pointer } from './yaml/tree.ts';

const NO_SPOTS: Spots = new Map();

/** A declaration as it was written, and with the defaults filled in. */
export interface ValidDeclaration {
  declared: Declaration;
  declaration: Declaration;
}

/**
 * Checks a declaration that came over the API by the rules of the file. `${}` is text here (docs/design.md §5).
 * @param input the keys of a job, without its name
 * @param fill the defaults for keys that it lacks; a job may be in the groups of this only
 * @param notifiers the configured names, for `notify`; without these the names are not checked
 * @returns every fault, with paths such as `schedule` or `notify[0].to`, and `name` for the name
 */
export function validateDeclaration(
  name: unknown,
  input: unknown,
  fill: Fill,
  notifiers?: readonly string[],
): ValidDeclaration | Fault[] {
  const { job } = validators();
  const isValid = job(input);
  const problems = isValid ? [] : findingsOf(job.errors ?? [], NO_SPOTS);
  const broken = new Set(problems.map((problem) => problem.path));
  const groups = Object.keys(fill.groups ?? {});
  const context: JobContext = { notifiers, groups, spots: NO_SPOTS, broken, checked: new Map() };
  const all = problems.concat(jobProblems('', input, context));
  const faults = [...nameFaults(name), ...all.map((problem) => toFault(problem, NO_SPOTS))].map((fault) =>
    hideInFault(fault),
  );
  if (faults.length > 0 || !isValid) return faults;
  const declared = structuredClone(input);
  return { declared, declaration: applyDefaults(declared, fill) };
}

function nameFaults(name: unknown): Fault[] {
  const { jobName, schema } = validators();
  if (jobName(name)) return [];
  const allowed = schema.definitions?.['job_name']?.patternErrorMessage;
  const shown = shownValue(name, undefined);
  const message =
    name === undefined ? `is missing (allowed: ${allowed})` : `cannot be ${shown} (allowed: ${allowed})`;
  return [{ code: 'bad_name', path: 'name', message }];
}

/**
 * Checks what the schema cannot: that the schedules, zones, patterns and windows of a job make sense, and that its
 * notifiers and its group exist.
 * @param path JSON pointer of the job
 * @param input a job that need not be valid
 */
export function jobProblems(path: string, input: unknown, context: JobContext): Finding[] {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return [];
  const { schedule, timezone, notify, expect, maintenance, group } = input as Record<string, unknown>;
  return [
    ...scheduleProblems(path, { schedule, timezone }, context),
    ...expectProblems(pointer(path, 'expect'), expect, context),
    ...maintenanceProblems(pointer(path, 'maintenance'), maintenance, context),
    ...groupProblems(pointer(path, 'group'), group, context),
    ...(context.notifiers === undefined ? [] : notifyProblems(pointer(path, 'notify'), notify, context)),
  ];
}

/** Finds names in a `notify` that no notifier has. */
function notifyProblems(path: string, notify: unknown, context: JobContext): Finding[] {
  // The items of a list that is refused as a whole, as for its length, are not judged.
  if (!Array.isArray(notify) || context.broken.has(path)) return [];
  const known = context.notifiers ?? [];
  return notify.flatMap((item: unknown, i): Finding[] => {
    const isName = typeof item === 'string';
    const to: unknown = isName ? item : (item as { to?: unknown } | null)?.to;
    const at = isName ? pointer(path, i) : pointer(pointer(path, i), 'to');
    if (typeof to !== 'string' || to === '' || known.includes(to)) return [];
    const shown = shownValue(to, context.spots.get(at));
    return [{ code: 'unknown_notifier', path: at, ...unknown('notifier', to, known, shown) }];
  });
}

/** Finds a group that is not declared, because the job would silently lack the settings of that group. */
function groupProblems(path: string, group: unknown, { groups, spots, broken }: JobContext): Finding[] {
  if (typeof group !== 'string' || broken.has(path)) return [];
  if (groups.length === 0 || groups.includes(group)) return [];
  const shown = shownValue(group, spots.get(path));
  return [{ code: 'unknown_group', path, ...unknown('group', group, groups, shown) }];
}
