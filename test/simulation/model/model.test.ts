import { describe, expect, test } from 'vitest';
import type { Declaration } from '../../../src/core/model/declaration.ts';
import type { Happening, Script, ScriptedPing, Verdict } from '../script.ts';
import { expectedOf } from './model.ts';

/** Returns an instant of 2 March 2026, UTC: `02:05`, `02:05:30`, and `26:00` for two in the next morning. */
function at(text: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = text.split(':').map(Number);
  return Date.UTC(2026, 2, 2) + ((hours * 60 + minutes) * 60 + seconds) * 1000;
}

function pad(count: number): string {
  return String(count).padStart(2, '0');
}

function clock(instant: number): string {
  const seconds = Math.round((instant - at('0:00')) / 1000);
  const text = `${pad(Math.floor(seconds / 3600))}:${pad(Math.floor(seconds / 60) % 60)}`;
  return seconds % 60 === 0 ? text : `${text}:${pad(seconds % 60)}`;
}

const ping = (
  when: string,
  kind: ScriptedPing['kind'],
  rest: Omit<ScriptedPing, 'kind'> = {},
): Happening => ({
  at: at(when),
  type: 'ping',
  job: 'job',
  ping: { kind, ...rest },
});
const start = (when: string, rid?: string): Happening =>
  ping(when, 'start', rid === undefined ? {} : { rid });
const good = (when: string, rid?: string): Happening =>
  ping(when, 'success', rid === undefined ? {} : { rid });
const bad = (when: string, rid?: string): Happening =>
  ping(when, 'failure', rid === undefined ? {} : { rid });
const edit = (when: string, declaration: Declaration | null): Happening => ({
  at: at(when),
  type: 'edit',
  job: 'job',
  declaration,
});
const away = (
  when: string,
  to: string,
  how: Extract<Happening, { type: 'away' }>['how'] = 'crash',
): Happening => ({ at: at(when), type: 'away', how, to_at: at(to) });

const HOURLY: Declaration = { schedule: '0 * * * *' };
const MINUTES_MS = 60_000;

/** Returns the verdict on a script that begins at 00:30, with one job `job` and one notifier `ops`. */
function verdict(
  job: Declaration,
  end: string,
  happenings: Happening[],
  more: Partial<Script> = {},
): Verdict {
  return expectedOf({
    start_at: at('0:30'),
    end_at: at(end),
    replay_window_ms: 15 * MINUTES_MS,
    notifiers: ['ops'],
    jobs: { job },
    happenings,
    ...more,
  });
}

/** Writes one line for each message: `ops opened missed 01:05`. */
function told({ tellings }: Verdict): string[] {
  return tellings.map((one) => `${one.notifier} ${one.kind} ${one.reason} ${clock(one.at)}`);
}

/** Writes one line for each ending, by slot: `01:00 a success succeeded`, with `-` for no slot or no rid. */
function ended({ endings }: Verdict): string[] {
  return endings
    .map(
      (one) =>
        `${one.slot_at === null ? '-' : clock(one.slot_at)} ${one.rid ?? '-'} ${one.outcome ?? 'open'} ${one.reason}`,
    )
    .sort();
}

describe('the model of slots (3.1)', () => {
  test('reports a job that was declared and never seen', () => {
    const result = verdict(HOURLY, '1:30', []);
    expect(told(result)).toEqual(['ops opened never_seen 01:05']);
    expect(ended(result)).toEqual(['01:00 - missed never_seen']);
    expect(result.statuses).toEqual({ job: 'missed' });
  });

  test('applies a deadline only after the pings of its own instant', () => {
    expect(told(verdict(HOURLY, '1:30', [start('1:05')]))).toEqual([]);
    expect(told(verdict(HOURLY, '1:30', [start('1:05:01')]))).toEqual(['ops opened never_seen 01:05']);
  });

  test('lets a run claim its slot a little early, and not too early', () => {
    expect(ended(verdict(HOURLY, '2:03', [good('0:58', 'a'), good('1:57:59', 'b')]))).toEqual([
      '- b success succeeded',
      '01:00 a success succeeded',
    ]);
  });

  test('lets a run be early by no more than half the distance of two slots', () => {
    const job: Declaration = { schedule: '*/2 * * * *', grace: '90s' };
    const result = verdict(job, '0:36', [good('0:31', 'a'), good('0:32:59', 'b'), good('0:34', 'c')]);
    // 0:32:59 is 61 s before 0:34, so it is not early but unscheduled. 0:31 is exactly 60 s before 0:32.
    expect(ended(result)).toEqual([
      '- b success succeeded',
      '00:32 a success succeeded',
      '00:34 c success succeeded',
    ]);
  });

  test('settles older slots when the grace is longer than the period', () => {
    const job: Declaration = { ...HOURLY, grace: '2h30m' };
    const result = verdict(job, '4:00', [good('3:10', 'a')]);
    expect(ended(result)).toEqual([
      '01:00 - skipped superseded',
      '02:00 - skipped superseded',
      '03:00 a success succeeded',
    ]);
    expect(told(result)).toEqual([]);
  });

  test('credits a manual rerun with the slot that was missed', () => {
    const result = verdict(HOURLY, '2:00', [start('1:30', 'a'), good('1:40', 'a')]);
    expect(told(result)).toEqual(['ops opened never_seen 01:05', 'ops closed succeeded 01:40']);
    expect(ended(result)).toEqual(['01:00 a success succeeded']);
  });

  test('keeps the incident when a rerun fails, and says nothing more', () => {
    const result = verdict(HOURLY, '2:00', [start('1:30', 'a'), bad('1:40', 'a')]);
    expect(told(result)).toEqual(['ops opened never_seen 01:05']);
    expect(ended(result)).toEqual(['01:00 a failure reported_failure']);
    expect(result.statuses).toEqual({ job: 'failure' });
  });

  test('counts a second run of the hour as unscheduled', () => {
    const result = verdict(HOURLY, '2:00', [good('1:01', 'a'), bad('1:30', 'b')]);
    expect(ended(result)).toEqual(['- b failure reported_failure', '01:00 a success succeeded']);
    expect(told(result)).toEqual(['ops opened reported_failure 01:30']);
  });

  test('says of a job that has reported that it is missed, not that it was never seen', () => {
    expect(told(verdict(HOURLY, '3:00', [good('1:01')]))).toEqual(['ops opened missed 02:05']);
  });

  test('expects a run every so often after the start of the last one', () => {
    const job: Declaration = { every: '15m' };
    const result = verdict(job, '1:16', [start('0:40', 'a'), good('0:42', 'a')]);
    // 0:40 is too early for 0:45 and moves it to 0:55, which is missed at 1:00. The next is 1:10, which is missed at
    // 1:15.
    expect(ended(result)).toEqual([
      '- a success succeeded',
      '00:55 - missed missed',
      '01:10 - missed missed',
    ]);
    expect(told(result)).toEqual(['ops opened missed 01:00']);
  });

  test('expects nothing of an interval while a run is open', () => {
    const run = [start('0:45', 'a'), good('2:20', 'a')];
    expect(told(verdict({ every: '15m', max_runtime: '2h' }, '2:25', run))).toEqual([]);
    // Once the run has ended the next one is due, with the usual grace.
    expect(told(verdict({ every: '15m', max_runtime: '2h' }, '2:26', run))).toEqual([
      'ops opened missed 02:25',
    ]);
  });

  test('expects nothing of a job without a schedule', () => {
    const result = verdict({}, '50:00', [bad('9:00')]);
    expect(told(result)).toEqual(['ops opened reported_failure 09:00']);
  });
});

describe('the model of runs (3.2)', () => {
  const job: Declaration = { max_runtime: '30m' };
  const late = (end: string): Verdict =>
    verdict(job, '5:00', [
      ping('3:00', 'start', { rid: 'a', delay_ms: 60 * MINUTES_MS }),
      ping(end, 'success', { rid: 'a' }),
    ]);

  test('times out each run by its own limit, and takes a late end over it', () => {
    const result = verdict(job, '5:00', [
      start('1:00', 'a'),
      start('1:10', 'b'),
      good('1:20', 'b'),
      good('2:00', 'a'),
    ]);
    expect(told(result)).toEqual(['ops opened timeout 01:30', 'ops closed succeeded 02:00']);
    expect(ended(result)).toEqual(['- a success succeeded', '- b success succeeded']);
  });

  test('fails the second of two runs where overlapping is forbidden, whatever becomes of it', () => {
    const strict: Declaration = { overlap: 'forbid' };
    const result = verdict(strict, '5:00', [
      start('1:00', 'a'),
      start('1:10', 'b'),
      good('1:20', 'b'),
      good('1:30', 'a'),
    ]);
    expect(told(result)).toEqual(['ops opened overlap 01:10']);
    expect(ended(result)).toEqual(['- a success succeeded', '- b failure overlap']);
  });

  test('skips slots that come while a run is open, where the job drops them itself', () => {
    const result = verdict({ ...HOURLY, overlap: 'skip' }, '3:04', [start('1:00', 'a'), good('2:30', 'a')]);
    expect(told(result)).toEqual([]);
    expect(ended(result)).toEqual(['01:00 a success succeeded', '02:00 - skipped overlap_skipped']);
  });

  test('gives up the oldest of too many runs', () => {
    const result = verdict({ max_open_runs: 1 }, '2:00', [start('1:00', 'a'), start('1:10', 'b')]);
    expect(ended(result)).toEqual(['- a abandoned too_many_runs', '- b open started']);
    expect(told(result)).toEqual(['ops opened too_many_runs 01:10']);
    expect(result.statuses).toEqual({ job: 'running' });
  });

  test('takes a second anonymous start for the death of the first run', () => {
    const result = verdict({}, '2:00', [start('1:00'), start('1:10'), good('1:20')]);
    expect(ended(result)).toEqual(['- - abandoned abandoned', '- - success succeeded']);
    expect(told(result)).toEqual(['ops opened abandoned 01:10', 'ops closed succeeded 01:20']);
  });

  test('lets an end without a rid end the newest open run', () => {
    const result = verdict({}, '2:00', [start('1:00', 'a'), start('1:10', 'b'), good('1:20')]);
    expect(ended(result)).toEqual(['- a open started', '- b success succeeded']);
  });

  test('counts back from an end without a start', () => {
    const result = verdict(HOURLY, '1:30', [
      ping('1:20', 'success', { duration_ms: 19 * MINUTES_MS, rid: 'a' }),
    ]);
    // The run began at 1:01, but nobody knew by 1:05.
    expect(ended(result)).toEqual(['01:00 a success succeeded']);
    expect(told(result)).toEqual(['ops opened never_seen 01:05', 'ops closed succeeded 01:20']);
  });

  test('takes the third skip in a row with no run open for a stuck lock', () => {
    const result = verdict(HOURLY, '4:00', [
      ping('1:01', 'skip'),
      ping('2:01', 'skip'),
      ping('3:01', 'skip'),
    ]);
    expect(ended(result)).toEqual([
      '01:00 - skipped lock_held',
      '02:00 - skipped lock_held',
      '03:00 - failure stuck_lock',
    ]);
    expect(told(result)).toEqual(['ops opened stuck_lock 03:01']);
  });

  test('judges by exit code, signal, length and output, in that order', () => {
    const picky: Declaration = {
      success_exit_codes: [0, 3],
      min_runtime: '10s',
      expect: { output: { contains: ['done', 'o'], not_contains: 'error', matches: '^[a-z ]+$' } },
      notify: [],
    };
    const quick = { duration_ms: 9_999, output: 'done' };
    const slow = { duration_ms: 10_000, output: 'all done' };
    const reasonOf = (given: Omit<ScriptedPing, 'kind'>, kind: 'success' | 'failure' = 'success'): string =>
      verdict(picky, '2:00', [ping('1:00', kind, given)]).endings[0]?.reason ?? '';
    expect(reasonOf({ ...slow, exit_code: 3 }, 'failure')).toBe('succeeded');
    expect(reasonOf({ ...slow, exit_code: 1 })).toBe('exit_code');
    expect(reasonOf({ ...slow, exit_code: 143, signal: 'TERM' }, 'failure')).toBe('signal');
    expect(reasonOf(quick)).toBe('too_fast');
    expect(reasonOf({ ...slow, output: 'nothing' })).toBe('output_mismatch');
    expect(reasonOf({ ...slow, output: 'done error' })).toBe('output_mismatch');
    expect(reasonOf({ ...slow, output: 'done 1' })).toBe('output_mismatch');
    expect(reasonOf({ duration_ms: 10_000 })).toBe('output_mismatch');
    // Nobody knows how long it took.
    expect(reasonOf({ output: 'done' })).toBe('succeeded');
  });

  test('does nothing twice, and keeps the first end', () => {
    const result = verdict({}, '2:00', [
      good('1:00', 'a'),
      start('1:01', 'a'),
      bad('1:02', 'a'),
      good('1:03', 'a'),
    ]);
    expect(ended(result)).toEqual(['- a success succeeded']);
    expect(told(result)).toEqual([]);
  });

  test('dates what was delayed, and corrects what was missed', () => {
    const result = verdict(HOURLY, '1:50', [
      ping('1:30', 'start', { rid: 'a', delay_ms: 29 * MINUTES_MS }),
      ping('1:31', 'failure', { rid: 'a', delay_ms: 28 * MINUTES_MS }),
      ping('1:40', 'success', { rid: 'b', delay_ms: 0 }),
    ]);
    expect(ended(result)).toEqual(['- b success succeeded', '01:00 a failure reported_failure']);
    expect(told(result)).toEqual(['ops opened never_seen 01:05', 'ops closed succeeded 01:40']);
  });

  test('makes one run of an end that overtakes its start', () => {
    const result = verdict(HOURLY, '1:30', [
      good('1:01', 'a'),
      ping('1:01:05', 'start', { rid: 'a', delay_ms: 30_000 }),
    ]);
    expect(ended(result)).toEqual(['01:00 a success succeeded']);
    expect(result.statuses).toEqual({ job: 'success' });
  });

  test('takes a malformed rid for none', () => {
    const result = verdict({}, '2:00', [start('1:00', 'not a rid'), good('1:10')]);
    expect(ended(result)).toEqual(['- - success succeeded']);
  });

  test('opens no incident for what was bad before a later run succeeded', () => {
    const result = verdict({}, '5:00', [
      good('2:00', 'b'),
      ping('3:00', 'failure', { rid: 'a', delay_ms: 90 * MINUTES_MS }),
    ]);
    expect(told(result)).toEqual([]);
  });

  test('gives a delayed start a minute to be ended', () => {
    expect(told(late('3:01'))).toEqual([]);
    expect(told(late('3:01:01'))).toEqual(['ops opened timeout 03:01', 'ops closed succeeded 03:01:01']);
  });

  test('clamps a delay to seven days', () => {
    const eightDays = 8 * 24 * 60 * MINUTES_MS;
    const result = verdict({}, '5:00', [ping('3:00', 'failure', { rid: 'a', delay_ms: eightDays })]);
    expect(told(result)).toEqual([
      `ops opened reported_failure ${clock(at('3:00') - 7 * 24 * 60 * MINUTES_MS)}`,
    ]);
  });
});

describe('the model of incidents (3.3)', () => {
  test('counts bad outcomes of any kind since the last good one', () => {
    const job: Declaration = { failure_threshold: 2, recovery_threshold: 2 };
    const result = verdict(job, '9:00', [
      bad('1:00'),
      good('2:00'),
      bad('3:00'),
      bad('4:00'),
      good('5:00'),
      good('6:00'),
    ]);
    expect(told(result)).toEqual(['ops opened reported_failure 04:00', 'ops closed succeeded 06:00']);
  });

  test('counts each kind for itself', () => {
    const job: Declaration = { ...HOURLY, failure_threshold: { failure: 2, missed: 2 } };
    // 1:00 fails, 2:00 is missed at 2:05, and 3:00 is missed at 3:05.
    expect(told(verdict(job, '4:00', [bad('1:01')]))).toEqual(['ops opened missed 03:05']);
  });

  test('does not take a run for the recovery that started before the newest bad one', () => {
    const result = verdict({}, '9:00', [
      start('1:00', 'a'),
      bad('1:30', 'b'),
      good('2:00', 'a'),
      good('3:00', 'c'),
    ]);
    expect(told(result)).toEqual(['ops opened reported_failure 01:30', 'ops closed succeeded 03:00']);
  });

  test('tells each notifier once it takes a kind, and of the end all who were told', () => {
    const job: Declaration = { ...HOURLY, notify: ['ops', { to: 'pager', on: ['failure'] }] };
    const result = verdict(
      job,
      '9:00',
      [bad('2:01'), edit('2:30', { ...HOURLY, notify: ['ops'] }), good('2:40')],
      { notifiers: ['ops', 'pager'], end_at: at('3:00') },
    );
    expect(told(result)).toEqual([
      'ops opened never_seen 01:05',
      'pager opened reported_failure 02:01',
      'ops closed succeeded 02:40',
      'pager closed succeeded 02:40',
    ]);
  });

  test('reminds those who were told, but for what is acknowledged', () => {
    const acknowledge: Happening = { at: at('2:00'), type: 'acknowledge', job: 'job', until_at: at('4:10') };
    const result = verdict({ remind_every: '45m' }, '5:00', [bad('1:00'), acknowledge, bad('4:20')]);
    expect(told(result)).toEqual([
      'ops opened reported_failure 01:00',
      'ops reminder reported_failure 01:45',
      'ops reminder reported_failure 04:10',
      'ops reminder reported_failure 04:55',
    ]);
  });

  test('opens silently in maintenance and announces what is still bad after it', () => {
    const job: Declaration = { maintenance: [{ schedule: '0 2 * * *', duration: '1h' }] };
    expect(told(verdict(job, '5:00', [bad('2:30')]))).toEqual(['ops opened reported_failure 03:05']);
    expect(told(verdict(job, '5:00', [bad('2:30'), good('3:04')]))).toEqual([]);
  });

  test('moves the announcement and the reminders out of every window', () => {
    const job: Declaration = {
      remind_every: '1h',
      maintenance: [
        { from: '2026-03-02T02:00Z', to: '2026-03-02 03:00' },
        { from: '2026-03-02T03:04Z', to: '2026-03-02T04:00Z' },
        { from: '2026-03-02T05:00Z', to: '2026-03-02T06:00Z' },
      ],
    };
    expect(told(verdict(job, '7:00', [bad('2:30')]))).toEqual([
      'ops opened reported_failure 04:05',
      'ops reminder reported_failure 06:05',
    ]);
  });

  test('counts nothing while paused, and expects the first slot after', () => {
    const paused: Happening = { at: at('1:30'), type: 'pause', job: 'job' };
    const resumed: Happening = { at: at('4:30'), type: 'resume', job: 'job' };
    const result = verdict(HOURLY, '5:30', [paused, bad('2:01', 'a'), resumed]);
    expect(told(result)).toEqual([
      'ops opened never_seen 01:05',
      'ops closed_silently never_seen 01:30',
      'ops opened missed 05:05',
    ]);
    expect(ended(result)).toEqual([
      '- a failure reported_failure',
      '01:00 - missed never_seen',
      '05:00 - missed missed',
    ]);
  });

  test('does not count a run that ended while the job was paused', () => {
    const paused: Happening = { at: at('1:30'), type: 'pause', job: 'job' };
    const resumed: Happening = { at: at('2:30'), type: 'resume', job: 'job' };
    const result = verdict({}, '5:00', [start('1:00', 'a'), paused, bad('2:00', 'a'), resumed]);
    expect(told(result)).toEqual([]);
    expect(ended(result)).toEqual(['- a failure reported_failure']);
    expect(result.statuses).toEqual({ job: 'pending' });
  });

  test('counts anew after an incident that a pause has closed', () => {
    const paused: Happening = { at: at('2:30'), type: 'pause', job: 'job' };
    const resumed: Happening = { at: at('2:40'), type: 'resume', job: 'job' };
    const happenings = [bad('1:00'), bad('2:00'), paused, resumed, bad('3:00'), bad('4:00')];
    expect(told(verdict({ failure_threshold: 2 }, '5:00', happenings))).toEqual([
      'ops opened reported_failure 02:00',
      'ops closed_silently reported_failure 02:30',
      'ops opened reported_failure 04:00',
    ]);
  });

  test('counts good outcomes in a row only', () => {
    const happenings = [
      bad('1:00', 'a'),
      start('1:50', 'b'),
      good('2:00', 'c'),
      bad('2:10', 'b'),
      good('3:00', 'd'),
    ];
    const result = verdict({ recovery_threshold: 2 }, '5:00', [...happenings, good('4:00', 'e')]);
    expect(told(result)).toEqual(['ops opened reported_failure 01:00', 'ops closed succeeded 04:00']);
  });

  test('closes without a word when the job is removed, and goes on when it comes back', () => {
    const result = verdict(
      HOURLY,
      '5:30',
      [start('2:00', 'a'), edit('2:30', null), bad('3:00'), edit('3:30', HOURLY)],
      {
        end_at: at('3:45'),
      },
    );
    expect(told(result)).toEqual(['ops opened never_seen 01:05', 'ops closed_silently never_seen 02:30']);
    expect(ended(result)).toEqual(['01:00 - missed never_seen', '02:00 a unknown removed']);
    expect(result.statuses).toEqual({ job: 'missed' });
  });

  test('skips a due slot when the schedule changes, and moves no deadline nearer than the grace', () => {
    const moved = verdict(HOURLY, '3:00', [edit('1:03', { schedule: '50 * * * *' })]);
    expect(ended(moved)).toEqual([
      '01:00 - skipped spec_changed',
      '01:50 - missed never_seen',
      '02:50 - missed never_seen',
    ]);
    const claimed = verdict(HOURLY, '1:10', [good('0:59'), edit('0:59:30', { schedule: '0,30 * * * *' })]);
    expect(ended(claimed)).toEqual(['01:00 - success succeeded']);
    const shorter = verdict({ ...HOURLY, grace: '30m' }, '1:45', [edit('1:20', HOURLY)]);
    expect(told(shorter)).toEqual(['ops opened never_seen 01:25']);
    const limited = verdict({}, '2:00', [start('1:00', 'a'), edit('1:20', { max_runtime: '10m' })]);
    expect(told(limited)).toEqual(['ops opened timeout 01:25']);
  });

  test('opens and closes by changed thresholds, and tells who joins', () => {
    const opened = verdict({ failure_threshold: 3 }, '5:00', [
      bad('1:00'),
      bad('2:00'),
      edit('3:00', { failure_threshold: 2 }),
    ]);
    expect(told(opened)).toEqual(['ops opened reported_failure 03:00']);
    const closed = verdict({ recovery_threshold: 3 }, '5:00', [bad('1:00'), good('2:00'), edit('3:00', {})]);
    expect(told(closed)).toEqual(['ops opened reported_failure 01:00', 'ops closed succeeded 03:00']);
    const joined = verdict({ notify: [] }, '5:00', [bad('1:00'), edit('3:00', { notify: ['ops'] })]);
    expect(told(joined)).toEqual(['ops opened reported_failure 03:00']);
  });
});

describe('the model of absences of Cronflow (3.4)', () => {
  test('takes what Cronflow could not see for unknown, and says so once', () => {
    const result = verdict(HOURLY, '4:00', [good('1:01'), away('1:30:03', '2:10'), good('3:01')]);
    // 2:00 waits until 2:25.
    expect(told(result)).toEqual([]);
    expect(ended(result)).toEqual([
      '01:00 - success succeeded',
      '02:00 - unknown outage',
      '03:00 - success succeeded',
    ]);
    expect(result.outages).toEqual([{ from_at: at('1:30'), to_at: at('2:10'), jobs: ['job'] }]);
    expect(result.statuses).toEqual({ job: 'success' });
  });

  test('waits for what is replayed, but no longer than for the next slot', () => {
    const replayed = ping('2:20', 'success', { delay_ms: 19 * MINUTES_MS, rid: 'a' });
    const result = verdict(HOURLY, '2:50', [good('1:01'), away('1:30:03', '2:10'), replayed]);
    expect(ended(result)).toEqual(['01:00 - success succeeded', '02:00 a success succeeded']);
    expect(result.outages).toEqual([{ from_at: at('1:30'), to_at: at('2:10'), jobs: [] }]);
    const quick: Declaration = { schedule: '*/5 * * * *', grace: '1m' };
    const often = verdict(quick, '1:01', [good('0:35'), away('0:36:03', '0:51'), good('0:55')]);
    // 0:40, 0:45 and 0:50 wait until 0:56 at most, because the run of 0:55 shows that nothing more comes.
    expect(ended(often)).toEqual([
      '00:35 - success succeeded',
      '00:40 - unknown outage',
      '00:45 - unknown outage',
      '00:50 - unknown outage',
      '00:55 - success succeeded',
    ]);
  });

  test('waits for a slot that a gap touched no longer than the next one is due', () => {
    const quick: Declaration = { schedule: '*/5 * * * *', grace: '1m' };
    const result = verdict(quick, '0:57', [good('0:35'), away('0:36:03', '0:51')]);
    // 0:55 is missed at 0:56, and by then the slots before are given up, too.
    expect(told(result)).toEqual(['ops opened missed 00:56']);
    expect(ended(result)).toEqual([
      '00:35 - success succeeded',
      '00:40 - unknown outage',
      '00:45 - unknown outage',
      '00:50 - unknown outage',
      '00:55 - missed missed',
    ]);
  });

  test('replaces what was unknown by what is reported later', () => {
    const late = ping('3:20', 'failure', { delay_ms: 79 * MINUTES_MS, rid: 'a' });
    const result = verdict(
      HOURLY,
      '3:30',
      [good('1:01'), away('1:30:03', '2:10'), late, good('3:00', 'b')].sort((a, b) => a.at - b.at),
    );
    expect(ended(result)).toEqual([
      '01:00 - success succeeded',
      '02:00 a failure reported_failure',
      '03:00 b success succeeded',
    ]);
    // A later run has succeeded, so nobody needs to hear of it.
    expect(told(result)).toEqual([]);
  });

  test('takes a store that failed until a crash for one gap', () => {
    const result = verdict({}, '4:00', [
      away('1:00:03', '1:10:04', 'store_failing'),
      away('1:10:06', '1:12'),
    ]);
    expect(result.outages).toEqual([{ from_at: at('1:00'), to_at: at('1:12'), jobs: [] }]);
    // Cronflow is away again before it could tell that it was back from a refused beat of 1:00:10.
    const brief = verdict({}, '4:00', [away('1:00:03', '1:00:17', 'store_failing'), away('1:00:18', '1:06')]);
    expect(brief.outages).toEqual([{ from_at: at('1:00'), to_at: at('1:06'), jobs: [] }]);
  });

  test('names a job whose run is still open after a gap of five minutes', () => {
    const result = verdict({}, '4:00', [start('1:00', 'a'), away('1:10:03', '1:15')]);
    expect(result.outages).toEqual([{ from_at: at('1:10'), to_at: at('1:15'), jobs: ['job'] }]);
  });

  test('tells of a shorter gap only once the run turns out to have ended unseen', () => {
    const open = verdict({}, '4:00', [start('1:00', 'a'), away('1:10:03', '1:11')]);
    expect(open.outages).toEqual([]);
    const found = verdict({}, '4:00', [start('1:00'), away('1:10:03', '1:11'), start('3:00')]);
    expect(found.outages).toEqual([{ from_at: at('1:10'), to_at: at('1:11'), jobs: ['job'] }]);
  });

  test('says nothing of a short gap that touched nothing', () => {
    const result = verdict({ schedule: '0 9 * * *' }, '4:00', [away('1:00:05', '1:04')]);
    expect(result.outages).toEqual([]);
  });

  test('takes a run that an anonymous start finds for unknown, but lets its limit count', () => {
    const found = verdict({}, '4:00', [start('1:00'), away('1:30:03', '1:40'), start('2:00')]);
    expect(ended(found)).toEqual(['- - open started', '- - unknown outage']);
    expect(told(found)).toEqual([]);
    const silent = verdict({ max_runtime: '35m' }, '4:00', [start('1:00'), away('1:30:03', '1:40')]);
    expect(told(silent)).toEqual(['ops opened timeout 01:55']);
  });

  test('expects an interval anew at the end of the gap', () => {
    const result = verdict({ every: '15m' }, '2:30', [good('0:40'), away('0:50:03', '1:50')]);
    expect(told(result)).toEqual(['ops opened missed 02:10']);
  });

  test('notices a store that fails at the first beat it takes, and no pause of seconds', () => {
    const failing = verdict({}, '4:00', [away('1:00:03', '1:10:04', 'store_failing')]);
    expect(failing.outages).toEqual([{ from_at: at('1:00'), to_at: at('1:10:10'), jobs: [] }]);
    const job: Declaration = { schedule: '0 1 * * *', grace: '0s' };
    // An absence that refused a beat is noticed however short it was, and one that refused none is not.
    const refused = verdict(job, '4:00', [away('1:00:09', '1:00:11', 'store_failing')]);
    expect(told(refused)).toEqual(['ops opened never_seen 01:00']);
    const brief = verdict(job, '4:00', [away('0:59:59', '1:00:02', 'store_failing')]);
    expect(told(brief)).toEqual([]);
    const between = verdict(job, '4:00', [away('0:59:53', '0:59:58', 'store_failing')]);
    expect(told(between)).toEqual(['ops opened never_seen 01:00']);
    const suspended = verdict(job, '4:00', [away('0:59:51', '1:00:19', 'suspend')]);
    expect(told(suspended)).toEqual(['ops opened never_seen 01:00']);
    const longer = verdict(job, '4:00', [away('0:59:51', '1:00:21', 'suspend')]);
    expect(told(longer)).toEqual([]);
  });

  test('tells of gaps that follow at once together', () => {
    const result = verdict({}, '4:00', [away('1:00:03', '1:10'), away('1:20', '1:21', 'stop')]);
    expect(result.outages).toEqual([{ from_at: at('1:00'), to_at: at('1:21'), jobs: [] }]);
  });
});
