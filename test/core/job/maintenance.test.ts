import { describe } from 'vitest';
import type { Declaration } from '../../../src/core/model/declaration.ts';
import { HOURLY, NIGHTLY, NONE, table } from '../support/table.ts';

describe('§3.3 maintenance', () => {
  const HELD: Declaration = { ...HOURLY, maintenance: [{ schedule: '0 2 * * *', duration: '3h' }] };
  table([
    [
      'in a window incidents open silently; what is still bad at its end is announced after grace',
      HELD,
      `01:00 success
       02:00 failure
       05:04 tick
       05:05 tick`,
      [
        '01:00 slot 01:00 success succeeded',
        '02:00 slot 02:00 failure reported_failure',
        '04:05 slot 04:00 missed missed x2',
        '05:05 slot 05:00 missed missed x3',
        '05:05 owe ops opened missed (4)',
      ],
    ],
    [
      'a good outcome in a window closes the incident, and nobody is told of anything',
      HELD,
      `01:00 success
       02:00 success
       03:00 failure
       04:00 success
       05:00 success
       06:00 success
       06:04 tick`,
      [
        '01:00 slot 01:00 success succeeded',
        '02:00 slot 02:00 success succeeded',
        '03:00 slot 03:00 failure reported_failure',
        '04:00 slot 04:00 success succeeded',
        '04:00 incident closed recovered',
        '05:00 slot 05:00 success succeeded',
        '06:00 slot 06:00 success succeeded',
      ],
    ],
    [
      'windows that leave no time for the grace are waited for to the last, however many they are',
      { ...NONE, maintenance: [{ schedule: '*/10 * * * 1-5', duration: '8m' }] },
      `01:01 failure
       d4 00:02 tick
       d4 00:03:01 tick`,
      ['01:01 no slot failure reported_failure', 'd4 00:03 owe ops opened reported_failure'],
    ],
    [
      'a slot of the window that is missed after its end is announced with the rest',
      { ...NIGHTLY, grace: '10m', maintenance: [{ from: '2025-01-01 01:00', to: '2025-01-01 02:05' }] },
      `01:00 log
       02:10 tick
       02:14:59 tick
       02:15 tick`,
      ['02:10 slot 02:00 missed missed', '02:15 owe ops opened missed'],
    ],
    [
      'what goes wrong after the window is told at once',
      HELD,
      `01:00 success
       02:00 failure
       03:00 success
       04:00 success
       05:00 success
       05:01 failure`,
      [
        '01:00 slot 01:00 success succeeded',
        '02:00 slot 02:00 failure reported_failure',
        '03:00 slot 03:00 success succeeded',
        '03:00 incident closed recovered',
        '04:00 slot 04:00 success succeeded',
        '05:00 slot 05:00 success succeeded',
        '05:01 no slot failure reported_failure',
        '05:01 owe ops opened reported_failure',
      ],
    ],
    [
      'what goes wrong at the very end of a window is told at once: the end is no part of the window',
      {
        ...NIGHTLY,
        maintenance: [
          { schedule: '0 2 * * *', duration: '1h' },
          { from: '2025-01-01T05:00Z', to: '2025-01-01T06:00Z' },
        ],
      },
      `01:00 success
       02:00 success
       03:00 failure
       04:00 success
       06:00 failure`,
      [
        '01:00 no slot success succeeded',
        '02:00 slot 02:00 success succeeded',
        '03:00 no slot failure reported_failure',
        '03:00 owe ops opened reported_failure',
        '04:00 no slot success succeeded',
        '04:00 owe ops closed succeeded',
        '04:00 incident closed recovered',
        '06:00 no slot failure reported_failure',
        '06:00 owe ops opened reported_failure',
      ],
    ],
    [
      'the very beginning of a window is part of it, whichever way it is given',
      {
        ...NIGHTLY,
        maintenance: [
          { schedule: '0 3 * * *', duration: '1h' },
          { from: '2025-01-01T05:00Z', to: '2025-01-01T06:00Z' },
        ],
      },
      `02:00 success
       03:00 failure
       03:30 success
       05:00 failure
       05:30 success`,
      [
        '02:00 slot 02:00 success succeeded',
        '03:00 no slot failure reported_failure',
        '03:30 no slot success succeeded',
        '03:30 incident closed recovered',
        '05:00 no slot failure reported_failure',
        '05:30 no slot success succeeded',
        '05:30 incident closed recovered',
      ],
    ],
    [
      'trouble known before the window gets no reminder in it, and its end is told at once',
      { ...HELD, remind_every: '1h' },
      `01:00 failure
       02:00 failure
       03:00 failure
       04:00 failure
       04:30 success`,
      [
        '01:00 slot 01:00 failure reported_failure',
        '01:00 owe ops opened reported_failure',
        '02:00 slot 02:00 failure reported_failure',
        '03:00 slot 03:00 failure reported_failure',
        '04:00 slot 04:00 failure reported_failure',
        '04:30 no slot success succeeded',
        '04:30 owe ops closed succeeded (4)',
        '04:30 incident closed recovered',
      ],
    ],
    [
      'a reminder that falls into a window comes grace after its end',
      { ...NIGHTLY, remind_every: '1h', maintenance: [{ schedule: '0 3 * * *', duration: '2h' }] },
      `02:04 failure
       05:04 tick
       05:06 tick`,
      [
        '02:04 slot 02:00 failure reported_failure',
        '02:04 owe ops opened reported_failure',
        '05:05 owe ops reminder reported_failure',
      ],
    ],
    [
      'a reminder put off for long comes when the acknowledgement ends where no window puts it off',
      {
        max_runtime: '10m',
        grace: '45m',
        remind_every: '1h',
        maintenance: [{ schedule: '0 * * * *', duration: '30m' }],
      },
      `01:45 failure
       02:50 ack until=04:10
       05:00 ack until=05:40
       06:41 tick`,
      [
        '01:45 no slot failure reported_failure',
        '01:45 owe ops opened reported_failure',
        '02:45 owe ops reminder reported_failure',
        '05:40 owe ops reminder reported_failure',
        '06:40 owe ops reminder reported_failure',
      ],
    ],
    [
      'a reminder that a window has put off comes when the window is taken out of the file',
      { max_runtime: '10m', remind_every: '1h', maintenance: [{ schedule: '0 3 * * *', duration: '9h' }] },
      `02:30 failure
       04:00 spec {"maintenance":[]}
       05:01 tick`,
      [
        '02:30 no slot failure reported_failure',
        '02:30 owe ops opened reported_failure',
        '04:00 owe ops reminder reported_failure',
        '05:00 owe ops reminder reported_failure',
      ],
    ],
    [
      'a notifier that is told after a window is not reminded with the others at that very instant',
      {
        max_runtime: '10m',
        grace: '5m',
        remind_every: '1h',
        notify: ['ops', { to: 'pager', on: ['timeout'] }],
        maintenance: [{ schedule: '0 3 * * *', duration: '2h' }],
      },
      `02:04 failure
       03:10 start rid=a
       06:06 tick`,
      [
        '02:04 no slot failure reported_failure',
        '02:04 owe ops opened reported_failure',
        '03:20 no slot timeout timeout',
        '05:05 owe ops reminder timeout (2)',
        '05:05 owe pager opened timeout (2)',
        '06:05 owe ops reminder timeout (2)',
        '06:05 owe pager reminder timeout (2)',
      ],
    ],
    [
      'windows that follow each other are one, and a wait that ends in the next goes on',
      {
        ...NIGHTLY,
        maintenance: [
          { from: '2025-01-01T01:00Z', to: '2025-01-01T03:00Z' },
          { from: '2025-01-01T03:00Z', to: '2025-01-01T04:00Z' },
          { from: '2025-01-01T04:03Z', to: '2025-01-01T06:00Z' },
        ],
      },
      `02:00 failure
       06:04 tick
       06:06 tick`,
      ['02:00 slot 02:00 failure reported_failure', '06:05 owe ops opened reported_failure'],
    ],
    [
      'a good outcome that is not enough to close the incident keeps it silent until the next bad one',
      { ...HELD, recovery_threshold: 2 },
      `01:00 success
       02:00 success
       03:00 failure
       04:00 success
       05:30 tick
       06:00 failure`,
      [
        '01:00 slot 01:00 success succeeded',
        '02:00 slot 02:00 success succeeded',
        '03:00 slot 03:00 failure reported_failure',
        '04:00 slot 04:00 success succeeded',
        '05:05 slot 05:00 missed missed',
        '05:05 owe ops opened missed (2)',
        '06:00 slot 06:00 failure reported_failure',
      ],
    ],
    [
      'a good outcome that is not enough to close the incident keeps it silent while the next run is open',
      { ...HELD, recovery_threshold: 2 },
      `01:00 success
       02:00 success
       03:00 failure
       04:00 success
       05:00 start rid=a
       05:30 tick
       05:40 failure rid=a`,
      [
        '01:00 slot 01:00 success succeeded',
        '02:00 slot 02:00 success succeeded',
        '03:00 slot 03:00 failure reported_failure',
        '04:00 slot 04:00 success succeeded',
        '05:40 slot 05:00 failure reported_failure',
        '05:40 owe ops opened reported_failure (2)',
      ],
    ],
    [
      'what is held back waits for a grace that is changed meanwhile',
      { ...NIGHTLY, maintenance: [{ from: '2025-01-01T01:00Z', to: '2025-01-01T03:00Z' }] },
      `02:00 failure
       02:30 spec {"grace":"20m"}
       03:19 tick
       03:20 tick`,
      ['02:00 slot 02:00 failure reported_failure', '03:20 owe ops opened reported_failure'],
    ],
    [
      'what a shorter grace would have told already is told when the grace is made shorter',
      {
        ...NIGHTLY,
        grace: '30m',
        maintenance: [{ from: '2025-01-01T01:00Z', to: '2025-01-01T03:00Z' }],
      },
      `02:00 failure
       03:10 spec {"grace":"5m"}`,
      ['02:00 slot 02:00 failure reported_failure', '03:10 owe ops opened reported_failure'],
    ],
    [
      'a window made longer goes on holding back what it held',
      { ...NIGHTLY, maintenance: [{ from: '2025-01-01T01:00Z', to: '2025-01-01T03:00Z' }] },
      `02:00 failure
       02:30 spec {"maintenance":[{"from":"2025-01-01T01:00Z","to":"2025-01-01T04:00Z"}]}
       04:04 tick
       04:05 tick`,
      ['02:00 slot 02:00 failure reported_failure', '04:05 owe ops opened reported_failure'],
    ],
    [
      'a failure of an earlier window that is heard of in the next is told of as if it had come in time',
      {
        ...NONE,
        maintenance: [
          { from: '2025-01-01T02:00Z', to: '2025-01-01T02:30Z' },
          { from: '2025-01-01T03:00Z', to: '2025-01-01T06:00Z' },
        ],
      },
      `02:00 start
       03:00 tick
       03:10 failure delay=50m
       06:05 tick`,
      [
        '03:00 no slot timeout timeout',
        '02:20 no slot failure reported_failure',
        '02:35 owe ops opened reported_failure',
      ],
    ],
    [
      'what a good outcome kept from being announced is not told when the window is taken out of the file',
      {
        ...NONE,
        recovery_threshold: 2,
        maintenance: [{ from: '2025-01-01T01:00Z', to: '2025-01-01T05:00Z' }],
      },
      `02:00 failure
       03:00 success
       03:30 spec {"maintenance":[]}
       04:00 failure`,
      [
        '02:00 no slot failure reported_failure',
        '03:00 no slot success succeeded',
        '04:00 no slot failure reported_failure',
        '04:00 owe ops opened reported_failure (2)',
      ],
    ],
    [
      'a window taken out of the file holds nothing back any longer',
      HELD,
      `01:00 success
       02:00 failure
       02:30 spec {"maintenance":[]}`,
      [
        '01:00 slot 01:00 success succeeded',
        '02:00 slot 02:00 failure reported_failure',
        '02:30 owe ops opened reported_failure',
      ],
    ],
  ]);
});
