import { execFile } from 'node:child_process';
import { chmod, chown, lstat, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentLogger } from '../../../src/observe/log.ts';
import { LowdbStore } from '../../../src/store/lowdb/store.ts';
import { importDump } from '../../../src/store/lowdb/undump.ts';
import { upgradeStore } from '../../../src/store/lowdb/upgrade.ts';
import { createFakeClock } from '../../support/fake-clock.ts';

const run = promisify(execFile);
const MAIN = fileURLToPath(new URL('../../../dist/main.js', import.meta.url));
const STORE = new URL('../../../dist/store/lowdb/store.js', import.meta.url).href;
const isRoot = process.getuid?.() === 0;
/** A process that hangs is what such a limit is for. */
const HANG_MS = 120_000;

let around: string;
let directory: string;

beforeEach(async () => {
  around = await mkdtemp(join(tmpdir(), 'cronflow-directory-'));
  directory = join(around, 'data');
});

afterEach(() => rm(around, { recursive: true, force: true }));

function storeIn(path = directory): LowdbStore {
  return new LowdbStore({ directory: path, clock: createFakeClock(), log: silentLogger });
}

/** A store that was used and closed. */
async function used(): Promise<void> {
  const store = storeIn();
  await store.open();
  await store.transact({ all: true }, (tx) => tx.putMeta('any', 1));
  await store.close();
}

async function refusal(path = directory): Promise<string> {
  const store = storeIn(path);
  const error = await store.open().then(
    () => store.close().then(() => null),
    (thrown: unknown) => thrown as Error & { code: string },
  );
  expect(error).toMatchObject({ name: 'CronflowError', code: 'store_unusable' });
  return error?.message ?? '';
}

describe('a data directory that others can change', () => {
  test.each([0o777, 0o1777, 0o702, 0o770, 0o775, 0o722])('is refused with mode %o', async (mode) => {
    await used();
    await chmod(directory, mode);
    const message = await refusal();
    expect(message).toContain(`other users may write to ${directory}`);
    expect(message).toContain(`chmod 700 ${directory}`);
    expect(message).toContain(`--data-dir ${join(directory, 'cronflow')}`);
  });

  test('is taken where others can only read it', async () => {
    await used();
    await chmod(directory, 0o755);
    const store = storeIn();
    await store.open();
    expect(await store.meta('any')).toBe(1);
    await store.close();
  });

  test.runIf(isRoot)('is refused where it, or its outputs, belong to somebody else', async () => {
    await used();
    await chown(directory, 4_711, 4_711);
    expect(await refusal()).toMatch(/belongs to another user \(uid 4711\), and Cronflow runs as uid 0/);
    await chown(directory, 0, 0);
    await mkdir(join(directory, 'outputs'));
    await chown(join(directory, 'outputs'), 4_712, 0);
    expect(await refusal()).toContain(`${join(directory, 'outputs')} belongs to another user (uid 4712)`);
  });

  test('is refused where others can write to its outputs', async () => {
    await used();
    await mkdir(join(directory, 'outputs'));
    await chmod(join(directory, 'outputs'), 0o777);
    expect(await refusal()).toContain(`other users may write to ${join(directory, 'outputs')}`);
  });

  test.each(['outputs', 'journal-0000000000000001.jsonl', 'snapshot-0000000000000009.jsonl.tmp'])(
    'is refused where %s is a link, and what it leads to stays',
    async (name) => {
      await used();
      const elsewhere = join(around, 'elsewhere');
      await mkdir(join(elsewhere, 'photos'), { recursive: true });
      await writeFile(join(elsewhere, 'photos', 'beach.jpg'), 'sand');
      await rm(join(directory, name), { recursive: true, force: true });
      await symlink(elsewhere, join(directory, name));
      expect(await refusal()).toContain(`${join(directory, name)} is a symbolic link`);
      const dump = { lines: noLines(), name: 'dump', nowAt: 0 };
      await expect(importDump({ directory, ...dump })).rejects.toMatchObject({ code: 'store_unusable' });
      expect(await readdir(join(elsewhere, 'photos'))).toEqual(['beach.jpg']);
    },
  );

  test('is refused by store migrate', async () => {
    await used();
    await chmod(directory, 0o777);
    await expect(upgradeStore({ directory, nowAt: 0 })).rejects.toMatchObject({ code: 'store_unusable' });
  });

  test('is refused where a directory of a job is a link', async () => {
    await used();
    await mkdir(join(directory, 'outputs'));
    await symlink(around, join(directory, 'outputs', 'job1'));
    expect(await refusal()).toContain(`${join(directory, 'outputs', 'job1')} is a symbolic link`);
    expect(await readdir(around)).toEqual(['data']);
  });

  test('may itself be a link to a directory that nobody else can change', async () => {
    await used();
    await symlink(directory, join(around, 'link'));
    const store = storeIn(join(around, 'link'));
    await store.open();
    expect(await store.meta('any')).toBe(1);
    await store.close();
  });
});

describe('the cleaning of a data directory', () => {
  test('removes only files that are named as Cronflow names them', async () => {
    await used();
    const job = join(directory, 'outputs', 'a-job');
    await mkdir(job, { recursive: true });
    const ours = ['a-job-1-0123456789abcdef.txt', `=${'0'.repeat(64)}-0123456789abcdef.txt.tmp`];
    const others = ['notes.txt', 'a-job-1-0123.txt', '.hidden', 'a-job-1-0123456789abcdef.txt.bak'];
    for (const name of [...ours, ...others]) await writeFile(join(job, name), '');
    await writeFile(join(directory, 'outputs', 'README'), '');
    await mkdir(join(directory, 'outputs', 'my photos'));
    await writeFile(join(directory, 'outputs', 'my photos', 'b-1-0123456789abcdef.txt'), '');
    await used();
    expect((await readdir(job)).sort()).toEqual(others.sort());
    expect(await readdir(join(directory, 'outputs', 'my photos'))).toHaveLength(1);
    expect((await lstat(join(directory, 'outputs', 'README'))).isFile()).toBe(true);
  });

  test('removes the directory of outputs once nothing is in it', async () => {
    await used();
    await mkdir(join(directory, 'outputs', 'a-job'), { recursive: true });
    await writeFile(join(directory, 'outputs', 'a-job', 'a-job-1-0123456789abcdef.txt'), '');
    await used();
    expect(await readdir(directory)).not.toContain('outputs');
  });
});

describe('a data directory that cannot be used', () => {
  /** Started as people start it: an answer of one line, and no process that goes on. */
  async function served(path: string): Promise<string> {
    const config = join(around, 'cronflow.yaml');
    await writeFile(config, 'jobs: {}\n');
    const args = [MAIN, 'serve', '--port', '0', '--config', config, '--data-dir', path];
    const failed = await run(process.execPath, args, { timeout: HANG_MS }).then(
      () => null,
      (error: unknown) => error as { code: number; stderr: string },
    );
    expect(failed?.code).toBe(1);
    const lines = (failed?.stderr ?? '').trim().split('\n');
    expect(lines.filter((line) => /^\s+at /.test(line))).toEqual([]);
    expect(lines.at(-1)).toMatch(/^cronflow: Cannot keep data in \S+: .+\. .+\.$/);
    return lines.at(-1) ?? '';
  }

  test.each([
    ['where it is a device', '/dev/null', 'is no directory'],
    ['where it is below a device', '/dev/null/data', 'a part of its path is a file'],
    ['where nothing can be made', '/proc/cronflow-data', 'cannot be made in this place'],
    ['deep in a place where nothing can be made', '/proc/a/b/c', 'cannot be made in this place'],
    ['with too long a name', `/tmp/${'x'.repeat(300)}`, 'its path is too long'],
  ])(
    '%s, says so and ends',
    async (_what, path, says) => {
      expect(await served(path)).toContain(says);
    },
    HANG_MS,
  );

  test(
    'says that it is a file, or a link that leads nowhere',
    async () => {
      const file = join(around, 'file');
      await writeFile(file, '');
      expect(await served(file)).toContain(`${file} is no directory`);
      await symlink(join(around, 'nowhere'), join(around, 'link'));
      expect(await served(join(around, 'link'))).toContain('a link that leads nowhere');
    },
    HANG_MS,
  );

  test(
    'says that it lacks rights',
    async () => {
      await mkdir(directory, { mode: 0o500 });
      await chmod(around, 0o755);
      if (isRoot) await chown(directory, 65_534, 65_534);
      const script = `
      const { LowdbStore } = await import(${JSON.stringify(STORE)});
      const log = { debug() {}, info() {}, warn() {}, error() {} };
      if (process.getuid() === 0) { process.setegid(65534); process.seteuid(65534); }
      for (const directory of ${JSON.stringify([directory, join(directory, 'inner')])}) {
        const clock = { now: () => 0, monotonic: () => 0, after: () => () => {} };
        await new LowdbStore({ directory, clock, log }).open().catch((error) => console.log(error.code, error.message));
      }`;
      const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], {
        timeout: HANG_MS,
      });
      const lines = stdout.trim().split('\n');
      expect(lines).toHaveLength(2);
      for (const line of lines)
        expect(line).toMatch(/^store_unusable Cannot keep data in .+ no right .*EACCES/);
    },
    HANG_MS,
  );
});

async function* noLines(): AsyncGenerator<string> {}
