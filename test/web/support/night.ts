import { compileCron } from '../../../src/schedule/cron.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../src/schedule/units.ts';
import type { SendResult } from '../../../src/delivery/notifier.ts';
import { seededRandom } from '../../support/random.ts';
import { MORNING_AT, ZONE } from './morning.ts';
import type { Happening } from './past.ts';

/** The answer of `pager` to every message. */
export const PAGER_GONE: SendResult = {
  result: 'permanent',
  detail: '410 Gone: this integration was deleted',
};

const RECENT_FROM_AT = MORNING_AT - 2 * DAY_MS;
/** The jobs whose pages are looked at have a longer history. */
const LONG_FROM_AT = MORNING_AT - 45 * DAY_MS;

interface NightJob {
  name: string;
  group: string;
  schedule: string;
  /** How long a run usually takes. */
  usualMs: number;
  /** More lines of its declaration. */
  more?: readonly string[];
  hasLongHistory?: true;
  /** Runs that begin at this instant or later are told of by hand. */
  regularUntilAt?: number;
}

const at = (hour: number, minute = 0, second = 0): number => Date.UTC(2026, 0, 16, hour - 1, minute, second);

/** The jobs that something happens to, by the local time of the night. */
const TROUBLED: readonly NightJob[] = [
  {
    name: 'postgres-backup',
    group: 'databases',
    schedule: '0 2 * * *',
    usualMs: 42 * MINUTE_MS,
    more: [
      'max_runtime: 2h',
      'description: Dumps every database to the vault',
      'runbook: https://wiki.example.com/backup',
      'owner: dba',
      'tags: [nightly, backup]',
    ],
    hasLongHistory: true,
    regularUntilAt: at(1),
  },
  {
    name: 'invoice-run',
    group: 'billing',
    schedule: '0 5 * * 1-5',
    usualMs: 8 * MINUTE_MS,
    more: ['owner: billing', 'grace: 20m', 'description: Sends the invoices of the day before'],
    hasLongHistory: true,
    regularUntilAt: at(1),
  },
  {
    name: 'warehouse-sync',
    group: 'warehouse',
    schedule: '0 3 * * *',
    usualMs: 55 * MINUTE_MS,
    more: ['max_runtime: 2h', 'owner: logistics', 'tags: [nightly]'],
    hasLongHistory: true,
    regularUntilAt: at(1),
  },
  {
    name: 'cert-renew',
    group: 'web',
    schedule: '0 */4 * * *',
    usualMs: 3 * MINUTE_MS,
    more: ['overlap: forbid', 'owner: web', 'max_runtime: 6h'],
    regularUntilAt: at(1),
  },
  {
    name: 'mail-queue-flush',
    group: 'mail',
    schedule: '*/30 * * * *',
    usualMs: 40 * SECOND_MS,
    more: ['tags: [mail]'],
    regularUntilAt: at(3),
  },
  {
    name: 'search-reindex',
    group: 'web',
    schedule: '0 * * * *',
    usualMs: 11 * MINUTE_MS,
    more: ['max_runtime: 40m'],
    regularUntilAt: at(1),
  },
  {
    name: 'daily-report',
    group: 'reports',
    schedule: '0 8 * * *',
    usualMs: 6 * MINUTE_MS,
    more: ['grace: 30m', 'owner: data-team', 'tags: [reports]'],
    hasLongHistory: true,
    regularUntilAt: at(7),
  },
  {
    name: 'data-export',
    group: 'reports',
    schedule: '30 5 * * *',
    usualMs: 25 * MINUTE_MS,
    more: ['max_runtime: 4h', 'owner: data-team'],
    hasLongHistory: true,
    regularUntilAt: at(1),
  },
  {
    name: 'new-york-close',
    group: 'reports',
    schedule: '30 17 * * 1-5',
    usualMs: 4 * MINUTE_MS,
    more: ['timezone: America/New_York'],
  },
];

const GROUPS: Readonly<Record<string, readonly string[]>> = {
  databases: ['vacuum', 'replica-check', 'wal-archive', 'stats-refresh'],
  billing: ['payment-import', 'dunning', 'ledger-close'],
  warehouse: ['stock-count', 'label-cleanup', 'carrier-feed'],
  web: ['sitemap', 'cache-warm', 'link-check', 'session-cleanup'],
  mail: ['bounce-import', 'digest', 'spam-rules'],
  reports: ['sales', 'traffic', 'churn', 'inventory'],
  infra: ['log-rotate', 'disk-report', 'cert-expiry', 'image-prune', 'dns-sync', 'patch-check'],
};
const PLACES = ['berlin', 'paris', 'oslo', 'tokyo'];

/** Returns 120 jobs; those without a fate of their own do well all night. */
function jobsOfNight(): NightJob[] {
  const random = seededRandom(18);
  const calm = Object.entries(GROUPS).flatMap(([group, works]) =>
    works.flatMap((work) =>
      PLACES.map((place): NightJob => {
        const minute = Math.floor(random() * 12) * 5;
        const hour = Math.floor(random() * 8);
        const schedule = work === 'wal-archive' ? `${minute % 60} */3 * * *` : `${minute} ${hour} * * *`;
        return { name: `${work}-${place}`, group, schedule, usualMs: (20 + random() * 1500) * SECOND_MS };
      }),
    ),
  );
  return [...TROUBLED, ...calm, ...spares(120 - TROUBLED.length - calm.length)];
}

function spares(count: number): NightJob[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `host-inventory-${index + 1}`,
    group: 'infra',
    schedule: `${(index * 7) % 60} 4 * * *`,
    usualMs: (10 + index) * SECOND_MS,
  }));
}

const JOBS = jobsOfNight();

/** The configuration of the night. Nobody listens at the address of `pager`. */
export function nightConfig(jobs: readonly NightJob[] = JOBS): string {
  const lines = jobs.flatMap(({ name, group, schedule, more = [] }) => [
    `  ${name}:`,
    `    schedule: '${schedule}'`,
    `    group: ${group}`,
    ...more.map((line) => `    ${line}`),
  ]);
  return `defaults:
  timezone: ${ZONE}
  grace: 10m
notifiers:
  ops:
    type: log
  pager:
    type: webhook
    url: http://127.0.0.1:9/pager
jobs:
${lines.join('\n')}
`;
}

/** The configuration as it was before most of the jobs were declared. */
const earlyConfig = (): string => nightConfig(JOBS.filter((job) => job.hasLongHistory));

/**
 * Returns all that happened until the morning.
 * @param write puts a configuration in the place of the file
 */
export function happeningsOfNight(write: (config: string) => Promise<void>): Happening[] {
  const declared = (declaredAt: number, config: string): Happening => ({
    at: declaredAt,
    do: async ({ configure }) => {
      await write(config);
      await configure();
    },
  });
  return [
    declared(LONG_FROM_AT, earlyConfig()),
    declared(RECENT_FROM_AT, nightConfig()),
    ...JOBS.flatMap((job, index) => regularRuns(job, seededRandom(index + 1))),
    ...failedBackup(),
    ...hungSync(),
    ...overlappingRenewal(),
    ...recovered(),
    ...openExport(),
    ...byHand(),
  ];
}

/** Nobody ran `invoice-run` or `daily-report`: for these two nothing needs to happen. */
function regularRuns(job: NightJob, random: () => number): Happening[] {
  const { name, schedule, usualMs, more = [], hasLongHistory, regularUntilAt = MORNING_AT } = job;
  const zone = more.find((line) => line.startsWith('timezone: '))?.slice('timezone: '.length) ?? ZONE;
  const cron = compileCron(schedule, zone);
  const found: Happening[] = [];
  let slot = cron.next(hasLongHistory === true ? LONG_FROM_AT : RECENT_FROM_AT);
  while (slot !== null && slot < regularUntilAt) {
    const startAt = slot + Math.floor(random() * 20) * SECOND_MS;
    const endAt = startAt + Math.round((usualMs * (0.75 + random() * 0.5)) / SECOND_MS) * SECOND_MS;
    found.push(...run({ name, startAt, endAt, output: `${name}: done\n` }));
    slot = cron.next(slot);
  }
  return found.filter((happening) => happening.at <= MORNING_AT);
}

interface NightRun {
  name: string;
  startAt: number;
  endAt: number;
  exitCode?: number;
  output?: string;
}

function run({ name, startAt, endAt, exitCode = 0, output = '' }: NightRun): Happening[] {
  const rid = `${name}-${startAt}`;
  const host = `host-${(name.length % 4) + 1}`;
  return [
    { at: startAt, do: ({ ping }) => ping(name, 'start', { rid, host }) },
    {
      at: endAt,
      do: ({ ping }) =>
        ping(name, exitCode === 0 ? 'success' : 'failure', {
          rid,
          host,
          exit_code: exitCode,
          duration_ms: endAt - startAt,
          output,
        }),
    },
  ];
}

const failedBackup = (): Happening[] =>
  run({
    name: 'postgres-backup',
    startAt: at(2),
    endAt: at(2, 31),
    exitCode: 1,
    output: [
      'dumping 14 databases to /vault',
      ...['accounts', 'audit', 'billing', 'catalog'].map((name) => `\u001B[32mok\u001B[0m ${name}`),
      '\u001B[31mpg_dump: error:\u001B[0m could not write to output file: No space left on device',
      'pg_dump: detail: table "orders", 11 of 14 databases are missing',
      '',
    ].join('\n'),
  });

const hungSync = (): Happening[] => [
  { at: at(3, 0, 4), do: ({ ping }) => ping('warehouse-sync', 'start', { rid: 'sync', host: 'host-3' }) },
];

/** The run of 4:00 is still open as that of 8:00 begins, which `overlap: forbid` does not allow. */
const overlappingRenewal = (): Happening[] => [
  { at: at(4), do: ({ ping }) => ping('cert-renew', 'start', { rid: 'four', host: 'host-2' }) },
  { at: at(8), do: ({ ping }) => ping('cert-renew', 'start', { rid: 'eight', host: 'host-2' }) },
];

function recovered(): Happening[] {
  const flushes = Array.from({ length: 11 }, (_, index) => at(3) + index * 30 * MINUTE_MS);
  const indexings = Array.from({ length: 8 }, (_, index) => at(1) + index * HOUR_MS);
  return [
    ...flushes.flatMap((startAt, index) =>
      run({
        name: 'mail-queue-flush',
        startAt,
        endAt: startAt + 35 * SECOND_MS,
        ...(index < 2 ? { exitCode: 75, output: 'relay.example.com: connection timed out\n' } : {}),
      }),
    ),
    ...indexings.flatMap((startAt, index) =>
      run({
        name: 'search-reindex',
        startAt,
        endAt: startAt + 5 * MINUTE_MS,
        ...(index === 0 ? { exitCode: 137, output: 'java.lang.OutOfMemoryError: Java heap space\n' } : {}),
      }),
    ),
  ].filter((happening) => happening.at < MORNING_AT);
}

const openExport = (): Happening[] => [
  { at: at(5, 30), do: ({ ping }) => ping('data-export', 'start', { rid: 'export', host: 'host-1' }) },
];

/** Somebody acknowledged one trouble and paused one job. */
const byHand = (): Happening[] => [
  {
    at: at(7, 40),
    do: async ({ ingest, store }) => {
      const alice = { via: 'session', who: 'alice', from: '10.0.0.7' } as const;
      const { items } = await store.incidents({ skip: 0, limit: 100, open: true });
      const job = await store.jobByName('warehouse-sync');
      const hung = items.find((incident) => incident.kind === 'job' && incident.job_id === job?.id);
      if (hung === undefined) throw new Error('the night has no incident of warehouse-sync');
      await ingest.acknowledge(hung.id, at(12), alice);
      await ingest.pause('image-prune-oslo', at(18), alice);
    },
  },
];
