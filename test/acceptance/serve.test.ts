import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { silentLogger } from '../../src/observe/log.ts';
import { LowdbStore } from '../../src/store/lowdb/store.ts';
import { until } from '../support/until.ts';

/** The built program as its users start it: what it says, what its signals do, and how it ends. */
const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const SECRET = 'https://hooks.slack.com/services/T0000/B0000/HUNTER2HUNTER2';
const TOKEN = 'HUNTER3-HUNTER3';

let root = '';
let running: ChildProcess[] = [];
beforeEach(async () => void (root = await mkdtemp(join(tmpdir(), 'cronflow-serve-'))));
afterEach(async () => {
  const alive = running.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
  // One that still writes would keep its folder from being removed.
  await Promise.all(
    alive.map((child) => {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      return ended;
    }),
  );
  running = [];
  await rm(root, { recursive: true, force: true });
});

const write = (text: string, name = 'cronflow.yaml'): Promise<void> => writeFile(join(root, name), text);

interface Serving {
  log(): string;
  url(): Promise<string>;
  /** Waits for the n-th line with this text. */
  said(text: string, count?: number): Promise<void>;
  get(path: string, token?: string): Promise<string>;
  signal(name: NodeJS.Signals): void;
  /** Lets nobody read the log any more. */
  leaveLog(): void;
  ended(): Promise<number | null>;
}

/** @param before words that the command is put behind */
function serve(
  argv: readonly string[] = [],
  env: Record<string, string> = {},
  before: readonly string[] = [],
): Serving {
  const [command = '', ...words] = [...before, process.execPath, MAIN, 'serve', '--port', '0', ...argv];
  const child = spawn(command, words, {
    cwd: root,
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  running.push(child);
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const isEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const fromLog = <T>(what: string, read: () => T | undefined): Promise<T> => {
    const readOrFail = (): T | undefined => {
      const value = read();
      if (value === undefined && isEnded()) throw new Error(`ended without ${what} in:\n${log}`);
      return value;
    };
    return until(what, readOrFail, () => log);
  };
  const url = (): Promise<string> => fromLog('address', () => /listening url=(\S+)/.exec(log)?.[1]);
  return {
    log: () => log,
    url,
    async said(text, count = 1) {
      await fromLog(`"${text}"`, () => (log.split(text).length > count ? true : undefined));
    },
    async get(path, token) {
      const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
      return (await fetch(`${await url()}${path}`, { headers })).text();
    },
    signal: (name) => void child.kill(name),
    leaveLog: () => void child.stderr.destroy(),
    ended: () => ended,
  };
}

describe('cronflow serve', () => {
  test('says on start that nobody will be told and that times are read in UTC', async () => {
    await write('jobs: {a: {schedule: "@daily"}}\n');
    const service = serve();
    await service.said('schedules without a timezone are read in UTC');
    await service.said('warn  nobody will be told: notifier "slack" has no webhook_url');
    expect(JSON.parse(await service.get('/readyz'))).toMatchObject({
      status: 'ready',
      warnings: [expect.stringContaining('nobody will be told') as string],
    });
    expect(await service.get('/')).toContain('nobody will be told');
    // Nor does anything say later that somebody was told.
    for (const kind of ['failure', 'success']) {
      await fetch(`${await service.url()}/jobs/a/${kind}`, { method: 'POST' });
      await service.said(kind === 'failure' ? 'warn  FAILED a' : 'warn  RESOLVED a');
    }
    expect(service.log()).toMatch(/warn {2}FAILED a[^]*warn {2}RESOLVED a/);
    expect(service.log()).not.toContain('delivered');
    const because = { status: 'logged', last_error: 'not sent: webhook_url is empty' };
    // The line comes before the commit.
    await expect
      .poll(async () => JSON.parse(await service.get('/deliveries?status=logged')) as unknown)
      .toMatchObject([
        { kind: 'closed', ...because },
        { kind: 'opened', ...because },
      ]);
    const metrics = await service.get('/metrics');
    for (const line of [
      'cronflow_notifier_tells_nobody{notifier="slack"} 1',
      'cronflow_messages_total{notifier="slack",outcome="logged"} 2',
      'cronflow_messages_total{notifier="slack",outcome="sent"} 0',
      'cronflow_deliveries{notifier="slack",status="logged"} 2',
      'cronflow_deliveries{notifier="slack",status="sent"} 0',
    ])
      expect(metrics.split('\n')).toContain(line);
    service.signal('SIGTERM');
    expect(await service.ended()).toBe(0);
  });

  test('goes on watching when nobody reads its log any more', async () => {
    await write('jobs: {a: {}}\n');
    const service = serve();
    const url = await service.url();
    service.leaveLog();
    for (const kind of ['start', 'failure', 'success', 'success']) {
      const answer = await fetch(`${url}/jobs/a/${kind}?rid=${kind}`, { method: 'POST' });
      expect([kind, answer.status]).toEqual([kind, 200]);
    }
    expect(JSON.parse(await service.get('/jobs/a'))).toMatchObject({ status: 'running' });
    service.signal('SIGTERM');
    expect(await service.ended()).toBe(0);
  });

  test('is not ended by a SIGHUP while it starts, and reads the file once it has', async () => {
    await write('jobs: {a: {}}\n');
    const service = serve();
    // From its first line on, which comes long before it listens.
    await service.said('store opened');
    service.signal('SIGHUP');
    await service.url();
    await service.said('configuration applied', 2);
    const early = serve(['--data-dir', 'other']);
    await early.said('store opened');
    early.signal('SIGTERM');
    expect(await early.ended()).toBe(0);
    expect(early.log()).toContain('stopping signal=SIGTERM');
  });

  test('is ended at once by a SIGTERM while it starts', async () => {
    await write('jobs: {a: {}}\n');
    await mkdir(join(root, 'data'), { mode: 0o700 });
    // Another process that is about to take the directory and never comes to it: the start waits for it.
    // The service may end before it has read the answer, which resets the connection.
    const other = createServer((socket) => socket.on('error', () => undefined).end('candidate'));
    await new Promise<void>((resolve) =>
      other.listen(join(root, 'data', 'lock-ffffffffffffffff.sock'), resolve),
    );
    const asked = once(other, 'connection');
    const service = serve();
    await asked;
    service.signal('SIGTERM');
    expect(await service.ended()).toBe(0);
    expect(service.log()).toContain('stopping signal=SIGTERM');
    other.close();
  });

  test('judges nothing once its port is closed, though it waits for a ping that has begun', async () => {
    await write('jobs: {a: {every: 6s, grace: 1s}, b: {}}\n');
    const service = serve();
    const { port } = new URL(await service.url());
    await service.get('/jobs/a/success');
    const unfinished = connect(Number(port), '127.0.0.1').on('error', () => {});
    unfinished.write('POST /jobs/b/success HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nab');
    await service.get('/jobs/a/success');
    service.signal('SIGTERM');
    // Longer than the job may be silent: only then the connection is cut off.
    expect(await service.ended()).toBe(0);
    const { stdout } = spawnSync(process.execPath, [MAIN, 'store', 'export'], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(stdout).toContain('"outcome":"success"');
    expect(stdout).not.toMatch(/missed/);
  });

  test('logs nothing of a request that could be read as something else, and no warning of Node about it', async () => {
    await write('jobs: {a: {}}\n');
    const service = serve();
    const { port } = new URL(await service.url());
    const socket = connect(Number(port), '127.0.0.1');
    // An address like this, of a port that is none, is one that Node warns of with the whole of it.
    socket.end(
      'GET http://secret\u009b:b/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
      'latin1',
    );
    let answer = '';
    for await (const chunk of socket) answer += String(chunk);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    service.signal('SIGTERM');
    expect(await service.ended()).toBe(0);
    expect(service.log()).not.toMatch(/secret|Warning|\u009b/);
  });

  test('says on start nothing of nobody and of UTC, where a notifier and a zone are set', async () => {
    await write('defaults: {timezone: Europe/Berlin}\nnotifiers: {ops: {type: log}}\njobs: {}\n');
    const service = serve();
    await service.url();
    service.signal('SIGINT');
    expect(await service.ended()).toBe(0);
    expect(service.log()).not.toMatch(/UTC|nobody/);
  });

  test('reads the file again at once for SIGHUP, also a secret that has changed', async () => {
    await write(SECRET, 'secret');
    await write('notifiers: {ops: {type: slack, webhook_url_file: secret}}\njobs: {a: {}}\n');
    const service = serve();
    await service.url();
    await service.said('configuration applied');
    service.signal('SIGHUP');
    await service.said('configuration applied', 2);
    await write('no address', 'secret');
    service.signal('SIGHUP');
    await service.said('must hold an address');
    expect(JSON.parse(await service.get('/config'))).toMatchObject({
      last_error: { code: 'config_invalid', faults: [{ path: 'notifiers.ops.webhook_url_file' }] },
    });
    await rm(join(root, 'secret'));
    service.signal('SIGHUP');
    await service.said('names a file that does not exist');
    await write(`${SECRET}\n`, 'secret');
    service.signal('SIGHUP');
    await service.said('configuration applied', 3);
    expect(JSON.parse(await service.get('/config'))).toMatchObject({ last_error: null });
  });

  test('starts on the stored revision when the file is broken, says so, and goes on watching', async () => {
    await write('jobs: {a: {}}\n');
    const first = serve();
    await first.said('configuration applied');
    first.signal('SIGTERM');
    await first.ended();
    await write('jobs: {a: {grace: 5}, b: {}}\n');
    const strict = serve(['--strict']);
    expect(await strict.ended()).toBe(1);
    expect(strict.log()).toContain('cronflow.yaml:1:19 jobs.a.grace: must be a duration');
    expect(strict.log()).not.toContain('listening');
    const second = serve();
    await second.said('started on the last good configuration');
    expect(JSON.parse(await second.get('/jobs'))).toMatchObject([{ name: 'a' }]);
    expect(JSON.parse(await second.get('/config'))).toMatchObject({
      last_error: { detail: expect.stringContaining('jobs.a.grace') as string },
    });
    expect(await second.get('/metrics')).toMatch(/^cronflow_config_ok 0$/m);
    await write('jobs: {a: {grace: 5m}, b: {}}\n');
    await second.said('+ b');
    expect(await second.get('/metrics')).toMatch(/^cronflow_config_ok 1$/m);
  });

  test('shows no secret anywhere', async () => {
    const file = (more: string): string =>
      `notifiers:\n  ops: {type: slack, webhook_url: "\${HOOK}"}\n  two: {type: slack, webhook_url: "${SECRET}"}\n${more}`;
    await write(file('jobs: {a: {description: "${HOOK}x"}}\n'));
    const env = { HOOK: SECRET, CRONFLOW_TOKEN: TOKEN, LOG_LEVEL: 'debug' };
    const service = serve([], env);
    await service.said('configuration applied');
    // Mistakes at the secret, beside it, and in what is made of it.
    for (const bad of [
      file('jobs: {a: {grace: "${HOOK}"}}\n'),
      file(`jobs: {a: {graze: "${SECRET}"}}\n`).replace('type: slack', 'type: slak'),
      file('jobs: [\n'),
      file('jobs: {}\n').replaceAll('webhook_url', 'webhok_url'),
    ]) {
      const count = service.log().split('the configuration is not applied').length;
      await write(bad);
      await service.said('the configuration is not applied', count);
    }
    const paths = ['/', '/config', '/metrics', '/readyz', '/deliveries', '/incidents', '/openapi.json'];
    const answers = await Promise.all(paths.map((path) => service.get(path, TOKEN)));
    for (const text of [service.log(), ...answers]) expect(text).not.toMatch(/HUNTER/);
    // A description is no secret, whatever it is made of.
    expect(await service.get('/config/jobs', TOKEN)).toContain('HUNTER2x');
    service.signal('SIGTERM');
    await service.ended();
    expect(service.log()).not.toMatch(/HUNTER/);
    const data = join(root, 'data');
    const names = (await readdir(data, { withFileTypes: true })).filter((entry) => entry.isFile());
    for (const { name } of names) expect(await readFile(join(data, name), 'utf8')).not.toContain(TOKEN);
  });
});

describe('cronflow serve, started with other rules of time zones than those it stored,', () => {
  test('expects each slot by the rules of now', async () => {
    await write('jobs: {a: {schedule: "0 3 * * *", timezone: Asia/Tokyo}}\n');
    const first = serve();
    await first.url();
    first.signal('SIGTERM');
    await first.ended();
    const store = new LowdbStore({ directory: join(root, 'data'), clock: systemClock, log: silentLogger });
    await store.open();
    const wrongAt = await store.transact({ names: ['a'], meta: ['zone_rules'] }, (tx) => {
      const job = tx.jobByName('a')!;
      const expectedAt = job.state.expected_at! + 3_600_000;
      tx.putJob({ ...job, state: { ...job.state, expected_at: expectedAt } });
      tx.putMeta('zone_rules', '1999a');
      return expectedAt;
    });
    await store.close();
    const second = serve();
    await second.said('the rules of time zones have changed');
    const { expected_at: expectedAt } = JSON.parse(await second.get('/jobs/a')) as { expected_at: string };
    expect(Date.parse(expectedAt)).not.toBe(wrongAt);
    expect(new Date(expectedAt).toISOString()).toMatch(/T18:00:00/);
  });
});

/** As in a container: the file, or its directory, is another one's, mounted in its place. */
const canMount = spawnSync('unshare', ['-m', 'true']).status === 0;

const mounted = (what: string): string[] => [
  'unshare',
  '-m',
  'sh',
  '-c',
  `mount --bind host/${what} etc/${what} && exec "$@"`,
  'sh',
];

describe.skipIf(!canMount)(`behind a bind mount${canMount ? '' : ': none can be made here'}`, () => {
  test('a file that is saved in place is seen', async () => {
    await mkdir(join(root, 'host'));
    await mkdir(join(root, 'etc'));
    await write('jobs: {a: {}}\n', 'host/cronflow.yaml');
    await write('', 'etc/cronflow.yaml');
    const service = serve(['--config', 'etc/cronflow.yaml'], {}, mounted('cronflow.yaml'));
    await service.said('+ a');
    await write('jobs: {a: {}, b: {}}\n', 'host/cronflow.yaml');
    await service.said('+ b');
    expect(JSON.parse(await service.get('/config'))).toMatchObject({ last_error: null });
  });

  test('a directory is seen however its file is saved', async () => {
    await mkdir(join(root, 'host', 'conf'), { recursive: true });
    await mkdir(join(root, 'etc', 'conf'), { recursive: true });
    await write('jobs: {a: {}}\n', 'host/conf/cronflow.yaml');
    const service = serve(['--config', 'etc/conf/cronflow.yaml'], {}, mounted('conf'));
    await service.said('+ a');
    await rm(join(root, 'host/conf/cronflow.yaml'));
    await write('jobs: {a: {}, b: {}}\n', 'host/conf/cronflow.yaml');
    await service.said('+ b');
    expect(JSON.parse(await service.get('/config'))).toMatchObject({ last_error: null });
  });
});
