import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { progressOf } from '../../src/cli/progress.ts';
import { store } from '../../src/cli/store.ts';
import { silentLogger } from '../../src/observe/log.ts';
import { LowdbStore } from '../../src/store/lowdb/store.ts';
import { createFakeClock, DEFAULT_START_AT } from '../support/fake-clock.ts';
import { job, run as runRecord } from '../support/records.ts';
import { type Result, runIn } from './support/io.ts';

let root = '';
beforeEach(async () => void (root = await mkdtemp(join(tmpdir(), 'cronflow-store-'))));
afterEach(() => rm(root, { recursive: true, force: true }));

function run(argv: readonly string[], more: Parameters<typeof runIn>[3] = {}): Promise<Result> {
  return runIn(root, DEFAULT_START_AT, (io) => store(argv, io), more);
}

async function opened(name = 'data', migrations?: []): Promise<LowdbStore> {
  const clock = createFakeClock(DEFAULT_START_AT);
  const options = { directory: join(root, name), clock, log: silentLogger };
  const found = new LowdbStore(migrations === undefined ? options : { ...options, migrations });
  await found.open();
  return found;
}

const TEXT = 'line one\nand "two" \u2028 \u0000\n';

/** A store with a job, a run and its output; left open, as by a Cronflow that runs. */
async function filled(migrations?: []): Promise<LowdbStore> {
  const filling = await opened('data', migrations);
  await filling.transact({ all: true }, (tx) => {
    tx.putJob(job('a'));
    tx.putRun(runRecord('a', 1));
    tx.putOutput('a', 'a-1', { text: TEXT, dropped_bytes: 5 });
    tx.putMeta('config', { text: 'jobs: {}' });
  });
  return filling;
}

describe('cronflow store export and import', () => {
  test('carry everything over, while Cronflow runs', async () => {
    const running = await filled();
    const exported = await run(['export']);
    expect(exported).toMatchObject({ code: 0, stderr: `4 records of ${join(root, 'data')} exported\n` });
    expect(exported.stdout.split('\n')).toHaveLength(7);
    const imported = await run(['import', '-', '--data-dir', 'copy'], { stdin: [exported.stdout] });
    expect(imported).toEqual({
      code: 0,
      stdout: `4 records (1 job), exported at 2026-01-15T12:00:00.000Z, imported into ${join(root, 'copy')}\n`,
      stderr: '',
    });
    const copy = await opened('copy');
    expect(await copy.jobById('a')).toEqual(await running.jobById('a'));
    expect(await copy.run('a', 'a-1')).toEqual(await running.run('a', 'a-1'));
    expect(await copy.output('a', 'a-1')).toEqual({ text: TEXT, dropped_bytes: 5 });
    expect(await copy.meta('config')).toEqual({ text: 'jobs: {}' });
    await Promise.all([copy.close(), running.close()]);
  });

  test('go by way of a file that nobody else may read and that nothing is written over', async () => {
    await (await filled()).close();
    const path = join(root, 'dump.jsonl');
    const { code, stdout } = await run(['export', 'dump.jsonl', '--json']);
    expect({ code, ...(JSON.parse(stdout) as object) }).toEqual({
      code: 0,
      file: path,
      data_dir: join(root, 'data'),
      records: 4,
    });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const before = await readFile(path, 'utf8');
    expect(await run(['export', 'dump.jsonl'])).toEqual({
      code: 1,
      stdout: '',
      stderr: `cronflow store export: ${path} is there already and stays as it is.\n`,
    });
    expect(await readFile(path, 'utf8')).toBe(before);
    const again = await run(['import', 'dump.jsonl', '--data-dir', 'b', '--json']);
    expect(JSON.parse(again.stdout)).toEqual({
      data_dir: join(root, 'b'),
      exported_at: '2026-01-15T12:00:00.000Z',
      records: 4,
      jobs: 1,
    });
    expect((await run(['export', '--data-dir', 'b'])).stdout).toBe(before);
    expect((await stat(join(root, 'b'))).mode & 0o777).toBe(0o700);
  });

  test('say what is in their way, and leave nothing behind', async () => {
    expect(await run(['export', 'dump.jsonl'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`${join(root, 'data')} holds no data of Cronflow`) as string,
    });
    expect(await readdir(root)).toEqual([]);
    const running = await filled();
    const { stdout } = await run(['export']);
    await writeFile(join(root, 'dump.jsonl'), stdout);
    await writeFile(join(root, 'cut.jsonl'), stdout.slice(0, -30));
    const imported = async (...argv: string[]): Promise<string> => {
      const { code, stderr } = await run(['import', ...argv]);
      expect(code).toBe(1);
      return stderr;
    };
    expect(await imported('dump.jsonl')).toContain('Another process uses');
    await running.close();
    expect(await imported('dump.jsonl')).toContain(
      'holds data already, and an import never mixes two stores. Name a directory that does not exist',
    );
    expect(await imported('cut.jsonl', '--data-dir', 'c')).toBe(
      'cronflow store import: cut.jsonl:5: this line is no JSON object. Nothing was imported.\n',
    );
    expect(await imported('none.jsonl', '--data-dir', 'c')).toContain('none.jsonl cannot be read (ENOENT)');
    expect((await run(['import', 'dump.jsonl', '--data-dir', 'c'])).code).toBe(0);
  });
});

describe('cronflow store migrate', () => {
  test('says what it did, and that there is nothing to do', async () => {
    await (await filled([])).close();
    const data = join(root, 'data');
    const { code, stdout } = await run(['migrate']);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      new RegExp(`^${data}: schema_version 1 -> \\d+, 4 records, written to snapshot-0+1\\.jsonl\n$`),
    );
    expect(await run(['migrate'])).toEqual({
      code: 0,
      stdout: expect.stringMatching(/data has schema_version \d+: nothing to do\n$/) as string,
      stderr: '',
    });
    expect(JSON.parse((await run(['migrate', '--json'])).stdout)).toMatchObject({
      data_dir: data,
      snapshot: null,
    });
    const after = await opened();
    expect(await after.output('a', 'a-1')).toEqual({ text: TEXT, dropped_bytes: 5 });
    expect(await run(['migrate'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Another process uses') as string,
    });
    await after.close();
  });

  test('refuses a store that there is none of, and tells nobody its password', async () => {
    const url = 'mysql://cronflow:HUNTER2@db/cronflow';
    const { code, stderr } = await run(['migrate'], { env: { CRONFLOW_STORE: url } });
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringContaining('CRONFLOW_STORE: it is neither "lowdb"') as string,
    });
    expect(stderr).not.toContain('HUNTER2');
    expect(await run(['migrate', 'postgres'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(
        'it migrates a store forward. To move to another one, use "cronflow store export"',
      ) as string,
    });
  });
});

test('what takes long says how far it is, every few seconds', async () => {
  const clock = createFakeClock(DEFAULT_START_AT);
  const said: string[] = [];
  const progress = progressOf({ clock, stderr: (text) => said.push(text) }, 'read');
  for (let records = 1; records <= 30; records += 1) {
    progress(records);
    await clock.advance(1_000);
  }
  expect(said).toEqual([6, 11, 16, 21, 26].map((records) => `${records} records read so far\n`));
});

describe('cronflow store', () => {
  test.each([
    [[], 'it needs a COMMAND: export, import or migrate'],
    [['delete'], 'unknown command "delete": export, import or migrate'],
    [['import'], 'it needs a FILE, or - for standard input'],
    [['import', 'a', 'b'], 'one FILE; "b" is too many'],
    [['export', 'a', 'b'], 'one FILE at most; "b" is too many'],
    [['export', '--force'], '--force'],
  ])('refuses %j with exit code 2', async (argv, message) => {
    const { code, stderr } = await run(argv);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(message) as string });
  });

  test.each([[['--help']], [['export', '--help']], [['import', '--help']], [['migrate', '--help']]])(
    'prints its help for %j',
    async (argv) => {
      const { code, stdout } = await run(argv);
      expect(code).toBe(0);
      expect(stdout).toMatch(/^Usage: cronflow store [^]*Exit codes: 0 done/);
    },
  );
});
