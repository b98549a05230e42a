import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { revisionOf } from '../../src/config/parse.ts';
import { silentLogger } from '../../src/observe/log.ts';
import { PostgresStore } from '../../src/store/postgres/store.ts';
import { APPLYING_KEY } from '../../src/store/store.ts';
import { WAIT_LIMIT_MS } from '../support/limits.ts';
import { freshDatabase, missingPostgres, type TestDatabase } from '../support/postgres.ts';
import { until } from '../support/until.ts';
import { startWebhookServer, type WebhookServer } from '../support/webhook-server.ts';
import { Instance } from './chaos/instance.ts';

/** Several times as many as one commit changes. */
const JOBS = 500;
/** One of them that is not changed by the first commit. */
const LATE = `job-${JOBS - 1}`;

/** Returns a configuration whose jobs are due so often, with a job of this name that was named otherwise before. */
function configOf(every: string, notifiers: readonly string[], renamed: string): string {
  const jobs = Array.from({ length: JOBS }, (_, at) => `  job-${at}: {every: ${every}}`);
  const hooks = notifiers.map((name) => `  ${name}: {type: webhook, url: "${webhook.origin}/${name}"}`);
  return ['notifiers:', ...hooks, 'jobs:', ...jobs, `  ${renamed}`, ''].join('\n');
}

let directory: string;
let webhook: WebhookServer;
let database: TestDatabase;
let store: PostgresStore;
let instances: Instance[];

/** The built program, killed while it applies a configuration that many jobs differ in. */
describe.skipIf(missingPostgres() !== null)('a large change among instances', () => {
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cronflow-large-'));
    [webhook, database] = await Promise.all([startWebhookServer(), freshDatabase()]);
    store = new PostgresStore({
      url: database.url,
      clock: systemClock,
      log: silentLogger,
    });
    await store.open();
    instances = [];
  });
  afterEach(async () => {
    await Promise.all(instances.map((each) => each.kill()));
    await store.close();
    await Promise.all([webhook.close(), database.drop()]);
    await rm(directory, { recursive: true, force: true });
  });

  test.each([
    'another one goes on',
    'a start with its file',
    'a start with an older file',
    'a start with a broken file',
  ])(
    'is carried out where the instance that applies it is killed: %s',
    { timeout: 4 * WAIT_LIMIT_MS },
    async (how) => {
      const before = configOf('1d', ['ops'], 'old: {every: 1d}');
      const after = configOf('1h', ['ops', 'pager'], 'new: {every: 1h, renamed_from: old}');
      const a = await started('a', before);
      const b = await started('b', before);
      for (const name of ['job-0', LATE, 'old'])
        expect((await fetch(`${b.url}/jobs/${name}/failure`, { method: 'POST' })).status).toBe(200);
      if (!how.startsWith('another')) await b.kill();
      await killedInTheMiddle(a, after);
      if (how.includes('older')) await b.start();
      else if (how.includes('its file')) await a.start();
      else if (how.includes('broken')) {
        await writeFile(a.configPath, 'jobs: [');
        await a.start();
      }
      await until('the rest of the change', isDone, log);
      const { items, total } = await store.listJobs({ skip: 0, limit: 2 * JOBS });
      expect(total).toBe(JOBS + 1);
      expect(items.filter(({ declaration }) => declaration.every !== '1h')).toEqual([]);
      expect(await store.jobByName('new')).toMatchObject({ state: { run_count: 1 } });
      // What a killed instance was sending is sent by another one, and may have arrived already.
      const all = ['job-0', LATE, 'new'].sort();
      await until('the new notifier to be told', () => isDeepStrictEqual(toldOf('/pager'), all), log);
      await until('the old notifier to be told', () => toldOf('/ops').length === all.length, log);
      const audit = await store.audit({ skip: 0, limit: 9 });
      const applied = audit.items.filter(({ action }) => action === 'configuration_applied');
      expect(applied).toHaveLength(2);
      const running = (how.includes('older') || how.startsWith('another') ? b : a).url;
      await until('it to run on the new configuration', async () => {
        const { revision } = (await (await fetch(`${running}/config`)).json()) as { revision: string };
        return revision === revisionOf(after);
      });
    },
  );
});

async function started(name: string, text: string): Promise<Instance> {
  const configPath = join(directory, name, 'cronflow.yaml');
  const dataDir = join(directory, name, 'data');
  await mkdir(join(directory, name));
  await writeFile(configPath, text);
  const instance = new Instance({
    name,
    configPath,
    dataDir,
    storeUrl: database.url,
    env: {},
  });
  instances.push(instance);
  await instance.start();
  return instance;
}

/** Saves a file, and kills the instance that reads it once a part of its jobs is changed, and not all. */
async function killedInTheMiddle(instance: Instance, text: string): Promise<void> {
  const held = new pg.Client({ connectionString: database.url });
  held.on('error', () => {});
  await held.connect();
  const late = (await store.jobByName(LATE))!;
  await held.query('begin');
  await held.query('select 1 from cronflow.states where job_id = $1 for update', [late.id]);
  await writeFile(instance.configPath, text);
  await until(
    'the first commit',
    () => store.meta(APPLYING_KEY),
    () => instance.log(),
  );
  await instance.kill();
  await held.end();
  expect(await store.jobByName(LATE)).toMatchObject({
    declaration: { every: '1d' },
  });
}

async function isDone(): Promise<boolean> {
  return (await store.meta(APPLYING_KEY)) === undefined;
}

function log(): string {
  const lines = instances.flatMap((each) => [`${each.name}:`, ...each.log().split('\n')]);
  return lines.filter((line) => !/info  (?:[+~=] |   )/.test(line)).join('\n');
}

/** Lists the jobs of which a notifier was told that they are in trouble. */
function toldOf(path: string): string[] {
  const bodies = webhook.accepted.filter((each) => each.path === path).map(({ body }) => body);
  const names = bodies.flatMap((body) => {
    const { event, job } = JSON.parse(body) as { event: string; job: { name: string } | null };
    return event === 'opened' && job !== null ? [job.name] : [];
  });
  return [...new Set(names)].sort();
}
