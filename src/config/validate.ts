import type { Declaration } from '../core/declaration.ts';
import { applyDefaults } from '../core/defaults.ts';
import type { Fault } from '../core/errors.ts';
import { compileCron } from '../schedule/cron.ts';
import { ScheduleError } from '../schedule/error.ts';
import { type Problem, problemsOf, type Spots, shownValue, toFault, unknown } from './faults.ts';
import { validators } from './schema.ts';
import { pointer } from './tree.ts';

const NO_SPOTS: Spots = new Map();

/** A declaration in both its forms: as written, and with the defaults filled in. */
export interface ValidDeclaration {
  declared: Declaration;
  declaration: Declaration;
}

/**
 * Checks a declaration that came over the API by the rules of the file. `${}` is text here (DESIGN.md §5).
 * @param input the keys of a job, without its name
 * @param notifiers the configured names, for `notify`; unchecked without
 * @returns every fault, with paths such as `schedule` or `notify[0].to`, and `name` for the name
 */
export function validateDeclaration(
  name: unknown,
  input: unknown,
  defaults: Declaration,
  notifiers?: readonly string[],
): ValidDeclaration | Fault[] {
  const { job } = validators();
  const isValid = job(input);
  const problems = isValid ? [] : problemsOf(job.errors ?? [], NO_SPOTS);
  const broken = new Set(problems.map((problem) => problem.path));
  problems.push(...jobProblems('', input, { notifiers, spots: NO_SPOTS, broken, checked: new Map() }));
  const faults = [...nameFaults(name), ...problems.map((problem) => toFault(problem, NO_SPOTS))];
  if (faults.length > 0 || !isValid) return faults;
  const declared = structuredClone(input);
  return { declared, declaration: applyDefaults(declared, defaults) };
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

/** What the checks of a job beside the schema need to know. */
export interface JobContext {
  notifiers: readonly string[] | undefined;
  spots: Spots;
  /** Pointers at which the schema found something already. */
  broken: ReadonlySet<string>;
  /** What is known of pairs of expression and zone, so that each is looked at once. */
  checked: Map<string, ScheduleError | null>;
}

/**
 * What the schema cannot say of a job: that its schedule and zone exist, and those it notifies.
 * @param path JSON pointer of the job
 * @param input a job that need not be valid
 */
export function jobProblems(path: string, input: unknown, context: JobContext): Problem[] {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return [];
  const { schedule, timezone, notify } = input as Record<string, unknown>;
  return [
    ...scheduleProblems(path, { schedule, timezone }, context),
    ...(context.notifiers === undefined ? [] : notifyProblems(pointer(path, 'notify'), notify, context)),
  ];
}

function scheduleProblems(
  path: string,
  { schedule, timezone }: { schedule: unknown; timezone: unknown },
  context: JobContext,
): Problem[] {
  const at = { schedule: pointer(path, 'schedule'), timezone: pointer(path, 'timezone') };
  const usable = (value: unknown, pointerOf: string): value is string =>
    typeof value === 'string' && !context.broken.has(pointerOf);
  const problems: Problem[] = [];
  // Each is looked at by itself: a zone cannot make an expression wrong.
  if (usable(timezone, at.timezone)) {
    const error = check('0 0 * * *', timezone, context);
    if (error !== null) problems.push(scheduleProblem(error, at.timezone, context));
  }
  if (usable(schedule, at.schedule)) {
    const error = check(schedule, 'UTC', context);
    if (error !== null) problems.push(scheduleProblem(error, at.schedule, context));
  }
  return problems;
}

function check(expression: string, timezone: string, { checked }: JobContext): ScheduleError | null {
  const id = `${timezone} ${expression}`;
  const known = checked.get(id);
  if (known !== undefined) return known;
  let error: ScheduleError | null = null;
  try {
    compileCron(expression, timezone);
  } catch (thrown) {
    if (!(thrown instanceof ScheduleError)) throw thrown;
    error = thrown;
  }
  checked.set(id, error);
  return error;
}

function scheduleProblem(error: ScheduleError, path: string, context: JobContext): Problem {
  const spot = context.spots.get(path);
  const code = error.field === 'timezone' ? 'bad_timezone' : 'bad_schedule';
  if (spot?.variables !== undefined) {
    const from = shownValue('', spot);
    return { code, path, message: `${from} is refused for its ${error.field} (allowed: ${error.allowed})` };
  }
  const suggestion = error.suggestion === undefined ? {} : { suggestion: error.suggestion };
  return { code, path, message: error.message, ...suggestion };
}

/** Names in a `notify` that no notifier has. */
function notifyProblems(path: string, notify: unknown, context: JobContext): Problem[] {
  if (!Array.isArray(notify)) return [];
  const known = context.notifiers ?? [];
  return notify.flatMap((item: unknown, i): Problem[] => {
    const isName = typeof item === 'string';
    const to: unknown = isName ? item : (item as { to?: unknown } | null)?.to;
    const at = isName ? pointer(path, i) : pointer(pointer(path, i), 'to');
    if (typeof to !== 'string' || to === '' || known.includes(to)) return [];
    const shown = shownValue(to, context.spots.get(at));
    return [{ code: 'unknown_notifier', path: at, ...unknown('notifier', to, known, shown) }];
  });
}
