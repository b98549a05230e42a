import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  databaseUrl,
  databaseUrlAt,
  freshDatabase,
  missingPostgres,
  socketPath,
  type TestDatabase,
} from '../support/postgres.ts';
import { missingPgBouncer, PgBouncer } from '../support/postgres/pgbouncer.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';
import { startWebhookServer, type WebhookServer } from '../support/webhook-server.ts';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const missingPooler = missingPgBouncer();
const wherePooler = missingPooler === null ? '' : `: ${missingPooler}`;
const PASSWORD = 'HUNTER2-HUNTER2';

interface Instance {
  log(): string;
  url(): Promise<string>;
  ping(path: string): Promise<number>;
  get<T>(path: string): Promise<T>;
  kill(signal: NodeJS.Signals): Promise<number | null>;
}

/** The built program over a real database, as several machines run it. */
describe.skipIf(missingPostgres() !== null)('instances that serve from one database', () => {
  let root: string;
  let database: TestDatabase;
  let webhook: WebhookServer;
  let proxy: TcpProxy;
  let running: ChildProcess[] = [];
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'cronflow-shared-'));
    [database, webhook] = await Promise.all([freshDatabase(), startWebhookServer()]);
    proxy = await startTcpProxy({ path: socketPath(database.address) });
  });
  afterEach(async () => {
    await Promise.all(
      running.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const ended = once(child, 'exit');
        child.kill('SIGKILL');
        await ended;
      }),
    );
    running = [];
    await Promise.all([webhook.close(), proxy.close(), rm(root, { recursive: true, force: true })]);
    await database.drop();
  });

  const config = (...jobs: string[]): string =>
    `notifiers: {ops: {type: webhook, url: "${webhook.origin}/hook"}}\n` +
    `defaults: {notify: [ops], grace: 1m}\njobs:\n${jobs.map((job) => `  ${job}\n`).join('')}`;
  const write = async (machine: string, text: string): Promise<void> => {
    await mkdir(join(root, machine), { recursive: true });
    await writeFile(join(root, machine, 'cronflow.yaml'), text);
  };
  /** Starts an instance on a machine, which has a file of its own. */
  const serve = (machine: string, store = database.url): Instance => {
    const child = spawn(process.execPath, [MAIN, 'serve', '--port', '0'], {
      cwd: join(root, machine),
      env: { PATH: process.env['PATH'] ?? '', CRONFLOW_STORE: store },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    running.push(child);
    let log = '';
    child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
    const ended = once(child, 'exit');
    const url = (): Promise<string> =>
      until('the service to listen', () => {
        if (child.exitCode !== null) throw new Error(`the service ended:\n${log}`);
        return /listening url=(\S+)/.exec(log)?.[1];
      });
    return {
      log: () => log,
      url,
      ping: async (path) => (await fetch(`${await url()}/ping/${path}`, { method: 'POST' })).status,
      get: async <T>(path: string) => (await (await fetch(`${await url()}${path}`)).json()) as T,
      async kill(signal) {
        child.kill(signal);
        const [code] = (await ended) as [number | null];
        return code;
      },
    };
  };
  const sent = (): string[] => webhook.accepted.map(({ body }) => body);

  test('share jobs, runs and incidents, and tell people once', async () => {
    expect(await eventsOfSharing(database.url)).toEqual(['opened', 'closed']);
  });

  test.skipIf(missingPooler !== null)(
    `share the same behind PgBouncer in transaction mode, with fewer connections than they have${wherePooler}`,
    async () => {
      const bouncer = await PgBouncer.make(database.address, {
        mode: 'transaction',
        settings: { default_pool_size: '3' },
      });
      try {
        const store = databaseUrl(bouncer.address, database.name);
        expect(await eventsOfSharing(store)).toEqual(['opened', 'closed']);
      } finally {
        await bouncer.remove();
      }
    },
  );

  /** Has two instances take pings of one job in turn. Returns what people were told. */
  async function eventsOfSharing(store: string): Promise<string[]> {
    for (const machine of ['one', 'two']) await write(machine, config('backup: {every: 1h}'));
    const one = serve('one', store);
    await one.url();
    const two = serve('two', store);
    for (let each = 1; each <= 5; each += 1) {
      expect(await one.ping(`backup/start?rid=r${each}`)).toBe(200);
      expect(await two.ping(`backup?rid=r${each}`)).toBe(200);
    }
    expect(await two.ping('backup/fail?exit_code=3')).toBe(200);
    const runs = await one.get<{ outcome: string }[]>('/jobs/backup/runs');
    expect(runs.map(({ outcome }) => outcome)).toEqual([
      'failure',
      ...Array.from({ length: 5 }, () => 'success'),
    ]);
    await until('the alarm', () => sent().length > 0);
    // Both stop in order, so whatever either still had to send is sent, or left to the other.
    expect(await one.kill('SIGTERM')).toBe(0);
    expect(await two.ping('backup')).toBe(200);
    await until('the all-clear', () => sent().length > 1);
    expect(await two.kill('SIGTERM')).toBe(0);
    return sent().map((body) => (JSON.parse(body) as { event: string }).event);
  }

  test('refuse pings while the database is away, and go on by themselves', async () => {
    await write('one', config('backup: {every: 1h}'));
    const one = serve('one', databaseUrlAt(proxy.port, database.name));
    expect(await one.ping('backup')).toBe(200);
    proxy.swallow();
    const refused = await fetch(`${await one.url()}/ping/backup`, { method: 'POST' });
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await fetch(`${await one.url()}/readyz`)).status).toBe(503);
    proxy.flow();
    await until('a ping to be taken', async () => (await one.ping('backup')) === 200);
    await until('to be ready', async () => (await fetch(`${await one.url()}/readyz`)).status === 200);
  });

  test('note no time away while one of them lives', async () => {
    await write('one', config('a: {every: 1h}'));
    const one = serve('one');
    await one.url();
    const two = serve('one');
    await two.url();
    await one.kill('SIGKILL');
    const three = serve('one');
    expect(await three.ping('a')).toBe(200);
    for (const each of [two, three]) expect(each.log()).not.toContain('could take no pings');
  });

  test('say what is wrong with a database that cannot be used, and never its password', async () => {
    await write('one', config('a: {}'));
    proxy.refuse();
    const away = serve('one', `postgres://cronflow:${PASSWORD}@127.0.0.1:${proxy.port}/${database.name}`);
    const wrong = serve('one', `mysql://cronflow:${PASSWORD}@127.0.0.1/x`);
    const codes = await Promise.all(
      [away, wrong].map((each) => once(running[[away, wrong].indexOf(each)]!, 'exit')),
    );
    expect(codes.map(([code]) => code as number)).toEqual([1, 2]);
    expect(away.log()).toContain(
      `The database ${database.name} at 127.0.0.1:${proxy.port} (CRONFLOW_STORE) cannot be used`,
    );
    expect(wrong.log()).toContain('CRONFLOW_STORE: it is neither');
    for (const each of [away, wrong]) expect(each.log()).not.toContain(PASSWORD);
  });
});
