import { compileCron } from '../../schedule/cron.ts';
import { ScheduleError } from '../../schedule/error.ts';
import { validators } from '../schema.ts';
import { baseName, callsOf } from './calls.ts';
import { descriptionOf, saysIgnore } from './comments.ts';
import { type CrontabLine, type Entry, type Note, readLines } from './lines.ts';
import { type Named, namesFor, type Unnamed } from './names.ts';
import { oddities } from './oddities.ts';
import { commandOf } from './percent.ts';
import { wrappedBy } from './wrapped.ts';

/** Which cron runs the crontab: they differ in what `CRON_TZ` and `TZ` mean for its times. */
export const CRONS = ['any', 'debian', 'cronie'] as const;
export type Cron = (typeof CRONS)[number];

export interface ImportOptions {
  /** Whether a user's name stands before each command, as in /etc/crontab. */
  system: boolean;
  /** The zone of the machine that runs the crontab. */
  timezone: string;
  cron: Cron;
  /** File names that the wrapper goes by, such as `monitor.sh`. */
  wrappers: ReadonlySet<string>;
  /** What names made here begin with, such as the name of the machine. */
  prefix?: string;
}

/** A line of the crontab as a job of Cronflow. */
export interface ImportedJob {
  name: string;
  /** 1-based. */
  line: number;
  schedule: string;
  /** Only where it is not the machine's. */
  timezone?: string;
  description?: string;
  user?: string;
  /** What stands behind the time in the crontab, `%` and all. */
  command: string;
  /** Whether the line calls the wrapper already. */
  wrapped: boolean;
}

/** Why a line that is neither blank, a comment nor a setting became no job. */
export type SkipCode = 'ignored' | 'run_parts' | 'reboot' | 'duplicate' | 'unreadable';
export interface Skipped {
  line: number;
  code: SkipCode;
  /** One sentence without the place. */
  message: string;
}

export interface CrontabImport {
  lines: readonly CrontabLine[];
  jobs: ImportedJob[];
  skipped: Skipped[];
  notes: Note[];
  /** For each line the `SHELL` that runs its command. */
  shells: readonly string[];
}

/** What the settings and comments above a line mean for it. */
interface Surroundings {
  shell: string;
  timezone: string | undefined;
  comments: readonly string[];
}

/** A line on its way to become a job. */
interface Candidate extends Omit<ImportedJob, 'name' | 'wrapped'> {
  /** From the wrapper that the line calls. */
  wrapped?: { job: string; command: string };
}

const SHELL_DEFAULT = '/bin/sh';
/** What the schema allows. */
const SCHEDULE_LENGTH_MAX = 256;
/** Of FreeBSD's cron. */
const EVERY_MINUTE = '@every_minute';

/**
 * Turns a crontab into jobs. Lines that are no jobs of their own, or not understood, are skipped with a reason; the
 * others are imported all the same. Names do not depend on where a line stands.
 */
export function importCrontab(crontab: string, options: ImportOptions): CrontabImport {
  const lines = readLines(crontab, options.system);
  const result: CrontabImport = {
    lines,
    jobs: [],
    skipped: [],
    notes: oddities(lines, options.system),
    shells: [],
  };
  const surroundings = surroundingsOf(lines, options, result.notes);
  const candidates: Candidate[] = [];
  lines.forEach((line, i) => {
    if (line.kind === 'broken') {
      result.skipped.push({ line: i + 1, code: 'unreadable', message: line.problem });
    } else if (line.kind === 'entry') {
      const read = readCandidate(line, i + 1, surroundings[i]!, options);
      if ('code' in read) result.skipped.push(read);
      else candidates.push(read);
    }
  });
  result.jobs = named(candidates, options.prefix, result.skipped);
  result.skipped.sort((a, b) => a.line - b.line);
  return { ...result, shells: surroundings.map(({ shell }) => shell) };
}

/** Settings hold from where they stand; comments for the line right below. */
function surroundingsOf(
  lines: readonly CrontabLine[],
  options: ImportOptions,
  notes: Note[],
): Surroundings[] {
  const settings = new Map<string, string>();
  let comments: string[] = [];
  return lines.map((line, i) => {
    const at = {
      shell: settings.get('SHELL') || SHELL_DEFAULT,
      timezone: zoneIn(settings, options),
      comments,
    };
    if (line.kind !== 'comment') comments = [];
    else comments.push(line.comment);
    if (line.kind === 'environment') {
      settings.set(line.name, line.value);
      if (line.name === 'CRON_TZ' || line.name === 'TZ') notes.push(...zoneNotes(line, i + 1, options));
    }
    return at;
  });
}

/** The zone that the settings give the times below, if they give one that is known. */
function zoneIn(
  settings: ReadonlyMap<string, string>,
  { cron, timezone }: ImportOptions,
): string | undefined {
  const names = { any: ['CRON_TZ', 'TZ'], cronie: ['CRON_TZ'], debian: [] }[cron];
  const zone = names.map((name) => zoneName(settings.get(name) ?? '')).find((value) => value !== '');
  return zone === undefined || zone === timezone || !isZone(zone) ? undefined : zone;
}

/** `TZ=:Europe/Berlin` names a zone as well. */
function zoneName(value: string): string {
  return value.replace(/^:/, '');
}

function isZone(timezone: string): boolean {
  try {
    compileCron('@daily', timezone);
    return true;
  } catch (error) {
    if (error instanceof ScheduleError) return false;
    throw error;
  }
}

function zoneNotes(
  { name, value }: { name: string; value: string },
  line: number,
  options: ImportOptions,
): Note[] {
  const zone = zoneName(value);
  const setting = `${name}=${value}`;
  const isTaken = options.cron === 'any' || (options.cron === 'cronie' && name === 'CRON_TZ');
  if (zone === '') return [];
  if (!isTaken) return [{ line, message: `${setting} does not change when this cron runs the lines below` }];
  if (!isZone(zone)) {
    const message = `${setting} is no zone of the IANA database, such as Europe/Berlin; ${options.timezone} is used`;
    return [{ line, message }];
  }
  if (options.cron !== 'any') return [];
  const who = name === 'TZ' ? "Debian's cron and cronie do not" : "cronie does, Debian's cron does not";
  const message = `the times below are read in ${zone} because of ${setting}; ${who}: --cron says which one runs them`;
  return [{ line, message }];
}

function readCandidate(
  entry: Entry,
  line: number,
  { timezone, comments }: Surroundings,
  { wrappers }: ImportOptions,
): Candidate | Skipped {
  const written = entry.text.slice(entry.commandAt);
  const { calls, comments: trailing } = callsOf(commandOf(written));
  const skipped = (code: SkipCode, message: string): Skipped => ({ line, code, message });
  if ([...comments, ...trailing].some(saysIgnore)) return skipped('ignored', '"cronflow: ignore" says so');
  if (entry.schedule === '@reboot') {
    return skipped('reboot', '@reboot is no schedule: nobody can say when the machine should start');
  }
  const schedule = entry.schedule === EVERY_MINUTE ? '* * * * *' : entry.schedule;
  const problem = scheduleProblem(schedule);
  if (problem !== undefined) return skipped('unreadable', problem);
  const wrapped = wrappedBy(calls, wrappers);
  if (wrapped === undefined && calls.some(({ words }) => baseName(words[0]?.text ?? '') === 'run-parts')) {
    return skipped(
      'run_parts',
      'run-parts runs the scripts of a directory; wrap those that matter one by one',
    );
  }
  if (wrapped !== undefined && 'problem' in wrapped)
    return skipped('unreadable', `calls the wrapper: ${wrapped.problem}`);
  if (wrapped !== undefined && !validators().jobName(wrapped.job)) {
    return skipped(
      'unreadable',
      `calls the wrapper for ${JSON.stringify(wrapped.job)}, which is no name of a job`,
    );
  }
  const description = descriptionOf(comments);
  return {
    ...(wrapped === undefined ? {} : { wrapped }),
    line,
    schedule,
    ...(timezone === undefined ? {} : { timezone }),
    ...(description === undefined ? {} : { description }),
    ...(entry.user === undefined ? {} : { user: entry.user }),
    command: written,
  };
}

function scheduleProblem(schedule: string): string | undefined {
  if (schedule.length > SCHEDULE_LENGTH_MAX) {
    return `the time has ${schedule.length} characters; at most ${SCHEDULE_LENGTH_MAX} are allowed`;
  }
  try {
    compileCron(schedule, 'UTC');
    return undefined;
  } catch (error) {
    if (error instanceof ScheduleError) return error.message;
    throw error;
  }
}

/** Lines that call the wrapper have their name; the others get one that none of those has. */
function named(
  candidates: readonly Candidate[],
  prefix: string | undefined,
  skipped: Skipped[],
): ImportedJob[] {
  const lineOf = new Map<string, number>();
  const given: Named[] = [];
  const unnamed: Unnamed[] = [];
  for (const { wrapped, line, command, schedule, timezone = '', user = '' } of candidates) {
    if (wrapped === undefined) {
      const circumstances = [user, timezone, schedule].join('\n');
      unnamed.push({ command: commandOf(command).trim(), circumstances });
    } else {
      given.push({ name: wrapped.job, command: wrapped.command.trim() });
      lineOf.set(wrapped.job, lineOf.get(wrapped.job) ?? line);
    }
  }
  const names = namesFor(unnamed, given, prefix).values();
  return candidates.flatMap(({ wrapped, ...candidate }): ImportedJob[] => {
    const name = wrapped?.job ?? names.next().value ?? '';
    const first = lineOf.get(name) ?? candidate.line;
    if (first === candidate.line) return [{ name, ...candidate, wrapped: wrapped !== undefined }];
    const message = `reports to "${name}" as line ${first} does; a job has one schedule, so give it another name`;
    skipped.push({ line: candidate.line, code: 'duplicate', message });
    return [];
  });
}
