import { describe, expect, test } from 'vitest';
import { instant, play, stateAfter } from '../support/scenario.ts';
import { NIGHTLY, HOURLY, MINUTELY, EVERY, table } from '../support/table.ts';

/** Repeats a line of a script on this many days, from a day on. */
function nights(count: number, line: string, fromDay = 1): string {
  return Array.from({ length: count }, (_, index) => `d${fromDay + index} ${line}`).join('\n');
}

/** Returns the trace of `nights` for a success at that time of the slot at 02:00. */
function nightsEnded(count: number, time: string, fromDay = 1): string[] {
  return Array.from({ length: count }, (_, index) => {
    const day = fromDay + index === 1 ? '' : `d${fromDay + index} `;
    return `${day}${time} slot ${day}02:00 success succeeded`;
  });
}

/** Repeats a line of a script this many times, at `MM:SS` of each hour from one on. */
function hours(count: number, line: string): string {
  return Array.from({ length: count }, (_, index) => `${twoDigits(index + 1)}:${line}`).join('\n');
}

function hoursEnded(count: number, time: string): string[] {
  return Array.from({ length: count }, (_, index) => {
    const hour = twoDigits(index + 1);
    return `${hour}:${time} slot ${hour}:00 success succeeded`;
  });
}

/** A Cronflow that dies each 10 s from 02:00 on, this often, and was away for all of that time but the last 2 s. */
function crashes(count: number): string {
  return Array.from(
    { length: count },
    (_, each) => `${afterTwo(10 * each + 8)} gap from=${afterTwo(10 * each)}`,
  ).join('\n');
}

function afterTwo(seconds: number): string {
  return new Date(Date.UTC(2025, 0, 1, 2) + seconds * 1_000).toISOString().slice(11, 19);
}

/** Restarts of a second each, every three hours of a day from 05:00 on. */
function restarts(day: number): string {
  return [5, 8, 11, 14, 17, 20]
    .map((hour) => `d${day} ${twoDigits(hour)}:00:01 gap from=d${day} ${twoDigits(hour)}:00`)
    .join('\n');
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}

describe('§3.4 when Cronflow was away', () => {
  table([
    [
      'a slot whose window touches a gap ends unknown instead of missed, a replay window after the gap',
      NIGHTLY,
      `01:00 log
       02:30 gap from=01:59
       02:44 tick
       02:45 tick
       09:00 tick`,
      ['02:45 slot 02:00 unknown outage'],
    ],
    [
      'a slot whose window touches a gap ends as reported, when its pings are replayed within the replay window',
      NIGHTLY,
      `01:00 log
       02:30 gap from=01:59
       02:31 start rid=a delay=31m
       02:31 success rid=a delay=21m`,
      ['02:10 slot 02:00 success succeeded'],
    ],
    [
      'a run after the gap leaves the slots in the gap unknown, and runs that are replayed later take them over',
      HOURLY,
      `01:00 success
       05:00 gap from=01:50
       05:00:30 start rid=z
       05:01 success rid=z
       05:02 start rid=a delay=2h2m
       05:02:01 failure rid=a delay=1h50m
       09:00 tick`,
      [
        '01:00 slot 01:00 success succeeded',
        '05:00:30 slot 04:00 unknown outage x3',
        '05:01 slot 05:00 success succeeded',
        '03:12:01 slot 03:00 late failure reported_failure',
        '05:00:30 slot 04:00 unknown outage x2',
        '06:05 owe ops opened missed',
        '08:05 slot 08:00 missed missed x3',
      ],
    ],
    [
      'a slot whose deadline a new grace has moved into the gap is left unknown, too',
      { schedule: '*/10 * * * *', grace: '1m' },
      `00:00 log
       00:10 success
       00:20:30 spec {"schedule":"*/10 * * * *","grace":"90s"}
       00:21:50 gap from=00:21:40
       00:30 success`,
      [
        '00:10 slot 00:10 success succeeded',
        '00:30 slot 00:20 unknown outage',
        '00:30 slot 00:30 success succeeded',
      ],
    ],
    [
      'a gap that begins after the job had always reported explains nothing: missed at the deadline',
      { schedule: '0 2 * * *', grace: '2h' },
      `${nights(10, '02:00:05 success')}
       d11 02:30:12 gap from=d11 02:30
       d11 03:59:59 tick
       d11 04:00 tick`,
      [
        ...nightsEnded(10, '02:00:05'),
        'd11 04:00 slot d11 02:00 missed missed',
        'd11 04:00 owe ops opened missed',
      ],
    ],
    [
      'a gap that begins within a minute of the latest of ten reports may explain a silence',
      { schedule: '0 2 * * *', grace: '2h' },
      `02:07 success
       ${nights(10, '02:00:05 success', 2)}
       d12 02:01:15 gap from=d12 02:01:05
       d12 09:00 tick`,
      [
        '02:07 slot 02:00 success succeeded',
        ...nightsEnded(10, '02:00:05', 2),
        'd12 04:00 slot d12 02:00 unknown outage',
      ],
    ],
    [
      'a gap that begins more than a minute after the latest of ten reports explains no silence',
      { schedule: '0 2 * * *', grace: '2h' },
      `02:07 success
       ${nights(10, '02:00:05 success', 2)}
       d12 02:01:15 gap from=d12 02:01:06
       d12 09:00 tick`,
      [
        '02:07 slot 02:00 success succeeded',
        ...nightsEnded(10, '02:00:05', 2),
        'd12 04:00 slot d12 02:00 missed missed',
        'd12 04:00 owe ops opened missed',
      ],
    ],
    [
      'a whole run among the ten reports counts by its end, for that is when it was reported',
      { schedule: '0 2 * * *', grace: '2h' },
      `02:31 success took=30m
       ${nights(9, '02:00:05 success', 2)}
       d11 02:31:40 gap from=d11 02:31:30
       d11 09:00 tick`,
      [
        '02:31 slot 02:00 success succeeded',
        ...nightsEnded(9, '02:00:05', 2),
        'd11 04:00 slot d11 02:00 unknown outage',
      ],
    ],
    [
      'a gap explains the silence of a job that has claimed fewer than ten slots: its slot ends unknown',
      { schedule: '0 2 * * *', grace: '2h' },
      `${nights(9, '02:00:05 success')}
       d10 02:30:12 gap from=d10 02:30
       d10 09:00 tick`,
      [...nightsEnded(9, '02:00:05'), 'd10 04:00 slot d10 02:00 unknown outage'],
    ],
    [
      'slots of another schedule do not count among the ten reports: the slot ends unknown',
      { schedule: '0 2 * * *', grace: '2h' },
      `${nights(10, '02:00:05 success')}
       d10 12:00 spec {"schedule":"5 2 * * *"}
       d11 02:30:12 gap from=d11 02:30
       d11 09:00 tick`,
      [...nightsEnded(10, '02:00:05'), 'd11 04:05 slot d11 02:05 unknown outage'],
    ],
    [
      'a gap over the deadline that begins after the job had always reported explains nothing: missed at the deadline',
      { schedule: '0 2 * * *', grace: '2h' },
      `${nights(10, '02:00:05 success')}
       d11 04:30 gap from=d11 03:50
       d11 04:30 tick`,
      [
        ...nightsEnded(10, '02:00:05'),
        'd11 04:00 slot d11 02:00 missed missed',
        'd11 04:00 owe ops opened missed',
      ],
    ],
    [
      'a slot that one gap may explain waits for the replay that the next gap hid',
      { schedule: '0 2 * * *', grace: '10m' },
      `${nights(10, '02:00:05 success')}
       d11 02:02 gap from=d11 01:59
       d11 02:15 gap from=d11 02:14
       d11 02:29:59 tick
       d11 02:30 tick`,
      [...nightsEnded(10, '02:00:05'), 'd11 02:30 slot d11 02:00 unknown outage'],
    ],
    [
      'a slot that waits for a replay holds up no later slot whose silence no gap explains',
      { schedule: '0 * * * *', grace: '70m' },
      `${hours(10, '00:05 success')}
       11:02 gap from=10:59:30
       14:20 gap from=12:05
       14:20 tick`,
      [
        ...hoursEnded(10, '00:05'),
        '13:10 slot 11:00 unknown outage',
        '13:10 slot 12:00 missed missed',
        '13:10 owe ops opened missed',
      ],
    ],
    [
      'an older slot that no gap explains is missed by the claim of the next',
      { schedule: '0 * * * *', grace: '1h' },
      `${hours(10, '00:10 success')}
       11:30:12 gap from=11:30
       11:59:58 success`,
      [
        ...hoursEnded(10, '00:10'),
        '11:59:58 slot 11:00 missed missed',
        '11:59:58 slot 12:00 success succeeded',
        '11:59:58 owe ops opened missed',
        '11:59:58 owe ops closed succeeded',
        '11:59:58 incident closed recovered',
      ],
    ],
    [
      'a slot whose deadline lay before the gap was missed all the same',
      NIGHTLY,
      `01:00 log
       09:00 gap from=03:00`,
      ['02:05 slot 02:00 missed missed', '02:05 owe ops opened missed'],
    ],
    [
      'an anonymous run open through a gap may have ended unseen: unknown instead of abandoned',
      HOURLY,
      `01:00 start
       01:30 gap from=01:20
       02:00 start
       02:10 success`,
      ['02:00 slot 01:00 unknown outage', '02:10 slot 02:00 success succeeded'],
    ],
    [
      'the limit of a run that was open through a gap still counts',
      NIGHTLY,
      `02:00 start rid=a
       03:40 gap from=03:00
       04:00 tick`,
      ['04:00 slot 02:00 timeout timeout', '04:00 owe ops opened timeout'],
    ],
    [
      'a limit that fell into the gap waits for the pings that the wrapper has kept',
      NIGHTLY,
      `02:00 start rid=a
       05:00 gap from=03:00
       05:14:59 tick
       05:15 tick`,
      ['05:15 slot 02:00 timeout timeout', '05:15 owe ops opened timeout'],
    ],
    [
      'nobody is told of a limit where the kept pings come in time: the job had ended while Cronflow was away',
      { ...NIGHTLY, max_runtime: '10m' },
      `02:00:01 start rid=a
       02:15:30 gap from=02:00:30
       02:15:39 tick
       02:15:40 success rid=a delay=14m40s took=59s
       04:00 tick`,
      ['02:01 slot 02:00 success succeeded'],
    ],
    [
      'a limit less than a replay window after the gap waits, and a limit at the end of that window does not',
      { max_runtime: '2h' },
      `01:00 start rid=a
       01:01 start rid=b
       02:46 gap from=02:45
       03:00:59 tick
       03:01 tick`,
      ['03:01 no slot timeout timeout', '03:01 no slot timeout timeout', '03:01 owe ops opened timeout'],
    ],
    [
      'a limit waits for no gap in which its run had not begun',
      { max_runtime: '2m' },
      `01:00 gap from=00:50
       01:00:01 start rid=a
       01:02:01 tick`,
      ['01:02:01 no slot timeout timeout', '01:02:01 owe ops opened timeout'],
    ],
    [
      'a limit that waits while Cronflow goes away again waits for the pings kept in the second gap',
      { max_runtime: '1h' },
      `01:00 start rid=a
       02:10 gap from=01:50
       02:40 gap from=02:20
       02:54 tick
       02:55 tick`,
      ['02:55 no slot timeout timeout', '02:55 owe ops opened timeout'],
    ],
    [
      'restarts that are over by the limit do not put it off: a run that hangs is told of',
      { max_runtime: '1h' },
      `01:00 start rid=a
       02:00:05 gap from=02:00
       02:10:05 gap from=02:10
       02:15:05 tick`,
      ['02:15:05 no slot timeout timeout', '02:15:05 owe ops opened timeout'],
    ],
    [
      'waiting for the replay holds up no slot that the gap does not touch: a dead job is told of in time',
      { ...MINUTELY, grace: '1m' },
      `00:01 success
       00:02:30 gap from=00:02:28
       00:03:59 tick
       00:05 tick`,
      [
        '00:01 slot 00:01 success succeeded',
        '00:05 slot 00:03 unknown outage x2',
        '00:05 slot 00:04 missed missed',
        '00:05 owe ops opened missed',
      ],
    ],
    [
      'every: restarts more frequent than the job hide no dead job',
      { every: '1d', grace: '5m' },
      `00:30 success
       20:00:02 gap from=20:00
       d2 16:00:02 gap from=d2 16:00
       d3 00:34 tick
       d3 00:35 tick`,
      [
        '00:30 no slot success succeeded',
        'd3 00:35 slot d3 00:30 missed missed',
        'd3 00:35 owe ops opened missed',
      ],
    ],
    [
      'a gap in the first interval after a pause makes it start anew, whatever ran in the pause',
      EVERY,
      `00:30 success
       01:00 paused
       01:10 success
       01:20 resumed
       02:15 gap from=02:10
       03:20 tick`,
      [
        '00:30 no slot success succeeded',
        '01:10 no slot success succeeded (not counted)',
        '03:20 slot 03:15 missed missed',
        '03:20 owe ops opened missed',
      ],
    ],
    [
      'a job that never ran is missed however often Cronflow is away before',
      EVERY,
      `00:50 gap from=00:40
       01:40 gap from=01:30
       02:05 tick`,
      ['02:05 slot 02:00 missed never_seen', '02:05 owe ops opened never_seen'],
    ],
    [
      'every starts anew at the end of the gap',
      EVERY,
      `00:30 success
       02:00 gap from=01:00
       03:04 tick
       03:05 tick`,
      ['00:30 no slot success succeeded', '03:05 slot 03:00 missed missed', '03:05 owe ops opened missed'],
    ],
    [
      'every starts anew at the end of the gap also where only a new grace let the slot last until the gap',
      { ...EVERY, grace: '10h' },
      `10:58 spec {"grace":"5m"}
       11:10 gap from=11:00
       12:14 tick
       12:15 tick`,
      ['12:15 slot 12:10 missed never_seen', '12:15 owe ops opened never_seen'],
    ],
    [
      'a gap that ends before the early edge of a window does not touch the slot',
      NIGHTLY,
      `01:00 log
       01:57:59 gap from=01:50
       02:05 tick`,
      ['02:05 slot 02:00 missed missed', '02:05 owe ops opened missed'],
    ],
    [
      'a gap that ends at the very early edge of a window touches the slot',
      NIGHTLY,
      `01:00 log
       01:58 gap from=01:50
       02:12 tick
       02:13 tick`,
      ['02:13 slot 02:00 unknown outage'],
    ],
    [
      'a gap that begins at the very deadline touches the slot, one that begins later does not',
      { ...NIGHTLY, schedule: '0 2,4 * * *' },
      `01:00 log
       02:20 gap from=02:05
       02:40 tick
       04:20 gap from=04:05:01
       04:40 tick`,
      ['02:35 slot 02:00 unknown outage', '04:05 slot 04:00 missed missed', '04:05 owe ops opened missed'],
    ],
  ]);
});

test('a slot in the first of more gaps than a job remembers ends unknown, and no alarm is given', () => {
  const job = { schedule: '0 2 * * *', grace: '1m' };
  const script = `01:00 log\n${crashes(360)}`;
  expect(play(job, `${script}\n09:00 tick`)).toEqual(['03:14:58 slot 02:00 unknown outage']);
  expect(stateAfter(job, script).job.gaps).toHaveLength(32);
});

// Of the restarts of a week there are more than a job remembers, and the last two are nearer to each other.
test('a slot between gaps that became one is missed where neither of them hid it', () => {
  const job = { schedule: '0 2 * * *', grace: '4h' };
  const days = Array.from(
    { length: 10 },
    (_, index) => `d${index + 1} 02:00:05 success\n${restarts(index + 1)}`,
  );
  const script = `${days.join('\n')}
    d11 01:30:01 gap from=d11 01:30
    d11 03:00:01 gap from=d11 03:00
    d11 05:59:59 tick
    d11 06:00 tick`;
  expect(play(job, script)).toEqual([
    ...nightsEnded(10, '02:00:05'),
    'd11 06:00 slot d11 02:00 missed missed',
    'd11 06:00 owe ops opened missed',
  ]);
  expect(stateAfter(job, script).job.gaps).toHaveLength(32);
});

test('a gap that is learned of twice is one gap', () => {
  const { job } = stateAfter(
    NIGHTLY,
    `02:30 gap from=01:59
     02:30:05 gap from=01:59`,
  );
  expect(job.gaps).toEqual([{ from_at: instant('01:59'), to_at: instant('02:30:05') }]);
});

describe('§3.4 a limit reached although Cronflow was away', () => {
  test('the timeout message says for how long Cronflow was away', () => {
    const details: (string | null)[] = [];
    const script = `01:00 start rid=a
       02:00 success rid=b
       02:40 gap from=02:10
       03:01 tick`;
    const trace = play(HOURLY, script, (result) => {
      details.push(...result.deliveries.map((delivery) => delivery.facts.detail));
    });
    expect(trace.at(-1)).toBe('03:00 owe ops opened timeout');
    expect(details).toEqual(['Cronflow was away for 30m of that and may not have seen its end']);
  });
});

describe('§3.4 a rerun of a missed slot that ended unknown', () => {
  table([
    [
      'replaces the miss once it turns out how it ended',
      { ...HOURLY, notify: ['ops'] },
      `00:30 success
       01:05 tick
       01:10 start
       01:40 gap from=01:20
       02:00 start
       02:01 success
       02:10 tick`,
      [
        '00:30 no slot success succeeded',
        '01:05 slot 01:00 missed missed',
        '01:05 owe ops opened missed',
        '02:00 slot 01:00 late unknown outage',
        '02:01 slot 02:00 success succeeded',
        '02:01 owe ops closed succeeded',
        '02:01 incident closed recovered',
      ],
    ],
  ]);

  test('leaves no miss in the history once it turns out how it ended', () => {
    const { runs } = stateAfter(
      HOURLY,
      `00:30 success
       01:05 tick
       01:10 start rid=a
       01:40 gap from=01:20
       01:50 removed
       01:51 restored
       01:52 failure rid=a exit=3
       02:00 tick`,
    );
    expect(runs.map(({ outcome, reason }) => `${outcome} ${reason}`)).toEqual([
      'success succeeded',
      'failure exit_code',
    ]);
  });
});

describe('§3.4 reminders that fell into a gap', () => {
  table([
    [
      'come once, at the end of the gap',
      { max_runtime: '1h', remind_every: '10m' },
      `00:30 start
       02:05 gap from=01:35
       02:06 tick
       02:15 tick`,
      [
        '01:30 no slot timeout timeout',
        '01:30 owe ops opened timeout',
        '02:05 owe ops reminder timeout',
        '02:15 owe ops reminder timeout',
      ],
    ],
    [
      'come once where maintenance puts them off for longer than a report may be late',
      {
        grace: '5m',
        remind_every: '6h',
        maintenance: [{ from: '2025-01-01T07:30Z', to: '2025-01-10T07:30Z' }],
      },
      `01:00 failure
       08:00 gap from=06:59
       d9 08:00 tick
       d10 07:35 tick`,
      [
        '01:00 no slot failure reported_failure',
        '01:00 owe ops opened reported_failure',
        'd10 07:35 owe ops reminder reported_failure',
      ],
    ],
  ]);
});

describe('§3.4 `every` after a run that reached its limit in a gap', () => {
  table([
    [
      'starts anew at the end of the gap, for the next run was expected from the limit on',
      { every: '15m', grace: '1m', max_runtime: '20m' },
      `00:10 start
       01:10 gap from=00:27
       01:25 tick
       01:26 tick`,
      ['01:25 no slot timeout timeout', '01:25 owe ops opened timeout', '01:26 slot 01:25 missed missed'],
    ],
  ]);
});
