import { describe, expect, test } from 'vitest';
import { transition } from '../../../src/core/job/transition.ts';
import { NO_RUNS } from '../../../src/core/model/runs.ts';
import { DEFAULT_GLOBALS, specOf } from '../../../src/core/model/spec.ts';
import { instant, play, stateAfter } from '../support/scenario.ts';
import { NIGHTLY, HOURLY, MINUTELY, table } from '../support/table.ts';
import { MINUTE_MS } from '../../../src/schedule/units.ts';

describe('§3.3 who is told what', () => {
  table([
    [
      'reminders come while the incident is open, each dated at its own instant',
      { ...NIGHTLY, remind_every: '1h' },
      `02:00 failure
       04:30 tick
       05:30 success rid=b
       09:00 tick`,
      [
        '02:00 slot 02:00 failure reported_failure',
        '02:00 owe ops opened reported_failure',
        '03:00 owe ops reminder reported_failure',
        '04:00 owe ops reminder reported_failure',
        '05:00 owe ops reminder reported_failure',
        '05:30 no slot success succeeded',
        '05:30 owe ops closed succeeded',
        '05:30 incident closed recovered',
      ],
    ],
    [
      'an incident acknowledged anew for a shorter time reminds from the end of that time on',
      { ...NIGHTLY, remind_every: '1h' },
      `02:00 failure
       02:30 ack until=20:00
       03:30 tick
       03:40 ack until=04:30
       05:40 tick`,
      [
        '02:00 slot 02:00 failure reported_failure',
        '02:00 owe ops opened reported_failure',
        '04:30 owe ops reminder reported_failure',
        '05:30 owe ops reminder reported_failure',
      ],
    ],
    [
      'an acknowledged incident reminds nobody before its acknowledgement ends, and closes as usual',
      { ...NIGHTLY, remind_every: '1h' },
      `02:00 failure
       02:30 ack until=05:30
       05:40 tick
       06:00 success`,
      [
        '02:00 slot 02:00 failure reported_failure',
        '02:00 owe ops opened reported_failure',
        '05:30 owe ops reminder reported_failure',
        '06:00 no slot success succeeded',
        '06:00 owe ops closed succeeded',
        '06:00 incident closed recovered',
      ],
    ],
    [
      'nobody is reminded unless the job says how often',
      NIGHTLY,
      `02:00 failure
       d2 01:00 tick`,
      ['02:00 slot 02:00 failure reported_failure', '02:00 owe ops opened reported_failure'],
    ],
    [
      'nothing is sent for a second failure, another reason or a good run after the recovery',
      HOURLY,
      `01:00 failure
       02:00 failure exit=9
       03:05 tick
       04:00 success
       05:00 success`,
      [
        '01:00 slot 01:00 failure reported_failure',
        '01:00 owe ops opened reported_failure',
        '02:00 slot 02:00 failure exit_code',
        '03:05 slot 03:00 missed missed',
        '04:00 slot 04:00 success succeeded',
        '04:00 owe ops closed succeeded (3)',
        '04:00 incident closed recovered',
        '05:00 slot 05:00 success succeeded',
      ],
    ],
  ]);

  test('a notifier is told when the incident first contains a kind it takes, and of its end only if told', () => {
    const notify = [
      'all',
      { to: 'pager', on: ['missed' as const] },
      { to: 'hangs', on: ['timeout' as const] },
    ];
    const trace = play(
      { ...HOURLY, notify },
      `01:00 failure
       02:05 tick
       03:00 success`,
    );
    expect(trace).toEqual([
      '01:00 slot 01:00 failure reported_failure',
      '01:00 owe all opened reported_failure',
      '02:05 slot 02:00 missed missed',
      '02:05 owe pager opened missed (2)',
      '03:00 slot 03:00 success succeeded',
      '03:00 owe all closed succeeded (2)',
      '03:00 owe pager closed succeeded (2)',
      '03:00 incident closed recovered',
    ]);
  });

  test('a notifier that joins and takes missed runs only is not told of a miss that turned out to be a failure', () => {
    const trace = play(
      { ...HOURLY, notify: ['a'] },
      `01:05 tick
       01:10 failure
       01:30 spec {"notify":[{"to":"pager","on":["missed"]}]}
       02:05 tick`,
    );
    expect(trace.filter((line) => line.includes('pager'))).toEqual(['02:05 owe pager opened missed (2)']);
  });

  test('a failure that replaces a timeout from before a hundred misses is told to those who take failures only', () => {
    const notify = [{ to: 'pager', on: ['failure' as const] }];
    const trace = play(
      { ...MINUTELY, grace: '10s', max_runtime: '90s', notify },
      `00:01 start rid=a
       02:30 tick
       02:30:01 failure rid=a exit=4`,
    );
    expect(trace.filter((line) => line.includes(' missed '))).toEqual([
      '02:29:10 slot 02:29 missed missed x148',
    ]);
    expect(trace.slice(-2)).toEqual([
      '02:30:01 slot 00:01 failure exit_code',
      '02:30:01 owe pager opened exit_code (149)',
    ]);
  });

  test('a kind keeps its count however many outcomes of other kinds come in between', () => {
    const trace = play(
      {
        ...MINUTELY,
        grace: '10s',
        max_runtime: '90s',
        failure_threshold: { timeout: 2, missed: 100, failure: 100 },
      },
      `00:01 start rid=a
       00:02 start rid=b
       00:03:30 failure rid=b
       ${Array.from({ length: 60 }, (_, i) => `01:${String(i).padStart(2, '0')}:20 failure rid=r${i}`).join('\n')}
       02:00 start rid=c
       02:01:30 tick`,
    );
    expect(trace.filter((line) => line.includes('owe'))).toEqual(['02:01:30 owe ops opened timeout (121)']);
  });

  test('the closing is owed to those who were told, whatever happened to notify since', () => {
    const trace = play(
      { ...HOURLY, notify: ['a'] },
      `01:00 failure
       01:30 spec {"notify":[]}
       02:00 success`,
    );
    expect(trace).toContain('02:00 owe a closed succeeded');
  });

  test('a notifier taken out of notify is reminded no more, and still told of the end', () => {
    const trace = play(
      { ...HOURLY, remind_every: '20m', notify: ['a', 'b'] },
      `01:00 failure
       01:25 spec {"notify":["b"]}
       01:50 success`,
    );
    expect(trace).toEqual([
      '01:00 slot 01:00 failure reported_failure',
      '01:00 owe a opened reported_failure',
      '01:00 owe b opened reported_failure',
      '01:20 owe a reminder reported_failure',
      '01:20 owe b reminder reported_failure',
      '01:40 owe b reminder reported_failure',
      '01:50 no slot success succeeded',
      '01:50 owe a closed succeeded',
      '01:50 owe b closed succeeded',
      '01:50 incident closed recovered',
    ]);
  });

  test('a notifier that joins while the incident is open is told then, and of its end', () => {
    const trace = play(
      { ...HOURLY, notify: ['a'] },
      `01:00 failure
       01:30 spec {"notify":["b", {"to": "c", "on": ["missed"]}]}
       02:00 success`,
    );
    expect(trace).toEqual([
      '01:00 slot 01:00 failure reported_failure',
      '01:00 owe a opened reported_failure',
      '01:30 owe b opened reported_failure',
      '02:00 slot 02:00 success succeeded',
      '02:00 owe a closed succeeded',
      '02:00 owe b closed succeeded',
      '02:00 incident closed recovered',
    ]);
  });

  test('a notifier that joins is not told of a long incident that no longer contains a kind it takes', () => {
    const trace = play(
      { max_runtime: '30m', notify: ['a'] },
      `00:10 start rid=hung
       00:41 failure rid=hung
       ${everyMinuteFrom('01:00', 'failure', 60)}
       03:00 spec {"notify":[{"to":"pager","on":["timeout"]}]}`,
    );
    expect(trace.filter((line) => line.includes('owe'))).toEqual(['00:40 owe a opened timeout']);
  });

  test('a notifier that joins is not told of a long incident whose timeout turned out late to be a failure', () => {
    const trace = play(
      { max_runtime: '30m', notify: ['a'] },
      `00:10 start rid=hung
       ${everyMinuteFrom('01:00', 'failure', 60)}
       02:10 failure rid=hung
       03:00 spec {"notify":[{"to":"pager","on":["timeout"]}]}`,
    );
    expect(trace.filter((line) => line.includes('owe'))).toEqual(['00:40 owe a opened timeout']);
  });

  test('the reminder of a long incident tells the newest bad outcome', () => {
    const trace = play(
      { recovery_threshold: 100, remind_every: '3h' },
      `00:30 failure exit=1
       01:00 failure
       ${everyMinuteFrom('01:01', 'success', 60)}
       04:00 tick`,
    );
    expect(trace.filter((line) => line.includes('reminder'))).toEqual([
      '03:30 owe ops reminder reported_failure (2)',
    ]);
  });

  test('a reminder tells the newest bad outcome also when the history has let its run go', () => {
    const declaration = { recovery_threshold: 2, remind_every: '3h' };
    const spec = specOf('job', declaration, { ...DEFAULT_GLOBALS, notifiers: ['ops'] });
    const state = stateAfter(declaration, `00:30 failure exit=1\n01:00 failure`);
    const { deliveries } = transition(
      spec,
      { ...state, runs: NO_RUNS },
      { type: 'tick', now_at: instant('04:00') },
    );
    expect(deliveries).toMatchObject([
      { kind: 'reminder', facts: { reason: 'reported_failure', outcome: 'failure', run_id: null } },
    ]);
  });
});

/** Repeats a ping of a kind, one a minute, each with a run id of its own, as the lines of a script. */
function everyMinuteFrom(from: string, kind: string, count: number): string {
  const fromMinute = instant(from) / MINUTE_MS;
  return Array.from({ length: count }, (_, index) => {
    const time = new Date((fromMinute + index) * MINUTE_MS).toISOString().slice(11, 16);
    return `${time} ${kind} rid=${index}`;
  }).join('\n');
}
