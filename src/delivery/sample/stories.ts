import type { Declaration } from '../../core/model/declaration.ts';
import type { DeliveryKind, Ping } from '../../core/model/records.ts';
import type { Trouble } from '../../core/system/incidents.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../schedule/units.ts';

/** One event of the sample job: a ping, or only the passing of time. */
export interface Step {
  /** Time before now, in milliseconds. */
  agoMs: number;
  ping: Partial<Ping> | null;
}

/** The story of a job that ran well each day before. */
export interface JobStory {
  /** The keys that it declares besides its period of a day. */
  declared: Declaration;
  /** Age of the slot that the story is about, in milliseconds. */
  slotAgoMs: number;
  /** The number of days on which it had run before. */
  days: number;
  steps: readonly Step[];
  /** The kind of message that tells the story. */
  tells: DeliveryKind;
}

const TOOK_MS = 4 * MINUTE_MS + 12 * SECOND_MS;
const GRACE_MS = 5 * MINUTE_MS;
const OUTPUT = ['dumping customers', 'dumping orders', 'pg_dump: error: the connection was lost', ''].join(
  '\n',
);

const start = (agoMs: number, fields: Partial<Ping> = {}): Step => ({
  agoMs,
  ping: { kind: 'start', ...fields },
});
const end = (agoMs: number, fields: Partial<Ping>): Step => ({ agoMs, ping: { exit_code: 0, ...fields } });
const wait = (agoMs: number): Step => ({ agoMs, ping: null });
const failed = (agoMs: number): Step => end(agoMs, { kind: 'failure', exit_code: 1, output: OUTPUT });
const succeeded = (agoMs: number, fields: Partial<Ping> = {}): Step =>
  end(agoMs, { kind: 'success', ...fields });

/** Makes a story. Unless `changes` say otherwise, its slot is one usual duration before now. */
function story(changes: Partial<JobStory> & Pick<JobStory, 'steps'>): JobStory {
  return { declared: {}, slotAgoMs: TOOK_MS, days: 3, tells: 'opened', ...changes };
}

/** A story for each kind of trouble that a job can be in, and for its end. */
export const JOB_STORIES = {
  failure: story({ steps: [start(TOOK_MS), failed(0)] }),
  signal: story({
    steps: [
      start(TOOK_MS),
      end(0, { kind: 'failure', exit_code: 137, signal: 'KILL', output: 'dumping customers\n' }),
    ],
  }),
  missed: story({ slotAgoMs: GRACE_MS, steps: [wait(0)] }),
  never_seen: story({ slotAgoMs: GRACE_MS, days: 0, steps: [wait(0)] }),
  timeout: story({
    declared: { max_runtime: '2h' },
    slotAgoMs: 2 * HOUR_MS,
    steps: [start(2 * HOUR_MS), wait(0)],
  }),
  abandoned: story({ slotAgoMs: HOUR_MS, steps: [start(HOUR_MS), start(0)] }),
  unreadable_report: story({
    steps: [start(TOOK_MS), succeeded(0, { unreadable: 'exit_code "False" cannot be read' })],
  }),
  too_fast: story({
    declared: { min_runtime: '1m' },
    slotAgoMs: 3 * SECOND_MS,
    steps: [start(3 * SECOND_MS), succeeded(0, { output: 'nothing to dump\n' })],
  }),
  output_mismatch: story({
    declared: { expect: { output: { contains: 'backup complete' } } },
    steps: [start(TOOK_MS), succeeded(0, { output: 'dumping customers\ndumping orders\n' })],
  }),
  overlap: story({
    declared: { overlap: 'forbid' },
    slotAgoMs: HOUR_MS,
    steps: [start(HOUR_MS, { rid: 'first' }), start(0, { rid: 'second' })],
  }),
  stuck_lock: story({
    slotAgoMs: 2 * HOUR_MS,
    steps: [2 * HOUR_MS, HOUR_MS, 0].map((agoMs) => ({ agoMs, ping: { kind: 'skip' } })),
  }),
  reminder: story({
    declared: { remind_every: '4h' },
    slotAgoMs: 4 * HOUR_MS + TOOK_MS,
    steps: [start(4 * HOUR_MS + TOOK_MS), failed(4 * HOUR_MS), wait(0)],
    tells: 'reminder',
  }),
  resolved: story({
    slotAgoMs: 2 * HOUR_MS + TOOK_MS,
    steps: [start(2 * HOUR_MS + TOOK_MS), failed(2 * HOUR_MS), start(TOOK_MS), succeeded(0)],
    tells: 'closed',
  }),
  late_report: story({
    slotAgoMs: HOUR_MS,
    steps: [
      wait(HOUR_MS - GRACE_MS),
      succeeded(0, { delay_ms: HOUR_MS - 2 * GRACE_MS, duration_ms: TOOK_MS }),
    ],
    tells: 'closed',
  }),
} as const satisfies Record<string, JobStory>;

/** The stories of a storm, in which many jobs fail at once: those of two groups, and one without a group. */
export const STORM: readonly { name: string; group: string | null; story: JobStory }[] = [
  ...['customers', 'orders', 'invoices', 'stock'].map((name) => ({
    name: `example-backup-${name}`,
    group: 'backups',
    story: JOB_STORIES.failure,
  })),
  ...['daily', 'weekly', 'monthly'].map((name) => ({
    name: `example-report-${name}`,
    group: 'reports',
    story: JOB_STORIES.missed,
  })),
  { name: 'example-mail-queue', group: null, story: JOB_STORIES.timeout },
];

/** The kinds of trouble that Cronflow itself can have (docs/design.md §3.3). */
export const SYSTEM_STORIES = {
  config_invalid: {
    kind: 'config',
    reason: 'config_invalid',
    detail: 'cronflow.yaml:4:5 jobs.example-job.schedul: unknown key "schedul", did you mean "schedule"?',
  },
  config_held: {
    kind: 'config',
    reason: 'config_held',
    detail: 'the change would remove 12 of 20 jobs',
  },
  cronflow_away: {
    kind: 'outage',
    reason: 'cronflow_away',
    detail: 'for 7m; one run of example-job could not be seen',
  },
  store_failing: { kind: 'store', reason: 'store_failing', detail: 'no space left on the device' },
  notifier_failing: {
    kind: 'notifier',
    reason: 'notifier_failing',
    subject: 'example-notifier',
    detail: 'messages to example-notifier are not delivered: it answered 404 no_service',
  },
} as const satisfies Record<string, Trouble>;

/** Returns the good runs of the days before a story, oldest first. */
export function daysBefore({ slotAgoMs, days }: JobStory): Step[] {
  const tookMs = [3 * MINUTE_MS + 58 * SECOND_MS, 4 * MINUTE_MS + 1 * SECOND_MS, 4 * MINUTE_MS];
  return Array.from({ length: days }, (_, i) => {
    const startedAgoMs = slotAgoMs + (days - i) * DAY_MS;
    const output = 'dumping customers\ndumping orders\nbackup complete\n';
    return [start(startedAgoMs), succeeded(startedAgoMs - tookMs[i % tookMs.length]!, { output })];
  }).flat();
}

/** Returns the age of the declaration: it was made a day before the first slot. */
export function declaredAgoMs({ slotAgoMs, days }: JobStory): number {
  return slotAgoMs + (days + 1) * DAY_MS;
}
