import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Clock, systemClock } from '../../src/clock.ts';
import type { Config, SourceFile } from '../../src/config/config.ts';
import { revisionOf } from '../../src/config/parse.ts';
import type { ConfigProblem } from '../../src/config/problem.ts';
import { ConfigReloader } from '../../src/config/reloader.ts';
import type { ReloaderOptions, SharedConfiguration } from '../../src/config/reloading.ts';
import { CronflowError, type Fault } from '../../src/core/model/errors.ts';
import type { Job } from '../../src/core/model/records.ts';
import { type Plan, planChanges } from '../../src/core/plan/plan.ts';
import type { Standing } from '../../src/core/plan/standing.ts';
import type { Logger } from '../../src/observe/log.ts';
import { WAIT_LIMIT_MS } from '../support/limits.ts';

let directory: string;
let path: string;
let reloader: ConfigReloader;
let stored: Job[];
let applied: string[];
let events: string[];
let log: string[];
let wake: () => void;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cronflow-reload-'));
  path = join(directory, 'cronflow.yaml');
  [stored, applied, events, log] = [[], [], [], []];
  wake = () => {};
});
afterEach(async () => {
  await reloader.close();
  rmSync(directory, { recursive: true });
});

const jobs = (...names: string[]): string =>
  `jobs:${names.map((name) => `\n  ${name}: {}`).join('') || ' {}'}\n`;
const numbered = (count: number): string => jobs(...Array.from({ length: count }, (_, i) => `j${i}`));
const save = (text: string): void => writeFileSync(path, text);
const names = (): string[] => stored.map((job) => job.name);

const logger: Logger = {
  debug: () => {},
  info: (message) => log.push(message),
  warn: (message) => log.push(message),
  error: (message) => log.push(message),
};

function asJob(job: Config['jobs'][number]): Job {
  return { ...job, source: 'file', removed_at: null } as unknown as Job;
}

function planOf(config: Config): Promise<Plan> {
  return Promise.resolve(planChanges(stored, config.jobs, config));
}

function build(options: Partial<ReloaderOptions> = {}): ConfigReloader {
  reloader = new ConfigReloader({
    path,
    env: {},
    clock: systemClock,
    logger,
    stored: [],
    watch: false,
    plan: planOf,
    apply: async (config) => {
      const done = await planOf(config);
      stored = config.jobs.map(asJob);
      applied.push(config.revision);
      wake();
      return done;
    },
    onProblem: (problem: ConfigProblem) => {
      events.push(problem.code);
      wake();
    },
    onResolved: () => {
      events.push('resolved');
      wake();
    },
    ...options,
  });
  return reloader;
}

const storedFile = (text: string): SourceFile[] => [{ path, text }];

/** Returns what a reloader has where another instance has applied this text. */
function sharedOf(standing: Standing, text: string): SharedConfiguration {
  return {
    standing: () => Promise.resolve({ ...standing }),
    files: () => Promise.resolve(storedFile(text)),
    onAdopted: () => {},
    onBehind: () => {},
  };
}

function until(condition: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = systemClock.after(WAIT_LIMIT_MS, () => reject(new Error('waited in vain')));
    wake = () => {
      if (!condition()) return;
      cancel();
      resolve();
    };
    wake();
  });
}

const hook = (name: string): string => `https://hooks.slack.com/services/${name}`;
const urls = (): unknown => reloader.current?.notifiers.map(({ settings }) => settings['webhook_url']);

describe('a file that holds a secret', () => {
  const config = 'notifiers: {ops: {type: slack, webhook_url_file: secrets/hook}}\njobs: {a: {}}\n';

  test('is watched: a new secret is used as soon as Kubernetes has put another file in its place', async () => {
    const secrets = join(directory, 'secrets');
    const put = (version: string): void => {
      mkdirSync(join(secrets, version), { recursive: true });
      writeFileSync(join(secrets, version, 'hook'), hook(version));
      symlinkSync(version, join(secrets, '..new'));
      renameSync(join(secrets, '..new'), join(secrets, '..data'));
    };
    put('..1');
    symlinkSync('..data/hook', join(secrets, 'hook'));
    save(config);
    const used: unknown[] = [];
    const apply = (loaded: Config): Promise<Plan> => {
      used.push(loaded.notifiers[0]?.settings['webhook_url']);
      wake();
      return planOf(loaded);
    };
    await build({ watch: true, apply }).start();
    for (const version of ['..2', '..3']) {
      put(version);
      await until(() => used.at(-1) === hook(version));
    }
    expect(used).toEqual(['..1', '..2', '..3'].map(hook));
  });

  test('is watched where it is missing, and where it has a mistake', async () => {
    save(config);
    await build({ watch: true, stored: storedFile(jobs('a')) }).start();
    expect(reloader.problem?.text).toContain('does not exist');
    mkdirSync(join(directory, 'secrets'));
    writeFileSync(join(directory, 'secrets', 'hook'), hook('a'));
    await until(() => reloader.problem === null);
    writeFileSync(join(directory, 'secrets', 'hook'), 'no address');
    await until(() => reloader.problem !== null);
    expect(reloader.problem?.text).toContain('must hold an address');
    expect(urls()).toEqual([hook('a')]);
  });

  test('changes no revision, which is that of the files', async () => {
    mkdirSync(join(directory, 'secrets'));
    writeFileSync(join(directory, 'secrets', 'hook'), hook('a'));
    save(config);
    expect((await build().start()).revision).toBe(revisionOf(config));
  });
});

describe('an error of Cronflow itself', () => {
  /** Fails wherever a variable is looked up. Its message is what such a message may be: a part of the file. */
  const failing = new Proxy<Record<string, string>>(
    {},
    {
      getOwnPropertyDescriptor: () => {
        throw new RangeError('cannot read "hunter2"');
      },
    },
  );

  test('while a changed file is read is told as a problem of the configuration', async () => {
    save(jobs('a'));
    await build({ env: failing }).start();
    save('jobs: {a: {owner: "${X}"}}');
    expect(await reloader.reload()).toMatchObject({
      status: 'refused',
      problem: { code: 'config_invalid', faults: [{ code: 'internal', file: path }] },
    });
    expect(reloader.problem?.text).toMatch(/cannot be read because Cronflow itself fails at it \(RangeError/);
    expect(events).toEqual(['config_invalid']);
    expect(log.join('\n')).toContain('Cronflow itself fails at it');
    expect(log.join('\n') + reloader.problem?.text).not.toContain('hunter2');
    save(jobs('a'));
    expect(await reloader.reload()).toMatchObject({ status: 'applied' });
    expect(events).toEqual(['config_invalid', 'resolved']);
  });

  test('at the start leaves the last good configuration running', async () => {
    save('jobs: {a: {owner: "${X}"}}');
    await build({ env: failing, stored: storedFile(jobs('b')) }).start();
    expect(names()).toEqual(['b']);
    expect(events).toEqual(['config_invalid']);
  });

  test('in a part behind the reader is told as a problem of the configuration', async () => {
    save(jobs('a'));
    const clock: Clock = { ...systemClock, now: () => systemClock.now() };
    await build({ clock }).start();
    save('jobs: {a: {schedul: x}}');
    let isFirst = true;
    clock.now = () => {
      if (!isFirst) return systemClock.now();
      isFirst = false;
      throw new TypeError('x is undefined');
    };
    expect(await reloader.reload()).toMatchObject({ status: 'refused', problem: { code: 'config_invalid' } });
    expect(events).toEqual(['config_invalid']);
  });
});

describe('a start of the reloader', () => {
  test('applies the file', async () => {
    save(jobs('a', 'b'));
    const config = await build().start();
    expect(names()).toEqual(['a', 'b']);
    expect(reloader).toMatchObject({ current: config, problem: null });
    expect(log).toEqual(['configuration applied', '+ a (limit 1d)', '+ b (limit 1d)']);
  });

  test.each([
    ['missing', null, 'does not exist'],
    ['empty', '', 'is empty'],
    ['invalid', 'jobs: {a: {grace: 5}, b: {every: 5}}', 'jobs.b.every'],
  ])('refuses a %s file with nothing stored, with every fault', async (_, text, message) => {
    if (text !== null) save(text);
    const error: unknown = await build()
      .start()
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(CronflowError);
    expect(error).toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining(message) as string,
    });
    expect(applied).toEqual([]);
  });

  test('runs on the stored revision when the file is invalid, and says so', async () => {
    save('jobs: {a: {grace: 5}}');
    const good = jobs('a', 'b');
    const config = await build({ stored: storedFile(good) }).start();
    expect(config.revision).toBe(revisionOf(good));
    expect(names()).toEqual(['a', 'b']);
    expect(reloader.problem).toMatchObject({
      code: 'config_invalid',
      revision: null,
      faults: [{ path: 'jobs.a.grace' }],
    });
    expect(events).toEqual(['config_invalid']);
  });

  test('refuses an invalid file when it is strict', async () => {
    save('jobs: {a: {grace: 5}}');
    await expect(build({ stored: storedFile(jobs('a')), strict: true }).start()).rejects.toMatchObject({
      code: 'config_invalid',
    });
  });

  test('reports the faults of the file when the stored revision is no longer valid', async () => {
    save('jobs: {a: {grace: 5}}');
    const gone = 'jobs: {a: {owner: "${GONE}"}}';
    await expect(build({ stored: storedFile(gone) }).start()).rejects.toMatchObject({
      faults: [{ path: 'jobs.a.grace' }],
    });
  });

  test('holds a file that was cut while Cronflow was down', async () => {
    save(numbered(10));
    await build().start();
    save(numbered(2));
    const before = storedFile(numbered(10));
    const config = await build({ stored: before }).start();
    expect(config.jobs).toHaveLength(10);
    expect(reloader.problem).toMatchObject({ code: 'config_held', revision: revisionOf(numbered(2)) });
    await expect(build({ stored: before, strict: true }).start()).rejects.toMatchObject({
      code: 'config_held',
    });
    expect((await build({ stored: before }).start({ confirm: revisionOf(numbered(2)) })).jobs).toHaveLength(
      2,
    );
  });

  test('applies a file that would be held when there is nothing else to run on', async () => {
    stored = Array.from({ length: 10 }, (_, i) => ({
      ...asJob({} as never),
      name: `j${i}`,
      declaration: {},
    }));
    save(numbered(2));
    expect((await build().start()).jobs).toHaveLength(2);
    expect(reloader.problem).toBeNull();
  });
});

describe('a reload', () => {
  test('applies what the file holds now', async () => {
    save(jobs('a'));
    await build().start();
    save(jobs('a', 'b'));
    expect(await reloader.reload()).toMatchObject({ status: 'applied', plan: { added: [{ name: 'b' }] } });
    expect(log.slice(-3)).toEqual(['configuration applied', '+ b (limit 1d)', '= 1 unchanged']);
  });

  test.each([
    ['invalid', () => save('jobs: {a: {grace: 5}}')],
    ['empty', () => save('')],
    ['missing', () => rmSync(path)],
  ])('keeps what runs when the file is %s, until it is good again', async (_, spoil) => {
    save(jobs('a'));
    const config = await build().start();
    spoil();
    expect(await reloader.reload()).toMatchObject({ status: 'refused', problem: { code: 'config_invalid' } });
    // The same mistake again is not news.
    const since = reloader.problem?.since_at;
    await reloader.reload();
    expect(reloader.problem?.since_at).toBe(since);
    expect(reloader.current).toBe(config);
    expect(applied).toHaveLength(1);
    save(jobs('a'));
    await reloader.reload();
    expect(reloader.problem).toBeNull();
    expect(events).toEqual(['config_invalid', 'resolved']);
  });

  test('says in one line why it read the files, and which have changed', async () => {
    const lines: unknown[] = [];
    const put = (message: string, fields: unknown): void => void lines.push({ message, fields });
    const noted: Logger = { debug: () => {}, info: put, warn: put, error: put };
    const about = (line: string): unknown[] =>
      lines.splice(0).filter((each) => (each as { message: string }).message === line);
    save(`include: [more.yaml]\n${jobs('a')}`);
    const more = join(directory, 'more.yaml');
    writeFileSync(more, jobs('b'));
    await build({ logger: noted }).start();
    const swapped = 'configuration applied';
    expect(about(swapped)).toMatchObject([{ fields: { because: 'start', files_changed: undefined } }]);
    writeFileSync(more, jobs('b', 'c'));
    await reloader.reload({ because: 'SIGHUP' });
    expect(about(swapped)).toMatchObject([{ fields: { because: 'SIGHUP', files_changed: more } }]);
    writeFileSync(more, 'jobs: {b: {graze: 5m}}');
    save(`include: [more.yaml]\n${jobs('d')}`);
    await reloader.reload({ because: 'POST /config/reload' });
    const fields = {
      because: 'POST /config/reload',
      files_changed: `${path},${more}`,
      code: 'config_invalid',
    };
    expect(about('the configuration is not applied')).toMatchObject([{ fields }]);
  });

  test('refuses a rename onto a job with a history, where it stands, and says what renames nothing', async () => {
    save(jobs('old', 'new'));
    await build().start();
    for (const job of stored) Object.assign(job, { state: { run_count: 1 } });
    save('jobs:\n  new: {renamed_from: old}\n');
    await reloader.reload();
    expect(reloader.problem).toMatchObject({ code: 'config_invalid', faults: [{ line: 2, column: 23 }] });
    expect(reloader.problem?.text.split('\n')[1]).toBe('    2 |   new: {renamed_from: old}');
    expect(names()).toEqual(['old', 'new']);
    save('jobs:\n  newer: {renamed_from: older}\n  old: {}\n  new: {renamed_from: old}\n');
    await reloader.reload();
    expect(reloader.problem).toBeNull();
    expect(
      log.filter((line) => line.includes('renames nothing')).map((line) => line.split('/').at(-1)),
    ).toEqual([
      'cronflow.yaml:3',
      'cronflow.yaml:2:25 jobs.newer.renamed_from: renames nothing: no job "older" is known (any more); take it out if the rename is done',
    ]);
  });

  test('says nothing of a lint that a comment in the file allows', async () => {
    const text = 'jobs:\n  a:\n    renamed_from: gone\n  b:\n    renamed_from: away';
    save(`${text} # cronflow: allow renames_nothing\n`);
    await build().start();
    const said = log.join('\n');
    expect(said).toContain('"gone"');
    expect(said).not.toContain('no job "away"');
  });

  test('refuses a plan that was overtaken by what is stored, as the file is to be mended', async () => {
    save(jobs('a'));
    const faults: Fault[] = [
      { code: 'rename_onto_history', path: 'jobs.a.renamed_from', message: 'cannot be' },
    ];
    let isOvertaken = false;
    const apply = (config: Config): Promise<Plan> =>
      isOvertaken
        ? Promise.reject(new CronflowError('config_invalid', 'cannot be', { faults }))
        : planOf(config);
    await build({ apply }).start();
    isOvertaken = true;
    save(jobs('a', 'b'));
    await reloader.reload();
    expect(reloader.problem).toMatchObject({
      code: 'config_invalid',
      text: 'jobs.a.renamed_from: cannot be',
      faults,
    });
  });

  test('tells a second mistake that is another', async () => {
    save(jobs('a'));
    await build().start();
    for (const text of ['jobs: {a: {grace: 5}}', 'jobs: {a: {grace: 6}}']) {
      save(text);
      await reloader.reload();
    }
    expect(events).toEqual(['config_invalid', 'config_invalid']);
  });

  test.each([
    // More than half of them, and at least five.
    [9, 4, true],
    [10, 5, false],
    [10, 4, true],
    [5, 0, true],
    [4, 0, false],
    [20, 11, false],
  ])('of %i jobs to %i is held: %s', async (before, after, held) => {
    save(numbered(before));
    await build().start();
    save(numbered(after));
    const result = await reloader.reload();
    expect(result.status).toBe(held ? 'refused' : 'applied');
    expect(stored).toHaveLength(held ? before : after);
  });

  test('applies a held change once its revision is confirmed, and no other', async () => {
    save(numbered(10));
    await build().start();
    save(numbered(1));
    const revision = revisionOf(numbered(1));
    const held = await reloader.reload();
    expect(held).toMatchObject({
      problem: { code: 'config_held', revision, text: expect.stringContaining(revision) as string },
    });
    expect(reloader.problem?.text).toContain('would remove 9 of 10 jobs (j1, j2,');
    save(numbered(2));
    expect(await reloader.reload({ confirm: revision })).toMatchObject({ status: 'refused' });
    expect(await reloader.reload({ confirm: revisionOf(numbered(2)) })).toMatchObject({ status: 'applied' });
    expect(events).toEqual(['config_held', 'config_held', 'resolved']);
  });

  test('holds nothing of a change that was begun before, as after a start in the middle of it', async () => {
    save(numbered(10));
    await build().start();
    await reloader.close();
    save(numbered(1));
    const standing = { revision: revisionOf(numbered(1)), applied_at: 0, replaced: [] };
    build({ stored: storedFile(numbered(1)), shared: sharedOf(standing, numbered(1)) });
    await reloader.start();
    expect([events, reloader.problem]).toEqual([[], null]);
    expect(names()).toEqual(['j0']);
  });

  test('knows the jobs that are not stored yet while their declaration is being applied, here or elsewhere', async () => {
    save(jobs('a'));
    const known: boolean[] = [];
    const standing = { revision: '', applied_at: 0, replaced: [] as string[] };
    build({
      shared: sharedOf(standing, jobs('a', 'b')),
      apply: async (config) => {
        known.push(reloader.isUnstored('a'), reloader.isUnstored('b'));
        standing.revision = config.revision;
        return planOf(config);
      },
    });
    await reloader.start();
    expect(known).toEqual([true, false]);
    standing.revision = revisionOf(jobs('a', 'b'));
    // What is applied elsewhere was not followed yet.
    expect(reloader.isUnstored('b')).toBe(false);
    await reloader.follow();
    expect(reloader.isUnstored('b')).toBe(true);
  });

  test('runs one after another, in the order of the calls', async () => {
    save(jobs('a'));
    let running = 0;
    let together = 0;
    build({
      apply: async (config) => {
        running += 1;
        together = Math.max(together, running);
        await new Promise((resolve) => systemClock.after(10, () => resolve(null)));
        running -= 1;
        return planChanges([], config.jobs);
      },
    });
    await reloader.start();
    const results = await Promise.all([reloader.reload(), reloader.reload(), reloader.reload()]);
    expect(results.map((result) => result.status)).toEqual(['applied', 'applied', 'applied']);
    expect(together).toBe(1);
  });

  test('tries again what could not be applied', async () => {
    let isFull = false;
    let retry: (() => void) | undefined;
    const clock: Clock = {
      ...systemClock,
      after: (_, callback) => {
        retry = callback;
        return () => {};
      },
    };
    save(jobs('a'));
    build({
      clock,
      apply: (config) => {
        if (isFull) return Promise.reject(new CronflowError('store_unavailable', 'the disk is full'));
        applied.push(config.revision);
        wake();
        return Promise.resolve(planChanges([], config.jobs));
      },
    });
    await reloader.start();
    save(jobs('a', 'b'));
    isFull = true;
    expect(await reloader.reload()).toMatchObject({
      status: 'refused',
      problem: { code: 'store_unavailable' },
    });
    isFull = false;
    retry?.();
    await until(() => events.includes('resolved'));
    expect(applied.at(-1)).toBe(revisionOf(jobs('a', 'b')));
    // Once it is applied, a look that finds nothing new applies nothing.
    retry?.();
    await reloader.reload();
    expect(applied).toHaveLength(3);
  });

  describe('of a store that refuses commits at the start', () => {
    let isFull: boolean;
    let retry: () => void;
    let unstored: string[];
    const startFull = async (options: Partial<ReloaderOptions> = {}): Promise<ConfigReloader> => {
      [isFull, retry, unstored] = [true, () => {}, []];
      build({
        clock: {
          ...systemClock,
          after: (_, callback) => {
            retry = callback;
            return () => {};
          },
        },
        apply: (config) => {
          if (isFull) return Promise.reject(new CronflowError('store_unavailable', 'the disk is full'));
          applied.push(config.revision);
          wake();
          return Promise.resolve(planChanges([], config.jobs));
        },
        onUnstored: ({ revision }) => unstored.push(revision),
        ...options,
      });
      await reloader.start();
      return reloader;
    };

    test('runs on a valid file as far as that needs no store, and applies it when there is space', async () => {
      save(jobs('a'));
      await startFull();
      const revision = revisionOf(jobs('a'));
      expect(reloader.current?.revision).toBe(revision);
      expect([reloader.isUnstored('a'), reloader.isUnstored('b')]).toEqual([true, false]);
      expect(unstored).toEqual([revision]);
      expect(reloader.problem).toMatchObject({ code: 'store_unavailable' });
      retry();
      await reloader.reload();
      expect(applied).toEqual([]);
      isFull = false;
      retry();
      await until(() => events.includes('resolved'));
      expect(applied).toEqual([revision]);
      expect([reloader.problem, reloader.isUnstored('a')]).toEqual([null, false]);
    });

    test.each([
      ['was broken before', ''],
      ['would remove most jobs', jobs('other')],
    ])('runs on the last good revision where the file %s, and stores that later', async (_case, text) => {
      save(text);
      const good = numbered(6);
      stored = Array.from({ length: 6 }, (_, at) => asJob({ name: `j${at}` } as Config['jobs'][number]));
      await startFull({ stored: storedFile(good) });
      expect(reloader.current?.revision).toBe(revisionOf(good));
      expect(unstored).toEqual([revisionOf(good)]);
      isFull = false;
      retry();
      await until(() => applied.length > 0);
      await reloader.reload();
      expect(applied).toEqual([revisionOf(good)]);
      expect(reloader.isUnstored('j0')).toBe(false);
      expect(reloader.problem?.code).toBe(text === '' ? 'config_invalid' : 'config_held');
    });

    test('stores what the start ran on even where the file is broken before there is space', async () => {
      save(jobs('a'));
      await startFull();
      save(jobs('a', 'b'));
      await reloader.reload();
      expect(['a', 'b'].map((name) => reloader.isUnstored(name))).toEqual([true, true]);
      save('');
      await reloader.reload();
      // Nobody declares it any more, and it never ran.
      expect(['a', 'b'].map((name) => reloader.isUnstored(name))).toEqual([true, false]);
      isFull = false;
      retry();
      await until(() => applied.length > 0);
      expect(applied).toEqual([revisionOf(jobs('a'))]);
    });

    test('is told apart from a bug, which ends the start', async () => {
      save(jobs('a'));
      await expect(startFull({ apply: () => Promise.reject(new TypeError('a bug')) })).rejects.toThrow(
        'a bug',
      );
    });
  });

  test('survives a listener that fails', async () => {
    save(jobs('a'));
    build({ onProblem: () => Promise.reject(new Error('no')) });
    await reloader.start();
    save('');
    expect(await reloader.reload()).toMatchObject({ status: 'refused' });
    expect(log).toContain('a listener of the configuration failed');
  });

  test('is refused after the end', async () => {
    save(jobs('a'));
    await build().start();
    await reloader.close();
    await expect(reloader.reload()).rejects.toMatchObject({ code: 'stopping' });
  });
});

describe('a watching reloader', () => {
  test('applies changes, keeps what runs through mistakes, and goes on', async () => {
    save(jobs('a'));
    await build({ watch: true }).start();
    save(jobs('a', 'b'));
    await until(() => names().join() === 'a,b');
    save('jobs: {a: {grace: 5}}');
    await until(() => events.length === 1);
    expect(names()).toEqual(['a', 'b']);
    save(jobs('c'));
    await until(() => names().join() === 'c' && events.length === 2);
    expect(applied).toHaveLength(3);
  });

  test('goes on after a start on the stored revision', async () => {
    await build({ watch: true, stored: storedFile(jobs('a')) }).start();
    expect(events).toEqual(['config_invalid']);
    save(jobs('a', 'b'));
    await until(() => names().join() === 'a,b' && events.includes('resolved'));
  });

  test('does not apply again what was reloaded on demand', async () => {
    save(jobs('a'));
    await build({ watch: true }).start();
    save(jobs('a', 'b'));
    await reloader.reload();
    save(jobs('a', 'b', 'c'));
    await until(() => names().length === 3);
    expect(applied).toHaveLength(3);
  });
});
