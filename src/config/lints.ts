import { defaultNotifiers } from '../core/model/defaults.ts';
import type { Lint, LintCode } from '../core/model/errors.ts';
import { isNeverHeard } from '../core/model/maintenance.ts';
import { tellsNobody } from '../core/model/notifier-config.ts';
import { periodMsOf } from '../core/model/schedule.ts';
import { type Spec, specOf } from '../core/model/spec.ts';
import type { PlannedJob } from '../core/plan/planned-job.ts';
import { formatDuration } from '../schedule/duration.ts';
import { isOneLetterAway } from '../schedule/near.ts';
import { firstSkipped, type SkippedTime } from '../schedule/skipped.ts';
import type { Config } from './config.ts';
import { sortedByPlace } from './config-file.ts';
import type { Locator } from './locator.ts';
import { pointer } from './yaml/tree.ts';
import { unencryptedLints } from './unencrypted.ts';
import { DAY_MS } from '../schedule/units.ts';

/** Lints look this far ahead for a clock change that skips a slot; 400 days contain every change of a year. */
const SKIPPED_WITHIN_MS = 400 * DAY_MS;

/**
 * Finds settings that are valid and probably not meant, each with its place and with what to do about it
 * (docs/design.md §10).
 * @param locator finds the places of values
 * @param facts facts that the files do not hold
 */
export function lintsOf(config: Config, locator: Locator, { nowAt, pinging = [] }: LintFacts): Lint[] {
  const skips: Linted['skips'] = new Map();
  const used = new Set(defaultNotifiers(config.defaults, []));
  const ofJobs = config.jobs.flatMap((job) => {
    const spec = specOf(job.name, job.declaration, config.globals);
    for (const { to } of spec.notify) used.add(to);
    return jobLints({ job, spec, config, locator, nowAt, skips });
  });
  const lints = [
    ...config.lints,
    ...ofJobs,
    ...notifierLints(config, locator, used),
    ...heartbeatLint(config, locator),
    ...unencryptedLints(config, locator),
    ...misspeltLints(config, locator, pinging),
  ];
  return sortedByPlace(
    lints,
    config.files.map((file) => file.path),
  );
}

/** Facts that lints need beside the files. */
export interface LintFacts {
  /** The instant, in milliseconds since the Unix epoch, from which on schedules are looked at. */
  nowAt: number;
  /** Names that have pinged and that no job has. */
  pinging?: readonly string[];
}

interface Linted {
  job: PlannedJob;
  spec: Spec;
  config: Config;
  locator: Locator;
  nowAt: number;
  /** The skipped time by zone and expression, because many jobs share these. */
  skips: Map<string, SkippedTime | null>;
}

function jobLints(linted: Linted): Lint[] {
  const { job, spec, locator } = linted;
  // Nothing can be said about a schedule of which a part is not known, or about the limits that are compared with it.
  const isUnknown =
    locator.hasUnknown &&
    (['schedule', 'every', 'timezone', 'grace', 'max_runtime', 'maintenance'] as const).some((key) =>
      locator.isUnknown(job.place.file, pointer(pointer('/jobs', job.name), key)),
    );
  if (isUnknown) return nobodyLint(linted, spec);
  const periodMs = periodMsOf(spec.schedule);
  return [
    ...graceLint(linted, spec, periodMs),
    ...runtimeLint(linted, spec, periodMs),
    ...nobodyLint(linted, spec),
    ...maintenanceLint(linted, spec),
    ...skippedLint(linted, spec),
  ];
}

function graceLint(linted: Linted, spec: Spec, periodMs: number | null): Lint[] {
  if (periodMs === null || spec.graceMs <= periodMs) return [];
  const [grace, period] = [formatDuration(spec.graceMs), formatDuration(periodMs)];
  const effect =
    spec.schedule?.kind === 'every'
      ? 'so that people hear only after more than two of them that a job has stopped'
      : 'so that a missed slot is told of only if no run comes for the next slots either';
  const message =
    `grace ${grace}${origin(linted.job, 'grace')} is longer than the ${period} between two slots, ${effect}; ` +
    `write a grace of less than ${period}`;
  return [lint(linted, 'grace_over_period', 'grace', message)];
}

function runtimeLint(linted: Linted, spec: Spec, periodMs: number | null): Lint[] {
  const { declaration } = linted.job;
  // With `every`, no slot comes while a run is open, so runs do not overlap.
  if (spec.schedule?.kind !== 'cron' || periodMs === null || spec.maxRuntimeMs <= periodMs) return [];
  if (declaration.max_runtime === undefined || declaration.overlap !== undefined) return [];
  const message =
    `max_runtime ${declaration.max_runtime}${origin(linted.job, 'max_runtime')} is longer than the ` +
    `${formatDuration(periodMs)} between two slots, so that runs may overlap; ` +
    'write overlap: allow, forbid or skip to say what is meant';
  return [lint(linted, 'max_runtime_over_period', 'max_runtime', message)];
}

function nobodyLint(linted: Linted, spec: Spec): Lint[] {
  if (spec.notify.some(({ on }) => on.length > 0)) return [];
  const message =
    `nobody is told of this job${origin(linted.job, 'notify')}; name at least one notifier in notify, or leave ` +
    'notify out to tell all of them';
  return [lint(linted, 'nobody_told', 'notify', message)];
}

function maintenanceLint(linted: Linted, spec: Spec): Lint[] {
  if (!isNeverHeard(spec, linted.nowAt)) return [];
  const message =
    `its windows${origin(linted.job, 'maintenance')} follow each other so closely that nobody hears of trouble in them for ` +
    `at least a month: it is told ${formatDuration(spec.graceMs)} (the grace) after a window, and by then the next ` +
    'window has begun; shorten duration, or write paused: true if nobody is to hear of this job';
  return [lint(linted, 'endless_maintenance', 'maintenance', message)];
}

function skippedLint(linted: Linted, spec: Spec): Lint[] {
  const { schedule } = spec;
  if (schedule?.kind !== 'cron') return [];
  const { expression, timezone } = schedule;
  const id = `${timezone} ${expression}`;
  const known = linted.skips.get(id);
  const untilAt = linted.nowAt + SKIPPED_WITHIN_MS;
  const skipped = known === undefined ? firstSkipped(expression, timezone, linted.nowAt, untilAt) : known;
  linted.skips.set(id, skipped);
  if (skipped === null) return [];
  const [from, to] = [timeOf(skipped.fromLocalMs), timeOf(skipped.toLocalMs)];
  const instead =
    skipped.insteadLocalMs === null
      ? 'it does not run that day'
      : `cron runs it at ${timeOf(skipped.insteadLocalMs)} that day`;
  const date = new Date(skipped.localMs).toISOString().slice(0, 10);
  const message =
    `${timeOf(skipped.localMs)} does not exist on ${date} in ${timezone}, where the clock goes from ${from} to ` +
    `${to}: ${instead}; choose another time, or timezone: UTC, if that matters`;
  const found = lint(linted, 'skipped_by_clock_change', 'schedule', message);
  // Cron runs the job an hour late once a year, which is only a note. A day on which it does not run at all is a
  // warning.
  return [skipped.insteadLocalMs === null ? found : { ...found, severity: 'note' }];
}

/** Finds jobs whose pings probably go to a name that nobody watches. */
function misspeltLints(config: Config, locator: Locator, pinging: readonly string[]): Lint[] {
  const declared = new Set(config.jobs.map((job) => job.name));
  const unknown = pinging.filter((name) => !declared.has(name));
  return config.jobs.flatMap((job) => {
    const name = unknown.find((each) => isOneLetterAway(each, job.name));
    if (name === undefined) return [];
    const message =
      `pings come for "${name}", which nobody declares and which is one slip of the keyboard away; correct the name here or ` +
      'where the job pings';
    const place = locator.place(job.place.file, pointer('/jobs', job.name), { atKey: true });
    return [{ code: 'name_near_unknown', message, job: job.name, ...place }];
  });
}

function notifierLints(config: Config, locator: Locator, used: ReadonlySet<string>): Lint[] {
  const names = new Set(config.notifiers.map(({ name }) => name));
  // A job may name a notifier that comes from the environment. Then nobody can tell which notifiers are used.
  const isAnyUsed = [...used].some((name) => !names.has(name));
  const { path: file } = config.files[0]!;
  return config.notifiers.flatMap((notifier) => {
    const { name } = notifier;
    const path = pointer('/notifiers', name);
    // Without a notifier in the file, one is made from the environment, and that has no place in the file.
    const isDeclared = locator.has(file, path);
    const faults: Lint[] = [];
    if (isDeclared && config.jobs.length > 0 && !isAnyUsed && !used.has(name)) {
      const message =
        'no job notifies it, so it is told of trouble of Cronflow itself at most; name it in the notify of a job or of ' +
        'defaults, or remove it';
      faults.push({ code: 'unused_notifier', message, ...locator.place(file, path, { atKey: true }) });
    }
    if (tellsNobody(notifier)) {
      const message = isDeclared
        ? 'the address is empty: every notification is logged, and nobody is told; give it the address of an ' +
          'incoming webhook'
        : 'there is none and SLACK_WEBHOOK_URL is not set: every notification is logged, and nobody is told';
      const at = isDeclared ? pointer(path, 'webhook_url') : '/notifiers';
      faults.push(emptySecret(config, locator.place(file, at), message));
    }
    return faults;
  });
}

/** Finds a heartbeat that is declared and never sent, because its address is empty. */
function heartbeatLint(config: Config, locator: Locator): Lint[] {
  const { heartbeat, files } = config;
  const { path: file } = files[0]!;
  if (heartbeat !== null || !locator.has(file, '/heartbeat/url')) return [];
  const message =
    'the address is empty: no heartbeat is sent, and nobody notices when Cronflow dies; give it the address of a ' +
    'service that tells somebody when the heartbeats stop';
  return [emptySecret(config, locator.place(file, '/heartbeat/url'), message)];
}

/**
 * Returns the lint of an empty address. It is a note where `${VAR:-}` is written, because then the file itself says
 * that the address may be empty.
 */
function emptySecret({ files }: Config, place: ReturnType<Locator['place']>, message: string): Lint {
  const text = files.find(({ path }) => path === place.file)?.text.split('\n')[place.line - 1] ?? '';
  const isMeant = /^["']?\$\{\w+:-\}/.test(text.slice(place.column - 1));
  return { code: 'empty_secret', message, ...place, ...(isMeant ? { severity: 'note' } : {}) };
}

/** Says where a value comes from that the job does not give itself. */
function origin(job: PlannedJob, key: keyof PlannedJob['declared']): string {
  if (job.declared[key] !== undefined) return '';
  return job.declaration[key] === undefined ? ' (the default)' : ' (from its group or defaults)';
}

/** Returns a lint at the value where the job gives one, else at the name of the job. */
function lint(
  { job, locator }: Linted,
  code: LintCode,
  key: keyof PlannedJob['declared'],
  message: string,
): Lint {
  const path = pointer('/jobs', job.name);
  const place =
    job.declared[key] === undefined
      ? locator.place(job.place.file, path, { atKey: true })
      : locator.place(job.place.file, pointer(path, key));
  return { code, message, job: job.name, ...place };
}

function timeOf(localMs: number): string {
  return new Date(localMs).toISOString().slice(11, 16);
}
