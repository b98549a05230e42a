import type { Io } from './io.ts';
import { slotsOf, slotText, utcOf } from './slots.ts';

/** The times of a declared job: the slots of a schedule, an interval after its last start, or neither. */
export type FoundJob = { schedule: string; timezone: string } | { every: string | null };

/** Declared jobs by their names. */
export type Jobs = ReadonlyMap<string, FoundJob>;

interface Asked {
  afterMs: number;
  /** Number of slots to print for each job. */
  count: number;
  /** The zone to use in place of those of the jobs. */
  timezone: string | undefined;
  json: boolean;
}

/**
 * Prints the coming slots of all jobs, the soonest first, and below them the jobs that have none, with the reason.
 */
export function answerForAll(jobs: Jobs, asked: Asked, io: Io): void {
  const answers = [...jobs].map(([name, job]) => answerOf(name, job, asked));
  if (asked.json) {
    const shown = answers.map(({ name, job, slots }) => ({ name, ...job, next: slots.map(utcOf) }));
    io.stdout(`${JSON.stringify({ jobs: shown })}\n`);
    return;
  }
  if (answers.length === 0) io.stdout('No job is declared.\n');
  const found = answers.flatMap(({ name, job, slots }) =>
    slots.map((slotMs) => ({
      slotMs,
      text: slotText('timezone' in job ? job.timezone : 'UTC', slotMs),
      name,
    })),
  );
  const none = answers.filter(({ slots }) => slots.length === 0);
  const lines = [
    ...found.sort((a, b) => a.slotMs - b.slotMs),
    ...none.map(({ name, job }) => ({ text: whyNone(job), name })),
  ];
  io.stdout(lines.map(({ text, name }) => `${text.padEnd(SLOT_LENGTH)}  ${name}\n`).join(''));
}

/** The length of a slot as text, with its local time and UTC. */
const SLOT_LENGTH = 56;

interface Answer {
  name: string;
  job: FoundJob;
  slots: readonly number[];
}

function answerOf(name: string, job: FoundJob, { afterMs, count, timezone }: Asked): Answer {
  if (!('schedule' in job)) return { name, job, slots: [] };
  const inZone = { schedule: job.schedule, timezone: timezone ?? job.timezone };
  return { name, job: inZone, slots: slotsOf({ ...inZone, afterMs, count }) };
}

function whyNone(job: FoundJob): string {
  if ('schedule' in job) return 'no slot to come';
  return job.every === null ? 'no schedule, so no run is expected' : `${job.every} after its last start`;
}
