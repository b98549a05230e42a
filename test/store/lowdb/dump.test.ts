import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { silentLogger } from '../../../src/observe/log.ts';
import { dumpOf } from '../../../src/store/lowdb/dump.ts';
import { readHistory } from '../../../src/store/lowdb/history.ts';
import { type Migration, MIGRATIONS, schemaVersion } from '../../../src/store/local/migrations.ts';
import { LowdbStore } from '../../../src/store/lowdb/store.ts';
import { type ImportOptions, importDump } from '../../../src/store/lowdb/undump.ts';
import { upgradeStore } from '../../../src/store/lowdb/upgrade.ts';
import { CrashDisk } from '../../support/crash-disk.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { job, NOW_AT, run } from '../../support/records.ts';
import { ALL, dump, step } from './workload.ts';

const unlocked = async () => ({ release: async () => {} });
const VERSION = schemaVersion(MIGRATIONS);

test('the documentation shows a dump of the version that is written', () => {
  const page = readFileSync(new URL('../../../docs/commands.md', import.meta.url), 'utf8');
  expect(page).toContain(`{"cronflow":"dump","schema_version":${VERSION},`);
});

async function opened(
  disk: CrashDisk,
  migrations: readonly Migration[] = MIGRATIONS,
  directory = '/data',
): Promise<LowdbStore> {
  const store = new LowdbStore({
    directory,
    clock: createFakeClock(NOW_AT),
    log: silentLogger,
    disk,
    lock: unlocked,
    migrations,
  });
  await store.open();
  return store;
}

/** A store that has seen `count` transactions of every kind; it is left open, as if Cronflow ran. */
async function busy(disk: CrashDisk, count: number): Promise<LowdbStore> {
  const store = await opened(disk);
  for (let i = 0; i < count; i += 1) await store.transact(ALL, step);
  return store;
}

async function linesOf(disk: CrashDisk): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of dumpOf('/data', NOW_AT, disk)) lines.push(JSON.stringify(line));
  return lines;
}

function importing(
  disk: CrashDisk,
  lines: readonly string[],
  directory = '/new',
): ReturnType<typeof importDump> {
  const options: ImportOptions = {
    directory,
    name: 'dump',
    nowAt: NOW_AT,
    disk,
    lock: unlocked,
    lines: (async function* () {
      yield* lines;
    })(),
  };
  return importDump(options);
}

describe('a dump', () => {
  test('holds everything but the log, and makes a store that is the same', async () => {
    const disk = new CrashDisk();
    const before = await busy(disk, 60);
    const lines = await linesOf(disk);
    expect(JSON.parse(lines[0]!)).toEqual({
      cronflow: 'dump',
      schema_version: VERSION,
      created_at: '2026-01-15T12:00:00.000Z',
    });
    expect(JSON.parse(lines.at(-1)!)).toEqual({ end: true, records: lines.length - 2 });
    const imported = await importing(disk, lines);
    const { length: jobs } = (await before.listJobs({ skip: 0, limit: 100 })).items;
    expect(imported).toEqual({ created_at: '2026-01-15T12:00:00.000Z', records: lines.length - 2, jobs });
    const after = await opened(disk, MIGRATIONS, '/new');
    expect(await dump(after)).toEqual(await dump(before));
    // It goes on from there, and what was exported does not hang together with it.
    await after.transact(ALL, step);
    await before.transact(ALL, step);
    expect(await dump(after)).toEqual(await dump(before));
    await after.close();
    expect(await dump(await opened(disk, MIGRATIONS, '/new'))).toEqual(await dump(before));
  });

  test('is as of one instant, whatever is written meanwhile', async () => {
    const disk = new CrashDisk();
    const store = await busy(disk, 20);
    const expected = await dump(store);
    const lines: string[] = [];
    for await (const line of dumpOf('/data', NOW_AT, disk)) {
      lines.push(JSON.stringify(line));
      if (lines.length === 2) for (let i = 0; i < 3; i += 1) await store.transact(ALL, step);
    }
    await importing(disk, lines);
    const { outputs, ...rest } = await dump(await opened(disk, MIGRATIONS, '/new'));
    // Texts may go while it reads; the records stay what they were.
    expect(expected).toMatchObject(rest);
    expect(expected['outputs']).toEqual(expect.arrayContaining(outputs as unknown[]));
  });

  test('has the outputs that Cronflow moves while it is written', async () => {
    const disk = new CrashDisk();
    const limits = { logBytesMax: 0, snapshotJournalBytes: 1 };
    const store = new LowdbStore({
      directory: '/data',
      clock: createFakeClock(NOW_AT),
      log: silentLogger,
      disk,
      lock: unlocked,
      limits,
    });
    await store.open();
    await store.transact(ALL, (tx) => {
      tx.putJob(job('a'));
      for (const number of [1, 2]) {
        tx.putRun(run('a', number, { output_bytes: 4 }));
        tx.putOutput('a', `a-${number}`, { text: `text ${number}`, dropped_bytes: 0 });
      }
    });
    const texts: unknown[] = [];
    for await (const line of dumpOf('/data', NOW_AT, disk)) {
      if (!('table' in line)) continue;
      // With each record that is written, segments go.
      for (let i = 0; i < 4; i += 1)
        await store.transact(ALL, (tx) => tx.putMeta('filler', 'x'.repeat(3_000 * i)));
      if (line.table === 'outputs') texts.push(line.record.text);
    }
    await store.close();
    expect(disk.files().some((path) => path.includes('outputs-'))).toBe(true);
    expect(texts).toEqual(['text 1', 'text 2']);
  });

  test('changes nothing in what it reads', async () => {
    const disk = new CrashDisk();
    await busy(disk, 10);
    const before = disk.files();
    await linesOf(disk);
    expect(disk.files()).toEqual(before);
  });

  test('says, as the log does, when a file that it reads goes away meanwhile', async () => {
    const disk = new CrashDisk();
    const store = await busy(disk, 5);
    await store.close();
    const error = Object.assign(new Error('no such file'), { code: 'ENOENT' });
    disk.fault = (call, path) => (call === 'open-read' && path.includes('-000') ? { error } : null);
    const gone = {
      code: 'store_damaged',
      message: 'A file in /data was pruned while it was read. Try again.',
    };
    await expect(linesOf(disk)).rejects.toMatchObject(gone);
    await expect(readHistory('/data', disk)).rejects.toMatchObject(gone);
  });

  test.each([
    ['a damaged header', (bytes: Buffer) => Buffer.concat([Buffer.from('x'), bytes.subarray(1)])],
    ['another line as its header', (bytes: Buffer) => bytes.subarray(bytes.indexOf('\n') + 1)],
    ['nothing in it', () => Buffer.alloc(0)],
  ])('has no past from a file with %s, and says which file it is and what to do', async (_, change) => {
    const disk = new CrashDisk();
    await busy(disk, 3);
    disk.edit('/data/journal-0000000000000001.jsonl', change);
    await expect(readHistory('/data', disk)).rejects.toMatchObject({
      code: 'store_damaged',
      message: expect.stringMatching(
        /^\/data\/journal-0000000000000001\.jsonl, byte 0: .*header.* Nothing was changed\. .* move the file out of it: /,
      ) as string,
    });
  });

  test('makes a store whose log begins with it', async () => {
    const disk = new CrashDisk();
    await busy(disk, 5);
    await importing(disk, await linesOf(disk));
    const store = await opened(disk, MIGRATIONS, '/new');
    await store.transact(ALL, step);
    const history = await readHistory('/new', disk);
    expect(history.begin_at).toBe(NOW_AT);
    expect(history.begin.meta('count')).toBe(5);
    const seqs: number[] = [];
    for await (const { seq } of history.commits()) seqs.push(seq);
    expect(seqs).toEqual([2]);
  });

  test('is imported into an empty directory only', async () => {
    const disk = new CrashDisk();
    const store = await busy(disk, 5);
    const lines = await linesOf(disk);
    const before = await dump(store);
    await expect(importing(disk, lines, '/data')).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringMatching(/^\/data holds data already, /) as string,
    });
    await store.close();
    expect(await dump(await opened(disk))).toEqual(before);
    await importing(disk, lines);
    await expect(importing(disk, lines)).rejects.toThrow('/new holds data already');
    // Nor where only its journal is left.
    const fresh = await opened(disk, MIGRATIONS, '/fresh');
    await fresh.transact(ALL, step);
    await expect(importing(disk, lines, '/fresh')).rejects.toThrow('/fresh holds data already');
  });

  const whole = [
    `{"cronflow":"dump","schema_version":${VERSION},"created_at":"2026-01-15T12:00:00.000Z"}`,
    JSON.stringify({ table: 'jobs', record: job('a') }),
    '{"end":true,"records":1}',
  ];
  test.each([
    ['without an end', [whole[0]!, whole[1]!], 'dump:2: the end is missing'],
    ['that is empty', [], 'dump:1: the end is missing'],
    [
      'that lacks a record',
      [whole[0]!, whole[2]!],
      'dump:2: its last line says 1 records, and the dump has 0',
    ],
    ['that goes on', [...whole, whole[1]!], 'dump:4: there is something after the end of the dump'],
    ['that is none', ['{"a":1}'], 'dump:1: this is not the first line of a dump'],
    [
      'of text',
      ['hello'],
      'dump:1: this is not the first line of a dump, as cronflow store export prints it',
    ],
    ['cut in a line', [whole[0]!, whole[1]!.slice(0, 50)], 'dump:2: this line is no JSON object'],
    ['with a table nobody knows', [whole[0]!, '{"table":"x","record":{}}'], 'dump:2: this is no record'],
    [
      'of damaged records',
      [whole[0]!, '{"table":"jobs","record":{}}', whole[2]!],
      'a record lacks what it must have',
    ],
    [
      'of a version to come',
      [whole[0]!.replace(`:${VERSION},`, ':99,')],
      `dump:1: it has schema_version 99, this Cronflow knows at most ${VERSION}`,
    ],
  ])('%s is refused with its line, and can be imported once it is whole', async (_, lines, message) => {
    const disk = new CrashDisk();
    await expect(importing(disk, lines)).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining(message) as string,
    });
    expect(await importing(disk, [...whole, ''])).toMatchObject({ records: 1, jobs: 1 });
  });

  test('cannot write an output anywhere else', async () => {
    const disk = new CrashDisk();
    const output = {
      job_id: '../../etc',
      run_id: '../x',
      text: 'gotcha',
      dropped_bytes: 0,
      hash: '/../../../../y',
    };
    const lines = [
      whole[0]!,
      JSON.stringify({ table: 'jobs', record: job('../../etc') }),
      JSON.stringify({ table: 'runs', record: run('../../etc', 1, { id: '../x' }) }),
      JSON.stringify({ table: 'outputs', record: output }),
      '{"end":true,"records":3}',
    ];
    await importing(disk, lines);
    expect(disk.files().filter((path) => !path.startsWith('/new/'))).toEqual([]);
    const store = await opened(disk, MIGRATIONS, '/new');
    expect(await store.output('../../etc', '../x')).toEqual({ text: 'gotcha', dropped_bytes: 0 });
  });

  test('of an older version is migrated', async () => {
    const disk = new CrashDisk();
    await importing(disk, [whole[0]!.replace(`:${VERSION},`, ':1,'), ...whole.slice(1)]);
    expect((await opened(disk, MIGRATIONS, '/new')).jobById('a')).toBeDefined();
  });

  test('cut short by a crash at any call is imported as a whole or can be imported again', async () => {
    const source = new CrashDisk();
    const store = await busy(source, 6);
    const lines = await linesOf(source);
    const expected = await dump(store);
    const first = new CrashDisk();
    await importing(first, lines);
    expect(first.calls).toBeGreaterThan(20);
    for (let at = 0; at < first.calls; at += 1) {
      const disk = new CrashDisk();
      disk.crashAt = at;
      await importing(disk, lines).catch(() => undefined);
      const left = disk.afterKill();
      const isThere = left.files().some((path) => /^\/new\/snapshot-\d+\.jsonl$/.test(path));
      if (!isThere) await importing(left, lines);
      expect(await dump(await opened(left, MIGRATIONS, '/new'))).toEqual(expected);
    }
  });
});

const counted: Migration = (table, record) =>
  table === 'meta' && (record as { key: string }).key === 'count'
    ? { key: 'count', value: (record as { value: number }).value + 100 }
    : record;

describe('a migration', () => {
  const NEWER = [...MIGRATIONS, counted];
  const upgrading = (disk: CrashDisk, migrations = NEWER) =>
    upgradeStore({ directory: '/data', nowAt: NOW_AT, disk, lock: unlocked, migrations });

  test('writes all under the new version, once, and says so', async () => {
    const disk = new CrashDisk();
    const store = await busy(disk, 20);
    await store.close();
    const again = await busy(disk, 3);
    const before = await dump(again);
    const left = disk.afterKill();
    const done = await upgrading(left);
    expect(done).toEqual({
      from: VERSION,
      to: VERSION + 1,
      records: expect.any(Number) as number,
      snapshot: 'snapshot-0000000000000023.jsonl',
    });
    expect(done.records).toBeGreaterThan(10);
    expect(await upgrading(left)).toEqual({ ...done, from: VERSION + 1, snapshot: null });
    const after = await opened(left, NEWER);
    expect(await dump(after)).toEqual({ ...before, count: 123 });
    await after.transact(ALL, (tx) => tx.putMeta('more', 1));
    await after.close();
    // Those of before refuse it, with what to do.
    await expect(opened(left)).rejects.toThrow(
      `it has schema_version ${VERSION + 1}, this Cronflow knows at most ${VERSION}`,
    );
    await expect(upgrading(left, [...MIGRATIONS])).rejects.toMatchObject({ code: 'store_damaged' });
  });

  test('takes a directory in which people made an empty journal to start without a lost one', async () => {
    const disk = new CrashDisk();
    await (await busy(disk, 3)).close();
    disk.edit('/data/journal-0000000000000004.jsonl', () => Buffer.alloc(0));
    expect(await upgrading(disk)).toMatchObject({ from: VERSION, to: VERSION + 1 });
  });

  test('after a clean stop finds everything in the snapshot', async () => {
    const disk = new CrashDisk();
    const store = await busy(disk, 7);
    const before = await dump(store);
    await store.close();
    expect(await upgrading(disk)).toMatchObject({ snapshot: 'snapshot-0000000000000007.jsonl' });
    expect(await dump(await opened(disk, NEWER))).toEqual({ ...before, count: 107 });
  });

  test('has nothing to write where nothing was ever stored, and nothing to do where nothing is', async () => {
    const disk = new CrashDisk();
    await (await opened(disk)).close();
    expect(await upgrading(disk)).toEqual({ from: VERSION, to: VERSION + 1, records: 0, snapshot: null });
    expect(await upgrading(disk)).toEqual({ from: VERSION + 1, to: VERSION + 1, records: 0, snapshot: null });
    await expect(upgrading(new CrashDisk())).rejects.toMatchObject({ code: 'store_missing' });
  });

  test('cut short at any call has happened or can be done again', async () => {
    const source = new CrashDisk();
    const store = await busy(source, 6);
    const expected = { ...(await dump(store)), count: 106 };
    const whole = source.afterKill();
    const first = whole.afterKill();
    await upgrading(first);
    expect(first.calls).toBeGreaterThan(10);
    for (let at = 0; at < first.calls; at += 1) {
      const disk = whole.afterKill();
      disk.crashAt = at;
      await upgrading(disk).catch(() => undefined);
      const left = disk.afterKill();
      await upgrading(left);
      expect(await dump(await opened(left, NEWER))).toEqual(expected);
    }
  });
});
