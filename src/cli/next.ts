import { CronflowError } from '../core/model/errors.ts';
import { ScheduleError } from '../schedule/error.ts';
import { INSTANT_ALLOWED, parseInstant } from '../schedule/instant.ts';
import { nearest } from '../core/text/nearest.ts';
import { ZONE_FROM_MS, ZONE_TO_MS } from '../schedule/zone.ts';
import { parseArgs } from './arguments.ts';
import { BrokenPipeError, type Io } from './io.ts';
import { linesOf, type Line, TOO_LONG } from './lines.ts';
import { answerForAll, type Jobs } from './next-all.ts';
import { type Question, slotsOf, slotText, utcOf } from './slots.ts';
import { unknownJobText } from './unknown-job.ts';

const COUNT_DEFAULT = 5;
const COUNT_MAX = 1000;
const TIMEZONE_DEFAULT = 'UTC';

const HELP = `Usage: cronflow next --schedule E [OPTIONS]
       cronflow next [JOB] [OPTIONS]
       cronflow next --batch

Prints the coming slots of a schedule, of JOB or, without either, of all declared jobs, the soonest first, as
Debian's cron would run them: the local time and UTC.

  --schedule E   5 cron fields, 6 with seconds first, or a macro such as @daily
  --timezone Z   an IANA time zone (default: that of the job, or ${TIMEZONE_DEFAULT})
  --after T      slots strictly after this instant (default: now): ${INSTANT_ALLOWED}
  --count N      how many, 1 to ${COUNT_MAX} (default: ${COUNT_DEFAULT}, and of all jobs 1 each)
  --json         print {"schedule", "timezone", "next"}, instants in UTC; of all jobs {"jobs": [{"name", ...}]}
  --config FILE  the configuration that declares the jobs (CRONFLOW_CONFIG; default: cronflow.yaml in the current directory)
  --batch        read questions from stdin, one JSON object a line with "schedule" and optionally "timezone",
                 "after" and "count"; answer each with a line, {"next": [...]} or {"error": "..."}
  --help

Exit codes: 0 done (with --batch even if some lines were answered with an error), 1 invalid schedule, time
zone or job, 2 wrong usage.
`;

/**
 * Finds all declared jobs, in the order of the file.
 * @param config the file that declares them; without it the file is found as by every command
 */
export type ListJobs = (config: string | undefined) => Promise<Jobs>;

/** Thrown for a command line that cannot be understood; the exit code is 2. */
class UsageError extends Error {}
/**
 * Thrown for a question that is understood and has no answer; the exit code is 1, or a batch gets a line with the
 * error.
 */
class QuestionError extends Error {}

/**
 * Runs `cronflow next`: prints the coming slots of a schedule, of a declared job or of all (found with `listJobs`),
 * or answers the questions on stdin. Returns the exit code: 0 done, 1 invalid schedule, zone or job, 2 wrong usage.
 */
export async function next(argv: readonly string[], io: Io, listJobs?: ListJobs): Promise<number> {
  try {
    const options = readOptions(argv, listJobs !== undefined);
    if (options.help) io.stdout(HELP);
    else if (options.batch) await answerAll(io);
    else if (listJobs !== undefined && isOfAll(options)) {
      answerForAll(await listJobs(options.config), { ...options, ...limitsOf(options, io, 1) }, io);
    } else answerOne(await questionOf(options, io, listJobs), options.json, io);
    return 0;
  } catch (error) {
    if (error instanceof BrokenPipeError) return 0;
    if (error instanceof UsageError) {
      io.stderr(`cronflow next: ${error.message}\nTry: cronflow next --help\n`);
      return 2;
    }
    if (!isRefusal(error) && !(error instanceof CronflowError)) throw error;
    io.stderr(`cronflow next: ${error.message}\n`);
    return 1;
  }
}

interface Options {
  job: string | undefined;
  config: string | undefined;
  schedule: string | undefined;
  timezone: string | undefined;
  after: string | undefined;
  count: string | undefined;
  json: boolean;
  batch: boolean;
  help: boolean;
}

function readOptions(argv: readonly string[], canList: boolean): Options {
  const { values, positionals } = parse(argv);
  const { config, schedule, timezone, after, count, json, batch, help } = values;
  const [job, second] = positionals;
  const options = { job, config, schedule, timezone, after, count, json, batch, help };
  if (help) return options;
  if (second !== undefined) {
    const hint = /^[\d*]/.test(job ?? '') ? `; a schedule is written --schedule '0 2 * * *', in quotes` : '';
    throw new UsageError(`one JOB at most; "${second}" is too many${hint}`);
  }
  if (batch) {
    const given = job ?? config ?? schedule ?? timezone ?? after ?? count;
    if (given !== undefined)
      throw new UsageError('--batch reads its questions from stdin; it takes no other option but --json');
  } else if (job !== undefined && isSchedule(job)) {
    throw new UsageError(`"${job}" is a schedule and no job; write --schedule "${job}"`);
  } else if (job === undefined ? schedule === undefined && !canList : schedule !== undefined) {
    throw new UsageError('it needs one of --schedule E, a JOB, or --batch');
  } else if (config !== undefined && schedule !== undefined) {
    throw new UsageError('--config names the file that declares a JOB; it cannot be given with --schedule');
  }
  return options;
}

/** Tells whether a word that stands where a job may stand is a schedule: no name of a job has a blank or an `@`. */
function isSchedule(word: string): boolean {
  return /^@|\s/.test(word.trim());
}

function isOfAll({ job, schedule }: Options): boolean {
  return job === undefined && schedule === undefined;
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        config: { type: 'string' },
        schedule: { type: 'string' },
        timezone: { type: 'string' },
        after: { type: 'string' },
        count: { type: 'string' },
        json: { type: 'boolean', default: false },
        batch: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
      allowPositionals: true,
    });
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

async function questionOf(options: Options, io: Io, listJobs: ListJobs | undefined): Promise<Question> {
  const question = limitsOf(options, io, COUNT_DEFAULT);
  const { job, schedule, timezone } = options;
  if (job === undefined) {
    return { ...question, schedule: schedule ?? '', timezone: timezone ?? TIMEZONE_DEFAULT };
  }
  if (listJobs === undefined) throw new UsageError('jobs cannot be looked up here; use --schedule E');
  const jobs = await listJobs(options.config);
  const found = jobs.get(job);
  if (found === undefined) throw new QuestionError(unknownJobText(job, [...jobs.keys()]));
  if (!('schedule' in found)) throw new QuestionError(withoutSlots(job, found.every));
  return { ...question, schedule: found.schedule, timezone: timezone ?? found.timezone };
}

/** Reads from which instant on slots are wanted, and how many. */
function limitsOf(
  { after, count }: Options,
  io: Io,
  countDefault: number,
): Pick<Question, 'afterMs' | 'count'> {
  return {
    afterMs: after === undefined ? io.clock.now() : orUsageOfQuestion(() => instantOf(after)),
    count: count === undefined ? countDefault : orUsageOfQuestion(() => countOf(count)),
  };
}

function withoutSlots(job: string, every: string | null): string {
  return every === null
    ? `job "${job}" has no schedule, so none of its runs is expected`
    : `job "${job}" is expected ${every} after its last start (every: ${every}), which GET /jobs/${job} of a ` +
        'running Cronflow knows';
}

/** Turns an error about an instant or a number into one of wrong usage, which it is on the command line. */
function orUsageOfQuestion<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof QuestionError) throw new UsageError(`--${error.message}`, { cause: error });
    throw error;
  }
}

function instantOf(text: string): number {
  const instantMs = parseInstant(text);
  if (instantMs === undefined) {
    throw new QuestionError(`after ${JSON.stringify(text)} is not an instant: ${INSTANT_ALLOWED}`);
  }
  if (instantMs >= ZONE_FROM_MS && instantMs < ZONE_TO_MS) return instantMs;
  throw new QuestionError(`after ${JSON.stringify(text)} is out of range: the years 1970 to 2499`);
}

function countOf(text: string): number {
  return checkCount(/^[0-9]+$/.test(text) ? Number(text) : undefined, JSON.stringify(text));
}

function checkCount(count: unknown, written: string): number {
  if (typeof count === 'number' && Number.isInteger(count) && count >= 1 && count <= COUNT_MAX) return count;
  throw new QuestionError(`count ${written} is not allowed: a whole number from 1 to ${COUNT_MAX}`);
}

function answerOne(question: Question, json: boolean, io: Io): void {
  const { schedule, timezone } = question;
  const slots = slotsOf(question);
  if (json) {
    io.stdout(`${JSON.stringify({ schedule, timezone, next: slots.map(utcOf) })}\n`);
  } else {
    io.stdout(slots.map((slotMs) => `${slotText(timezone, slotMs)}\n`).join(''));
  }
}

/** Limits how much of a line is held; a question has a few hundred characters. */
const LINE_LENGTH_MAX = 10_000;
/** Answers are written once for each chunk of input, and whenever they have grown to this length. */
const WRITE_LENGTH_MAX = 64 * 1024;

async function answerAll(io: Io): Promise<void> {
  for await (const lines of linesOf(io.stdin, LINE_LENGTH_MAX)) {
    let text = '';
    for (const line of lines) {
      text += `${JSON.stringify(answerTo(line, io))}\n`;
      if (text.length < WRITE_LENGTH_MAX) continue;
      io.stdout(text);
      text = '';
    }
    if (text !== '') io.stdout(text);
  }
}

function answerTo(line: Line, io: Io): { next: string[] } | { error: string } {
  try {
    return { next: slotsOf(readQuestion(line, io)).map(utcOf) };
  } catch (error) {
    if (isRefusal(error)) return { error: error.message };
    throw error;
  }
}

function isRefusal(error: unknown): error is Error {
  return error instanceof QuestionError || error instanceof ScheduleError;
}

const KEYS = ['schedule', 'timezone', 'after', 'count'];
const SHAPE = 'a JSON object with "schedule" and optionally "timezone", "after" and "count"';

function readQuestion(line: Line, io: Io): Question {
  const { schedule, timezone, after, count = COUNT_DEFAULT, ...others } = readObject(line);
  for (const key of Object.keys(others)) {
    // Unknown keys are allowed, because the asker may add some of its own. But a misspelt key would change the answer
    // unnoticed.
    const meant = nearest(key, KEYS);
    if (meant !== undefined) throw new QuestionError(`unknown key "${key}", did you mean "${meant}"?`);
  }
  return {
    schedule: readText('schedule', schedule),
    timezone: readText('timezone', timezone, TIMEZONE_DEFAULT),
    afterMs: after === undefined ? io.clock.now() : instantOf(readText('after', after)),
    count: checkCount(count, JSON.stringify(count)),
  };
}

function readObject(line: Line): Record<string, unknown> {
  if (line === TOO_LONG)
    throw new QuestionError(`the line is too long: at most ${LINE_LENGTH_MAX} characters`);
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new QuestionError(`the line is not JSON: ${SHAPE}`, { cause: error });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new QuestionError(`the line is not an object: ${SHAPE}`);
}

function readText(key: string, value: unknown, otherwise?: string): string {
  if (value === undefined && otherwise !== undefined) return otherwise;
  if (typeof value === 'string') return value;
  const problem = value === undefined ? 'is missing' : 'is not a string';
  throw new QuestionError(`${key} ${problem}: ${SHAPE}`);
}
