import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { store } from '../../src/cli/store.ts';
import { silentLogger } from '../../src/observe/log.ts';
import { LowdbStore } from '../../src/store/lowdb/store.ts';
import { createFakeClock, DEFAULT_START_AT } from '../support/fake-clock.ts';
import { freshDatabase, missingPostgres } from '../support/postgres.ts';
import { job, run as runRecord } from '../support/records.ts';
import { type Result, runIn } from './support/io.ts';

const missing = missingPostgres();
const where = missing === null ? '' : `: ${missing}`;

function lines(text: string): object[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as object);
}

test.skipIf(missing !== null)(`a store moves to PostgreSQL and back by three commands${where}`, async () => {
  const root = await mkdtemp(join(tmpdir(), 'cronflow-store-'));
  const database = await freshDatabase();
  const run = (argv: readonly string[], storeUrl = '', stdin: string[] = []): Promise<Result> =>
    runIn(root, DEFAULT_START_AT, (io) => store(argv, io), { env: { CRONFLOW_STORE: storeUrl }, stdin });
  const clock = createFakeClock(DEFAULT_START_AT);
  const filling = new LowdbStore({ directory: join(root, 'data'), clock, log: silentLogger });
  await filling.open();
  await filling.transact({ all: true }, (tx) => {
    tx.putJob(job('a'));
    tx.putRun(runRecord('a', 1));
    tx.putOutput('a', 'a-1', { text: 'printed', dropped_bytes: 5 });
    tx.putMeta('config', { text: 'jobs: {}' });
  });
  await filling.close();

  const { stdout: first } = await run(['export']);
  expect(await run(['export'], database.url)).toMatchObject({
    code: 1,
    stderr:
      'cronflow store export: The database holds no data of Cronflow. Name the right one in CRONFLOW_STORE.\n',
  });
  const migrated = await run(['migrate', '--json'], database.url);
  expect(JSON.parse(migrated.stdout)).toMatchObject({ from: 0, snapshot: null });
  const imported = await run(['import', '-', '--json'], database.url, [first]);
  const name = `the database ${database.name} at ${database.address.socketFolder}:${database.address.port}`;
  expect(JSON.parse(imported.stdout)).toEqual({
    database: name,
    exported_at: '2026-01-15T12:00:00.000Z',
    records: 4,
    jobs: 1,
  });
  expect(await run(['import', '-'], database.url, [first])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('The database holds data already') as string,
  });
  const exported = await run(['export'], database.url);
  expect(exported).toMatchObject({ code: 0, stderr: `4 records of ${name} exported\n` });
  await run(['import', '-', '--data-dir', 'back'], '', [exported.stdout]);
  const back = await run(['export', '--data-dir', 'back']);
  expect(lines(exported.stdout)).toEqual(lines(first));
  expect(lines(back.stdout)).toEqual(lines(first));
  await database.drop();
  await rm(root, { recursive: true, force: true });
});

test('the name of a database in a message has no password', async () => {
  const url = 'postgres://cronflow:HUNTER2@127.0.0.1:1/watch?application_name=HUNTER2';
  const { code, stderr } = await runIn('/', DEFAULT_START_AT, (io) => store(['export'], io), {
    env: { CRONFLOW_STORE: url },
  });
  expect(code).toBe(1);
  expect(stderr).toContain('The database watch at 127.0.0.1:1 (CRONFLOW_STORE) cannot be used: ');
  expect(stderr).not.toContain('HUNTER2');
});

describe('CRONFLOW_STORE_FILE', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'cronflow-store-file-'));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  async function exportedWith(text: string | null, env: Record<string, string> = {}): Promise<Result> {
    if (text !== null) await writeFile(join(root, 'url'), text);
    return runIn(root, DEFAULT_START_AT, (io) => store(['export'], io), {
      env: { CRONFLOW_STORE_FILE: 'url', ...env },
    });
  }

  test('names a file with the URL of a database', async () => {
    const { code, stderr } = await exportedWith('postgres://cronflow:HUNTER2@127.0.0.1:1/watch\n');
    expect(code).toBe(1);
    expect(stderr).toContain('The database watch at 127.0.0.1:1 (CRONFLOW_STORE) cannot be used: ');
  });

  test.each([
    ['is missing', null, {}, 'CRONFLOW_STORE_FILE: url cannot be read (ENOENT).'],
    ['is empty', ' \n', {}, 'CRONFLOW_STORE_FILE: url is empty. Write the URL'],
    ['has something else', 'HUNTER2', {}, 'it is neither "lowdb"'],
    [
      'is one of two',
      'lowdb',
      { CRONFLOW_STORE: 'lowdb' },
      'CRONFLOW_STORE_FILE are both set. Set one of them.',
    ],
  ])('is refused where the file %s, so that no other store is used', async (_case, text, env, message) => {
    const { code, stderr } = await exportedWith(text, env);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('HUNTER2');
  });
});
