import { createHash } from 'node:crypto';
import { applyDefaults } from '../core/defaults.ts';
import type { Fault } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { parseDuration } from '../schedule/duration.ts';
import type { Config, DeclaredJob, SourceFile } from './config.ts';
import { type Problem, problemsOf, toFault } from './faults.ts';
import { resolveNotifiers } from './notifiers.ts';
import { validators } from './schema.ts';
import type { ConfigFile } from './schema-types.ts';
import type { Env } from './substitute.ts';
import { pointer, type Tree } from './tree.ts';
import type { JobContext } from './job-context.ts';
import { jobProblems } from './validate.ts';
import { type ParsedYaml, parseYaml } from './yaml.ts';

export type ParseResult = { ok: true; config: Config } | { ok: false; faults: Fault[] };

/** The revision of a text: its SHA-256 in hexadecimal, as `sha256sum` of the file prints it. */
export function revisionOf(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

/**
 * Turns the text of a configuration into a validated `Config`, or into everything that is wrong with it.
 * Reads the files that `*_file` keys name, and nothing else.
 */
export function parseConfig(source: SourceFile, env: Env): ParseResult {
  const { schema, file: isConfigFile } = validators();
  const parsed = parseYaml(source.path, source.text, env, schema);
  if (parsed.tree === null) return { ok: false, faults: parsed.faults };
  const { tree } = parsed;
  // What could not be resolved reads as null; the schema's complaint about that would be a second one.
  const isValid = isConfigFile(tree.value);
  const problems = isValid ? [] : problemsOf(isConfigFile.errors ?? [], tree.spots);
  const value = tree.value as Partial<ConfigFile> | null;
  const notifiers = resolveNotifiers(
    source.path,
    hasFaultAt(problems, '/notifiers') ? {} : value?.notifiers,
    env,
  );
  if (!hasFaultAt(problems, '/notifiers')) problems.push(...notifiers.problems);
  const names = notifierNames(value);
  problems.push(...semanticProblems(tree, problems, names));
  const faults = sorted(withPlaces(problems, parsed, source.path, tree));
  if (faults.length > 0) return { ok: false, faults };
  const config = build(source, tree as Tree & { value: ConfigFile }, parsed);
  return { ok: true, config: { ...config, notifiers: notifiers.notifiers } };
}

function build(source: SourceFile, tree: Tree & { value: ConfigFile }, parsed: ParsedYaml): Config {
  const { defaults = {}, groups = {}, jobs, public_url: publicUrl = '', replay_window: window } = tree.value;
  return {
    revision: revisionOf(source.text),
    files: [source],
    defaults,
    groups,
    notifiers: [],
    jobs: Object.entries(jobs).map(([name, declared]): DeclaredJob => {
      const { line } = parsed.position(tree.spots.get(pointer('/jobs', name))?.keyAt ?? 0);
      const place = { file: source.path, line };
      return { name, place, declared, declaration: applyDefaults(declared, { defaults, groups }) };
    }),
    publicUrl: publicUrl === '' ? null : publicUrl.replace(/\/+$/, ''),
    globals: {
      notifiers: notifierNames(tree.value),
      replayWindowMs: window === undefined ? LIMITS.replayWindowMsDefault : parseDuration(window),
    },
  };
}

/** The names that `notify` may use, also of notifiers that are not valid themselves. */
function notifierNames(value: Partial<ConfigFile> | null): string[] {
  const notifiers: unknown = value?.notifiers;
  const names = typeof notifiers === 'object' && notifiers !== null ? Object.keys(notifiers) : [];
  return names.length === 0 ? ['slack'] : names;
}

function semanticProblems(tree: Tree, found: readonly Problem[], notifiers: readonly string[]): Problem[] {
  const value = asMapping(tree.value);
  const [given, groups] = [asMapping(value['defaults']), asMapping(value['groups'])];
  const broken = new Set(found.map((problem) => problem.path));
  const context: JobContext = {
    notifiers,
    groups: Object.keys(groups),
    spots: tree.spots,
    broken,
    checked: new Map(),
  };
  return [
    ...jobProblems('/defaults', given, context),
    ...Object.entries(groups).flatMap(([name, group]) =>
      jobProblems(pointer('/groups', name), group, context),
    ),
    ...Object.entries(asMapping(value['jobs'])).flatMap(([name, job]) =>
      jobProblems(pointer('/jobs', name), job, context),
    ),
  ];
}

function asMapping(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

function hasFaultAt(problems: readonly Problem[], path: string): boolean {
  return problems.some((problem) => problem.path === path || problem.path.startsWith(`${path}/`));
}

/**
 * Those of the parser and the others together, one for each place: the parser knows best, and what a merge
 * repeats is wrong once. What has no place stays.
 */
function withPlaces(problems: readonly Problem[], parsed: ParsedYaml, file: string, tree: Tree): Fault[] {
  const place = (offset: number): { file: string; line: number; column: number } => ({
    file,
    ...parsed.position(offset),
  });
  const unresolved = new Set(parsed.faults.map(offsetOf));
  const others = new Map<string, Fault>();
  for (const problem of problems) {
    const fault = toFault(problem, tree.spots, place);
    const id =
      fault.line === undefined ? `${fault.path} ${fault.message}` : `${offsetOf(fault)} ${fault.message}`;
    if (!unresolved.has(offsetOf(fault)) && !others.has(id)) others.set(id, fault);
  }
  return [...parsed.faults, ...others.values()];
}

function sorted(faults: readonly Fault[]): Fault[] {
  return [...faults].sort((a, b) => offsetOf(a) - offsetOf(b));
}

function offsetOf(fault: Fault): number {
  return (fault.line ?? 0) * 1e6 + (fault.column ?? 0);
}
