import { mkdir, mkdtemp, open, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { Config } from '../../src/config/config.ts';
import { ConfigReloader } from '../../src/config/reloader.ts';
import { planChanges } from '../../src/core/plan/plan.ts';
import { silentLogger } from '../../src/observe/log.ts';
import { WAIT_LIMIT_MS } from '../support/limits.ts';

let directory: string;
let reloader: ConfigReloader;
let applied: string[][];
let wake: () => void;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cronflow-watch-included-'));
  [applied, wake] = [[], () => {}];
});
afterEach(async () => {
  await reloader.close();
  await rm(directory, { recursive: true, force: true });
});

const path = (name: string): string => join(directory, name);
const write = (name: string, text: string): Promise<void> => writeFile(path(name), text);
const names = (config: Config): string[] => config.jobs.map((job) => job.name);

/** Starts on what is there, with real events and no poll in time. */
async function start(): Promise<void> {
  reloader = new ConfigReloader({
    path: path('cronflow.yaml'),
    env: {},
    clock: systemClock,
    logger: silentLogger,
    stored: [],
    plan: (config) => Promise.resolve(planChanges([], config.jobs)),
    apply: (config) => {
      applied.push(names(config));
      wake();
      return Promise.resolve(planChanges([], config.jobs));
    },
    onProblem: () => wake(),
    onResolved: () => wake(),
  });
  await reloader.start();
}

function until(isTrue: () => boolean): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const cancel = systemClock.after(WAIT_LIMIT_MS, () =>
      reject(new Error(`waited in vain; applied were ${JSON.stringify(applied)}`)),
    );
    wake = () => {
      if (!isTrue()) return;
      cancel();
      resolve(true);
    };
    wake();
  });
}

const runs = (...jobs: string[]): Promise<boolean> => until(() => applied.at(-1)?.join() === jobs.join());
const fails = (file: string): Promise<boolean> =>
  until(() => reloader.problem?.faults.some((fault) => fault.file === path(file)) ?? false);

describe('included files', () => {
  test('are seen when they are added, changed and removed, and when their directory comes and goes', async () => {
    await write('cronflow.yaml', 'include: [conf.d/*.yaml]\njobs: {own: {}}\n');
    await start();
    await mkdir(path('conf.d'));
    await write('conf.d/a.yaml', 'jobs: {a: {}}');
    expect(await runs('own', 'a')).toBe(true);
    await write('conf.d/b.yaml', 'jobs: {b: {}}');
    expect(await runs('own', 'a', 'b')).toBe(true);
    await write('conf.d/b.yaml~', 'jobs: {c: {}}');
    await rename(path('conf.d/b.yaml~'), path('conf.d/b.yaml'));
    expect(await runs('own', 'a', 'c')).toBe(true);
    await rm(path('conf.d/a.yaml'));
    expect(await runs('own', 'c')).toBe(true);
    await rm(path('conf.d'), { recursive: true });
    expect(await runs('own')).toBe(true);
    await mkdir(path('conf.d'));
    await write('conf.d/d.yaml', 'jobs: {d: {}}');
    expect(await runs('own', 'd')).toBe(true);
    // Nothing was applied that had not changed.
    expect(applied).toHaveLength(7);
  });

  test('are seen in directories that appear below those searched', async () => {
    await write('cronflow.yaml', 'include: ["teams/**/*.yaml"]\njobs: {}\n');
    await mkdir(path('teams'));
    await start();
    await mkdir(path('teams/red/night'), { recursive: true });
    await write('teams/red/night/a.yaml', 'jobs: {a: {}}');
    expect(await runs('a')).toBe(true);
    await write('teams/red/b.yaml', 'jobs: {b: {}}');
    expect(await runs('b', 'a')).toBe(true);
  });

  test('are seen behind the swapped link of a ConfigMap', async () => {
    await write('cronflow.yaml', 'include: [conf.d/*.yaml]\n');
    const publish = async (version: string, job: string): Promise<void> => {
      await mkdir(path(`conf.d/${version}`), { recursive: true });
      await write(`conf.d/${version}/a.yaml`, `jobs: {${job}: {}}`);
      await symlink(version, path('conf.d/..data_tmp'));
      await rename(path('conf.d/..data_tmp'), path('conf.d/..data'));
    };
    await publish('..1', 'one');
    await symlink('..data/a.yaml', path('conf.d/a.yaml'));
    await start();
    await publish('..2', 'two');
    expect(await runs('two')).toBe(true);
    await publish('..3', 'three');
    expect(await runs('three')).toBe(true);
  });

  test('are followed when the including file names others', async () => {
    await write('cronflow.yaml', 'include: [a.yaml]\n');
    await write('a.yaml', 'jobs: {a: {}}');
    await write('b.yaml', 'jobs: {b: {}}');
    await start();
    await write('cronflow.yaml', 'include: [b.yaml]\n');
    expect(await runs('b')).toBe(true);
    await write('b.yaml', 'jobs: {c: {}}');
    expect(await runs('c')).toBe(true);
    // Other items that find the same files are a change like any other.
    await write('cronflow.yaml', 'include: ["[b].yaml"]\n');
    await until(() => applied.length === 4);
    await write('b.yaml', 'jobs: {d: {}}');
    expect(await runs('d')).toBe(true);
  });

  test('are waited for until they rest, even those that are newly named', async () => {
    await write('cronflow.yaml', 'jobs: {own: {}}\n');
    await start();
    const file = await open(path('a.yaml'), 'w');
    await file.write('jobs:\n');
    await write('cronflow.yaml', 'include: [a.yaml]\n');
    for (let i = 0; i < 20; i += 1) {
      await file.write(`  j${i}: {}\n`);
      await new Promise((resolve) => systemClock.after(100, () => resolve(null)));
    }
    await file.close();
    const all = Array.from({ length: 20 }, (_, i) => `j${i}`);
    expect(await runs(...all)).toBe(true);
    expect(applied).toEqual([['own'], all]);
  });

  test('change nothing while one of them is broken, and go on once it is mended', async () => {
    await write('cronflow.yaml', 'include: [a.yaml]\njobs: {own: {}}\n');
    await write('a.yaml', 'jobs: {a: {}}');
    await start();
    await write('a.yaml', 'jobs: {a: {grace: 5}}');
    expect(await fails('a.yaml')).toBe(true);
    expect(reloader.problem?.text).toContain('1 | jobs: {a: {grace: 5}}');
    await rm(path('a.yaml'));
    expect(await fails('cronflow.yaml')).toBe(true);
    await write('a.yaml', 'jobs: {b: {}}');
    expect(await runs('own', 'b')).toBe(true);
    await until(() => reloader.problem === null);
    expect(applied).toHaveLength(2);
  });
});
