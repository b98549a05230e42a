import type { Happening, OutageTelling, Script, Verdict } from '../script.ts';
import { gapsOf } from './gaps.ts';
import { Job } from './job.ts';
import type { Gap } from './records.ts';
import { type Terms, termsOf } from './terms.ts';

/** A shorter gap that touched nothing is not worth a message. */
const OUTAGE_MS_MIN = 5 * 60_000;
/** The first gap is told of after an hour, however often Cronflow goes away. */
const TOGETHER_MS_MAX = 60 * 60_000;
/** The model looks this often what has become of the runs that a short absence touched. */
const LOOK_AGAIN_MS = 15 * 60_000;

type Step =
  | { at: number; rank: 0; type: 'gap_end'; gap: Gap }
  | { at: number; rank: 1; type: 'happening'; happening: Happening };

/** A message about absences of Cronflow that was not told yet. */
interface Message {
  at: number;
  gaps: Gap[];
}

/**
 * Says what the words of docs/design.md §1, §3 and §4 make of a script: who should have been told what, and how each
 * run and slot ended. It is naive on purpose: it keeps everything and looks through it, and shares nothing with the
 * core but names and schedules.
 */
export function expectedOf(script: Script): Verdict {
  const gaps = gapsOf(script);
  const known: Gap[] = [];
  const declare = (name: string, terms: Terms, at: number): void => {
    jobs.set(name, new Job(name, terms, at, script.replay_window_ms));
  };
  const jobs = new Map<string, Job>();
  const messages: Message[] = [];
  const outages: OutageTelling[] = [];
  for (const [name, declaration] of Object.entries(script.jobs)) {
    declare(name, termsOf(declaration, script.notifiers), script.start_at);
  }
  for (const step of stepsOf(script, gaps)) {
    outages.push(...tellBefore(step.at, messages, known, [...jobs.values()]));
    if (step.type === 'gap_end') {
      for (const job of jobs.values()) {
        job.advance(step.at);
        job.gapEnded(step.gap);
      }
      toTell(messages, step.gap, script.replay_window_ms);
    } else if (step.happening.type === 'away') {
      const gap = gaps.find((each) => each.at === step.at);
      if (gap !== undefined) known.push(gap);
      for (const job of jobs.values()) {
        job.advance(step.at);
        if (gap !== undefined) job.gapBegan(gap);
      }
    } else {
      apply(step.happening, jobs, declare, script.notifiers);
    }
  }
  outages.push(...tellBefore(script.end_at, messages, known, [...jobs.values()]));
  for (const job of jobs.values()) job.advance(script.end_at);
  return verdictOf([...jobs.values()], outages);
}

/** Lists everything that happens, in order. What becomes known at an instant precedes what happens then. */
function stepsOf(script: Script, gaps: readonly Gap[]): Step[] {
  const steps: Step[] = [
    ...gaps.map((gap): Step => ({ at: gap.to_at, rank: 0, type: 'gap_end', gap })),
    ...script.happenings.map((happening): Step => ({
      at: happening.at,
      rank: 1,
      type: 'happening',
      happening,
    })),
  ];
  return steps
    .filter((step) => step.at < script.end_at || (step.rank === 1 && step.at === script.end_at))
    .sort((a, b) => a.at - b.at || a.rank - b.rank);
}

/**
 * Adds a gap to what is to be told. A gap that comes in time to be told with the first one, while that one is not told,
 * goes into its message.
 */
function toTell(messages: Message[], gap: Gap, replayWindowMs: number): void {
  const at = gap.to_at + replayWindowMs;
  const open = messages.at(-1);
  const first = open?.gaps[0];
  const waitMs = Math.max(TOGETHER_MS_MAX, 2 * replayWindowMs);
  if (open !== undefined && first !== undefined && at <= first.to_at + waitMs) {
    open.gaps.push(gap);
    open.at = Math.max(open.at, at);
  } else messages.push({ at, gaps: [gap] });
}

/** Tells everything that is to be told before an instant, and takes it from the messages. */
function tellBefore(
  to: number,
  messages: Message[],
  gaps: readonly Gap[],
  jobs: readonly Job[],
): OutageTelling[] {
  const told: OutageTelling[] = [];
  for (;;) {
    for (const message of messages) message.at = awakeAt(gaps, message.at);
    const [message] = messages.toSorted((a, b) => a.at - b.at);
    if (message === undefined || message.at >= to) return told;
    for (const job of jobs) job.advance(message.at, true);
    const later = postponedTo(message, jobs);
    if (later !== null) {
      message.at = later;
      continue;
    }
    messages.splice(messages.indexOf(message), 1);
    const outage = outageOf(message.gaps, jobs);
    if (outage !== null) told.push(outage);
  }
}

/**
 * Returns the first instant from `at` on at which Cronflow is not away, because it tells nobody anything while it is.
 */
function awakeAt(gaps: readonly Gap[], at: number): number {
  return gaps.find((gap) => gap.at <= at && at < gap.to_at)?.to_at ?? at;
}

/**
 * Returns until when a message is put off. A short absence is told once it is known whether a slot or a run that it
 * touched went unseen.
 */
function postponedTo({ at, gaps }: Message, jobs: readonly Job[]): number | null {
  if (isLong(gaps)) return null;
  const across = (is: (job: Job, gap: Gap) => boolean): boolean =>
    jobs.some((job) => gaps.some((gap) => is(job, gap)));
  if (across((job, gap) => job.isUnseen(gap))) return null;
  const untils = jobs.flatMap((job) => gaps.map((gap) => job.expectedUntil(gap) ?? 0));
  const latest = Math.max(0, ...untils);
  if (latest > 0) return latest;
  return across((job, gap) => job.isOpenSince(gap)) ? at + LOOK_AGAIN_MS : null;
}

/** Tells whether Cronflow was away for long at once. Two gaps are one where no sign of life lies between them. */
function isLong(gaps: readonly Gap[]): boolean {
  let fromAt = Number.POSITIVE_INFINITY;
  let toAt = Number.NEGATIVE_INFINITY;
  return gaps.some((gap) => {
    if (gap.from_at > toAt) fromAt = gap.from_at;
    toAt = gap.to_at;
    return toAt - fromAt >= OUTAGE_MS_MIN;
  });
}

function outageOf(gaps: readonly Gap[], jobs: readonly Job[]): OutageTelling | null {
  const unseen = jobs
    .filter((job) =>
      gaps.some((gap) => job.isUnseen(gap) || job.isOpenSince(gap) || job.expectedUntil(gap) !== null),
    )
    .map((job) => job.name);
  const [first, last] = [gaps[0], gaps.at(-1)];
  if (first === undefined || last === undefined || (!isLong(gaps) && unseen.length === 0)) return null;
  return { from_at: first.from_at, to_at: last.to_at, jobs: unseen.sort() };
}

function apply(
  happening: Exclude<Happening, { type: 'away' }>,
  jobs: Map<string, Job>,
  declare: (name: string, terms: Terms, at: number) => void,
  notifiers: readonly string[],
): void {
  const { at, job: name } = happening;
  const job = jobs.get(name);
  job?.advance(at);
  switch (happening.type) {
    case 'ping':
      job?.ping(happening.ping, at);
      break;
    case 'edit': {
      const terms = happening.declaration === null ? null : termsOf(happening.declaration, notifiers);
      if (job !== undefined) job.declare(terms, at);
      else if (terms !== null) declare(name, terms, at);
      break;
    }
    case 'pause':
      job?.pause(at, happening.until_at);
      break;
    case 'resume':
      job?.resume(at);
      break;
    case 'acknowledge':
      job?.trouble.acknowledge(happening.until_at);
      break;
  }
}

function verdictOf(jobs: readonly Job[], outages: readonly OutageTelling[]): Verdict {
  return {
    tellings: jobs.flatMap((job) => job.trouble.tellings),
    endings: jobs.flatMap((job) => job.endings()),
    outages,
    statuses: Object.fromEntries(jobs.filter((job) => job.declared).map((job) => [job.name, job.status()])),
  };
}
