import { SYSTEM_SCOPE } from '../../../src/apply/system.ts';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { noteNotifierFails, noteNotifierWorks } from '../../../src/apply/failing-notifiers.ts';
import { reportMended, reportTrouble } from '../../../src/apply/system.ts';
import { Liveness } from '../../../src/checker/liveness.ts';
import type { Config } from '../../../src/config/config.ts';
import { ConfigReloader } from '../../../src/config/reloader.ts';
import type { Declaration } from '../../../src/core/model/declaration.ts';
import { planChanges } from '../../../src/core/plan/plan.ts';
import { redact } from '../../../src/core/text/redact.ts';
import type { Message } from '../../../src/delivery/message/message.ts';
import { StoreAlarm } from '../../../src/delivery/sending/store-alarm.ts';
import { silentLogger } from '../../../src/observe/log.ts';
import { type Night, startNight, ZONE } from './night.ts';

const LOG = `2026-01-15 02:00:02 dumping customers
2026-01-15 02:03:40 dumping orders
pg_dump: error: query failed: server closed the connection unexpectedly
pg_dump: detail: Query was: COPY public.orders (id, customer, total) TO stdout;
uploading with password=hunter2 was not tried
`;

const failed = (night: Night, time = '02:04:14', exitCode = 1): Promise<void> =>
  night.end(time, exitCode, { output: LOG });

async function failure(changes: Declaration = {}): Promise<Night> {
  const night = await startNight(changes);
  await night.start('02:00:02');
  await failed(night);
  return night;
}

/** Fails in the nights from 15 to 17 January. */
async function failedThreeNights(threshold: number): Promise<Night> {
  const night = await startNight({ failure_threshold: threshold });
  for (const day of [0, 1, 2]) {
    await night.start('02:00:02', {}, day);
    await night.end('02:04:14', 1, { output: LOG }, day);
  }
  return night;
}

/** What befalls the job, and the message that tells of it. */
const JOB_TELLINGS = {
  'failed-exit-code': async () => (await failure()).told('opened'),
  'failed-third-in-a-row': async () => (await failedThreeNights(3)).told('opened'),
  'failed-command-not-found': async () => {
    const night = await startNight();
    await night.start('02:00:02');
    await night.end('02:00:02', 127, {
      output: '/usr/local/bin/backup: line 3: pg_dumpp: command not found\n',
    });
    return night.told('opened');
  },
  'failed-signal': async () => {
    const night = await startNight();
    await night.start('02:00:02');
    await night.end('02:04:14', 137, { signal: 'KILL', output: 'dumping customers\ndumping orders\n' });
    return night.told('opened');
  },
  'failed-reported': async () => {
    const night = await startNight();
    await night.start('02:00:02');
    night.at('02:04:14');
    await night.ping('failure', { output: 'the vault is sealed\n' });
    return night.told('opened');
  },
  'failed-unreadable-report': async () => {
    const night = await startNight();
    await night.start('02:00:02');
    night.at('02:04:14');
    await night.ping('success', { unreadable: 'exit_code "False" cannot be read' });
    return night.told('opened');
  },
  'failed-too-fast': async () => {
    const night = await startNight({ min_runtime: '5m' });
    await night.start('02:00:02');
    await night.end('02:00:05', 0, { output: 'nothing to dump\n' });
    return night.told('opened');
  },
  'failed-output-mismatch': async () => {
    const night = await startNight({ expect: { output: { contains: 'backup complete' } } });
    await night.start('02:00:02');
    await night.end('02:12:14', 0, { output: 'dumping customers\ndumping orders\n0 rows written\n' });
    return night.told('opened');
  },
  'failed-overlap': async () => {
    const night = await startNight({ overlap: 'forbid' });
    await night.start('01:10:00', { rid: 'by-hand', host: 'web2' });
    await night.start('02:00:02', { rid: 'by-cron' });
    return night.told('opened');
  },
  'failed-stuck-lock': async () => {
    const night = await startNight();
    for (const time of ['02:00:02', '02:20:02', '02:40:02']) {
      night.at(time);
      await night.ping('skip');
    }
    return night.told('opened');
  },
  'failed-late-report': async () => {
    const night = await away(true);
    // What the wrapper had kept comes after the replay window.
    night.at('05:00:00');
    const spooled = { exit_code: 1, output: LOG, rid: 'x', delay_ms: 176 * 60_000, duration_ms: 252_000 };
    await night.ping('failure', spooled);
    return night.told('opened');
  },
  missed: async () => {
    const night = await startNight();
    await night.wait('02:05:00');
    return night.told('opened');
  },
  'never-seen': async () => {
    const night = await startNight({}, { nights: 0 });
    await night.wait('02:05:00');
    return night.told('opened');
  },
  timeout: async () => {
    const night = await startNight({ max_runtime: '2h' });
    await night.start('02:00:02');
    await night.wait('04:00:02');
    return night.told('opened');
  },
  'timeout-while-cronflow-was-away': async () => {
    const night = await startNight({ max_runtime: '3h' });
    await night.start('02:00:02');
    night.at('02:30:00');
    await goAway(night);
    await night.wait('05:30:00');
    return night.told('opened', { about: 'job' });
  },
  abandoned: async () => {
    const night = await startNight();
    await night.start('02:00:02');
    await night.start('08:30:00');
    return night.told('opened');
  },
  'abandoned-too-many-runs': async () => {
    const night = await startNight({ max_open_runs: 2 });
    for (const time of ['02:00:02', '02:10:00', '02:20:00']) await night.start(time, { rid: `run-${time}` });
    return night.told('opened');
  },
  'announced-after-maintenance': async () => {
    const night = await startNight({ maintenance: [{ schedule: '0 1 * * *', duration: '3h' }] });
    await night.start('02:00:02');
    await failed(night);
    await night.wait('04:05:00');
    return night.told('opened');
  },
  'after-lost-messages': async () => (await failure()).told('opened', { deadCount: 3 }),
  'reminder-failed': async () => {
    const night = await failure({ remind_every: '6h' });
    await night.wait('08:04:14');
    return night.told('reminder');
  },
  'reminder-missed': async () => {
    const night = await startNight({ remind_every: '6h' });
    await night.wait('08:05:00');
    return night.told('reminder');
  },
  resolved: async () => {
    const night = await failure();
    await night.start('09:30:00');
    await night.end('09:42:10', 0);
    return night.told('closed');
  },
  'resolved-after-many': async () => {
    const night = await failedThreeNights(1);
    await night.start('02:00:02', {}, 3);
    await night.end('02:11:58', 0, {}, 3);
    return night.told('closed');
  },
  'reminder-of-a-rerun': async () => {
    const night = await startNight({ remind_every: '6h' });
    await night.wait('02:05:00');
    await night.start('04:10:00');
    await failed(night, '04:14:12');
    await night.wait('08:05:00');
    return night.told('reminder');
  },
  'resolved-by-rerun': async () => {
    const night = await startNight();
    await night.wait('02:05:00');
    await night.start('09:30:00');
    await night.end('09:42:10', 0);
    return night.told('closed');
  },
  'resolved-by-late-report': async () => {
    const night = await startNight();
    await night.wait('02:05:00');
    night.at('03:10:00');
    await night.ping('success', { exit_code: 0, rid: 'x', delay_ms: 55 * 60_000, duration_ms: 12 * 60_000 });
    return night.told('closed');
  },
  'resolved-timeout-ended-after-all': async () => {
    const night = await startNight({ max_runtime: '2h' });
    await night.start('02:00:02');
    await night.wait('04:00:02');
    await night.end('04:31:40', 0);
    return night.told('closed');
  },
  'failed-and-resolved': async () => {
    const night = await failure();
    await night.start('02:30:00');
    await night.end('02:42:10', 0);
    return night.told('opened');
  },
  paused: async () => {
    const night = await failure();
    night.at('09:00:00');
    await night.ingest.pause('daily-database-backup');
    return night.told('closed_silently');
  },
  removed: async () => {
    const night = await failure();
    night.at('09:00:00');
    await night.configure({});
    return night.told('closed_silently');
  },
} as const satisfies Record<string, () => Promise<Message>>;

const INVALID = `defaults:
  timezone: Europe/Berlin
jobs:
  daily-database-backup:
    schedul: "0 2 * * *"
    graze: 5m
`;

function jobsFile(count: number): string {
  const jobs = Array.from(
    { length: count },
    (_, i) => `  report-${String(i + 1).padStart(2, '0')}: {every: 1d}\n`,
  );
  return `public_url: https://cron.example.com\njobs:\n${jobs.join('')}`;
}

/** Saves one text after the other as the configuration, the first of which is good; tells what comes of it. */
async function configured(night: Night, texts: readonly string[]): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'cronflow-tellings-'));
  const path = join(directory, 'cronflow.yaml');
  const { store, clock } = night;
  let running: Config | null = null;
  const jobs = (): Parameters<typeof planChanges>[0] =>
    (running?.jobs ?? []).map((job) => ({ ...job, source: 'file', removed_at: null }) as never);
  const reloader = new ConfigReloader({
    path,
    env: {},
    clock,
    logger: silentLogger,
    stored: [],
    watch: false,
    plan: async (config) => planChanges(jobs(), config.jobs, config),
    apply: async (config) => {
      const plan = planChanges(jobs(), config.jobs, config);
      running = config;
      return plan;
    },
    onProblem: ({ code, text }) => {
      const reason = code === 'config_held' ? 'config_held' : 'config_invalid';
      const detail = text.replaceAll(`${directory}/`, '');
      return reportTrouble(store, { kind: 'config', reason, detail }, clock.now());
    },
    onResolved: () => reportMended(store, 'config', clock.now()),
  });
  try {
    await writeFile(path, texts[0] ?? '');
    await reloader.start();
    for (const text of texts.slice(1)) {
      clock.set(clock.now() + 17 * 60_000);
      await writeFile(path, text);
      await reloader.reload();
    }
  } finally {
    await reloader.close();
    await rm(directory, { recursive: true });
  }
}

/** Cronflow stops now and starts again after two hours and forty minutes, and its replay window passes. */
async function goAway({ store, clock, checker }: Night): Promise<void> {
  const before = new Liveness({ store, clock, logger: silentLogger });
  await before.start();
  await before.stop();
  clock.set(clock.now() + 160 * 60_000);
  const after = new Liveness({ store, clock, logger: silentLogger });
  await after.start();
  checker.start();
  await clock.advance(16 * 60_000);
  await after.stop();
  await checker.stop();
}

async function away(hidesARun: boolean): Promise<Night> {
  const night = await startNight();
  night.at(hidesARun ? '01:30:00' : '12:00:00', hidesARun ? 0 : -1);
  await goAway(night);
  return night;
}

async function notifierFailing(): Promise<Night> {
  const night = await startNight();
  night.at('02:04:14');
  await night.configure({}, { timezone: ZONE }, ['ops', 'pager']);
  await noteFailingNotifier(night);
  return night;
}

function noteFailingNotifier({ store, clock }: Night): Promise<unknown> {
  return store.transact(SYSTEM_SCOPE, (tx) =>
    noteNotifierFails(tx, 'pager', 'it answered 404 no_service', clock.now()),
  );
}

async function storeFailing(): Promise<{ night: Night; message: Message }> {
  const night = await startNight();
  night.at('02:04:14');
  const { store, clock } = night;
  let message: Message | undefined;
  const alarm = new StoreAlarm({
    store,
    clock,
    logger: silentLogger,
    notifiers: {
      get: (name) => ({
        name,
        type: 'fake',
        concurrency: 1,
        keepsState: false,
        mergedLengthMax: null,
        send: async (sent) => {
          message = sent;
          return { result: 'ok' };
        },
        close: async () => {},
      }),
    },
    audience: () => ['ops'],
    around: () => ({ publicUrl: 'https://cron.example.com', timezone: ZONE }),
    redact,
  });
  for (let beats = 0; beats < 4; beats++) {
    alarm.beat('ENOSPC: no space left on device, write');
    await clock.advance(10_000);
  }
  if (message === undefined) throw new Error('nobody was told');
  const sent = message;
  clock.set(clock.now() + 9 * 60_000);
  alarm.beat(null);
  await alarm.stop();
  return { night, message: sent };
}

/** What is wrong with Cronflow itself. */
const SYSTEM_TELLINGS = {
  'config-invalid': async () => {
    const night = await startNight();
    night.at('09:00:00');
    await configured(night, [jobsFile(2), INVALID]);
    return night.told('opened');
  },
  'config-mended': async () => {
    const night = await startNight();
    night.at('09:00:00');
    await configured(night, [jobsFile(2), INVALID, jobsFile(3)]);
    return night.told('closed');
  },
  'config-held': async () => {
    const night = await startNight();
    night.at('09:00:00');
    await configured(night, [jobsFile(20), jobsFile(3)]);
    return night.told('opened');
  },
  'config-held-over': async () => {
    const night = await startNight();
    night.at('09:00:00');
    await configured(night, [jobsFile(20), jobsFile(3), jobsFile(20)]);
    return night.told('closed');
  },
  'cronflow-was-away': async () => (await away(true)).told('opened'),
  'cronflow-was-away-unseen-nothing': async () => (await away(false)).told('opened'),
  'notifier-failing': async () => (await notifierFailing()).told('opened'),
  'notifier-works-again': async () => {
    const night = await notifierFailing();
    night.at('03:10:00');
    await night.store.transact(SYSTEM_SCOPE, (tx) => noteNotifierWorks(tx, 'pager', night.clock.now()));
    return night.told('closed');
  },
  'store-failing': async () => (await storeFailing()).message,
  'store-works-again': async () => (await storeFailing()).night.told('closed'),
} as const satisfies Record<string, () => Promise<Message>>;

async function storm(): Promise<Night> {
  const night = await startNight();
  const names = Array.from({ length: 12 }, (_, i) => `import-shop-${String(i + 1).padStart(2, '0')}`);
  night.at('02:58:00');
  const jobs: Record<string, Declaration> = {
    'daily-database-backup': { schedule: '0 2 * * *' },
    'rotate-logs': { schedule: '0 3 * * *', group: 'system' },
    'renew-certificates': { schedule: '0 3 * * *', group: 'system', mention: ['here'] },
  };
  for (const name of names) jobs[name] = { schedule: '0 3 * * *', group: 'imports' };
  await night.configure(jobs, { timezone: ZONE }, ['ops', 'pager']);
  for (const [index, name] of names.entries()) {
    night.at('03:00:01');
    await night.ping('start', {}, name);
    night.at(`03:00:0${2 + (index % 5)}`);
    await night.ping('failure', { exit_code: index === 7 ? 127 : 1 }, name);
  }
  await night.wait('03:05:00');
  return night;
}

const MERGED_TELLINGS = {
  'merged-storm': async () => (await storm()).toldTogether(),
  'merged-resolved': async () => {
    const night = await storm();
    await night.allSent();
    const jobs = await night.store.transact({ all: true }, (tx) => tx.jobs());
    for (const { name } of jobs) {
      night.at('03:40:00');
      await night.ping('success', { exit_code: 0 }, name);
    }
    return night.toldTogether();
  },
  'merged-both': async () => {
    const night = await storm();
    for (const name of ['import-shop-01', 'import-shop-02']) {
      night.at('03:10:00');
      await night.ping('success', { exit_code: 0 }, name);
    }
    await noteFailingNotifier(night);
    return night.toldTogether();
  },
} as const satisfies Record<string, () => Promise<Message>>;

/** One message for each reason of which people are told, by the name of its file. */
export const TELLINGS: Readonly<Record<string, () => Promise<Message>>> = {
  ...JOB_TELLINGS,
  ...SYSTEM_TELLINGS,
  ...MERGED_TELLINGS,
};
