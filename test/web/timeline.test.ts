import { describe, expect, test } from 'vitest';
import type { NamedRun, Slot } from '../../src/cli/api-types.ts';
import {
  axisOf,
  firstAtOf,
  foundIn,
  laneOf,
  pathsOf,
  runsAt,
  slotsNear,
  stretchOf,
  viewOf,
} from '../../src/web/model/timeline.ts';

const DAY = '2026-01-16T';
const at = (time: string): number => Date.parse(`${DAY}${time}:00Z`);
const iso = (time: string): string => new Date(at(time)).toISOString();

function run(id: string, from: string, to: string | null, changes: Partial<NamedRun> = {}): NamedRun {
  return {
    id,
    job_id: 'j',
    job_name: 'backup',
    rid: null,
    slot_at: null,
    late: false,
    started_at: iso(from),
    ended_at: to === null ? null : iso(to),
    duration_ms: null,
    limit_at: null,
    outcome: to === null ? null : 'success',
    reason: 'succeeded',
    detail: null,
    counted: true,
    exit_code: null,
    signal: null,
    host: null,
    output_bytes: 0,
    output_dropped_bytes: 0,
    count: 1,
    first_slot_at: null,
    ...changes,
  };
}

function slot(state: Slot['state'], from: string, changes: Partial<Slot> = {}): Slot {
  return {
    job_id: 'j',
    job_name: 'backup',
    state,
    count: 1,
    first_slot_at: iso(from),
    slot_at: iso(from),
    outcome: null,
    reason: null,
    late: false,
    run_id: null,
    started_at: null,
    ended_at: null,
    deadline_at: null,
    ...changes,
  };
}

describe('a lane', () => {
  test('has a bar for each run, and a tick for each slot without one', () => {
    const slots = [
      slot('claimed', '01:00', { run_id: 'r1', outcome: 'success' }),
      slot('missed', '02:00', { outcome: 'missed' }),
      slot('coming', '09:00'),
    ];
    const lane = laneOf('backup', slots, [run('r1', '01:00', '01:30'), run('r2', '04:00', '04:05')]);
    expect(lane.bars.map(({ runId, fromAt, toAt }) => [runId, fromAt, toAt])).toEqual([
      ['r1', at('01:00'), at('01:30')],
      ['r2', at('04:00'), at('04:05')],
    ]);
    expect(lane.ticks.map(({ state }) => state)).toEqual(['missed', 'coming']);
    expect(firstAtOf(lane)).toBe(at('01:00'));
  });

  test('takes a run that is not in the list from its slot, and folded ones as one', () => {
    const folded = { run_id: 'r9', outcome: 'success', count: 4, slot_at: iso('01:15') } as const;
    const one = {
      run_id: 'r8',
      outcome: 'failure',
      started_at: iso('03:00'),
      ended_at: iso('03:20'),
    } as const;
    const lane = laneOf('backup', [slot('claimed', '01:00', folded), slot('claimed', '03:00', one)], []);
    expect(lane.bars).toMatchObject([
      { fromAt: at('01:00'), toAt: at('01:15'), count: 4 },
      { fromAt: at('03:00'), toAt: at('03:20'), count: 1, outcome: 'failure' },
    ]);
  });

  test('leaves out a row of the history that is no run', () => {
    const missed = run('m', '02:00', '02:05', { started_at: null, outcome: 'missed' });
    expect(laneOf('backup', [], [missed]).bars).toEqual([]);
    const endOnly = run('e', '02:00', '02:05', { started_at: null, duration_ms: 60_000 });
    expect(laneOf('backup', [], [endOnly]).bars).toMatchObject([{ fromAt: at('02:04'), toAt: at('02:05') }]);
  });

  test('puts runs that overlap below each other', () => {
    const runs = [run('a', '01:00', '03:00'), run('b', '02:00', null), run('c', '03:00', '03:10')];
    const lane = laneOf('backup', [], runs);
    expect(lane.trackCount).toBe(2);
    expect(lane.bars.map(({ runId, track }) => [runId, track])).toEqual([
      ['a', 0],
      ['b', 1],
      ['c', 0],
    ]);
  });
});

test('what ran at a moment is found over all lanes, those that began first coming first', () => {
  const lanes = [
    laneOf('late', [], [run('l', '02:00', null)]),
    laneOf('early', [], [run('e', '01:00', '02:30')]),
    laneOf('none', [slot('coming', '09:00')], [run('n', '01:00', '01:59')]),
  ];
  expect(runsAt(lanes, at('02:10')).map(({ job }) => job)).toEqual(['early', 'late']);
  expect(runsAt(lanes, at('08:00')).map(({ job }) => job)).toEqual(['late']);
  expect(slotsNear(lanes, at('09:01'), 60_000).map(({ job }) => job)).toEqual(['none']);
  expect(slotsNear(lanes, at('09:02'), 60_000)).toEqual([]);
  expect(foundIn(lanes[2]!, at('09:00'), 0)).toMatchObject({ tick: { state: 'coming' } });
  expect(foundIn(lanes[2]!, at('01:30'), 0)).toMatchObject({ bar: { runId: 'n' } });
  expect(foundIn(lanes[2]!, at('05:00'), 0)).toBeNull();
});

describe('what is drawn of a lane', () => {
  const stretch = { fromAt: at('00:00'), toAt: at('10:00'), nowAt: at('08:00') };
  const size = { width: 1_000, height: 26 };

  test('stands where its instants are, and an open run ends at the present', () => {
    const runs = [run('a', '01:00', '02:00'), run('b', '07:00', null)];
    const paths = pathsOf(laneOf('backup', [slot('missed', '05:00')], runs), stretch, size);
    expect(paths.get('success')).toMatch(/^M100 [\d.]+H200v/);
    expect(paths.get('running')).toMatch(/^M700 [\d.]+H800v/);
    expect(paths.get('slot-missed')).toMatch(/^M494\.5 13l/);
  });

  test('can be seen, however short it was, and tells outcomes apart by more than colour', () => {
    const runs = [run('a', '01:00', '01:00'), run('t', '03:00', '04:00', { outcome: 'timeout' })];
    const paths = pathsOf(laneOf('backup', [], runs), stretch, size);
    expect(paths.get('success')).toMatch(/^M100 [\d.]+H102\.5v/);
    expect([...paths.keys()]).toEqual(['success', 'timeout', 'wall']);
  });

  test('is nothing beyond the stretch, and no further than its edge', () => {
    const short = { fromAt: at('03:00'), toAt: at('04:00'), nowAt: at('08:00') };
    const lane = laneOf('backup', [slot('coming', '09:00')], [run('a', '01:00', '02:00')]);
    expect(pathsOf(lane, short, size).size).toBe(0);
    const long = laneOf('backup', [], [run('a', '00:00', '07:00')]);
    expect(pathsOf(long, short, size).get('success')).toMatch(/^M-4 [\d.]+H1004v/);
  });

  test('is two signs and a line for slots that are folded', () => {
    const folded = slot('coming', '01:00', { count: 60, slot_at: iso('02:00') });
    const path = pathsOf(laneOf('backup', [folded], []), stretch, size).get('slot-coming');
    expect(path).toBe('M100 8v10M200 8v10M100 13H200');
  });
});

test('the axis names whole hours of the reader, as many as there is room for', () => {
  const stretch = { fromAt: at('07:05'), toAt: at('19:05') };
  const names = (offsetMs: number, countMax: number): string[] =>
    axisOf(stretch, offsetMs, countMax).map((each) => new Date(each).toISOString().slice(11, 16));
  expect(names(0, 12)).toEqual(
    Array.from({ length: 12 }, (_, index) => `${String(index + 8).padStart(2, '0')}:00`),
  );
  expect(names(0, 4)).toEqual(['09:00', '12:00', '15:00', '18:00']);
  // In India hours begin half an hour apart from those of UTC.
  expect(names(5.5 * 3_600_000, 4)).toEqual(['09:30', '12:30', '15:30', '18:30']);
});

test('what the reader chose is read from the address, and nonsense is the default', () => {
  expect(viewOf({})).toEqual({ spanH: 36, at: null, group: '', q: '', order: 'name' });
  expect(viewOf({ hours: '6', at: iso('02:00'), order: 'first' })).toMatchObject({
    spanH: 6,
    at: at('02:00'),
    order: 'first',
  });
  expect(viewOf({ hours: '7', at: 'never', order: 'x' })).toEqual(viewOf({}));
  expect(stretchOf({ spanH: 36, at: null }, at('12:00'))).toEqual({
    fromAt: at('12:00') - 24 * 3_600_000,
    toAt: at('12:00') + 12 * 3_600_000,
  });
});
