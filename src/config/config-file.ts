import type { Fault } from '../core/model/errors.ts';
import type { SourceFile } from './config.ts';
import { type Finding, findingsOf, toFault } from './faults.ts';
import { validators } from './schema.ts';
import type { Validator } from './schema-parts.ts';
import type { Env } from './substitute.ts';
import { pointer, type Spot, type Tree } from './yaml/tree.ts';
import { type ParsedYaml, parseYaml } from './yaml/yaml.ts';

/** A place in a file; line and column are 1-based. */
export interface TextPlace {
  file: string;
  line: number;
  column: number;
}

/** A file that was parsed and held against its schema. */
export interface ConfigText<T> {
  source: SourceFile;
  /** Null where nothing can be said about the content of the file; then `parsed` says why. */
  tree: Tree | null;
  /** The content of the file; it is complete only where there are no problems. */
  value: Partial<T> | null;
  /** The problems that the schema found; further checks add theirs. */
  problems: Finding[];
  parsed: ParsedYaml;
}

export function parseText<T>(source: SourceFile, env: Env, isValid: Validator<T>): ConfigText<T> {
  const parsed = parseYaml(source.path, source.text, env, validators().schema);
  if (parsed.tree === null) return { source, tree: null, value: null, problems: [], parsed };
  const tree = withLongJobs(parsed.tree);
  // A variable that could not be resolved reads as null. The parser has told of it, so the schema's complaint about
  // that null would tell of one mistake twice.
  const problems = isValid(tree.value) ? [] : findingsOf(isValid.errors ?? [], tree.spots);
  return { source, tree, value: tree.value as Partial<T> | null, problems, parsed };
}

/**
 * Matches a text that looks like a schedule. Any other text may be a secret, which a message about a schedule would
 * quote.
 */
const SCHEDULE = /^\s*(?:@[a-z]+|[\w*,/#~?-]+(?:\s+[\w*,/#~?-]+){4,5})\s*$/;

/** Writes out the jobs that give only a schedule: `log-rotate: '0 0 * * *'`. */
function withLongJobs({ value, spots }: Tree): Tree {
  const { jobs } = (value ?? {}) as { jobs?: unknown };
  if (typeof jobs !== 'object' || jobs === null || Array.isArray(jobs)) return { value, spots };
  // The spots are copied only when there is something to add, because most files add nothing.
  let places: Map<string, Spot> | undefined;
  const keys = validators().schema.definitions?.['job']?.properties ?? {};
  const written = jobs as Record<string, unknown>;
  for (const [name, job] of Object.entries(written)) {
    // `schedule: ...` beside a job is a key of that job that lacks its indentation, and no job.
    if (typeof job !== 'string' || !SCHEDULE.test(job) || Object.hasOwn(keys, name)) continue;
    const path = pointer('/jobs', name);
    const spot = spots.get(path);
    written[name] = { schedule: job };
    places ??= new Map(spots);
    if (spot !== undefined) places.set(pointer(path, 'schedule'), spot);
  }
  return { value, spots: places ?? spots };
}

/** Returns the place of the value at a JSON pointer, or with `atKey` that of its key. */
export function placeIn(text: ConfigText<unknown>, path: string, { atKey = false } = {}): TextPlace {
  const spot = text.tree?.spots.get(path);
  const offset = (atKey ? spot?.keyAt : undefined) ?? spot?.at ?? 0;
  return { file: text.source.path, ...text.parsed.position(offset) };
}

/**
 * Joins the parser's faults and the other problems, and keeps one for each place: the parser knows best, and a
 * mistake that a merge repeats is one mistake. A fault without a place is kept.
 */
export function faultsOf({ source, tree, problems, parsed }: ConfigText<unknown>): Fault[] {
  if (tree === null) return parsed.faults;
  const place = (offset: number): TextPlace => ({ file: source.path, ...parsed.position(offset) });
  const unresolved = new Set(parsed.faults.map(offsetOf));
  const others = new Map<string, Fault>();
  for (const problem of problems) {
    // A value that is not known cannot be judged, so only its key can be wrong.
    if (problem.atKey !== true && tree.spots.get(problem.path)?.isUnknown === true) continue;
    if (isOfUncertainType(problem, tree)) continue;
    const fault = toFault(problem, tree.spots, place);
    const id =
      fault.line === undefined ? `${fault.path} ${fault.message}` : `${offsetOf(fault)} ${fault.message}`;
    if (!unresolved.has(offsetOf(fault)) && !others.has(id)) others.set(id, fault);
  }
  return [...parsed.faults, ...others.values()];
}

/**
 * Tells whether a problem depends on a notifier's type that may turn out to be another. The type decides which keys
 * the notifier takes, so only the type itself is judged then.
 */
function isOfUncertainType({ path }: Finding, { spots }: Tree): boolean {
  const notifier = /^\/notifiers\/[^/]*/.exec(path)?.[0];
  if (notifier === undefined) return false;
  const type = pointer(notifier, 'type');
  return path !== type && spots.get(type)?.isByDefault === true;
}

/** Sorts faults by the order of the files, and within a file by their places. */
export function sortedByPlace<F extends Fault>(faults: readonly F[], files: readonly string[]): F[] {
  const order = new Map(files.map((file, i) => [file, i]));
  const indexOf = ({ file }: Fault): number => order.get(file ?? '') ?? files.length;
  return [...faults].sort((a, b) => indexOf(a) - indexOf(b) || offsetOf(a) - offsetOf(b));
}

export function hasProblemAt(problems: readonly Finding[], path: string): boolean {
  return problems.some((problem) => problem.path === path || problem.path.startsWith(`${path}/`));
}

function offsetOf(fault: Fault): number {
  return (fault.line ?? 0) * 1e6 + (fault.column ?? 0);
}
