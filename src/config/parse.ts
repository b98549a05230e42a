import { NO_PUBLIC_BADGES } from '../core/model/badge.ts';
import type { Declaration } from '../core/model/declaration.ts';
import { applyDefaults } from '../core/model/defaults.ts';
import type { Fault } from '../core/model/errors.ts';
import type { HeartbeatConfig } from '../core/model/heartbeat-config.ts';
import { LIMITS } from '../core/model/limits.ts';
import type { PlannedJob } from '../core/plan/planned-job.ts';
import { parseDuration } from '../schedule/duration.ts';
import type { Config, SourceFile } from './config.ts';
import {
  type ConfigText,
  faultsOf,
  hasProblemAt,
  parseText,
  placeIn,
  sortedByPlace,
  type TextPlace,
} from './config-file.ts';
import type { Finding } from './faults.ts';
import { resolveHeartbeat } from './heartbeat.ts';
import { hideInFault } from './secrets/hide.ts';
import type { JobContext } from './job-context.ts';
import { resolveNotifiers, type Notifiers } from './notifiers.ts';
import { redactProblems } from './patterns.ts';
import { sha256 } from './read.ts';
import { renameFindings } from './renames.ts';
import { type Schema, validators } from './schema.ts';
import type { ConfigFile } from './schema-types.ts';
import type { SecretFiles } from './secrets/secret-files.ts';
import { fingerprintOf, type IncludedFiles, type IncludedRead } from './sources.ts';
import { type Env, NO_ENV } from './substitute.ts';
import { pointer, steps } from './yaml/tree.ts';
import { jobProblems } from './validate.ts';
import { writtenSettings } from './written.ts';

export type ParseResult =
  | {
      ok: true;
      config: Config;
      /** The files as they were parsed, for finding places in them. They cannot be sent to another thread. */
      texts: readonly ConfigText<unknown>[];
    }
  | { ok: false; faults: Fault[] };

/** The main file as it was parsed. It also holds what applies to the jobs of included files. */
export interface MainFile {
  text: ConfigText<ConfigFile>;
  notifiers: Notifiers;
  heartbeat: HeartbeatConfig | null;
  context: JobContext;
  /** The items of `include`, each with its place. */
  includes: { text: string; place: TextPlace; path: string }[];
  /** The files that hold the secrets of this file. */
  secrets: SecretFiles;
}

type JobsFile = ConfigText<Pick<ConfigFile, 'jobs'>>;

const NOTHING_INCLUDED: IncludedFiles = { reads: [], directories: [], faults: [] };

/** Returns the revision of a text: its SHA-256 in hexadecimal, as `sha256sum` of the file prints it. */
export function revisionOf(text: string): string {
  return sha256(text);
}

/**
 * Turns the text of a configuration that includes no others into a validated `Config`, or into all that is wrong with
 * it. Of other files it reads only those that `*_file` keys name.
 */
export function parseConfig(source: SourceFile, env: Env): ParseResult {
  return assemble(parseMain(source, env), NOTHING_INCLUDED, env);
}

/** Parses the main file and checks its own content. */
export function parseMain(source: SourceFile, env: Env): MainFile {
  const text = parseText(source, env, validators().file);
  const { value, problems } = text;
  const isUsable = !hasProblemAt(problems, '/notifiers');
  const notifiers =
    text.tree === null
      ? { notifiers: [], problems: [], secrets: new Map() }
      : resolveNotifiers(source.path, isUsable ? value?.notifiers : {}, env);
  if (isUsable) problems.push(...notifiers.problems);
  const hasHeartbeat = !hasProblemAt(problems, '/heartbeat');
  const heartbeat = hasHeartbeat
    ? resolveHeartbeat(source.path, value?.heartbeat, {
        problems,
        secrets: notifiers.secrets,
        isBlind: env === NO_ENV,
      })
    : null;
  const context: JobContext = {
    notifiers: notifierNames(value),
    groups: Object.keys(asMapping(value?.groups)),
    ...spotsOf(text),
    checked: new Map(),
  };
  // The lists are joined, because `push` with more than some 100,000 arguments throws, and a file may hold more
  // mistakes.
  text.problems = problems.concat(
    redactProblems(value?.redact, context),
    jobProblems('/defaults', value?.defaults, context),
    Object.entries(asMapping(value?.groups)).flatMap(([name, group]) =>
      jobProblems(pointer('/groups', name), group, context),
    ),
    findingsOfJobs(text, context),
  );
  return { text, notifiers, heartbeat, context, includes: includesOf(text), secrets: notifiers.secrets };
}

/** Puts the main file and those it includes together. Unless all of it is valid, nothing is used. */
export function assemble(main: MainFile, included: IncludedFiles, env: Env): ParseResult {
  const files: JobsFile[] = [main.text];
  const unreadable: Fault[] = [];
  for (const found of included.reads) {
    if ('fault' in found.read) unreadable.push(unread(found, found.read.fault, main));
    else files.push(parseIncluded(found.read.file, env, main.context));
  }
  const jobs = files.flatMap(jobsOf);
  const renames = renameFindings(jobs);
  const faults = [
    ...files.flatMap(faultsOf),
    ...included.faults,
    ...unreadable,
    ...duplicates(files),
    ...renames.faults,
  ].map((fault) => hideInFault(fault));
  if (faults.length > 0) {
    const paths = [main.text.source.path, ...included.reads.map((found) => found.path)];
    return { ok: false, faults: sortedByPlace(faults, paths) };
  }
  const { path, text } = main.text.source;
  const settings = settingsOf(main);
  const config = {
    ...settings,
    revision: fingerprintOf(path, revisionOf(text), included),
    files: files.map((file) => file.source),
    jobs: jobs.map((job) => ({ ...job, declaration: applyDefaults(job.declared, settings) })),
    lints: renames.lints,
  };
  return { ok: true, config, texts: files };
}

function settingsOf({
  text,
  notifiers,
  heartbeat,
  context,
}: MainFile): Omit<Config, 'revision' | 'files' | 'jobs' | 'lints'> {
  const { defaults = {}, groups = {}, replay_window: window } = text.value ?? {};
  const { public_url: publicUrl = '', source_url: sourceUrl = '' } = text.value ?? {};
  return {
    redact: text.value?.redact ?? [],
    badges: { ...NO_PUBLIC_BADGES, ...text.value?.badges },
    defaults,
    groups,
    notifiers: notifiers.notifiers,
    heartbeat,
    written: text.tree === null ? {} : writtenSettings(text.tree, validators().schema),
    publicUrl: publicUrl === '' ? null : publicUrl.replace(/\/+$/, ''),
    sourceUrl: sourceUrl === '' ? null : sourceUrl,
    perJobMetrics: text.value?.metrics?.per_job ?? false,
    globals: {
      notifiers: context.notifiers ?? [],
      replayWindowMs: window === undefined ? LIMITS.replayWindowMsDefault : parseDuration(window),
    },
  };
}

/**
 * Returns the jobs of a file. A job that is no mapping counts as empty here, because the schema has refused it
 * already.
 */
function jobsOf(file: JobsFile): Omit<PlannedJob, 'declaration'>[] {
  return Object.entries(asMapping(file.value?.jobs)).map(([name, job]) => {
    const path = pointer('/jobs', name);
    const { line } = placeIn(file, path, { atKey: true });
    const place = { file: file.source.path, line };
    const declared: Declaration = asMapping(job);
    const isRenamed = declared.renamed_from !== undefined;
    const renamed = isRenamed ? { renamed_from_place: placeIn(file, pointer(path, 'renamed_from')) } : {};
    return { name, place, declared, ...renamed };
  });
}

/** Returns the names that `notify` may use, including those of notifiers that are not valid themselves. */
function notifierNames(value: Partial<ConfigFile> | null): string[] {
  const names = Object.keys(asMapping(value?.notifiers));
  return names.length === 0 ? ['slack'] : names;
}

function includesOf(text: ConfigText<ConfigFile>): MainFile['includes'] {
  const items: unknown = text.value?.include;
  if (!Array.isArray(items)) return [];
  return items.flatMap((item: unknown, i) => {
    const path = pointer('/include', i);
    // An item that the schema refuses, such as one that is too long, is not searched for.
    if (typeof item !== 'string' || item === '' || hasProblemAt(text.problems, path)) return [];
    return [{ text: item, path, place: placeIn(text, path) }];
  });
}

/** Parses an included file. It brings jobs only; the including file holds everything else that applies to them. */
function parseIncluded(source: SourceFile, env: Env, context: JobContext): JobsFile {
  const { schema, included } = validators();
  const file = parseText(source, env, included);
  file.problems = file.problems
    .map((problem) => belongingElsewhere(problem, schema))
    .concat(findingsOfJobs(file, { ...context, ...spotsOf(file) }));
  return file;
}

function belongingElsewhere(problem: Finding, schema: Schema): Finding {
  const [key = '', ...rest] = steps(problem.path);
  if (problem.code !== 'unknown_key' || rest.length > 0 || !Object.hasOwn(schema.properties ?? {}, key)) {
    return problem;
  }
  const { suggestion: _word, ...without } = problem;
  const message = `"${key}" belongs in the file that includes this one; an included file brings jobs only`;
  return { ...without, message };
}

function findingsOfJobs(file: JobsFile, context: JobContext): Finding[] {
  return Object.entries(asMapping(file.value?.jobs)).flatMap(([name, job]) =>
    jobProblems(pointer('/jobs', name), job, context),
  );
}

/**
 * Places the fault of an unreadable file where `include` names it. A file that a pattern found keeps its own name as
 * the place.
 */
function unread(found: IncludedRead, fault: Fault, main: MainFile): Fault {
  const include = main.includes[found.item];
  if (!found.isLiteral || include === undefined) return fault;
  const message = `names ${found.path}, which ${fault.message}`;
  return { ...fault, path: `include[${found.item}]`, message, ...include.place };
}

/** Finds jobs that two files declare; the parser finds those that one file declares twice. */
function duplicates(files: readonly JobsFile[]): Fault[] {
  if (files.length === 1) return [];
  const first = new Map<string, TextPlace>();
  const faults: Fault[] = [];
  for (const file of files) {
    for (const name of Object.keys(asMapping(file.value?.jobs))) {
      const path = pointer('/jobs', name);
      const place = placeIn(file, path, { atKey: true });
      const other = first.get(name);
      if (other === undefined) {
        first.set(name, place);
        continue;
      }
      const message = `"${name}" is declared a second time; the first is at ${other.file}:${other.line}:${other.column}`;
      faults.push({ code: 'duplicate_job', path: `jobs.${name}`, message, ...place });
    }
  }
  return faults;
}

function spotsOf({ tree, problems }: ConfigText<unknown>): Pick<JobContext, 'spots' | 'broken'> {
  return { spots: tree?.spots ?? new Map(), broken: new Set(problems.map((problem) => problem.path)) };
}

function asMapping(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}
