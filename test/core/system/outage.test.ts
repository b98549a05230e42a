import { describe, expect, test } from 'vitest';
import type { JobState, Row, SlotsRow } from '../../../src/core/model/records.ts';
import { listedRuns } from '../../../src/core/model/runs.ts';
import { DEFAULT_GLOBALS, specOf } from '../../../src/core/model/spec.ts';
import {
  type Outage,
  outageDueAt,
  tellOutage,
  type Unseen,
  unseenOf,
  withClockSetBack,
  withGap,
} from '../../../src/core/system/outage.ts';
import { job, openRun, run, slotsRow } from '../../support/records.ts';
import { HOUR_MS, MINUTE_MS } from '../../../src/schedule/units.ts';

const WINDOW_MS = 15 * MINUTE_MS;
const MIDNIGHT = Date.UTC(2026, 0, 15);
const at = (hour: number, minute = 0): number => MIDNIGHT + hour * HOUR_MS + minute * MINUTE_MS;

const hourly = specOf('hourly', { schedule: '0 * * * *', grace: '5m' }, DEFAULT_GLOBALS);
const [AWAY] = withGap([], { from_at: at(2, 30), to_at: at(5, 30) }, WINDOW_MS) as [Outage];

function unseen(runs: readonly Row[], state: Partial<JobState> = {}, spec = hourly): Unseen | null {
  return unseenOf(spec, job('j1', {}, state).state, listedRuns(runs), AWAY);
}

/** Makes the row of slots that ended unknown, from one hour to another. */
function unknownSlots(firstHour: number, lastHour: number): SlotsRow {
  return slotsRow('j1', 7, {
    outcome: 'unknown',
    reason: 'outage',
    first_slot_at: at(firstHour),
    slot_at: at(lastHour),
    count: lastHour - firstHour + 1,
    ended_at: Math.max(at(lastHour, 5), AWAY.to_at + WINDOW_MS),
  });
}

describe('what an outage hid of a job', () => {
  test('is nothing where all is known', () => {
    expect(unseen([])).toBeNull();
    expect(unseen([run('j1', 1, { started_at: at(2, 0), ended_at: at(6) })])).toBeNull();
    expect(unseen([openRun('j1', 1)].map((each) => ({ ...each, started_at: at(5, 31) })))).toBeNull();
  });

  test('are its slots that ended unknown, each counted', () => {
    expect(unseen([unknownSlots(3, 5)])).toMatchObject({ job_name: 'hourly', slot_count: 3 });
  });

  test('are no slots of an earlier outage, though one row of history stands for both', () => {
    expect(unseen([unknownSlots(0, 5)])).toMatchObject({ slot_count: 3 });
    const every = specOf('every', { every: '1h', grace: '5m' }, DEFAULT_GLOBALS);
    expect(unseen([unknownSlots(0, 5)], {}, every)).toMatchObject({ slot_count: 3 });
    const earlier = { ...unknownSlots(0, 1), ended_at: at(1, 30) };
    expect(unseen([earlier])).toBeNull();
    // The slots were given up later, since they had been waited for, and are still none of this outage.
    const waitedFor = { ...unknownSlots(0, 1), ended_at: at(5, 40) };
    expect(unseen([waitedFor])).toBeNull();
    expect(unseen([waitedFor], {}, every)).toBeNull();
  });

  test('are no slots of which a run was reported late that began after it', () => {
    const late = { ...openRun('j1', 8), started_at: at(5, 40), late: true, replaces_run_id: 'j1-7' };
    expect(unseen([unknownSlots(5, 5), { ...late, slot_at: at(5) }])).toBeNull();
    expect(unseen([unknownSlots(4, 5), { ...late, slot_at: at(5) }])).toMatchObject({ slot_count: 1 });
    expect(unseen([unknownSlots(0, 5), { ...late, slot_at: at(1) }])).toMatchObject({ slot_count: 3 });
  });

  test('are also slots from long before it, where a new grace had put off their deadline into it', () => {
    const putOff = { ...unknownSlots(2, 2), ended_at: at(5, 40) };
    expect(unseen([putOff])).toBeNull();
    expect(unseen([putOff], { deadline_at_min: at(2, 31) })).toMatchObject({ slot_count: 1 });
    expect(unseen([putOff], { deadline_at_min: at(2, 29) })).toBeNull();
    // The slots were given up before the grace was changed.
    expect(unseen([putOff], { deadline_at_min: at(5, 46) })).toBeNull();
  });

  test('is known also where the history was too short to keep its rows', () => {
    const unclaimed = [0, 3, 4].map((hour) => ({
      at: at(hour),
      outcome: 'unknown' as const,
      run_id: 'j1-7',
    }));
    expect(unseen([], { unclaimed })).toMatchObject({ slot_count: 2 });
    expect(unseen([unknownSlots(3, 4)], { unclaimed })).toMatchObject({ slot_count: 2 });
  });

  test('are runs that were open in it and still are, or whose end nobody knows', () => {
    const open = { ...openRun('j1', 1), started_at: at(1) };
    const lost = run('j1', 2, {
      started_at: at(3),
      ended_at: at(5, 31),
      outcome: 'unknown',
      reason: 'outage',
    });
    expect(unseen([open, lost])).toMatchObject({ ended_count: 1, open_count: 1, slot_count: 0 });
    const before = { ...lost, started_at: at(1), ended_at: at(2, 29) };
    expect(unseen([before, { ...lost, reason: 'removed' }, { ...open, counted: false }])).toBeNull();
    expect(unseen([open], { paused_by_api: true })).toBeNull();
  });
});

describe('gaps', () => {
  test('that touch are one', () => {
    let outages: Outage[] = [];
    for (const minute of [0, 4, 8]) {
      outages = withGap(outages, { from_at: at(1, minute), to_at: at(1, minute + 4) }, WINDOW_MS);
    }
    expect(outages).toMatchObject([
      { count: 1, longest_ms: 12 * MINUTE_MS, away_ms: 12 * MINUTE_MS, stretches: [{ to_at: at(1, 12) }] },
    ]);
  });

  test('however many, take little room and are all counted', () => {
    let outages: Outage[] = [];
    for (let minute = 0; minute < 45; minute += 1) {
      const gap = { from_at: at(1, minute), to_at: at(1, minute) + 1_000 };
      outages = withGap(outages, gap, WINDOW_MS);
    }
    expect(outages).toMatchObject([{ count: 45, away_ms: 45_000, longest_ms: 1_000 }]);
    expect(outages[0]!.stretches).toHaveLength(10);
    const counts = { slot_count: 1, ended_count: 0, open_count: 0, is_expected: false };
    const unseenJob = { job_name: 'a', ...counts, notify: ['ops'] };
    const { detail } = tellOutage(outages[0]!, [unseenJob], ['ops'], 'UTC', at(3)).incidents[0]!;
    expect(detail.split('\n')).toHaveLength(13);
    expect(detail).toContain('and 35 more times');
  });

  test('are told together after the last one, within an hour of the first', () => {
    const first = withGap([], { from_at: at(1), to_at: at(2) }, WINDOW_MS);
    expect(first.map((each) => outageDueAt(each, WINDOW_MS))).toEqual([at(2, 15)]);
    const joined = withGap(first, { from_at: at(2, 10), to_at: at(2, 45) }, WINDOW_MS);
    expect(joined.map((each) => outageDueAt(each, WINDOW_MS))).toEqual([at(3)]);
    const apart = withGap(joined, { from_at: at(2, 50), to_at: at(2, 51) }, WINDOW_MS);
    expect(apart.map((each) => outageDueAt(each, WINDOW_MS))).toEqual([at(3), at(3, 6)]);
  });

  test('whose message was put off are moved with a clock that was set back, and so is the message', () => {
    const [gap] = withGap([], { from_at: at(1), to_at: at(1, 1) }, WINDOW_MS);
    const moved = withClockSetBack([{ ...gap!, not_before_at: at(4) }], 2 * HOUR_MS);
    expect(moved.map((each) => outageDueAt(each, WINDOW_MS))).toEqual([at(2)]);
  });

  test('are told after the replay window, where that is long', () => {
    const windowMs = 3 * HOUR_MS;
    const outages = withGap([], { from_at: at(1), to_at: at(2) }, windowMs);
    expect(outages.map((each) => outageDueAt(each, windowMs))).toEqual([at(5)]);
  });
});

test('the message names twenty jobs and counts the rest', () => {
  const many = Array.from({ length: 25 }, (_, index): Unseen => {
    const name = `job-${String(index).padStart(2, '0')}`;
    const counts = { slot_count: 2, ended_count: 1, open_count: 1, is_expected: false };
    return { job_name: name, ...counts, notify: ['pager'] };
  });
  const { incidents, deliveries } = tellOutage(AWAY, many, ['ops', 'pager', 'ops'], 'Europe/Berlin', at(6));
  const lines = incidents[0]!.detail.split('\n');
  expect(lines[0]).toBe(
    'for 3h, from 2026-01-15 03:30 to 2026-01-15 06:30 (Europe/Berlin); ' +
      'what became of 50 slots and 50 runs of 25 jobs is not known',
  );
  expect(lines[1]).toBe('job-00: 2 slots unknown, 1 run ended unknown, 1 run still open');
  expect(lines.slice(-2)).toEqual([expect.stringContaining('job-19'), 'and 5 more jobs']);
  expect(deliveries.map(({ id, created_at: owedAt }) => [id, owedAt])).toEqual([
    [`outage-${AWAY.from_at}.ops.opened`, at(6)],
    [`outage-${AWAY.from_at}.pager.opened`, at(6)],
  ]);
});

/** Returns what each notifier is told, line by line. */
function detailsOf(hidden: readonly Unseen[], notify: readonly string[]): Record<string, string[]> {
  const { deliveries } = tellOutage(AWAY, hidden, notify, 'UTC', at(6));
  return Object.fromEntries(
    deliveries.map(({ notifier, facts }) => [notifier, (facts.detail ?? '').split('\n')]),
  );
}

describe('the message of an outage', () => {
  const counts = { slot_count: 1, ended_count: 0, open_count: 0, is_expected: false };
  const backup: Unseen = { ...counts, job_name: 'backup', notify: ['ops', 'dba'] };
  const invoices: Unseen = { ...counts, job_name: 'invoices', notify: ['billing'] };
  const report: Unseen = { ...counts, job_name: 'report', notify: ['billing', 'dba'] };
  test('names all jobs to defaults.notify, and to other notifiers those jobs that name them', () => {
    const span = 'for 3h, from 2026-01-15 02:30 to 2026-01-15 05:30 (UTC)';
    expect(detailsOf([report, invoices, backup], ['ops'])).toEqual({
      ops: [
        `${span}; what became of 3 slots of 3 jobs is not known`,
        'backup: 1 slot unknown',
        'invoices: 1 slot unknown',
        'report: 1 slot unknown',
      ],
      billing: [
        `${span}; what became of 2 slots of 2 jobs is not known`,
        'invoices: 1 slot unknown',
        'report: 1 slot unknown',
      ],
      dba: [
        `${span}; what became of 2 slots of 2 jobs is not known`,
        'backup: 1 slot unknown',
        'report: 1 slot unknown',
      ],
    });
  });

  test('goes to the notifiers of the jobs also where defaults.notify names none', () => {
    expect(Object.keys(detailsOf([invoices], []))).toEqual(['billing']);
  });

  test('goes to defaults.notify alone where nothing went unseen', () => {
    expect(Object.keys(detailsOf([], ['ops']))).toEqual(['ops']);
  });

  test('leaves its receivers in the incident, each once', () => {
    const [incident] = tellOutage(AWAY, [report, invoices, backup], ['ops', 'ops'], 'UTC', at(6)).incidents;
    expect(incident!.told).toEqual(['ops', 'billing', 'dba']);
  });

  test('goes to the notifiers of the spec, whatever kinds of trouble they take', () => {
    const spec = specOf(
      'hourly',
      { schedule: '0 * * * *', grace: '5m', notify: ['ops', { to: 'dba', on: ['failure'] }, 'dba'] },
      DEFAULT_GLOBALS,
    );
    expect(unseen([unknownSlots(3, 5)], {}, spec)?.notify).toEqual(['ops', 'dba']);
  });
});
