import { describe, expect, test } from 'vitest';
import { dumpOf } from '../../../src/store/lowdb/dump.ts';
import { ArchiveWriter } from '../../../src/store/lowdb/archive.ts';
import { Archives, type OutputInLog } from '../../../src/store/lowdb/archives.ts';
import { journalName } from '../../../src/store/lowdb/files.ts';
import type { LowdbStore } from '../../../src/store/lowdb/store.ts';
import { CrashDisk } from '../../support/crash-disk.ts';
import { seededRandom } from '../../support/random.ts';
import { NOW_AT } from '../../support/records.ts';
import { archives, end, opened } from './with-outputs.ts';

const BROKEN = Object.assign(new Error('EIO: i/o error'), { code: 'EIO' });
/** Segments go as soon as they may. */
const PRUNED = { limits: { logBytesMax: 0 }, fatal: () => {} };

/** The sizes of the outputs of the first rounds. With them the last four do not join an archive of the others. */
const SIZES = [...Array<number>(6).fill(5_000), ...Array<number>(4).fill(2_700)];

function textOf(round: number, size = 100): string {
  return `${round} `.padEnd(size, 'x');
}

/** Returns which rounds have no output any more. */
async function lostOf(store: LowdbStore, rounds: readonly number[]): Promise<number[]> {
  const lost: number[] = [];
  for (const round of rounds) {
    const output = await store.output('a', `a-${round}`);
    if (output?.text.startsWith(`${round} `) !== true) lost.push(round);
  }
  return lost;
}

/** Returns the archives of which another holds a segment, too. */
function overlapping(disk: CrashDisk): string[] {
  const ranges = archives(disk).map((name) => name.split('-').map(Number) as [number, number]);
  return ranges
    .filter((a) => ranges.some((b) => a !== b && a[0] <= b[1] && b[0] <= a[1]))
    .map(([first, last]) => `${first}-${last}`);
}

/**
 * Opens a store, adds one output and closes it, or is stopped before by the disk.
 * @returns whether the output was acknowledged, and not only its run
 */
async function played(disk: CrashDisk, round: number, size?: number, options = PRUNED): Promise<boolean> {
  let isAcknowledged = false;
  try {
    const store = await opened(disk, options);
    await end(store, round, textOf(round, size));
    const row = await store.run('a', `a-${round}`);
    isAcknowledged = row !== undefined && 'output_bytes' in row && row.output_bytes > 0;
    await store.close();
  } catch {
    // Only what was acknowledged counts.
  }
  return isAcknowledged;
}

/** Plays a round on a disk without faults, and checks what is there then. */
async function check(disk: CrashDisk, known: readonly number[], round: number): Promise<void> {
  const store = await opened(disk, PRUNED);
  expect(await lostOf(store, known)).toEqual([]);
  expect(overlapping(disk)).toEqual([]);
  await end(store, round, textOf(round));
  await store.close();
  expect(overlapping(disk)).toEqual([]);
  const again = await opened(disk, PRUNED);
  expect(await lostOf(again, [...known, round])).toEqual([]);
}

const begun = await (async () => {
  const disk = new CrashDisk();
  for (const [index, size] of SIZES.entries())
    if (!(await played(disk, index + 1, size, { limits: { logBytesMax: 2 ** 30 }, fatal: () => {} })))
      throw new Error('the rounds themselves fail');
  return disk;
})();
const ROUNDS = SIZES.map((_, index) => index + 1);

/** Makes each `remove` of a path throw, from one of them on. */
function failRemoves(disk: CrashDisk, part: string, from: number): void {
  let count = 0;
  disk.fault = (call, path) => {
    if (call !== 'remove' || !path.includes(part)) return null;
    count += 1;
    return count >= from ? { error: BROKEN } : null;
  };
}

describe('segments whose removal was cut short', () => {
  test.each(['killed', 'closed'])('lose no output that an archive holds already (%s)', async (how) => {
    const disk = begun.afterKill();
    failRemoves(disk, 'journal-', 7);
    expect(await played(disk, 11)).toBe(true);
    expect(archives(disk)).toEqual(['1-10']);
    disk.fault = () => null;
    await check(how === 'killed' ? disk.afterKill() : disk, [...ROUNDS, 11], 12);
  });

  test('lose none wherever removals fail', async () => {
    for (const part of ['journal-', 'outputs-', '/'])
      for (let from = 1; from <= 14; from += 1) {
        const disk = begun.afterKill();
        failRemoves(disk, part, from);
        const known = [...ROUNDS];
        for (const round of [11, 12]) if (await played(disk, round, 6_000)) known.push(round);
        expect(known).toContain(12);
        disk.fault = () => null;
        await check(disk, known, 13);
      }
  });

  test('lose none wherever any one call fails or the process is killed, once or twice', async () => {
    let points = 0;
    for (const how of ['fails', 'kills'])
      for (const before of [null, 3, 7]) {
        const from = begun.afterKill();
        const earlier = [...ROUNDS];
        if (before !== null) {
          failRemoves(from, 'journal-', before);
          if (await played(from, 11)) earlier.push(11);
          from.fault = () => null;
        }
        for (let at = 0, isThrough = false; !isThrough; at += 1) {
          const disk = from.afterKill();
          const known = [...earlier];
          if (how === 'kills') disk.crashAt = at;
          else disk.fault = () => (disk.calls === at + 1 ? { error: BROKEN } : null);
          if (await played(disk, 12)) known.push(12);
          isThrough = disk.calls < at;
          disk.fault = () => null;
          await check(how === 'kills' ? disk.afterKill() : disk, known, 13);
          points += 1;
        }
      }
    // Each time there are more than a hundred calls.
    expect(points).toBeGreaterThan(600);
  });

  test('lose none in a long life of kills, failures of the power and of calls', async () => {
    for (let seed = 1; seed <= 12; seed += 1) {
      const random = seededRandom(seed);
      let disk = new CrashDisk();
      const known: number[] = [];
      for (let round = 1; round <= 25; round += 1) {
        const fate = random();
        const at = disk.calls + Math.floor(random() * 90);
        if (fate < 0.4) disk.crashAt = at;
        else if (fate < 0.6) disk.fault = () => (disk.calls === at ? { error: BROKEN } : null);
        else if (fate < 0.7) failRemoves(disk, '', 1 + (at % 8));
        if (await played(disk, round, Math.floor(10 ** (2 + 2 * random())))) known.push(round);
        disk.fault = () => null;
        if (fate < 0.2) disk = disk.afterKill();
        else if (fate < 0.4) disk = disk.afterPowerFailure(random);
        const store = await opened(disk, { limits: { logBytesMax: 2 ** 30 } });
        expect([seed, round, await lostOf(store, known)]).toEqual([seed, round, []]);
        expect([seed, round, overlapping(disk)]).toEqual([seed, round, []]);
        await store.close();
      }
    }
  });
});

/** A disk on which an archive is left that is in another, too. */
async function leftover(): Promise<CrashDisk> {
  const disk = begun.afterKill();
  await played(disk, 11, 6_000);
  failRemoves(disk, 'outputs-', 1);
  for (let round = 12; overlapping(disk).length === 0; round += 1) await played(disk, round, 8_000);
  disk.fault = () => null;
  return disk;
}

describe('an archive that went into another and was not removed', () => {
  test('is removed at the next start', async () => {
    const disk = await leftover();
    const before = archives(disk);
    const store = await opened(disk.afterKill());
    expect(await lostOf(store, ROUNDS)).toEqual([]);
    await opened(disk);
    expect(archives(disk).length).toBeLessThan(before.length);
    expect(overlapping(disk)).toEqual([]);
  });

  test('is no reason not to start where it cannot be removed', async () => {
    const disk = await leftover();
    failRemoves(disk, 'outputs-', 1);
    expect(await lostOf(await opened(disk), ROUNDS)).toEqual([]);
  });

  test('is left alone by who reads the directory beside Cronflow', async () => {
    const disk = await leftover();
    const before = disk.files();
    let texts = 0;
    for await (const line of dumpOf('/data', NOW_AT, disk))
      if ('table' in line && line.table === 'outputs') texts += 1;
    expect(texts).toBeGreaterThanOrEqual(ROUNDS.length);
    expect(disk.files()).toEqual(before);
  });
});

/** Segments with one text each, and where the texts are. */
async function withSegments(numbers: readonly number[]): Promise<{ disk: CrashDisk; refs: OutputInLog[] }> {
  const disk = new CrashDisk();
  await disk.makeDirectory('/data');
  await disk.syncDirectory('/');
  const refs: OutputInLog[] = [];
  for (const segment of numbers) {
    const json = Buffer.from(JSON.stringify(textOf(segment, 5_000)));
    const file = await disk.open(`/data/${journalName(segment)}`, 'create');
    await file.write(json, 0);
    const place = { segment, offset: 0, bytes: json.length };
    refs.push({ job_id: 'a', run_id: `a-${segment}`, bytes: json.length, dropped_bytes: 0, place });
  }
  return { disk, refs };
}

describe('an archive whose name could not be made durable', () => {
  const OPTIONS = { directory: '/data', schemaVersion: 1 };

  test('is no reason to let segments go, until it can', async () => {
    const { disk, refs } = await withSegments([1, 2]);
    const moving = new Archives({ disk, ...OPTIONS });
    disk.fault = (call) => (call === 'syncDirectory' ? { error: BROKEN } : null);
    for (let i = 0; i < 3; i += 1) await expect(moving.take([1, 2], refs)).rejects.toBe(BROKEN);
    disk.fault = () => null;
    await moving.take([1, 2], refs);
    for (const segment of [1, 2]) await disk.remove(`/data/${journalName(segment)}`);
    const after = new Archives({ disk: disk.afterPowerFailure(() => 0.9), ...OPTIONS });
    await after.open();
    for (const { place } of refs) expect(await after.read(place)).not.toBeNull();
  });

  test('and that was written anew is read, and written anew again, with all that is in use', async () => {
    const { disk, refs } = await withSegments([1, 2, 3, 4]);
    const rewriting = new Archives({ disk, ...OPTIONS });
    await rewriting.take([1, 2, 3, 4], refs);
    for (const segment of [1, 2, 3, 4]) await disk.remove(`/data/${journalName(segment)}`);
    disk.fault = (call) => (call === 'syncDirectory' ? { error: BROKEN } : null);
    await expect(rewriting.take([], refs.slice(0, 2))).rejects.toBe(BROKEN);
    expect(await rewriting.read(refs[0]!.place)).not.toBeNull();
    disk.fault = (call) => (call === 'syncDirectory' || call === 'list' ? { error: BROKEN } : null);
    await expect(rewriting.take([], refs.slice(0, 2))).rejects.toBe(BROKEN);
    disk.fault = () => null;
    await rewriting.take([], refs.slice(0, 1));
    expect(await rewriting.read(refs[0]!.place)).not.toBeNull();
  });
});

test('of two archives that hold the same segment the later one is read', async () => {
  const disk = new CrashDisk();
  await disk.makeDirectory('/data');
  const json = Buffer.from('"text"');
  const place = { segment: 8, offset: 60, bytes: json.length };
  for (const [first, last] of [
    [1, 10],
    [7, 11],
  ] as const) {
    const range = { first, last };
    const writer = await ArchiveWriter.begin(disk, '/data', { range, schemaVersion: 1 });
    if (last === 11) await writer.add(place, json);
    await writer.finish();
  }
  const both = new Archives({ disk, directory: '/data', schemaVersion: 1 });
  await both.open();
  expect(await both.read(place)).toEqual(json);
});
