import type { Declaration } from '../../core/model/declaration.ts';
import type { DeliveryKind, Ping } from '../../core/model/records.ts';
import type { Trouble } from '../../core/system/incidents.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../schedule/units.ts';

/** One thing that happens to the sample job: a ping, or nothing but that time passes. */
export interface Step {
  /** How long before now. */
  agoMs: number;
  ping: Partial<Ping> | null;
}

/** What befalls a job that ran well each day before. */
export interface JobStory {
  /** What it declares besides its period of a day. */
  declared: Declaration;
  /** How long before now the slot was that the story is about. */
  slotAgoMs: number;
  /** How many days it had run before. */
  days: number;
  steps: readonly Step[];
  /** The message that tells of it. */
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

/** A run that begins at the slot and ends now, unless the story says something else. */
function story(changes: Partial<JobStory> & Pick<JobStory, 'steps'>): JobStory {
  return { declared: {}, slotAgoMs: TOOK_MS, days: 3, tells: 'opened', ...changes };
}

/** One for each kind of trouble a job can be in, and for what follows. */
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

/** A storm: what befalls many jobs of two groups, and of none, at once. */
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

/** What can be wrong with Cronflow itself (docs/design.md §3.3). */
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

/** The good runs of the days before a story, the oldest first. */
export function daysBefore({ slotAgoMs, days }: JobStory): Step[] {
  const tookMs = [3 * MINUTE_MS + 58 * SECOND_MS, 4 * MINUTE_MS + 1 * SECOND_MS, 4 * MINUTE_MS];
  return Array.from({ length: days }, (_, i) => {
    const startedAgoMs = slotAgoMs + (days - i) * DAY_MS;
    const output = 'dumping customers\ndumping orders\nbackup complete\n';
    return [start(startedAgoMs), succeeded(startedAgoMs - tookMs[i % tookMs.length]!, { output })];
  }).flat();
}

/** How long before now the job was declared: a day before its first slot. */
export function declaredAgoMs({ slotAgoMs, days }: JobStory): number {
  return slotAgoMs + (days + 1) * DAY_MS;
}
