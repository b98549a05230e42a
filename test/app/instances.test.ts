import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type App, createApp } from '../../src/app/app.ts';
import { type Clock, systemClock } from '../../src/clock.ts';
import type { Sign } from '../../src/checker/instances.ts';
import { revisionOf } from '../../src/config/parse.ts';
import { createLogger } from '../../src/observe/log.ts';
import { MINUTE_MS } from '../../src/schedule/units.ts';
import { MemoryStore } from '../../src/store/local/memory.ts';
import { overlaid } from '../../src/store/overlaid.ts';
import { PostgresStore } from '../../src/store/postgres/store.ts';
import { APPLYING_KEY, INSTANCES_KEY, type Store } from '../../src/store/store.ts';
import { freshDatabase, missingPostgres, type TestDatabase } from '../support/postgres.ts';
import { until } from '../support/until.ts';
import { startWebhookServer, type WebhookServer } from '../support/webhook-server.ts';

interface Status {
  revision: string;
  disk_revision: string | null;
  last_error: { code: string; detail: string } | null;
  held: { revision: string } | null;
}

let directory: string;
let store: Store;
let database: TestDatabase | null;
let webhook: WebhookServer;
let running: App[];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'cronflow-instances-'));
  webhook = await startWebhookServer();
  running = [];
});
afterEach(async () => {
  await Promise.all(running.map((app) => app.stop()));
  await store.close();
  await database?.drop();
  await webhook.close();
  rmSync(directory, { recursive: true });
});

/** An instance with a file of its own on the store of all. */
class Instance {
  readonly #path: string;
  readonly #env: Record<string, string>;
  readonly #clock: Clock;
  #log = '';
  #app: App | null = null;

  constructor(name: string, env: Record<string, string> = {}, clock: Clock = systemClock) {
    mkdirSync(join(directory, name));
    this.#path = join(directory, name, 'cronflow.yaml');
    this.#env = env;
    this.#clock = clock;
  }

  save(text: string): this {
    writeFileSync(this.#path, text);
    return this;
  }

  async start(): Promise<this> {
    const options = {
      configPath: this.#path,
      storeUrl: database?.url ?? 'memory:',
      host: '127.0.0.1',
      port: 0,
      noAuth: false,
      strict: false,
      env: this.#env,
      clock: this.#clock,
      logger: createLogger(systemClock, 'info', (line) => void (this.#log += line)),
      // Whoever sent last goes on for as long as a test lasts, so that it is certain who sends what comes next.
      leaseMs: 10 * MINUTE_MS,
    };
    this.#log = '';
    this.#app =
      database === null
        ? createApp(options, async () => overlaid(store, { close: async () => {} }))
        : createApp(options);
    running.push(this.#app);
    await this.#app.start();
    return this;
  }

  async stop(): Promise<void> {
    running = running.filter((app) => app !== this.#app);
    await this.#app?.stop();
  }

  async ask(path: string, method = 'GET'): Promise<{ status: number; body: Record<string, unknown> }> {
    const url = /listening url=(\S+)/.exec(this.#log)?.[1];
    const answer = await fetch(`${url}${path}`, { method });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  }

  async metrics(): Promise<string> {
    const url = /listening url=(\S+)/.exec(this.#log)?.[1];
    return (await fetch(`${url}/metrics`)).text();
  }

  async status(): Promise<Status> {
    return (await this.ask('/config')).body as unknown as Status;
  }

  /** Waits until a revision runs here. */
  runs(text: string): Promise<Status> {
    return until(`revision ${revisionOf(text)}`, async () => {
      const status = await this.status();
      return status.revision === revisionOf(text) && status;
    });
  }
}

function jobs(...names: string[]): string {
  return `jobs:\n${names.map((name) => `  ${name}: {every: 1h}\n`).join('')}`;
}

async function jobNames(): Promise<string[]> {
  return (await store.listJobs({ skip: 0, limit: 10 })).items.map(({ name }) => name);
}

/** Counts the messages to the notifier `hook` that were given up. */
async function deadCount(): Promise<number> {
  return (await store.deliveries({ skip: 0, limit: 9, status: 'dead', notifier: 'hook' })).total;
}

const OLD = jobs('a');
const NEW = jobs('a', 'b');

const BROKEN = 'jobs: {a: {evry: 1h}}\n';

/** What the incidents that are open are about. */
async function troubles(): Promise<string[]> {
  return (await store.incidents({ open: true, skip: 0, limit: 9 })).items.map(({ kind }) => kind);
}

/** Waits until so many instances have signed, each since the last of them came. */
async function known(count: number): Promise<void> {
  await until('the signs of life', async () => {
    const signs = Object.values(((await store.meta(INSTANCES_KEY)) ?? {}) as Record<string, Sign>);
    const lastAt = Math.max(...signs.map(({ since_at }) => since_at));
    return signs.length === count && signs.every(({ at, since_at }) => at > lastAt || since_at === lastAt);
  });
}

const silent = createLogger(systemClock, 'error', () => {});

/** Each makes a store that instances share, and lets the test look into it. */
const WORLDS: [string, () => Promise<[Store, TestDatabase | null]>][] = [
  ['a store in memory', async () => [new MemoryStore({ shared: true }), null]],
];
if (missingPostgres() === null)
  WORLDS.push([
    'a PostgreSQL database',
    async () => {
      const made = await freshDatabase();
      const opened = new PostgresStore({ url: made.url, clock: systemClock, log: silent });
      await opened.open();
      return [opened, made];
    },
  ]);

describe.each(WORLDS)('instances on %s', (_name, make) => {
  beforeEach(async () => {
    [store, database] = await make();
  });

  test('an instance with an older file follows what another one has applied, and says so', async () => {
    const a = await new Instance('a').save(OLD).start();
    const b = await new Instance('b').save(OLD).start();
    a.save(NEW);
    await a.ask('/config/reload', 'POST');
    const status = await b.runs(NEW);
    expect(status).toMatchObject({ disk_revision: revisionOf(OLD) });
    await until('b to say so', async () => (await b.status()).held?.revision === revisionOf(OLD));
    // Nobody makes it apply the old one but who says that it shall be this one.
    expect(await b.ask('/config/reload', 'POST')).toMatchObject({
      status: 409,
      body: { code: 'config_held' },
    });
    expect(await jobNames()).toEqual(['a', 'b']);
    b.save(NEW);
    await until('b to be the same', async () => (await b.status()).last_error === null);
    expect((await b.status()).disk_revision).toBe(revisionOf(NEW));
  });

  test('an instance that starts with a file that was replaced does not apply it', async () => {
    const a = await new Instance('a').save(OLD).start();
    const b = await new Instance('b').save(OLD).start();
    await b.stop();
    a.save(NEW);
    await a.ask('/config/reload', 'POST');
    await b.start();
    expect(await b.status()).toMatchObject({
      revision: revisionOf(NEW),
      disk_revision: revisionOf(OLD),
      last_error: { code: 'config_held' },
    });
    expect(await jobNames()).toEqual(['a', 'b']);
    expect((await store.incidents({ skip: 0, limit: 9 })).total).toBe(0);
  });

  test('a file that goes back is applied, and so is an old one that is confirmed at any instance', async () => {
    const a = await new Instance('a').save(OLD).start();
    const b = await new Instance('b').save(OLD).start();
    a.save(NEW);
    await a.ask('/config/reload', 'POST');
    await b.runs(NEW);
    a.save(OLD);
    await a.ask('/config/reload', 'POST');
    await b.runs(OLD);
    await until('b to be the same again', async () => (await b.status()).last_error === null);
    a.save(NEW);
    await a.ask('/config/reload', 'POST');
    await b.runs(NEW);
    const confirmed = await b.ask(`/config/reload?confirm=${revisionOf(OLD)}`, 'POST');
    expect(confirmed).toMatchObject({ status: 200, body: { revision: revisionOf(OLD), last_error: null } });
    await a.runs(OLD);
    expect(await jobNames()).toEqual(['a']);
  });

  test('a change that all instances see at once is applied once', async () => {
    const instances = [];
    for (const name of ['a', 'b', 'c']) instances.push(await new Instance(name).save(OLD).start());
    for (const each of instances) each.save(NEW);
    await Promise.all(instances.map((each) => each.ask('/config/reload', 'POST')));
    for (const each of instances) {
      await each.runs(NEW);
      await until('no trouble', async () => (await each.status()).last_error === null);
    }
    const { items } = await store.audit({ skip: 0, limit: 10 });
    expect(items.filter(({ action }) => action === 'configuration_applied')).toHaveLength(2);
  });

  test('what another one has applied in part is finished by one that runs on it', async () => {
    const text = jobs('a', 'b');
    const one = await new Instance('one').save(text).start();
    const left = (await store.jobByName('b'))!;
    const declared = { every: '1d' };
    await store.transact({ ids: [left.id], meta: [APPLYING_KEY] }, (tx) => {
      // As it was before, since whoever applied it did not come so far.
      tx.putJob({ ...left, declared, declaration: { ...left.declaration, ...declared } });
      tx.putMeta(APPLYING_KEY, {
        revision: revisionOf(text),
        by: 'an instance that died',
        signed_at: 0,
        globals_before: { notifiers: [], replayWindowMs: 900_000 },
      });
    });
    await until('the rest', async () => (await store.meta(APPLYING_KEY)) === undefined);
    expect(await store.jobByName('b')).toMatchObject({ declared: { every: '1h' } });
    expect(await one.status()).toMatchObject({ revision: revisionOf(text), last_error: null });
  });

  test('an instance that cannot read what is applied sends nothing, and no message is lost', async () => {
    const env = { HOOK: `${webhook.origin}/hook` };
    const beat = `heartbeat: {url: "${webhook.origin}/beat", every: 1m}`;
    const hooked = ['notifiers:', '  hook: {type: webhook, url: "${HOOK}"}', beat, jobs('a')].join('\n');
    const a = await new Instance('a', env).save(`${beat}\n${OLD}`).start();
    const b = await new Instance('b').save(`${beat}\n${OLD}`).start();
    a.save(hooked);
    await a.ask('/config/reload', 'POST');
    const behind = await until('b to fall behind', async () => (await b.status()).last_error);
    expect(behind.detail).toContain('cannot be read here');
    expect(behind.detail).toContain('HOOK');
    // Whoever waits for heartbeats hears that no instance is left which tells anybody.
    const warnings = async (): Promise<unknown> => (await b.ask('/readyz')).body['warnings'];
    await until('b to send no heartbeat', async () =>
      JSON.stringify(await warnings()).includes('so it sends no messages'),
    );
    await a.stop();
    await b.ask('/jobs/a/failure', 'POST');
    // Whoever can read it takes over.
    await new Instance('c', env).save(hooked).start();
    await until('the message', () => webhook.accepted.some(({ path }) => path === '/hook'));
    const { items } = await store.deliveries({ skip: 0, limit: 10 });
    expect(items.map(({ status, notifier }) => [status, notifier])).not.toContainEqual(['dead', 'hook']);
  });

  test('a message that is refused because of an outdated secret goes out at another instance', async () => {
    const hooked = `notifiers:\n  hook: {type: webhook, url: "\${HOOK}"}\n${jobs('first', 'second')}`;
    const old = await new Instance('old', { HOOK: `${webhook.origin}/old` }).save(hooked).start();
    await old.ask('/jobs/first/failure', 'POST');
    await until('the first message', () => webhook.accepted.length === 1);
    const fresh = await new Instance('fresh', { HOOK: `${webhook.origin}/new` }).save(hooked).start();
    await known(2);
    webhook.failNext({ kind: 'answer', status: 404 });
    await old.ask('/jobs/second/failure', 'POST');
    await until('the second message', () => webhook.accepted.length === 2);
    expect(webhook.accepted[1]).toMatchObject({ path: '/new', body: expect.stringContaining('second') });
    const warnings = async (at: Instance): Promise<unknown> => (await at.ask('/readyz')).body['warnings'];
    expect(await warnings(old)).toContainEqual(expect.stringMatching(/"hook" refuses.* answered 404/));
    expect(await warnings(fresh)).not.toContainEqual(expect.stringContaining('refuses'));
    expect(await old.metrics()).toContain('cronflow_notifier_refuses_instance{notifier="hook"} 1');
    expect(await fresh.metrics()).toContain('cronflow_notifier_refuses_instance{notifier="hook"} 0');
    expect(await troubles()).toEqual(['job', 'job']);
    expect(await deadCount()).toBe(0);
  });

  test('an instance that starts beside others owes nothing again, and one that starts alone does', async () => {
    const hooked = `notifiers:\n  hook: {type: webhook, url: "${webhook.origin}/hook"}\n${jobs('a')}`;
    const a = await new Instance('a').save(hooked).start();
    webhook.failNext({ kind: 'answer', status: 400 });
    await a.ask('/jobs/a/failure', 'POST');
    await until('the message to be given up', async () => (await deadCount()) === 1);
    const b = await new Instance('b').save(hooked).start();
    await b.ask('/readyz');
    expect(await deadCount()).toBe(1);
    await a.stop();
    await b.stop();
    await b.start();
    await until('the message', () => webhook.accepted.length === 1);
  });

  test('a message to a notifier that this instance does not know yet is not given up', async () => {
    const hook = `notifiers:\n  hook: {type: webhook, url: "${webhook.origin}/hook"}\n`;
    const a = await new Instance('a').save(`${hook}${jobs('a')}`).start();
    await new Instance('b').save(`${hook}${jobs('a')}`).start();
    const more = `${hook}  more: {type: webhook, url: "${webhook.origin}/more"}\n${jobs('a')}`;
    a.save(more);
    await Promise.all([a.ask('/config/reload', 'POST'), a.ask('/jobs/a/failure', 'POST')]);
    const paths = new Set(['/hook', '/more']);
    await until('both to be told', () => {
      for (const { path } of webhook.accepted) paths.delete(path);
      return paths.size === 0;
    });
    const { items } = await store.deliveries({ skip: 0, limit: 10 });
    expect(items.filter(({ status }) => status === 'dead')).toEqual([]);
  });
});

/** A clock whose timers take a tenth of their time, for what instances look at now and then. */
const QUICK: Clock = {
  now: () => systemClock.now(),
  monotonic: () => systemClock.monotonic(),
  after: (delayMs, callback) => systemClock.after(delayMs / 10, callback),
};

describe('trouble with the configuration of one instance', () => {
  beforeEach(() => {
    [store, database] = [new MemoryStore({ shared: true }), null];
  });

  test.each(['starts again with a file that is right', 'is gone for good'])(
    'ends once that instance %s',
    async (what) => {
      const a = await new Instance('a', {}, QUICK).save(OLD).start();
      await new Instance('b', {}, QUICK).save(OLD).start();
      a.save(BROKEN);
      expect(await a.ask('/config/reload', 'POST')).toMatchObject({ status: 422 });
      expect(await troubles()).toEqual(['config']);
      await a.stop();
      if (what.startsWith('starts')) await a.save(OLD).start();
      await until('the incident to end', async () => (await troubles()).length === 0);
    },
  );

  test('goes on while that instance lives, whoever starts beside it', async () => {
    const a = await new Instance('a', {}, QUICK).save(OLD).start();
    a.save(BROKEN);
    await a.ask('/config/reload', 'POST');
    const b = await new Instance('b', {}, QUICK).save(OLD).start();
    await b.ask('/readyz');
    expect(await troubles()).toEqual(['config']);
    await a.save(OLD).ask('/config/reload', 'POST');
    await until('the incident to end', async () => (await troubles()).length === 0);
  });
});
