import { describe, expect, test } from 'vitest';
import { SlotFold, slotsOfJob, type TimelineSlot } from '../../../src/core/job/timeline.ts';
import type { Declaration } from '../../../src/core/model/declaration.ts';
import type { JobState, Row } from '../../../src/core/model/records.ts';
import { DEFAULT_GLOBALS, specOf } from '../../../src/core/model/spec.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../src/schedule/units.ts';
import { job, NOW_AT, openRun, run, skipRow, slotsRow } from '../../support/records.ts';

const DAY = { fromAt: NOW_AT - 24 * HOUR_MS, toAt: NOW_AT + 12 * HOUR_MS };

function slots(
  declaration: Declaration,
  { state = {}, rows = [], stretch = DAY }: { state?: Partial<JobState>; rows?: Row[]; stretch?: typeof DAY },
): TimelineSlot[] {
  const spec = specOf('a', declaration, DEFAULT_GLOBALS);
  return [...slotsOfJob(job('a', { declaration }, state), spec, rows, NOW_AT, stretch)];
}

/** What a person would read off a timeline: hours from now, and what became of the slot. */
const read = (found: readonly TimelineSlot[]): string[] =>
  found.map(
    ({ slot_at: at, state, count }) => `${(at - NOW_AT) / HOUR_MS}h ${state}${count > 1 ? ` x${count}` : ''}`,
  );

function folded(found: readonly TimelineSlot[], cellMs: number): string[] {
  const fold = new SlotFold(cellMs);
  const complete = [...found.map((slot) => fold.add(slot)), fold.end()];
  return complete
    .filter((each) => each !== null)
    .map(({ slot }) => `${slot.state} ${slot.outcome} x${slot.count}`);
}

/** A run that claimed the slot so many minutes from now. */
const ran = (minute: number, changes: object = {}): Row =>
  run('a', minute + 1, { slot_at: NOW_AT + minute * MINUTE_MS, ...changes });

describe('the slots of a job', () => {
  const every4h: Declaration = { schedule: '0 */4 * * *', grace: '5h' };

  test('are those that the history knows and those that are expected', () => {
    const rows = [
      run('a', 1, { slot_at: NOW_AT - 16 * HOUR_MS, started_at: NOW_AT - 16 * HOUR_MS }),
      slotsRow('a', 2, {
        first_slot_at: NOW_AT - 12 * HOUR_MS,
        slot_at: NOW_AT - 8 * HOUR_MS,
        count: 2,
      }),
      run('a', 3, { slot_at: null }),
    ];
    const found = slots(every4h, { state: { expected_at: NOW_AT - 4 * HOUR_MS }, rows });
    expect(read(found)).toEqual([
      '-16h claimed',
      '-8h missed x2',
      '-4h waiting',
      '0h waiting',
      '4h coming',
      '8h coming',
    ]);
    expect(found[0]).toMatchObject({ outcome: 'success', run_id: 'a-1', deadline_at: null });
    expect(found[1]).toMatchObject({ first_slot_at: NOW_AT - 12 * HOUR_MS, reason: 'missed', run_id: 'a-2' });
    expect(found[2]).toMatchObject({ outcome: null, run_id: null, deadline_at: NOW_AT + HOUR_MS });
    expect(found[4]).toMatchObject({ deadline_at: NOW_AT + 9 * HOUR_MS });
  });

  test('that a run has claimed since the job was read are not listed twice', () => {
    const rows = [openRun('a', 1, { slot_at: NOW_AT - 4 * HOUR_MS })];
    const found = slots(every4h, { state: { expected_at: NOW_AT - 4 * HOUR_MS }, rows });
    expect(read(found)).toEqual(['-4h claimed', '0h waiting', '4h coming', '8h coming']);
  });

  test('that a run has taken over and not ended are claimed and no longer missed', () => {
    const rows = [
      slotsRow('a', 1, { first_slot_at: NOW_AT - 2 * HOUR_MS, slot_at: NOW_AT - HOUR_MS, count: 2 }),
      slotsRow('a', 2, { first_slot_at: NOW_AT, slot_at: NOW_AT }),
      openRun('a', 3, { slot_at: NOW_AT - HOUR_MS, replaces_run_id: 'a-1', late: true }),
      openRun('a', 4, { slot_at: NOW_AT, replaces_run_id: 'a-2' }),
    ];
    const found = slots({}, { rows });
    expect(found.map(({ state, count, late }) => [state, count, late])).toEqual([
      ['missed', 1, false],
      ['claimed', 1, true],
      ['claimed', 1, false],
    ]);
  });

  test('that a skip settled are skipped', () => {
    const found = slots({}, { rows: [skipRow('a', 1, { slot_at: NOW_AT })] });
    expect(found).toMatchObject([
      { state: 'skipped', outcome: 'skipped', reason: 'lock_held', run_id: 'a-1' },
    ]);
  });

  test('of a job with a period are one period apart, and none is expected while it runs', () => {
    const state = { expected_at: NOW_AT - 30 * HOUR_MS };
    const stretch = { fromAt: NOW_AT - 3 * HOUR_MS, toAt: NOW_AT + 10 * HOUR_MS };
    expect(read(slots({ every: '7h' }, { state, stretch }))).toEqual(['-2h waiting', '5h coming']);
    expect(slots({ every: '7h' }, { state: { ...state, status: 'running' }, stretch })).toEqual([]);
  });

  test.each<[string, Declaration, Partial<JobState>]>([
    ['is paused', { schedule: '0 * * * *', paused: true }, { expected_at: NOW_AT }],
    ['is paused over the API', { schedule: '0 * * * *' }, { expected_at: NOW_AT, paused_by_api: true }],
    ['has no schedule', {}, {}],
  ])('are not expected of a job that %s', (_, declaration, state) => {
    expect(slots(declaration, { state })).toEqual([]);
  });

  test('are found at once, however long ago the first was that is not settled', () => {
    const stretch = { fromAt: NOW_AT, toAt: NOW_AT + 2 * SECOND_MS };
    const state = { expected_at: 0 };
    expect(slots({ schedule: '* * * * * *' }, { state, stretch })).toHaveLength(2);
    expect(slots({ every: '1s' }, { state, stretch })).toHaveLength(2);
  });
});

describe('slots that follow each other', () => {
  test('are one item in each cell of time where the same became of them', () => {
    const rows = Array.from({ length: 30 }, (_, minute) => ran(minute));
    expect(folded(slots({}, { rows }), 15 * MINUTE_MS)).toEqual([
      'claimed success x15',
      'claimed success x15',
    ]);
    expect(folded(slots({}, { rows }), 0)).toHaveLength(30);
  });

  test('are told apart by their outcomes, reasons and whether they go on', () => {
    const rows = [
      ran(0),
      ran(1),
      ran(2, { outcome: 'failure', reason: 'exit_code' }),
      ran(3, { outcome: 'failure', reason: 'signal' }),
      ran(4),
      ran(5, { late: true }),
      ran(6, { outcome: null, ended_at: null }),
      ran(7, { outcome: null, ended_at: null }),
    ];
    expect(folded(slots({}, { rows }), HOUR_MS)).toEqual([
      'claimed success x2',
      'claimed failure x1',
      'claimed failure x1',
      'claimed success x1',
      'claimed success x1',
      'claimed null x1',
      'claimed null x1',
    ]);
  });

  test('say the first and the last slot, the last row and the first deadline', () => {
    const fold = new SlotFold(HOUR_MS);
    const fromAt = NOW_AT + HOUR_MS;
    const stretch = { fromAt, toAt: fromAt + HOUR_MS };
    for (const slot of slots({ schedule: '*/10 * * * *' }, { state: { expected_at: fromAt }, stretch }))
      expect(fold.add(slot)).toBeNull();
    const complete = fold.end();
    expect(complete?.slot).toMatchObject({ state: 'coming', count: 6, deadline_at: fromAt + 5 * MINUTE_MS });
    expect(complete?.lastFirstAt).toBe(fromAt + 50 * MINUTE_MS);
    expect(fold.end()).toBeNull();
  });
});
