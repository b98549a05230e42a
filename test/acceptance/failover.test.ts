import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sleep, systemClock } from '../../src/clock.ts';
import { MINUTE_MS } from '../../src/schedule/units.ts';
import { databaseUrlAt, missingPostgres, PostgresServer, socketPath, sql } from '../support/postgres.ts';
import { COPIED } from '../support/postgres/server.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';
import { startWebhookServer, type WebhookServer } from '../support/webhook-server.ts';
import { Instance } from './chaos/instance.ts';

const JOBS = ['a', 'b', 'c', 'd', 'e', 'f'];
/** So many pings are answered before the server goes, and as many after that. */
const PINGS = 60;

/** Each client sends a ping so often. */
const PACE_MS = 20;

/** Asks a server for rows. */
async function rowsOf<T extends pg.QueryResultRow>(server: PostgresServer, text: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: server.url('postgres') });
  await client.connect();
  try {
    return (await client.query<T>(text)).rows;
  } finally {
    await client.end();
  }
}

/** Two instances, a server of PostgreSQL, and a copy that has all that is committed. */
describe.skipIf(missingPostgres() !== null)('a server that is lost with its machine', () => {
  let directory: string;
  let first: PostgresServer;
  let copy: PostgresServer;
  let proxy: TcpProxy;
  let webhook: WebhookServer;
  let instances: Instance[];
  beforeEach(async () => {
    instances = [];
    directory = await mkdtemp(join(tmpdir(), 'cronflow-failover-'));
    webhook = await startWebhookServer();
    first = await PostgresServer.make({ durable: true, settings: COPIED });
    copy = await first.backUp('copy');
    await copy.start();
    await sql(
      first.url('postgres'),
      "ALTER SYSTEM SET synchronous_standby_names = 'copy'",
      'SELECT pg_reload_conf()',
    );
    await until(
      'the copy to follow',
      async () =>
        (await rowsOf(first, "SELECT FROM pg_stat_replication WHERE sync_state = 'sync'")).length > 0,
      () => copy.log(),
    );
    proxy = await startTcpProxy({ path: socketPath(first.address) });
    await writeFile(
      join(directory, 'cronflow.yaml'),
      `notifiers: {ops: {type: webhook, url: "${webhook.origin}/hook"}}\njobs:\n` +
        ['before', 'after', ...JOBS].map((name) => `  ${name}: {every: 1h}\n`).join(''),
    );
    for (const name of ['one', 'two']) {
      const instance = new Instance({
        name,
        configPath: join(directory, 'cronflow.yaml'),
        dataDir: join(directory, name),
        storeUrl: databaseUrlAt(proxy.port, 'postgres'),
        env: { CRONFLOW_TEST_LEASE_MS: String(MINUTE_MS) },
      });
      instances.push(instance);
      if (!(await instance.start())) throw new Error(`it ended:\n${instance.log()}`);
    }
  });
  afterEach(async () => {
    for (const each of instances) await each.kill();
    await Promise.all([webhook.close(), proxy.close()]);
    await copy.remove();
    await first.remove();
    await rm(directory, { recursive: true, force: true });
  });

  test('loses no ping that was answered, and each incident is told once', async () => {
    const fail = async (job: string): Promise<void> => {
      await until('the failure to be taken', async () => {
        const { status } = await fetch(`${instances[0]!.url}/jobs/${job}/failure?rid=${job}`, {
          method: 'POST',
        });
        return status === 200;
      });
    };
    const sent = async (server: PostgresServer): Promise<number> =>
      (await rowsOf(server, "SELECT FROM cronflow.deliveries WHERE status = 'sent'")).length;
    const said = (): string => instances.map((each) => each.log()).join('\n');
    await fail('before');
    await until('the alarm to be written down', async () => (await sent(first)) === 1, said);

    const answered = new Set<string>();
    const over = new AbortController();
    const client = async (instance: Instance, job: string): Promise<void> => {
      for (let count = 0; !over.signal.aborted; count += 1) {
        const rid = `${instance.name}-${job}-${count}`;
        const ping = `${instance.url}/jobs/${job}/success?rid=${rid}`;
        const status = await fetch(ping, { method: 'POST' }).then(
          (answer) => answer.status,
          () => 0,
        );
        if (status === 200) answered.add(rid);
        else expect([0, 503]).toContain(status);
        await sleep(systemClock, PACE_MS);
      }
    };
    const pings = Promise.all(instances.flatMap((instance) => JOBS.map((job) => client(instance, job))));
    await until('pings', () => answered.size >= PINGS);
    await first.kill();
    proxy.refuse();
    const before = answered.size;
    await sql(copy.url('postgres'), 'SELECT pg_promote()');
    proxy.pointTo({ path: socketPath(copy.address) });
    proxy.flow();
    const works = (name: string): boolean =>
      [...answered].slice(before).some((rid) => rid.startsWith(`${name}-`));
    await until('both to go on', () => works('one') && works('two') && answered.size >= before + PINGS);
    over.abort();
    await pings;

    const stored = await rowsOf<{ rid: string }>(
      copy,
      "SELECT event->'ping'->>'rid' AS rid FROM cronflow.events",
    );
    const known = new Set(stored.map(({ rid }) => rid));
    expect([...answered].filter((rid) => !known.has(rid))).toEqual([]);
    await fail('after');
    await until('the second alarm to be written down', async () => (await sent(copy)) === 2, said);
    const told = webhook.accepted.map(({ body }) => (JSON.parse(body) as { job: { name: string } }).job.name);
    expect(told).toEqual(['before', 'after']);
  });
});
