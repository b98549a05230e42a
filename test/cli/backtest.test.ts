import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { LIVENESS_KEY } from '../../src/apply/alive.ts';
import { GLOBALS_KEY } from '../../src/apply/events.ts';
import { backtest } from '../../src/cli/backtest.ts';
import { reportJson } from '../../src/cli/backtest-report.ts';
import { compareIncidents } from '../../src/core/backtest/backtest.ts';
import type { ReplayedIncident } from '../../src/core/replay/replay.ts';
import type { Declaration } from '../../src/core/model/declaration.ts';
import type { LoggedEvent } from '../../src/core/model/event.ts';
import type { Delivery } from '../../src/core/model/records.ts';
import { silentLogger } from '../../src/observe/log.ts';
import { openOffline } from '../../src/store/open/open-offline.ts';
import { storeUrlOf } from '../../src/store/open/url.ts';
import { PostgresStore } from '../../src/store/postgres/store.ts';
import type { Store } from '../../src/store/store.ts';
import type { Happening, Script } from '../simulation/script.ts';
import { SimulatedDisk } from '../simulation/system/disk.ts';
import { System, type SystemOptions } from '../simulation/system/system.ts';
import type { CrashDisk } from '../support/crash-disk.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { WAIT_LIMIT_MS } from '../support/limits.ts';
import { freshDatabase, missingPostgres } from '../support/postgres.ts';
import { seededRandom } from '../support/random.ts';
import { type Result, runIn } from './support/io.ts';
import { DAY_MS, HOUR_MS } from '../../src/schedule/units.ts';

const FROM_AT = Date.parse('2025-03-01T00:00:00Z');
const TO_AT = FROM_AT + 31 * DAY_MS;
/** A month takes some seconds to be played; on a machine that is busy, minutes. */
const MONTH_MS_MAX = 600_000;

const RUNNING: Record<string, Declaration> = {
  backup: { schedule: '0 2 * * *', grace: '5m', max_runtime: '2h' },
  invoices: { schedule: '30 * * * *', grace: '10m', failure_threshold: 2 },
  sync: { every: '1h', grace: '20m', remind_every: '1d' },
  report: {
    schedule: '0 9 * * 1-5',
    timezone: 'Europe/Berlin',
    maintenance: [{ schedule: '0 6 * * 3', duration: '4h' }],
  },
};
/** What somebody thinks of changing, key by key. */
const CHANGED: Record<string, Declaration> = {
  backup: { schedule: '0 2 * * *', grace: '30m', max_runtime: '40m' },
  invoices: { schedule: '30 * * * *', grace: '10m', failure_threshold: 1, recovery_threshold: 2 },
  sync: { every: '2h', grace: '20m', remind_every: '1d' },
  report: RUNNING['report']!,
};

/** A month of four jobs that mostly do their work, and of a Cronflow that mostly listens. */
function month(jobs: Script['jobs']): Script {
  const random = seededRandom(7);
  const happenings: Happening[] = [];
  const add = (name: string, slotAt: number, lengthMs: number): void => {
    const rid = `${name}-${slotAt}`;
    const chance = random();
    if (chance < 0.06) return;
    const startAt = slotAt + Math.floor(random() ** 4 * 45 * 60_000) + 500;
    happenings.push({ at: startAt, type: 'ping', job: name, ping: { kind: 'start', rid } });
    if (chance < 0.1) return;
    const kind = chance < 0.2 ? ('failure' as const) : ('success' as const);
    const endAt = startAt + Math.floor(lengthMs * (0.5 + random() ** 3 * 2));
    happenings.push({ at: endAt, type: 'ping', job: name, ping: { kind, rid } });
  };
  for (let hour = 0; hour < 31 * 24; hour += 1) {
    const at = FROM_AT + hour * HOUR_MS;
    add('invoices', at + 30 * 60_000, 60_000);
    add('sync', at, 120_000);
    if (hour % 24 === 2) add('backup', at, 30 * 60_000);
    if (hour % 24 === 8 && new Date(at).getUTCDay() % 6 !== 0) add('report', at, 600_000);
  }
  const aways = [
    { at: FROM_AT + 5.1 * DAY_MS, type: 'away', how: 'crash', to_at: FROM_AT + 5.2 * DAY_MS },
    { at: FROM_AT + 20.08 * DAY_MS, type: 'away', how: 'stop', to_at: FROM_AT + 20.15 * DAY_MS },
  ] as const;
  const heard = happenings.filter(({ at }) => !aways.some((away) => away.at <= at && at <= away.to_at));
  return {
    start_at: FROM_AT,
    end_at: TO_AT,
    replay_window_ms: 900_000,
    notifiers: ['ops'],
    jobs,
    happenings: [...heard, ...aways].filter(({ at }) => at < TO_AT).sort((a, b) => a.at - b.at),
  };
}

/** Plays the month; the store is left open. */
async function played(jobs: Script['jobs'], options: SystemOptions): Promise<Store> {
  const system = new System(month(jobs), { ...options, records: false, random: seededRandom(1) });
  await system.play();
  return system.store;
}

/** Writes what is on a simulated disk to a real one. */
async function putDown(disk: CrashDisk, from: string, to: string): Promise<void> {
  for (const path of disk.files().filter((each) => each.startsWith(from))) {
    const file = await disk.open(path, 'read');
    const bytes = Buffer.alloc(await file.size());
    await file.read(bytes, 0);
    await mkdir(dirname(join(to, path.slice(from.length))), { recursive: true });
    await writeFile(join(to, path.slice(from.length)), bytes);
  }
}

/** What was recorded of a job, as a replay would say it. */
async function recordedIncidents(store: Store, name: string): Promise<ReplayedIncident[]> {
  const job = (await store.jobByName(name))!;
  const all = { skip: 0, limit: 10_000 };
  const opened = (await store.deliveries(all)).items.filter(({ kind }) => kind === 'opened');
  const incidents = (await store.incidents({ job_id: job.id, ...all })).items;
  return incidents
    .reverse()
    .filter((incident) => incident.kind === 'job')
    .map((incident) => ({ incident, told_at: toldAt(opened, incident.id) }));
}

function toldAt(deliveries: readonly Delivery[], incidentId: string): number | null {
  const told = deliveries.filter((each) => each.incident_id === incidentId);
  return told.length === 0 ? null : Math.min(...told.map(({ facts }) => facts.at));
}

function yamlOf(jobs: Record<string, Declaration>): string {
  return stringify({ notifiers: { ops: { type: 'log' } }, jobs });
}

let root = '';
let was: Store;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cronflow-backtest-'));
  const disk = new SimulatedDisk({ logBytesMax: Infinity, snapshotJournalBytes: 100_000 });
  was = await played(RUNNING, { disk, turns: 12 });
  await putDown(disk.disk, disk.directory, join(root, 'data'));
  await writeFile(join(root, 'cronflow.yaml'), yamlOf(RUNNING));
  await writeFile(join(root, 'changed.yaml'), yamlOf(CHANGED));
}, MONTH_MS_MAX);
afterAll(async () => {
  if (process.env['KEEP']) console.log(root);
  else await rm(root, { recursive: true, force: true });
});

/** Names and sizes of all files, and when they were changed. */
async function contentOf(directory: string): Promise<unknown[]> {
  const names = (await readdir(directory, { recursive: true })).sort();
  return Promise.all(
    names.map(async (name) => {
      const { size, mtimeMs } = await stat(join(directory, name));
      return [name, size, mtimeMs];
    }),
  );
}

function run(...argv: string[]): Promise<Result> {
  return runIn(root, TO_AT, (io) => backtest(argv, io));
}

describe('cronflow backtest over a recorded month', () => {
  test('finds no difference in the running file, and says how far back the log goes', async () => {
    expect(await run('--since', '60d')).toEqual({
      code: 0,
      stdout:
        'Replayed the log from 2025-03-01T00:00:00Z to 2025-04-01T00:00:00Z (31d; the log goes back to ' +
        '2025-03-01T00:00:00Z).\n\nNo incident would have been different (0 jobs replayed, 4 unchanged).\n',
      stderr: '',
    });
  });

  test('replays what was recorded, also where everything is replayed', async () => {
    // The window counts for every job, so that none is left out, and changes no outcome that is settled later.
    await writeFile(join(root, 'window.yaml'), `replay_window: 15m1s\n${yamlOf(RUNNING)}`);
    const result = await run('window.yaml', '--json', '--since', '60d');
    expect(JSON.parse(result.stdout)).toMatchObject({ jobs_replayed: 4, jobs_same: 0, jobs: [] });
  });

  test(
    'says what the month would have been, had the new file been in force',
    async () => {
      const would = await played(CHANGED, {});
      const all = await Promise.all(
        Object.keys(RUNNING).map(async (name) => {
          const [before, after] = [await recordedIncidents(was, name), await recordedIncidents(would, name)];
          return { name, is_removed: false, changes: compareIncidents(before, after, 0) };
        }),
      );
      const jobs = all.filter(({ changes }) => changes.length > 0);
      expect(jobs.map(({ name }) => name)).toEqual(['backup', 'invoices', 'sync']);
      const { code, stdout } = await run('changed.yaml', '--since', '60d', '--json');
      const report = JSON.parse(stdout) as ReturnType<typeof reportJson>;
      expect(code).toBe(2);
      expect(report).toEqual(
        reportJson({
          log_from_at: FROM_AT,
          from_at: FROM_AT,
          until_at: TO_AT,
          jobs_replayed: 3,
          jobs_same: 1,
          jobs_left_out: 0,
          unlogged: [],
          jobs,
        }),
      );
    },
    MONTH_MS_MAX,
  );
});

describe('cronflow backtest', () => {
  test('shows at a glance what is new, what is gone, and what moved from where to where', async () => {
    const { code, stdout } = await run('changed.yaml', '--since', '30d');
    expect(code).toBe(2);
    const lines = stdout.split('\n');
    expect(lines.slice(0, 8)).toEqual([
      'Replayed the log from 2025-03-02T00:00:00Z to 2025-04-01T00:00:00Z (30d; the log goes back to 2025-03-01T00:00:00Z).',
      '',
      'backup',
      '  - gone   2025-03-02T02:05:00Z missed, until 2025-03-02T02:37:29.235Z, tells ops',
      '  - gone   2025-03-04T02:05:00Z missed, until 2025-03-04T02:32:05.331Z, tells ops',
      '  ~ moved  2025-03-05T02:05:00Z missed, until 2025-03-07T03:10:40.465Z, tells ops',
      '             opened_at: 2025-03-05T02:05:00Z -> 2025-03-05T02:30:00Z',
      '  ~ moved  2025-03-08T02:05:00Z missed, until 2025-03-08T03:04:44.957Z, tells ops',
    ]);
    expect(lines.at(-2)).toMatch(
      /^Incidents: \d+ new, \d+ gone, \d+ moved \(3 jobs replayed, 1 unchanged\)\.$/,
    );
  });

  test('fits a terminal of 80 columns, with each incident beside what became of it', async () => {
    const { stdout } = await runIn(root, TO_AT, (io) =>
      backtest(['changed.yaml', '--since', '30d'], { ...io, terminal: { columns: 80 } }),
    );
    const lines = stdout.split('\n');
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(lines.slice(0, 6)).toEqual([
      'Replayed the log from 2025-03-02T00:00:00Z to 2025-04-01T00:00:00Z (30d; the log',
      'goes back to 2025-03-01T00:00:00Z).',
      '',
      'backup',
      '  - gone   2025-03-02T02:05:00Z missed, until 2025-03-02T02:37:29.235Z, tells',
      '           ops',
    ]);
    expect(stdout).toContain('\n             opened_at: 2025-03-05T02:05:00Z -> 2025-03-05T02:30:00Z\n');
    const { stdout: whole } = await run('changed.yaml', '--since', '30d');
    expect(stdout.split(/\s+/)).toEqual(whole.split(/\s+/));
  });

  test('leaves out what was over before the time that is asked for', async () => {
    const { stdout } = await run('changed.yaml', '--since', '2d', '--json');
    const report = JSON.parse(stdout) as { from_at: string; jobs: { name: string; changes: unknown[] }[] };
    expect(report.from_at).toBe('2025-03-30T00:00:00.000Z');
    expect(report.jobs.find(({ name }) => name === 'backup')?.changes).toHaveLength(2);
  });

  test('says what nobody would have heard of a removed job, and that it knows nothing of a new one', async () => {
    const { report: _report, ...rest } = RUNNING;
    await writeFile(join(root, 'moved.yaml'), yamlOf({ ...rest, reports: RUNNING['report']! }));
    const { code, stdout } = await run('moved.yaml', '--since', '30d');
    expect(code).toBe(2);
    expect(stdout).toContain(
      'The log says nothing of 1 new job: reports.\n\nreport (would be removed)\n  - gone ',
    );
    expect(stdout).toMatch(/Incidents: 0 new, \d+ gone, 0 moved \(1 job replayed, 3 unchanged\)\.\n$/);
  });

  test('changes nothing in the data directory, and needs no lock on it', async () => {
    const before = await contentOf(join(root, 'data'));
    await run('changed.yaml');
    expect(await contentOf(join(root, 'data'))).toEqual(before);
  });

  test('refuses what it cannot read, with exit code 1', async () => {
    expect(await run('missing.yaml')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/missing\.yaml does not exist/) as string,
    });
    expect(await run('--data-dir', 'nowhere')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /nowhere holds no data of Cronflow\. Name its data directory with --data-dir DIR/,
      ) as string,
    });
    expect(await run('--since', 'yesterday')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/--since "yesterday" is not a duration such as 90m/) as string,
    });
    expect(await run('a.yaml', 'b.yaml')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/"b\.yaml" is too many/) as string,
    });
    expect(await run('--help')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Usage: cronflow backtest/) as string,
    });
  });
});

const missing = missingPostgres();
const where = missing === null ? '' : `: ${missing}`;

/** Writes what the data directory and its log hold to a database. */
async function copyTo(url: string): Promise<void> {
  const from = openOffline(storeUrlOf(undefined, join(root, 'data')));
  const clock = createFakeClock(FROM_AT);
  const store = new PostgresStore({ url, clock, log: silentLogger, answerMsMax: WAIT_LIMIT_MS });
  await store.open();
  const state = await from.state();
  await store.transact({ all: true }, (tx) => {
    for (const job of state.jobs()) tx.putJob(job);
    tx.putMeta(GLOBALS_KEY, state.meta(GLOBALS_KEY));
    tx.putMeta(LIVENESS_KEY, TO_AT);
  });
  const logged: { job_id: string; event: LoggedEvent }[] = [];
  for await (const { events } of (await from.history())!.commits()) logged.push(...events);
  const ids = state.jobs().map(({ id }) => id);
  await store.transact({ ids }, (tx) => {
    for (const { job_id: jobId, event } of logged) tx.logEvent(jobId, event);
  });
  await store.close();
}

describe.skipIf(missing !== null)(`cronflow backtest on a database${where}`, () => {
  test(
    'says the same as on a data directory with the same log',
    async () => {
      const database = await freshDatabase();
      await copyTo(database.url);
      const onDatabase = (...argv: string[]): Promise<Result> =>
        runIn(root, TO_AT, (io) => backtest(argv, io), { env: { CRONFLOW_STORE: database.url } });
      for (const argv of [
        ['changed.yaml', '--since', '60d', '--json'],
        ['changed.yaml', '--since', '2d'],
      ]) {
        const [there, here] = [await onDatabase(...argv), await run(...argv)];
        expect(here.code).toBe(2);
        expect(there).toEqual(here);
      }
      await database.drop();
      expect(await onDatabase('changed.yaml')).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/The database .* cannot be used/) as string,
      });
    },
    MONTH_MS_MAX,
  );
});
