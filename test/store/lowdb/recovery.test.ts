import { describe, expect, test } from 'vitest';
import type { Day } from '../../../src/core/model/daily.ts';
import type { Job, Row } from '../../../src/core/model/records.ts';
import { silentLogger } from '../../../src/observe/log.ts';
import { encodeLine } from '../../../src/store/lowdb/lines.ts';
import { readLog } from '../../../src/store/lowdb/log.ts';
import { type Migration, MIGRATIONS, schemaVersion } from '../../../src/store/local/migrations.ts';
import { DEFAULT_LIMITS, type LowdbStore, type LowdbStoreOptions } from '../../../src/store/lowdb/store.ts';
import { CrashDisk } from '../../support/crash-disk.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { job, NOW_AT, ping } from '../../support/records.ts';
import { ALL, dump, referenceStates, step } from './workload.ts';
import { storeOn } from './store-on.ts';
import { DAY_MS } from '../../../src/schedule/units.ts';

const references = await referenceStates(60);

async function opened(disk: CrashDisk, options: Partial<LowdbStoreOptions> = {}): Promise<LowdbStore> {
  const store = storeOn(disk, options);
  await store.open();
  return store;
}

async function steps(store: LowdbStore, count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) await store.transact(ALL, step);
}

/** A disk as a killed process left it: `count` steps in the journal, after snapshots at those numbers. */
async function killed(count: number, snapshotsAt: readonly number[] = []): Promise<CrashDisk> {
  const disk = new CrashDisk();
  let done = 0;
  for (const at of snapshotsAt) {
    const store = await opened(disk);
    await steps(store, at - done);
    await store.close();
    done = at;
  }
  await steps(await opened(disk), count - done);
  return disk.afterKill();
}

const names = (disk: CrashDisk, kind: string): string[] =>
  disk
    .files()
    .filter((path) => path.startsWith(`/data/${kind}-`))
    .sort();
const journals = (disk: CrashDisk): string[] => names(disk, 'journal');
const snapshots = (disk: CrashDisk): string[] => names(disk, 'snapshot');

/** Offset of the n-th line (from 0). */
function offsetOf(bytes: Buffer, line: number): number {
  let at = 0;
  for (let i = 0; i < line; i += 1) at = bytes.indexOf(10, at) + 1;
  return at;
}

/** Names the file, the byte and the way out, and leaves everything as it was. */
const refused = async (disk: CrashDisk, path: string, at: number, what: string): Promise<void> => {
  const before = disk.files();
  const start = storeOn(disk).open();
  await expect(start).rejects.toMatchObject({ code: 'store_damaged' });
  await expect(start).rejects.toThrow(`${path}, byte ${at}: `);
  await expect(start).rejects.toThrow(what);
  await expect(start).rejects.toThrow(/backup|newer|nothing is lost/);
  expect(disk.files()).toEqual(before);
};
const offset = (disk: CrashDisk, path: string, line: number): number => {
  let at = 0;
  disk.edit(path, (bytes) => {
    at = offsetOf(bytes, line);
    return bytes;
  });
  return at;
};
const flip =
  (line: number) =>
  (bytes: Buffer): Buffer => {
    bytes[offsetOf(bytes, line) + 30]! ^= 1;
    return bytes;
  };

const logged = async (disk: CrashDisk): Promise<number[]> => {
  const seqs: number[] = [];
  for await (const commit of readLog('/data', disk)) seqs.push(commit.seq);
  return seqs;
};

const migration: Migration = (table, record) =>
  table === 'meta' && (record as { key: string }).key === 'old'
    ? { key: 'new', value: `${String((record as { value: unknown }).value)}, migrated` }
    : record;
const NEWER = [...MIGRATIONS, migration];
/** Every record of a job, a run or a day has something in another form. */
const RENAMING: readonly Migration[] = [
  ...MIGRATIONS,
  (table, record) => {
    if (table === 'jobs') {
      const old = record as Job;
      return {
        ...old,
        declaration: { ...old.declaration, description: `new ${old.declaration.description ?? ''}` },
      };
    }
    if (table === 'runs') return { ...(record as Row), host: 'moved' };
    if (table === 'days') return { ...(record as Day), durations: [] };
    return record;
  },
];
const VERSION = schemaVersion(MIGRATIONS);

/** A store after so many steps, all of whose records are migrated at once. */
async function migratedStore(count: number, migrations: readonly Migration[]): Promise<LowdbStore> {
  const disk = new CrashDisk();
  const store = await opened(disk);
  await steps(store, count);
  await store.close();
  return opened(disk, { migrations });
}

describe('a torn last line of the newest journal', () => {
  const torn: [string, (bytes: Buffer) => Buffer][] = [
    ['cut in the middle', (bytes) => bytes.subarray(0, bytes.length - 20)],
    ['cut after its first byte', (bytes) => bytes.subarray(0, offsetOf(bytes, 5) + 1)],
    ['without its line feed', (bytes) => bytes.subarray(0, bytes.length - 1)],
    ['ending in zeros', (bytes) => Buffer.concat([bytes.subarray(0, bytes.length - 30), Buffer.alloc(30)])],
    [
      'with a hole and its line feed',
      (bytes) => bytes.fill(0, offsetOf(bytes, 5) + 20, offsetOf(bytes, 5) + 90),
    ],
  ];
  test.each(torn)('%s is dropped, and commits go on', async (_name, tear) => {
    const disk = await killed(5);
    disk.edit(journals(disk)[0]!, tear);
    const store = await opened(disk);
    expect(await dump(store)).toEqual(references[4]);
    await steps(store, 1);
    await store.close();
    expect(await dump(await opened(disk))).toEqual(references[5]);
  });

  test('is reported', async () => {
    const disk = await killed(5);
    disk.edit(journals(disk)[0]!, (bytes) => bytes.subarray(0, bytes.length - 1));
    const warnings: string[] = [];
    await opened(disk, { log: { ...silentLogger, warn: (message) => warnings.push(message) } });
    expect(warnings).toEqual([expect.stringContaining('dropped the last line')]);
  });
});

describe('a start on damaged files', () => {
  test('is refused for damage in the middle of the journal', async () => {
    const disk = await killed(5);
    const [path] = journals(disk);
    disk.edit(path!, flip(3));
    await expect(refused(disk, path!, offset(disk, path!, 3), 'a line is damaged')).resolves.toBeUndefined();
  });

  test('is refused for a torn line that another follows', async () => {
    const disk = await killed(5);
    const [path] = journals(disk);
    disk.edit(path!, (bytes) =>
      Buffer.concat([
        bytes.subarray(0, offsetOf(bytes, 5) - 20),
        Buffer.from('\n'),
        bytes.subarray(offsetOf(bytes, 5)),
      ]),
    );
    await expect(refused(disk, path!, offset(disk, path!, 4), 'a line is damaged')).resolves.toBeUndefined();
  });

  test('is refused for a torn last line of a journal that is not the newest', async () => {
    const disk = await killed(7, [5]);
    for (const path of snapshots(disk)) await disk.remove(path);
    const [path] = journals(disk);
    disk.edit(path!, (bytes) => bytes.subarray(0, bytes.length - 5));
    await expect(refused(disk, path!, offset(disk, path!, 5), 'incomplete')).resolves.toBeUndefined();
  });

  test('is refused for a commit that is missing from the middle', async () => {
    const disk = await killed(5);
    const [path] = journals(disk);
    const at = offset(disk, path!, 3);
    disk.edit(path!, (bytes) => Buffer.concat([bytes.subarray(0, at), bytes.subarray(offsetOf(bytes, 4))]));
    await expect(refused(disk, path!, at, 'commit 4 follows commit 2')).resolves.toBeUndefined();
  });

  test('is refused for a journal that is missing between others', async () => {
    const disk = await killed(9, [3, 6]);
    for (const path of snapshots(disk)) await disk.remove(path);
    await disk.remove(journals(disk)[1]!);
    await expect(
      refused(disk, journals(disk)[1]!, 0, 'the journal with commit 4 is missing'),
    ).resolves.toBeUndefined();
  });

  test('is refused where the journal after the snapshot is missing', async () => {
    const disk = await killed(3, [3]);
    const lost = journals(disk).at(-1)!;
    await disk.remove(lost);
    await expect(refused(disk, lost, 0, 'the journal with commit 4 is missing')).resolves.toBeUndefined();
    // The way that the error names.
    await disk.open(lost, 'create');
    const store = await opened(disk);
    expect(await dump(store)).toEqual(references[3]);
    await steps(store, 1);
    expect(await dump(await opened(disk.afterKill()))).toEqual(references[4]);
  });

  test('is refused for a header that is broken or of another file', async () => {
    const disk = await killed(2);
    const [path] = journals(disk);
    disk.edit(path!, flip(0));
    await expect(refused(disk, path!, 0, 'a line is damaged')).resolves.toBeUndefined();
    disk.edit(path!, (bytes) =>
      Buffer.concat([encodeLine({ hello: 1 }), bytes.subarray(offsetOf(bytes, 1))]),
    );
    await expect(refused(disk, path!, 0, 'not the header of a Cronflow journal')).resolves.toBeUndefined();
  });

  test('is refused for a schema_version from the future', async () => {
    for (const pick of [journals, snapshots]) {
      const disk = await killed(4, [2]);
      const path = pick(disk).at(-1)!;
      disk.edit(path, (bytes) => {
        const header = JSON.parse(bytes.toString('utf8', 9, offsetOf(bytes, 1))) as object;
        const newer = encodeLine({ ...header, schema_version: 99 });
        return Buffer.concat([newer, bytes.subarray(offsetOf(bytes, 1))]);
      });
      await expect(
        refused(disk, path, 0, `schema_version 99, this Cronflow knows at most ${VERSION}`),
      ).resolves.toBeUndefined();
    }
  });

  test.each<[string, (bytes: Buffer) => Buffer, string]>([
    ['a flipped bit', flip(2), 'a line is damaged'],
    ['its end cut off', (bytes) => bytes.subarray(0, bytes.length - 60), 'incomplete'],
    [
      'its last line cut off',
      (bytes) => bytes.subarray(0, bytes.lastIndexOf(10, -2) + 1),
      'the end is missing',
    ],
    [
      'a record missing',
      (bytes) => Buffer.concat([bytes.subarray(0, offsetOf(bytes, 2)), bytes.subarray(offsetOf(bytes, 3))]),
      'records are missing',
    ],
    ['nothing in it', () => Buffer.alloc(0), 'the end is missing'],
    ['something behind it', (bytes) => Buffer.concat([bytes, encodeLine(1)]), 'after the end'],
  ])(
    'is refused for a snapshot with %s, which the one before it can replace',
    async (_name, damage, what) => {
      const disk = await killed(9, [3, 6]);
      const path = snapshots(disk).at(-1)!;
      disk.edit(path, damage);
      const start = storeOn(disk).open();
      await expect(start).rejects.toMatchObject({ code: 'store_damaged' });
      await expect(start).rejects.toThrow(what);
      await expect(start).rejects.toThrow(`${path}, byte `);
      // The way that the error names.
      await disk.remove(path);
      expect(await dump(await opened(disk))).toEqual(references[9]);
    },
  );

  test('releases the lock when it is refused', async () => {
    const disk = await killed(5);
    disk.edit(journals(disk)[0]!, flip(2));
    let released = false;
    const lock = async (): Promise<{ release: () => Promise<void> }> => ({
      release: async () => {
        released = true;
      },
    });
    await expect(storeOn(disk, { lock }).open()).rejects.toMatchObject({ code: 'store_damaged' });
    expect(released).toBe(true);
  });
});

describe('a clean close', () => {
  test('leaves nothing to replay', async () => {
    const disk = await killed(5, [5]);
    const replayed: unknown[] = [];
    await opened(disk, { log: { ...silentLogger, info: (_, fields) => replayed.push(fields?.replayed) } });
    expect(replayed).toEqual([0]);
  });

  test('writes nothing after nothing happened', async () => {
    const disk = await killed(5, [5]);
    const before = disk.files();
    await (await opened(disk)).close();
    expect(disk.files()).toEqual(before);
  });
});

describe('snapshots', () => {
  test('hold one moment, whatever is committed while they are written', async () => {
    const disk = new CrashDisk();
    const store = await opened(disk, { limits: { snapshotJournalBytes: 3_000 } });
    const resume: (() => void)[] = [];
    const waiting = new Promise<void>((resolve) => {
      resume.push(resolve);
    });
    // The snapshot's first write waits until many more commits are done.
    const open = disk.open.bind(disk);
    disk.open = async (path, how) => {
      const file = await open(path, how);
      if (!path.includes('snapshot')) return file;
      return { ...file, write: async (data, position) => waiting.then(() => file.write(data, position)) };
    };
    await steps(store, 40);
    expect(snapshots(disk).filter((path) => !path.endsWith('.tmp'))).toEqual([]);
    resume[0]!();
    await store.close();
    const [first, last] = snapshots(disk);
    const seq = Number(/\d+/.exec(first!)![0]);
    expect(seq).toBeLessThan(40);
    await disk.remove(last!);
    for (const path of journals(disk)) if (Number(/\d+/.exec(path)![0]) > seq) await disk.remove(path);
    await disk.open(`/data/journal-${String(seq + 1).padStart(16, '0')}.jsonl`, 'create');
    // Outputs of segments that are gone may be lost, which is no error.
    const recovered = await dump(await opened(disk));
    expect({ ...recovered, outputs: null }).toEqual({ ...references[seq], outputs: null });
  });

  test('are followed by the removal of all but two, and never of a journal they need', async () => {
    const disk = new CrashDisk();
    for (let i = 0; i < 5; i += 1) {
      const store = await opened(disk, { limits: { logBytesMax: 0 } });
      await steps(store, 2);
      await store.close();
    }
    expect(snapshots(disk).map((path) => Number(/\d+/.exec(path)![0]))).toEqual([8, 10]);
    expect(journals(disk).map((path) => Number(/\d+/.exec(path)![0]))).toEqual([9, 11]);
  });
});

describe('the log of commits', () => {
  test('has the events of every commit, oldest first', async () => {
    const disk = new CrashDisk();
    const first = await opened(disk);
    await first.transact(ALL, (tx) => {
      tx.putJob(job('a'));
      tx.logEvent('a', { type: 'ping', ping: ping({ rid: 'one' }) });
      tx.logEvent('a', { type: 'paused', at: 2 });
    });
    // The next process begins another journal.
    await first.close();
    const store = await opened(disk);
    expect(journals(disk)).toHaveLength(2);
    await store.transact(ALL, (tx) => tx.logEvent('a', { type: 'resumed', at: 3 }));
    const events: unknown[] = [];
    for await (const commit of readLog('/data', disk))
      events.push([commit.seq, commit.at, commit.events.map(({ event }) => event.type)]);
    expect(events).toEqual([
      [1, NOW_AT, ['ping', 'paused']],
      [2, NOW_AT, ['resumed']],
    ]);
  });

  test('loses its oldest segments beyond its size, however young they are', async () => {
    const sizes = await Promise.all(
      [Infinity, 100_000, 10_000].map(async (logBytesMax) => {
        const disk = new CrashDisk();
        for (let i = 0; i < 12; i += 1) {
          const store = await opened(disk, { limits: { logBytesMax } });
          await steps(store, 5);
          await store.close();
        }
        const seqs = await logged(disk);
        expect(seqs.at(-1)).toBe(60);
        expect(seqs).toEqual(Array.from(seqs, (_, i) => 60 - seqs.length + 1 + i));
        return seqs.length;
      }),
    );
    expect(sizes[0]).toBe(60);
    expect(sizes[1]).toBeLessThan(60);
    expect(sizes[2]).toBeLessThan(sizes[1]!);
  });

  test('goes back 30 days and takes at most 1 GB, unless the store is told otherwise', () => {
    expect(DEFAULT_LIMITS).toMatchObject({ logMsMax: 30 * DAY_MS, logBytesMax: 2 ** 30 });
  });

  test('is kept 30 days and follows the clock, not the traffic', async () => {
    const disk = new CrashDisk();
    const clock = createFakeClock(NOW_AT);
    const store = await opened(disk, { clock });
    for (let day = 0; day < 40; day += 1) {
      await steps(store, 1);
      clock.set(NOW_AT + (day + 1) * (DAY_MS + 1));
    }
    await store.close();
    const seqs = await logged(disk);
    expect(seqs.at(-1)).toBe(40);
    // It begins with a snapshot, and those are kept a week apart.
    expect(seqs.length).toBeGreaterThanOrEqual(30);
    expect(seqs.length).toBeLessThanOrEqual(38);
    expect(snapshots(disk).length).toBeLessThanOrEqual(7);
    expect(await dump(await opened(disk, { clock }))).toEqual(references[40]);
  });
});

describe('a newer schema', () => {
  test('reads the snapshot and the journal of an older Cronflow, which then refuses them', async () => {
    const disk = new CrashDisk();
    const first = await opened(disk);
    await first.transact(ALL, (tx) => tx.putMeta('old', 'from the snapshot'));
    await first.close();
    const snapshotOnly = await opened(disk.afterKill(), { migrations: NEWER });
    expect(await snapshotOnly.meta('new')).toBe('from the snapshot, migrated');
    const second = await opened(disk);
    await second.transact(ALL, (tx) => tx.putMeta('old', 'from the journal'));
    const newer = await opened(disk, { migrations: NEWER });
    expect(await newer.meta('new')).toBe('from the journal, migrated');
    await newer.transact(ALL, (tx) => tx.putMeta('third', 3));
    await newer.close();
    const again = await opened(disk, { migrations: NEWER });
    expect(await again.meta('new')).toBe('from the journal, migrated');
    expect(await again.meta('third')).toBe(3);
    await expect(storeOn(disk).open()).rejects.toThrow(
      `schema_version ${VERSION + 1}, this Cronflow knows at most ${VERSION}`,
    );
  });

  test('reads what a journal of an older Cronflow changes in records of that version', async () => {
    const disk = new CrashDisk();
    const first = await opened(disk);
    await steps(first, 5);
    await first.close();
    const second = await opened(disk);
    await steps(second, 7);
    // The next version calls things otherwise, and was killed before it had a snapshot of its own.
    const third = await opened(disk.afterKill(), { migrations: RENAMING });
    expect(await dump(third)).toEqual(await dump(await migratedStore(12, RENAMING)));
    const left = disk.afterKill();
    const before = await opened(left, { migrations: RENAMING });
    await before.transact(ALL, (tx) => {
      for (const each of tx.jobs()) tx.putJob({ ...each, updated_at: 77 });
    });
    const expected = await dump(before);
    const again = await opened(left.afterKill(), { migrations: RENAMING });
    expect(await dump(again)).toEqual(expected);
    const NEWEST = [...RENAMING, ...RENAMING.slice(MIGRATIONS.length)];
    const newest = await opened(left.afterKill(), { migrations: NEWEST });
    const { jobs } = (await dump(newest)) as { jobs: Job[] };
    expect(jobs.map((each) => [each.updated_at, each.declaration.description])).toEqual(
      (expected['jobs'] as Job[]).map((each) => [77, `new ${each.declaration.description ?? ''}`]),
    );
  });

  test('deletes under its new key what an older journal deletes under the old one', async () => {
    const disk = new CrashDisk();
    const store = await opened(disk);
    await store.transact(ALL, (tx) => tx.putMeta('old', 'kept'));
    await store.transact(ALL, (tx) => tx.putMeta('old', undefined));
    const newer = await opened(disk.afterKill(), { migrations: NEWER });
    expect(await newer.meta('new')).toBeUndefined();
  });

  test('goes on after a kill before its own first snapshot', async () => {
    const disk = await killed(5);
    const newer = await opened(disk, { migrations: [...MIGRATIONS, (_table, record) => record] });
    await steps(newer, 3);
    const again = await opened(disk.afterKill(), { migrations: [...MIGRATIONS, (_table, record) => record] });
    expect(await dump(again)).toEqual(references[8]);
  });
});
