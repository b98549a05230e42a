import { describe, expect, test } from 'vitest';
import { transition } from '../../../src/core/job/transition.ts';
import type { JobIncident, JobState } from '../../../src/core/model/records.ts';
import { DAY_MS } from '../../../src/schedule/units.ts';
import { specFor, START } from '../support/any.ts';
import { stateAfter } from '../support/scenario.ts';
import { declaredAt } from '../support/state.ts';
import { EVERY, HOURLY, NIGHTLY, table } from '../support/table.ts';

describe('§3.4 a clock that steps back', () => {
  table([
    [
      'by a little hides no failure',
      HOURLY,
      `01:00:30 success
       01:00:10 failure
       01:00:20 success`,
      [
        '01:00:30 slot 01:00 success succeeded',
        '01:00:30 no slot failure reported_failure',
        '01:00:30 owe ops opened reported_failure',
        '01:00:30 no slot success succeeded',
        '01:00:30 owe ops closed succeeded',
        '01:00:30 incident closed recovered',
      ],
    ],
    [
      'by a day expects the first slot after it',
      NIGHTLY,
      `02:00 success
       d2 02:00 success
       12:00 clock_set_back
       d2 02:05 tick`,
      [
        '02:00 slot 02:00 success succeeded',
        'd2 02:00 slot d2 02:00 success succeeded',
        'd2 02:05 slot d2 02:00 missed missed',
        'd2 02:05 owe ops opened missed',
      ],
    ],
    [
      'by a day tells what a window of tomorrow held back, if none of today does',
      { ...NIGHTLY, maintenance: [{ from: '2025-01-03T01:00Z', to: '2025-01-03T03:00Z' }] },
      `02:00 success
       d2 02:00 success
       d3 02:00 failure
       d2 02:30 clock_set_back
       d2 02:30:01 tick`,
      [
        '02:00 slot 02:00 success succeeded',
        'd2 02:00 slot d2 02:00 success succeeded',
        'd3 02:00 slot d3 02:00 failure reported_failure',
        'd2 02:30 owe ops opened reported_failure',
      ],
    ],
    [
      'by a day expects the next run of every a period after it',
      EVERY,
      `d2 01:00 success
       12:00 clock_set_back
       13:04:59 tick
       13:05 tick`,
      [
        '01:05 owe ops opened never_seen',
        'd2 00:05 slot d2 00:00 missed never_seen x24',
        'd2 01:00 slot d2 01:00 success succeeded',
        'd2 01:00 owe ops closed succeeded (24)',
        'd2 01:00 incident closed recovered',
        '13:05 slot 13:00 missed missed',
        '13:05 owe ops opened missed',
      ],
    ],
    [
      'by a day holds up nothing by what happened on the clock as it was: it reminds, recovers and times out',
      { ...NIGHTLY, remind_every: '1h' },
      `02:00 success
       d2 02:00 failure
       d2 02:30 start rid=a
       12:00 clock_set_back
       13:30 tick
       13:40 success rid=b
       14:00 tick`,
      [
        '02:00 slot 02:00 success succeeded',
        'd2 02:00 slot d2 02:00 failure reported_failure',
        'd2 02:00 owe ops opened reported_failure',
        '13:00 owe ops reminder reported_failure',
        '13:40 no slot success succeeded',
        '13:40 owe ops closed succeeded',
        '13:40 incident closed recovered',
        '14:00 no slot timeout timeout',
        '14:00 owe ops opened timeout',
      ],
    ],
  ]);

  test.each([
    ['by a little', '01:00:30 start rid=a\n01:00:10 success rid=a', 0],
    ['by a day', 'd2 01:00 start rid=a\n12:00 clock_set_back\n12:10 success rid=a', 600_000],
    ['before the start comes', '01:10 success rid=a\n01:10:05 clock_set_back\n01:11 start rid=a', 0],
  ])('%s makes no duration negative', (_step, script, durationMs) => {
    const run = stateAfter({ max_runtime: '2d' }, script).runs.at(-1);
    expect(run).toMatchObject({ outcome: 'success', duration_ms: durationMs });
  });

  test('leaves no instant of the state of a job to the clock as it was', () => {
    const spec = specFor(HOURLY);
    const state = declaredAt(spec, START);
    const { job } = transition(
      spec,
      { ...state, job: ahead(state.job) },
      { type: 'clock_set_back', at: START },
    ).state;
    // Runs that have ended keep their instants, and so does what is kept of those that the history let go.
    const { remembered: _remembered, ...others } = job;
    expect(futureIn(others)).toEqual([]);
  });

  test('leaves no instant of an open incident to the clock as it was, but until when people said that they know', () => {
    const spec = specFor({ ...HOURLY, remind_every: '1h' });
    const state = declaredAt(spec, START);
    const { incident } = transition(
      spec,
      { ...state, incident: incidentAhead() },
      { type: 'clock_set_back', at: START },
    ).state;
    expect(futureIn(incident)).toEqual(['.acknowledged_until_at']);
  });
});

/** An incident of a year ahead, with every key that it may have. A new key that is an instant is `aheadAt`. */
function incidentAhead(): Required<JobIncident> {
  const aheadAt = START + 365 * DAY_MS;
  return {
    kind: 'job',
    id: 'incident-1',
    job_id: 'job-1',
    job_name: 'backup',
    reason: 'exit_code',
    opened_at: aheadAt,
    closed_at: null,
    close_reason: null,
    opened_by_run_id: 'job-1-1',
    opened_by_began_at: aheadAt,
    kinds: ['failure'],
    bad_count: 1,
    outcomes: [
      { run_id: 'job-1-1', outcome: 'failure', reason: 'exit_code', at: aheadAt, began_at: aheadAt },
    ],
    newest_bad_at: aheadAt,
    good_run_ids: [],
    told: ['ops'],
    next_reminder_at: aheadAt,
    reminder_count: 0,
    acknowledged_until_at: aheadAt,
    announce_at: aheadAt,
    held_instants: [aheadAt],
  };
}

/** The state as it was a year ahead, with every key that it may have. A new key that is an instant is `aheadAt`. */
function ahead(job: JobState): Required<JobState> {
  const aheadAt = START + 365 * DAY_MS;
  const bad = { run_id: '1', kind: 'failure', reason: 'exit_code', at: aheadAt, began_at: aheadAt } as const;
  return {
    ...job,
    status: 'failure',
    expected_at: aheadAt,
    expected_from_at: aheadAt,
    paused_until_at: aheadAt,
    deadline_at_min: aheadAt,
    due_at: aheadAt,
    settled_at: aheadAt,
    last_start_at: aheadAt,
    last_success_at: aheadAt,
    last_outcome: 'failure',
    last_outcome_at: aheadAt,
    bad: [bad],
    unclaimed: [{ at: aheadAt, outcome: 'missed', run_id: '1' }],
    skips: [aheadAt],
    skips_from_at: aheadAt,
    remembered: [],
    claim_delays_ms: [0],
    late_ends: { count: 1, after_ms_max: 0 },
    anonymous_end: {
      at: aheadAt,
      kind: 'failure',
      exit_code: 1,
      host: null,
      run_id: '1',
      started_since_at: aheadAt,
    },
    gaps: [
      { from_at: aheadAt, to_at: aheadAt },
      { from_at: START - 1, to_at: aheadAt },
    ],
  };
}

/** The places of numbers that are an instant of more than a day after the start. */
function futureIn(value: unknown, place = ''): string[] {
  if (typeof value === 'number') return value > START + DAY_MS ? [place] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, part]) => futureIn(part, `${place}.${key}`));
}
