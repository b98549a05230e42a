import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LoadBalancer, startLoadBalancer } from '../support/load-balancer.ts';
import { freshDatabase, missingPostgres, type TestDatabase } from '../support/postgres.ts';
import { seededRandom } from '../support/random.ts';
import { repetitions } from '../support/repetitions.ts';
import { type SlackServer, startSlackServer } from '../support/slack-server.ts';
import { until } from '../support/until.ts';
import { missingVersionBefore, versionBefore } from '../support/version-before.ts';
import { lostPings, misjudgedSlots } from './chaos/checks.ts';
import { Instance, SERVE } from './chaos/instance.ts';
import { Traffic } from './chaos/traffic.ts';

const missing = missingPostgres() ?? missingVersionBefore();
const where = missing === null ? '' : `: ${missing}`;
const SEED = Number(process.env.CRONFLOW_CHAOS_SEED ?? Date.now() % 1_000_000);
/** How often an instance goes back to the version before and forward again; CI has it more often. */
const ROLLBACKS = repetitions(1, 5);
const INSTANCES = 3;
const CLIENTS = 3;
/** A lane is never taken over from an instance that lives, however busy the machine is. */
const LEASE_MS = 600_000;
/** So many pings are taken, or more, between two steps of the upgrade. */
const PINGS_BETWEEN = 40;

/** A job keeps 1,000 runs at most, so there are enough of them for all that the clients send. */
const STEADY = Array.from({ length: 20 }, (_, index) => `steady-${index}`);
const FAILING = Array.from({ length: 6 + 4 * ROLLBACKS }, (_, index) => `failing-${index}`);
const SILENT = 'silent';
/** The job that the configuration of the new version has, and that of the old one has not. */
const ADDED = 'added';

const OLD_CONFIG = `replay_window: 1s
notifiers:
  ops: { type: slack, webhook_url: "\${SLACK_WEBHOOK_URL}" }
jobs:
${STEADY.map((name) => `  ${name}: { keep_runs: 1000, max_open_runs: 100, notify: [] }`).join('\n')}
${FAILING.map((name) => `  ${name}: {}`).join('\n')}
  ${SILENT}: { schedule: "* * * * * *", grace: 1s, keep_runs: 1000, notify: [] }
`;
const NEW_CONFIG = `${OLD_CONFIG}  ${ADDED}: { notify: [] }\n`;

/** What `GET /config` says, in part. */
interface ConfigJson {
  revision: string;
  disk_revision: string;
}

/** What `GET /deliveries` says of one, in part. */
interface DeliveryJson {
  id: string;
  attempts: number;
  merged_into?: string;
  facts: { job_name: string | null };
}

let directory: string;
let slack: SlackServer;
let database: TestDatabase;
let instances: Instance[];
let balancer: LoadBalancer;
let traffic: Traffic;
let oldServe: string;

beforeAll(async () => {
  if (missing !== null) return;
  directory = await mkdtemp(join(tmpdir(), 'cronflow-upgrade-'));
  [slack, database, oldServe] = await Promise.all([
    startSlackServer({ enforcesPace: true }),
    freshDatabase(),
    versionBefore(),
  ]);
  instances = [];
  for (let index = 0; index < INSTANCES; index += 1) {
    const machine = join(directory, `machine-${index}`);
    await mkdir(machine);
    const instance = new Instance({
      name: `instance-${index}`,
      configPath: join(machine, 'cronflow.yaml'),
      dataDir: join(machine, 'data'),
      storeUrl: database.url,
      env: { SLACK_WEBHOOK_URL: slack.url, CRONFLOW_TEST_LEASE_MS: String(LEASE_MS) },
      serve: oldServe,
    });
    instances.push(instance);
  }
  balancer = await startLoadBalancer(() => instances.map(({ port }) => port));
  traffic = new Traffic(balancer.url);
});

afterAll(async () => {
  traffic?.end();
  for (const instance of instances ?? []) await instance.kill();
  await balancer?.close();
  await database?.drop();
  await slack?.close();
  if (directory !== undefined) await rm(directory, { recursive: true, force: true });
});

/** Stops an instance where it runs, and starts another version in its place with the configuration of that. */
async function become(instance: Instance, version: 'old' | 'new'): Promise<void> {
  await instance.stop();
  await writeFile(instance.configPath, version === 'old' ? OLD_CONFIG : NEW_CONFIG);
  instance.install(version === 'old' ? oldServe : SERVE);
  if (!(await instance.start())) throw new Error(`the ${version} version does not start:\n${instance.log()}`);
}

/** Waits until clients have been served for a while by the versions that are there. */
async function serveAWhile(): Promise<void> {
  const from = traffic.answered.length;
  await until(
    'pings to be taken',
    () => traffic.answered.length >= from + PINGS_BETWEEN,
    () => instances.map((each) => each.log()).join('\n'),
  );
}

/** Says which configuration each instance has, by itself. */
function configs(): Promise<ConfigJson[]> {
  return Promise.all(
    instances.map(async ({ url }) => (await (await fetch(`${url}/config`)).json()) as ConfigJson),
  );
}

/** Waits until every instance runs one revision, and returns it. */
async function agreed(): Promise<string> {
  let seen: ConfigJson[] = [];
  await until(
    'all instances to run one revision',
    async () => {
      seen = await configs();
      return new Set(seen.map(({ revision }) => revision)).size === 1;
    },
    () => JSON.stringify(seen),
  );
  return seen[0]!.revision;
}

/** Fails each job of a list once, some between any two steps. */
async function fail(names: readonly string[], isOver: () => boolean): Promise<void> {
  const random = seededRandom(SEED);
  for (const name of names) {
    await traffic.insist(name, 'failure', 'only');
    await sleep(isOver() ? 0 : random() * 1_500);
  }
}

/** Jobs of which nobody was told, or more often than there were attempts to tell of them. */
async function mistold(): Promise<string[]> {
  const deliveries = await traffic.readAll<DeliveryJson>('/deliveries?status=sent');
  const attempts = new Map(deliveries.map((each) => [each.id, each.attempts]));
  return FAILING.flatMap((name) => {
    const own = deliveries.find(({ facts }) => facts.job_name === name);
    const tried = attempts.get(own?.merged_into ?? own?.id ?? '') ?? 0;
    const word = new RegExp(`\\b${name}\\b`);
    const told = slack.messages.filter(({ readable, text }) => word.test(readable + text)).length;
    if (told === 0) return [`nobody was told of ${name}`];
    return told > tried ? [`${name} was told ${told} times by ${tried} attempts`] : [];
  });
}

test.skipIf(missing !== null)(
  `a rolling upgrade from the version before loses nothing, and can be rolled back (seed ${SEED})${where}`,
  async () => {
    for (const instance of instances) await become(instance, 'old');
    let isOver = false;
    const streams = Array.from({ length: CLIENTS }, (_, index) =>
      traffic.stream(STEADY, seededRandom(SEED + index)),
    );
    const failing = fail(FAILING, () => isOver);
    await serveAWhile();
    const before = await agreed();

    for (const instance of instances) {
      await become(instance, 'new');
      await serveAWhile();
    }
    const after = await agreed();
    expect(after).not.toBe(before);
    for (let round = 0; round < ROLLBACKS; round += 1) {
      const back = instances[round % INSTANCES]!;
      await become(back, 'old');
      await serveAWhile();
      // It has the old file on its disk, and runs the new one all the same.
      const said = (await configs())[round % INSTANCES];
      expect(said).toMatchObject({ revision: after, disk_revision: before });
      await become(back, 'new');
      await serveAWhile();
    }
    isOver = true;
    await failing;
    traffic.end();
    await Promise.all(streams);

    expect((await configs()).map(({ revision }) => revision)).toEqual(instances.map(() => after));
    await until(
      'every message to be sent',
      async () => (await traffic.read<unknown[]>('/deliveries?status=pending')).length === 0,
      () => instances.map((each) => each.log()).join('\n'),
    );
    expect(await lostPings(traffic, STEADY)).toEqual([]);
    expect(await misjudgedSlots(traffic, SILENT)).toEqual([]);
    expect(await mistold()).toEqual([]);
    const incidents = await traffic.readAll<{ job_name: string }>('/incidents');
    const ofFailing = incidents.map(({ job_name: name }) => name).filter((name) => FAILING.includes(name));
    expect(ofFailing.sort()).toEqual([...FAILING].sort());
    expect(await traffic.read<{ name: string }>(`/jobs/${ADDED}`)).toMatchObject({ name: ADDED });
  },
);
