import { validators } from '../config/schema.ts';
import { compileCron } from '../schedule/cron.ts';
import { ScheduleError } from '../schedule/error.ts';
import { baseName, callsOf } from './calls.ts';
import { descriptionOf, saysIgnore } from './comments.ts';
import { type Cron, type Dialect, DIALECTS } from './crons.ts';
import { graceFor, randomDelayMs, randomWaitMs } from './delays.ts';
import { type CrontabLine, type Entry, type Note, readLines } from './lines.ts';
import { type Named, namesFor, type Unnamed } from './names.ts';
import { oddities } from './oddities.ts';
import { commandOf, isCutInTwo } from './percent.ts';
import {
  beginsManaged,
  isEndOfManager,
  isLeftBehind,
  managerOf,
  pingsOtherMonitor,
  skipsOverlap,
} from './remarks.ts';
import { timesOf } from './times.ts';
import { wrappedBy } from './wrapped.ts';

export interface ImportOptions {
  /** True if a user's name stands before each command, as in /etc/crontab. */
  system: boolean;
  /** The zone of the machine that runs the crontab. */
  timezone: string;
  cron: Cron;
  /** The file names of the wrapper, such as `monitor.sh`. */
  wrappers: ReadonlySet<string>;
  /** The beginning of names that are made here, such as the name of the machine. */
  prefix?: string;
}

/** A line of the crontab as a job of Cronflow. */
export interface ImportedJob {
  name: string;
  /** The number of the line, 1-based. */
  line: number;
  /** The times at which it runs; either this or `every` is set. */
  schedule?: string;
  every?: string;
  /** Set only where it may begin later than its time. */
  grace?: string;
  /** Set only where the command has a lock of its own. */
  overlap?: 'skip';
  /** Set only where it differs from the zone of the machine. */
  timezone?: string;
  description?: string;
  user?: string;
  /** The text behind the time in the crontab, `%` and all. */
  command: string;
  /** The command as the shell gets it, without the wrapper; empty where the wrapper hides it. */
  runs: string;
  /** True if the line calls the wrapper already. */
  wrapped: boolean;
  /** The reason why it is not certain what the command is; such a line is not rewritten. */
  doubt?: string;
}

/** The reason why a line that is neither blank, a comment nor a setting became no job. */
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
  /** The rules of the cron that runs the crontab. */
  dialect: Dialect;
}

/** The effect of the settings and comments above a line. */
interface Surroundings {
  shell: string;
  timezone: string | undefined;
  delayMs: number;
  comments: readonly string[];
  /** The comments since the last blank line, those above other lines too. */
  section: readonly string[];
}

/** A line on its way to become a job. */
interface Candidate extends Omit<ImportedJob, 'name' | 'wrapped'> {
  /** The job and the command in the call of the wrapper, where the line has one. */
  wrapped?: { job: string; command: string };
}

const SHELL_DEFAULT = '/bin/sh';

/**
 * Turns a crontab into jobs. Lines that are no jobs of their own, or are not understood, are skipped with a reason;
 * the others are imported all the same. Names do not depend on the place of a line.
 */
export function importCrontab(crontab: string, options: ImportOptions): CrontabImport {
  const dialect = DIALECTS[options.cron];
  const lines = readLines(crontab, options.system, dialect);
  const result: CrontabImport = { lines, jobs: [], skipped: [], notes: oddities(lines), shells: [], dialect };
  const surroundings = surroundingsOf(lines, options, result.notes);
  const candidates: Candidate[] = [];
  lines.forEach((line, i) => {
    if (line.kind === 'broken') {
      result.skipped.push({ line: i + 1, code: 'unreadable', message: line.problem });
    } else if (line.kind === 'entry') {
      const read = readCandidate(line, i + 1, surroundings[i]!, options);
      if ('code' in read) result.skipped.push(read);
      else {
        candidates.push(read);
        const remarks = remarksOn(read, surroundings[i]!, dialect);
        result.notes.push(...remarks.map((message) => ({ line: i + 1, message })));
      }
    }
  });
  result.jobs = named(candidates, options, result.skipped);
  result.skipped.sort((a, b) => a.line - b.line);
  return { ...result, shells: surroundings.map(({ shell }) => shell) };
}

/**
 * Returns the surroundings of each line. A setting holds for all lines below it, a comment for the line right below
 * it.
 */
function surroundingsOf(
  lines: readonly CrontabLine[],
  options: ImportOptions,
  notes: Note[],
): Surroundings[] {
  const settings = new Map<string, string>();
  const { hasRandomDelay } = DIALECTS[options.cron];
  let comments: string[] = [];
  let section: string[] = [];
  return lines.map((line, i) => {
    const at = {
      shell: settings.get('SHELL') || SHELL_DEFAULT,
      timezone: zoneIn(settings, options),
      delayMs: hasRandomDelay ? randomDelayMs(settings.get('RANDOM_DELAY')) : 0,
      comments,
      section,
    };
    if (line.kind !== 'comment') comments = [];
    else comments.push(line.comment);
    if (line.kind === 'blank') section = section.filter((comment) => beginsManaged(comment));
    if (line.kind === 'comment') section = isEndOfManager(line.comment) ? [] : [...section, line.comment];
    if (line.kind === 'environment') {
      settings.set(line.name, line.value);
      if (line.name === 'CRON_TZ' || line.name === 'TZ') notes.push(...zoneNotes(line, i + 1, options));
    }
    return at;
  });
}

/** Returns the zone that the settings give the times below, if they give a valid one that is not the machine's. */
function zoneIn(
  settings: ReadonlyMap<string, string>,
  { cron, timezone }: ImportOptions,
): string | undefined {
  const zone = DIALECTS[cron].zoneSettings
    .map((name) => zoneName(settings.get(name) ?? ''))
    .find((value) => value !== '');
  return zone === undefined || zone === timezone || !isZone(zone) ? undefined : zone;
}

/** Removes the colon of `TZ=:Europe/Berlin`, which names a zone as well. */
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
  const isTaken = DIALECTS[options.cron].zoneSettings.includes(name);
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
  { timezone, delayMs, comments }: Surroundings,
  { wrappers, cron }: ImportOptions,
): Candidate | Skipped {
  const dialect = DIALECTS[cron];
  const written = entry.text.slice(entry.commandAt);
  const command = commandOf(written, dialect.hasPercent);
  const { calls, comments: trailing } = callsOf(command);
  const skipped = (code: SkipCode, message: string): Skipped => ({ line, code, message });
  if ([...comments, ...trailing].some(saysIgnore)) return skipped('ignored', '"cronflow: ignore" says so');
  if (entry.schedule === '@reboot') {
    return skipped('reboot', '@reboot is no schedule: nobody can say when the machine should start');
  }
  const times = timesOf(entry, dialect);
  if ('problem' in times) return skipped('unreadable', times.problem);
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
  const doubt = entry.doubt ?? doubtOfPercent(written, cron);
  const runs = (wrapped === undefined ? command : wrapped.command).trim();
  const waitsMs = delayMs + randomWaitMs(runs);
  return {
    ...(wrapped === undefined ? {} : { wrapped }),
    line,
    ...times,
    ...(waitsMs === 0 ? {} : { grace: graceFor(waitsMs) }),
    ...(skipsOverlap(runs) ? { overlap: 'skip' as const } : {}),
    ...(timezone === undefined ? {} : { timezone }),
    ...(description === undefined ? {} : { description }),
    ...(entry.user === undefined ? {} : { user: entry.user }),
    command: written,
    runs,
    ...(doubt === undefined ? {} : { doubt }),
  };
}

/**
 * Returns the doubt about a command that a `%` cuts in two: it runs in some crons and is a syntax error in others.
 */
function doubtOfPercent(written: string, cron: Cron): string | undefined {
  if (cron !== 'any' || !isCutInTwo(written)) return undefined;
  return (
    'the % cuts the command in two, which is a syntax error in most crons (write \\% there); busybox and supercronic ' +
    'take the % as it is: say with --cron which one runs it'
  );
}

/** Returns remarks on a line that is imported. */
function remarksOn(
  { command: written, runs, doubt, grace }: Candidate,
  { delayMs, section }: Surroundings,
  dialect: Dialect,
): string[] {
  const remarks = doubt === undefined ? [] : [doubt];
  if (doubt === undefined && dialect.hasPercent && isCutInTwo(written)) {
    remarks.push('the % cuts the command in two, so that the shell finds a syntax error; \\% stands for a %');
  }
  if (grace !== undefined) {
    const why = delayMs > 0 ? 'RANDOM_DELAY' : 'the random sleep at its start';
    remarks.push(`because of ${why} it may begin later than its time, so that its grace is ${grace}`);
  }
  if (isLeftBehind(runs)) {
    remarks.push(
      'the command ends with &, so that it goes on alone and its exit code is never seen; take the & out',
    );
  }
  const manager = managerOf(section);
  if (manager !== undefined) {
    remarks.push(`${manager} manages this line and will write it anew, so that it is to be wrapped there`);
  }
  if (pingsOtherMonitor(runs, callsOf(runs).calls)) {
    remarks.push('the command tells another monitor of itself; that call can go once Cronflow watches it');
  }
  return remarks;
}

/**
 * Names the jobs. Lines that call the wrapper keep their names; each of the others gets a name that none of those
 * has.
 */
function named(
  candidates: readonly Candidate[],
  { prefix, cron }: ImportOptions,
  skipped: Skipped[],
): ImportedJob[] {
  const { hasPercent } = DIALECTS[cron];
  const lineOf = new Map<string, number>();
  const given: Named[] = [];
  const unnamed: Unnamed[] = [];
  for (const { wrapped, line, command, schedule, every, timezone = '', user = '' } of candidates) {
    if (wrapped === undefined) {
      const circumstances = [user, timezone, schedule ?? every].join('\n');
      unnamed.push({ command: commandOf(command, hasPercent).trim(), circumstances });
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
