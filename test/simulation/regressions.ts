import type { Script } from './script.ts';

/** These scripts were told wrongly once. They stand here as the simulator shrank them. */
export const REGRESSIONS: Readonly<Record<string, Script>> = {
  'what a good outcome kept from being announced is not told when the window is taken out of the file': {
    start_at: Date.parse('2025-12-21T16:03:33.575Z'),
    end_at: Date.parse('2025-12-21T20:26:30.760Z'),
    replay_window_ms: 900000,
    notifiers: ['ops', 'pager'],
    jobs: {
      sync: {
        recovery_threshold: 2,
        maintenance: [
          { from: '2025-12-22T06:46:32.000Z', to: '2025-12-22T06:48:09.000Z' },
          { from: '2025-12-21T16:10:54.000Z', to: '2025-12-21T20:35:33.000Z' },
        ],
      },
    },
    happenings: [
      {
        at: Date.parse('2025-12-21T16:59:51.156Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'failure', rid: 'sync.1' },
      },
      {
        at: Date.parse('2025-12-21T17:59:59.209Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'success', rid: 'sync.2' },
      },
      {
        at: Date.parse('2025-12-21T20:26:18.557Z'),
        type: 'edit',
        job: 'sync',
        declaration: {
          schedule: '@hourly',
          timezone: 'UTC',
          grace: '7364s',
          max_runtime: '78s',
          recovery_threshold: 3,
          notify: [
            { to: 'ops', on: ['failure'] },
            { to: 'pager', on: ['failure', 'missed'] },
          ],
          success_exit_codes: [0, 24],
        },
      },
    ],
  },
  'an interval resumed after a pause counts from there when an absence ends': {
    start_at: Date.parse('2025-04-05T17:31:07.402Z'),
    end_at: Date.parse('2025-04-06T00:50:39.859Z'),
    replay_window_ms: 900000,
    notifiers: ['ops'],
    jobs: {
      sync: { every: '1h' },
    },
    happenings: [
      { at: Date.parse('2025-04-05T22:25:54.094Z'), type: 'ping', job: 'sync', ping: { kind: 'success' } },
      { at: Date.parse('2025-04-05T23:19:56.743Z'), type: 'pause', job: 'sync' },
      { at: Date.parse('2025-04-05T23:26:37.691Z'), type: 'ping', job: 'sync', ping: { kind: 'success' } },
      { at: Date.parse('2025-04-05T23:44:14.400Z'), type: 'resume', job: 'sync' },
      {
        at: Date.parse('2025-04-06T00:37:03.079Z'),
        type: 'away',
        how: 'store_failing',
        to_at: Date.parse('2025-04-06T00:38:05.605Z'),
      },
    ],
  },
  'a slot stays missed where the run that took it over ended with the removal of its job': {
    start_at: Date.parse('2025-08-26T05:52:23.219Z'),
    end_at: Date.parse('2025-08-26T06:46:18.076Z'),
    replay_window_ms: 60000,
    notifiers: ['ops'],
    jobs: {
      sync: { schedule: '0 2 * * *', timezone: 'America/New_York', grace: '15s' },
    },
    happenings: [
      { at: Date.parse('2025-08-26T06:00:44.695Z'), type: 'ping', job: 'sync', ping: { kind: 'start' } },
      { at: Date.parse('2025-08-26T06:07:57.843Z'), type: 'edit', job: 'sync', declaration: null },
      {
        at: Date.parse('2025-08-26T06:45:56.307Z'),
        type: 'edit',
        job: 'sync',
        declaration: {
          schedule: '0 2 * * *',
          timezone: 'America/New_York',
          grace: '15s',
          max_runtime: '143599s',
          success_exit_codes: [0],
          overlap: 'skip',
          min_runtime: '9s',
        },
      },
    ],
  },
  'a run that the removal of its job ended went unseen in no absence': {
    start_at: Date.parse('2025-03-08T22:14:27.034Z'),
    end_at: Date.parse('2025-03-09T11:37:46.050Z'),
    replay_window_ms: 60000,
    notifiers: ['ops', 'pager', 'mail'],
    jobs: {
      sync: {},
    },
    happenings: [
      {
        at: Date.parse('2025-03-09T07:00:22.656Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'start', rid: 'sync.1' },
      },
      {
        at: Date.parse('2025-03-09T09:16:28.449Z'),
        type: 'away',
        how: 'crash',
        to_at: Date.parse('2025-03-09T11:26:08.700Z'),
      },
      { at: Date.parse('2025-03-09T11:26:08.983Z'), type: 'edit', job: 'sync', declaration: null },
      {
        at: Date.parse('2025-03-09T11:26:09.396Z'),
        type: 'edit',
        job: 'sync',
        declaration: {
          schedule: '30 2 * * *',
          timezone: 'America/New_York',
          grace: '129463s',
          remind_every: '10m',
          max_open_runs: 3,
          overlap: 'allow',
          min_runtime: '104s',
          expect: { output: { contains: 'done', not_contains: ['ERROR', 'nothing'] } },
        },
      },
    ],
  },
  'a run that started before another is known to have failed says nothing of it': {
    start_at: Date.parse('2025-12-23T05:46:29.183Z'),
    end_at: Date.parse('2025-12-23T09:39:29.339Z'),
    replay_window_ms: 60000,
    notifiers: ['ops', 'pager'],
    jobs: {
      sync: { schedule: '0 */10 * * * *', grace: '55s' },
    },
    happenings: [
      {
        at: Date.parse('2025-12-23T09:38:10.052Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'failure', rid: 'sync.22' },
      },
      {
        at: Date.parse('2025-12-23T09:38:24.970Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'success', duration_ms: 26153, rid: 'sync.23' },
      },
    ],
  },
  'an incident acknowledged anew for less reminds from then on': {
    start_at: Date.parse('2025-04-05T04:46:40.019Z'),
    end_at: Date.parse('2025-04-05T10:01:43.994Z'),
    replay_window_ms: 900000,
    notifiers: ['ops'],
    jobs: {
      sync: { schedule: '@hourly', remind_every: '10m' },
    },
    happenings: [
      {
        at: Date.parse('2025-04-05T07:49:53.044Z'),
        type: 'acknowledge',
        job: 'sync',
        until_at: Date.parse('2025-04-11T08:46:45.065Z'),
      },
      {
        at: Date.parse('2025-04-05T08:43:35.255Z'),
        type: 'acknowledge',
        job: 'sync',
        until_at: Date.parse('2025-04-05T09:14:53.597Z'),
      },
    ],
  },
  'a grace that made windows hold back for ever is told at its change': {
    start_at: Date.parse('2025-03-04T02:42:26.012Z'),
    end_at: Date.parse('2025-03-09T02:13:32.752Z'),
    replay_window_ms: 900000,
    notifiers: ['ops', 'pager', 'mail'],
    jobs: {
      sync: {
        every: '1d',
        grace: '132350s',
        maintenance: [
          { schedule: '15 * * * *', duration: '1254s' },
          { from: '2025-03-06T16:22:44.000Z', to: '2025-03-06T20:51:24.000Z' },
        ],
      },
    },
    happenings: [
      {
        at: Date.parse('2025-03-09T01:08:03.497Z'),
        type: 'edit',
        job: 'sync',
        declaration: {
          every: '1d',
          grace: '945s',
          max_runtime: '686s',
          recovery_threshold: 3,
          remind_every: '10m',
          keep_runs: 100,
          overlap: 'skip',
          expect: { output: { matches: '^(done|warning)' } },
          maintenance: [
            { schedule: '15 * * * *', duration: '1254s' },
            { from: '2025-03-06T16:22:44.000Z', to: '2025-03-06T20:51:24.000Z' },
          ],
          max_open_runs: 3,
          success_exit_codes: [0, 1],
        },
      },
    ],
  },
  'a failure of an earlier window that is heard of in the next is told of as if it had come in time': {
    start_at: Date.parse('2025-02-11T18:31:35.300Z'),
    end_at: Date.parse('2025-02-12T08:05:37.821Z'),
    replay_window_ms: 900000,
    notifiers: ['ops', 'pager', 'mail'],
    jobs: {
      sync: {
        timezone: 'America/New_York',
        max_runtime: '3593s',
        success_exit_codes: [2],
        maintenance: [
          { schedule: '30 1 * * *', duration: '874s' },
          { schedule: '0 2 * * *', duration: '8387s' },
        ],
      },
    },
    happenings: [
      {
        at: Date.parse('2025-02-12T07:56:45.097Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'start', rid: 'sync.4', delay_ms: 5177566 },
      },
      {
        at: Date.parse('2025-02-12T07:58:25.160Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'success', rid: 'sync.4', exit_code: 0, delay_ms: 5265173 },
      },
    ],
  },
  'a status says what is dated last, though a late report was of a later slot': {
    start_at: Date.parse('2025-11-02T05:14:34.800Z'),
    end_at: Date.parse('2025-11-02T16:05:14.521Z'),
    replay_window_ms: 60000,
    notifiers: ['ops'],
    jobs: {
      sync: { schedule: '7,22,37,52 * * * *', grace: '1165s' },
    },
    happenings: [
      {
        at: Date.parse('2025-11-02T16:00:11.443Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'success', rid: 'sync.42', delay_ms: 1421201 },
      },
    ],
  },
  'a status says how the last run ended, though one given up later turns out to have failed before it': {
    start_at: Date.parse('2025-03-09T01:39:18.968Z'),
    end_at: Date.parse('2025-03-09T14:37:18.766Z'),
    replay_window_ms: 900000,
    notifiers: ['ops', 'pager'],
    jobs: {
      sync: { max_runtime: '2618s', min_runtime: '86s' },
    },
    happenings: [
      {
        at: Date.parse('2025-03-09T14:02:06.483Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'start', rid: 'sync.13', delay_ms: 5039448 },
      },
      {
        at: Date.parse('2025-03-09T14:03:55.715Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'success', rid: 'sync.15', delay_ms: 4235920 },
      },
      {
        at: Date.parse('2025-03-09T14:32:28.529Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'success', rid: 'sync.13', delay_ms: 6857862 },
      },
    ],
  },
  'a sign of life due at the instant of a suspension was not stored': {
    start_at: Date.parse('2025-11-04T19:00:27.217Z'),
    end_at: Date.parse('2025-11-11T07:48:48.785Z'),
    replay_window_ms: 60000,
    notifiers: ['ops'],
    jobs: {},
    happenings: [
      {
        at: Date.parse('2025-11-11T03:06:10.481Z'),
        type: 'away',
        how: 'suspend',
        to_at: Date.parse('2025-11-11T03:06:36.982Z'),
      },
      {
        at: Date.parse('2025-11-11T06:19:16.982Z'),
        type: 'away',
        how: 'suspend',
        to_at: Date.parse('2025-11-11T06:57:04.226Z'),
      },
    ],
  },
  'a notifier that joins is not told of a kind that a late run has replaced': {
    start_at: Date.parse('2025-11-01T13:09:43.487Z'),
    end_at: Date.parse('2025-11-02T09:27:34.301Z'),
    replay_window_ms: 60000,
    notifiers: ['ops', 'pager'],
    jobs: {
      sync: { every: '15m', grace: '6s', notify: ['ops'], expect: { output: { contains: 'rows' } } },
    },
    happenings: [
      {
        at: Date.parse('2025-11-02T05:43:02.545Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'success', rid: 'sync.67', output: 'done: 12 rows' },
      },
      {
        at: Date.parse('2025-11-02T06:13:16.477Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'success', rid: 'sync.69', duration_ms: 37162 },
      },
      {
        at: Date.parse('2025-11-02T06:27:54.639Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'success', rid: 'sync.70' },
      },
      {
        at: Date.parse('2025-11-02T06:56:51.074Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'success', rid: 'sync.72' },
      },
      {
        at: Date.parse('2025-11-02T07:26:39.884Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'success', rid: 'sync.74' },
      },
      {
        at: Date.parse('2025-11-02T07:41:09.516Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'success', rid: 'sync.75' },
      },
      {
        at: Date.parse('2025-11-02T08:10:53.882Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'success', rid: 'sync.77' },
      },
      {
        at: Date.parse('2025-11-02T08:40:19.213Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'success', rid: 'sync.79' },
      },
      {
        at: Date.parse('2025-11-02T09:09:40.944Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'success', rid: 'sync.81' },
      },
      {
        at: Date.parse('2025-11-02T09:16:11.748Z'),
        type: 'edit',
        job: 'sync',
        declaration: {
          every: '15m',
          grace: '6s',
          max_runtime: '82s',
          failure_threshold: 4,
          notify: [{ to: 'pager', on: ['missed', 'timeout'] }],
          keep_runs: 200,
          overlap: 'forbid',
          expect: { output: { contains: 'rows' } },
          recovery_threshold: 3,
        },
      },
    ],
  },
  'slots of an absence stay unknown where the grace is changed before a run supersedes them': {
    start_at: Date.parse('2025-09-07T03:35:04.013Z'),
    end_at: Date.parse('2025-09-07T08:39:28.119Z'),
    replay_window_ms: 900000,
    notifiers: ['ops', 'pager', 'mail'],
    jobs: {
      sync: { schedule: '*/5 * * * *' },
    },
    happenings: [
      {
        at: Date.parse('2025-09-07T07:53:08.087Z'),
        type: 'away',
        how: 'crash',
        to_at: Date.parse('2025-09-07T08:34:47.980Z'),
      },
      {
        at: Date.parse('2025-09-07T08:34:48.246Z'),
        type: 'edit',
        job: 'sync',
        declaration: {
          schedule: '*/5 * * * *',
          timezone: 'UTC',
          grace: '51s',
          max_runtime: '458s',
          recovery_threshold: 2,
          success_exit_codes: [0, 1],
          maintenance: [
            { schedule: '15 * * * *', duration: '1115s' },
            { from: '2025-09-07T09:06:51.000Z', to: '2025-09-07T09:17:12.000Z' },
          ],
        },
      },
      { at: Date.parse('2025-09-07T08:35:23.965Z'), type: 'ping', job: 'sync', ping: { kind: 'start' } },
    ],
  },
  'what was bad in an incident that has closed does not count in the next': {
    start_at: Date.parse('2025-10-16T03:40:22.990Z'),
    end_at: Date.parse('2025-10-20T01:25:27.369Z'),
    replay_window_ms: 900000,
    notifiers: ['ops', 'pager', 'mail'],
    jobs: {
      sync: { max_runtime: '87s' },
    },
    happenings: [
      {
        at: Date.parse('2025-10-19T23:59:36.576Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'start', rid: 'sync.114', delay_ms: 27959338 },
      },
      {
        at: Date.parse('2025-10-19T23:59:40.988Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'start', rid: 'sync.113', delay_ms: 31743634 },
      },
      {
        at: Date.parse('2025-10-20T00:00:38.218Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'success', rid: 'sync.115', delay_ms: 19174904 },
      },
      {
        at: Date.parse('2025-10-20T00:00:52.178Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'success', rid: 'sync.113' },
      },
    ],
  },
  'an absence did not hide the slot of the one before that was waited for longer': {
    start_at: Date.parse('2025-04-02T16:50:22.821Z'),
    end_at: Date.parse('2025-04-06T10:46:42.598Z'),
    replay_window_ms: 3600000,
    notifiers: ['ops'],
    jobs: {
      sync: { schedule: '0 */2 * * *', timezone: 'Australia/Lord_Howe', grace: '5s' },
    },
    happenings: [
      {
        at: Date.parse('2025-04-06T07:02:45.778Z'),
        type: 'away',
        how: 'store_failing',
        to_at: Date.parse('2025-04-06T07:34:36.463Z'),
      },
      {
        at: Date.parse('2025-04-06T07:34:58.444Z'),
        type: 'away',
        how: 'suspend',
        to_at: Date.parse('2025-04-06T09:30:28.204Z'),
      },
      { at: Date.parse('2025-04-06T09:32:05.565Z'), type: 'ping', job: 'sync', ping: { kind: 'success' } },
    ],
  },
  'a changed interval skips the one slot that was expected': {
    start_at: Date.parse('2025-01-02T17:21:22.106Z'),
    end_at: Date.parse('2025-01-03T00:36:28.382Z'),
    replay_window_ms: 3600000,
    notifiers: ['ops', 'pager'],
    jobs: {
      sync: { every: '7m', grace: '1017s' },
    },
    happenings: [
      {
        at: Date.parse('2025-01-03T00:30:21.921Z'),
        type: 'edit',
        job: 'sync',
        declaration: {
          grace: '1017s',
          max_runtime: '189s',
          success_exit_codes: [0, 24],
          keep_runs: 200,
          min_runtime: '19s',
          expect: { output: { matches: '^(done|warning)' } },
          schedule: '30 2 * * *',
          timezone: 'UTC',
        },
      },
    ],
  },
  'three skips in a row are a stuck lock in whatever order they are heard of': {
    start_at: Date.parse('2025-10-25T13:59:02.198Z'),
    end_at: Date.parse('2025-10-25T18:14:48.310Z'),
    replay_window_ms: 3600000,
    notifiers: ['ops'],
    jobs: {
      sync: {},
    },
    happenings: [
      {
        at: Date.parse('2025-10-25T15:57:36.050Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'skip', rid: 'sync.2' },
      },
      {
        at: Date.parse('2025-10-25T18:14:21.514Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'skip', rid: 'sync.4' },
      },
      {
        at: Date.parse('2025-10-25T18:14:27.401Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'skip', rid: 'sync.3', delay_ms: 4618639 },
      },
    ],
  },
  'absences without a sign of life between them are as long as both': {
    start_at: Date.parse('2025-07-01T01:49:55.134Z'),
    end_at: Date.parse('2025-07-01T14:00:31.731Z'),
    replay_window_ms: 900_000,
    notifiers: ['ops'],
    jobs: {},
    happenings: [
      {
        at: Date.parse('2025-07-01T02:49:32.987Z'),
        type: 'away',
        how: 'crash',
        to_at: Date.parse('2025-07-01T02:50:42.885Z'),
      },
      {
        at: Date.parse('2025-07-01T13:34:33.586Z'),
        type: 'away',
        how: 'store_failing',
        to_at: Date.parse('2025-07-01T13:37:35.012Z'),
      },
      {
        at: Date.parse('2025-07-01T13:37:47.830Z'),
        type: 'away',
        how: 'crash',
        to_at: Date.parse('2025-07-01T13:42:17.814Z'),
      },
    ],
  },
  'a lock that was taken before a job was removed is not stuck when it is back': {
    start_at: Date.parse('2025-04-05T02:03:35.515Z'),
    end_at: Date.parse('2025-04-06T03:43:04.065Z'),
    replay_window_ms: 60_000,
    notifiers: ['ops'],
    jobs: {
      sync: {},
    },
    happenings: [
      {
        at: Date.parse('2025-04-05T20:00:54.090Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'skip', rid: 'sync.73' },
      },
      {
        at: Date.parse('2025-04-05T20:15:44.287Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'skip', rid: 'sync.74' },
      },
      { at: Date.parse('2025-04-05T20:28:21.519Z'), type: 'edit', job: 'sync', declaration: null },
      {
        at: Date.parse('2025-04-06T03:26:53.167Z'),
        type: 'edit',
        job: 'sync',
        declaration: {
          every: '15m',
          grace: '2092s',
          max_runtime: '562s',
          recovery_threshold: 1,
          remind_every: '45m',
          max_open_runs: 2,
          keep_runs: 100,
        },
      },
      {
        at: Date.parse('2025-04-06T03:34:27.771Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'skip', rid: 'sync.103' },
      },
    ],
  },
  'an absence joins the message about a short one that waits for its slot': {
    start_at: Date.parse('2025-10-04T12:49:49.301Z'),
    end_at: Date.parse('2025-10-04T16:47:42.707Z'),
    replay_window_ms: 60_000,
    notifiers: ['ops'],
    jobs: {
      sync: { schedule: '*/5 * * * *' },
    },
    happenings: [
      {
        at: Date.parse('2025-10-04T16:03:17.164Z'),
        type: 'away',
        how: 'stop',
        to_at: Date.parse('2025-10-04T16:03:41.812Z'),
      },
      {
        at: Date.parse('2025-10-04T16:04:44.573Z'),
        type: 'away',
        how: 'stop',
        to_at: Date.parse('2025-10-04T16:43:25.787Z'),
      },
    ],
  },
  'what maintenance holds back waits for a grace that is changed meanwhile': {
    start_at: Date.parse('2025-09-14T06:25:59.909Z'),
    end_at: Date.parse('2025-09-16T04:25:49.680Z'),
    replay_window_ms: 900_000,
    notifiers: ['ops'],
    jobs: {
      sync: { max_runtime: '103s', maintenance: [{ schedule: '0 */6 * * *', duration: '13600s' }] },
    },
    happenings: [
      {
        at: Date.parse('2025-09-16T01:44:13.709Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'start', rid: 'sync.44' },
      },
      {
        at: Date.parse('2025-09-16T02:34:13.477Z'),
        type: 'edit',
        job: 'sync',
        declaration: {
          every: '1h',
          grace: '985s',
          max_runtime: '103s',
          recovery_threshold: 2,
          min_runtime: '9s',
          maintenance: [{ schedule: '0 */6 * * *', duration: '13600s' }],
          expect: { output: { matches: '^(done|warning)' } },
        },
      },
    ],
  },
  'a run that comes before the slots of a gap are given up takes its slot out of them': {
    start_at: Date.parse('2025-03-09T10:30:34.178Z'),
    end_at: Date.parse('2025-03-09T10:56:41.627Z'),
    replay_window_ms: 60_000,
    notifiers: ['ops'],
    jobs: { sync: { schedule: '*/5 * * * *', grace: '12s' } },
    happenings: [
      {
        at: Date.parse('2025-03-09T10:43:02.915Z'),
        type: 'away',
        how: 'store_failing',
        to_at: Date.parse('2025-03-09T10:52:56.147Z'),
      },
      {
        at: Date.parse('2025-03-09T10:53:14.275Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'start', rid: 'a' },
      },
    ],
  },
  'a host whose clock is fast is not told missed after Cronflow was away': {
    start_at: Date.parse('2025-10-25T17:00:01Z'),
    end_at: Date.parse('2025-10-25T18:15:00Z'),
    replay_window_ms: 900_000,
    notifiers: ['ops'],
    jobs: { sync: { schedule: '7,22,37,52 * * * *', grace: '150s' } },
    happenings: [
      {
        at: Date.parse('2025-10-25T17:06:29.538Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'start', rid: '6' },
      },
      {
        at: Date.parse('2025-10-25T17:21:27.195Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'start', rid: '7' },
      },
      {
        at: Date.parse('2025-10-25T17:22:19.133Z'),
        type: 'away',
        how: 'crash',
        to_at: Date.parse('2025-10-25T17:52:55.794Z'),
      },
      {
        at: Date.parse('2025-10-25T17:53:01.147Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'start', rid: '9', delay_ms: 93_902 },
      },
      {
        at: Date.parse('2025-10-25T18:06:27.058Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'start', rid: '10' },
      },
    ],
  },
  'a run without a known start has had its interval': {
    start_at: Date.parse('2025-11-16T16:34:54.006Z'),
    end_at: Date.parse('2025-11-16T17:05:08.434Z'),
    replay_window_ms: 900_000,
    notifiers: ['ops'],
    jobs: { sync: { every: '7m' } },
    happenings: [
      { at: Date.parse('2025-11-16T16:57:03.122Z'), type: 'ping', job: 'sync', ping: { kind: 'success' } },
      { at: Date.parse('2025-11-16T17:00:02.067Z'), type: 'ping', job: 'sync', ping: { kind: 'success' } },
    ],
  },
  'a run that began a little early takes over the interval given up since': {
    start_at: Date.parse('2025-10-23T18:26:39.017Z'),
    end_at: Date.parse('2025-10-23T18:42:35.297Z'),
    replay_window_ms: 60_000,
    notifiers: ['ops'],
    jobs: { sync: { every: '15m', grace: '32s' } },
    happenings: [
      {
        at: Date.parse('2025-10-23T18:42:34.943Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'success', rid: 'a', duration_ms: 68_929 },
      },
    ],
  },
  'no end is dated before its start': {
    start_at: Date.parse('2025-01-03T23:29:02.059Z'),
    end_at: Date.parse('2025-01-04T00:06:56.230Z'),
    replay_window_ms: 900_000,
    notifiers: ['ops'],
    jobs: { sync: { every: '7m', recovery_threshold: 2 } },
    happenings: [
      {
        at: Date.parse('2025-01-03T23:57:56.119Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'success', rid: 'a' },
      },
      {
        at: Date.parse('2025-01-04T00:06:24.762Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'start', rid: 'b' },
      },
      {
        at: Date.parse('2025-01-04T00:06:28.805Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'success', rid: 'b', delay_ms: 40_946 },
      },
    ],
  },
  'a skip while a run is open says nothing of a stuck lock': {
    start_at: Date.parse('2025-01-03T23:29:02.059Z'),
    end_at: Date.parse('2025-01-04T08:46:03.946Z'),
    replay_window_ms: 900_000,
    notifiers: ['ops'],
    jobs: { sync: { max_runtime: '478s' } },
    happenings: [
      {
        at: Date.parse('2025-01-04T08:19:30.492Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'start', rid: 'a' },
      },
      {
        at: Date.parse('2025-01-04T08:26:19.539Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'skip', rid: 'b' },
      },
      {
        at: Date.parse('2025-01-04T08:33:12.003Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'skip', rid: 'c' },
      },
      {
        at: Date.parse('2025-01-04T08:40:09.581Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'skip', rid: 'd' },
      },
    ],
  },
  'a notifier that takes one kind is told when the incident first contains it': {
    start_at: Date.parse('2025-03-09T10:00:14.786Z'),
    end_at: Date.parse('2025-03-09T12:17:08.499Z'),
    replay_window_ms: 900_000,
    notifiers: ['ops', 'pager'],
    jobs: {
      sync: {
        max_runtime: '5250s',
        failure_threshold: { failure: 2, missed: 1, timeout: 2 },
        notify: ['ops', { to: 'pager', on: ['missed', 'timeout'] }],
      },
    },
    happenings: [
      { at: Date.parse('2025-03-09T10:42:57.759Z'), type: 'ping', job: 'sync', ping: { kind: 'start' } },
      { at: Date.parse('2025-03-09T10:44:08.657Z'), type: 'ping', job: 'sync', ping: { kind: 'start' } },
      { at: Date.parse('2025-03-09T10:48:54.396Z'), type: 'ping', job: 'sync', ping: { kind: 'start' } },
    ],
  },
  'a reminder that is due while the store fails comes when it works again, with every tick on time or late': {
    start_at: Date.parse('2025-08-18T18:20:26.226Z'),
    end_at: Date.parse('2025-08-19T01:58:45.591Z'),
    replay_window_ms: 900_000,
    notifiers: ['ops'],
    jobs: { sync: { every: '1h', grace: '13s', remind_every: '10m' } },
    happenings: [
      {
        at: Date.parse('2025-08-19T01:23:08.833Z'),
        type: 'away',
        how: 'store_failing',
        to_at: Date.parse('2025-08-19T01:56:31.735Z'),
      },
    ],
  },
  'a reminder that a window has put off into an absence comes once, when Cronflow is back': {
    start_at: Date.parse('2025-10-12T09:55:11.284Z'),
    end_at: Date.parse('2025-10-18T09:47:31.120Z'),
    replay_window_ms: 900_000,
    notifiers: ['ops'],
    jobs: {
      sync: {
        schedule: '0 9 * * 1-5',
        timezone: 'Europe/Berlin',
        grace: '22557s',
        remind_every: '1h',
        maintenance: [{ schedule: '0 2 * * *', duration: '2370s' }],
      },
    },
    happenings: [
      { at: Date.parse('2025-10-16T07:01:21.898Z'), type: 'ping', job: 'sync', ping: { kind: 'success' } },
      {
        at: Date.parse('2025-10-18T03:28:51.575Z'),
        type: 'away',
        how: 'suspend',
        to_at: Date.parse('2025-10-18T08:01:09.716Z'),
      },
    ],
  },
  'a run that timed out, was removed and reports a failure has failed': {
    start_at: Date.parse('2025-06-22T03:50:00Z'),
    end_at: Date.parse('2025-06-22T06:03:04.747Z'),
    replay_window_ms: 900_000,
    notifiers: ['ops'],
    jobs: { sync: { max_runtime: '1121s' } },
    happenings: [
      {
        at: Date.parse('2025-06-22T03:57:00.161Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'start', rid: 'a' },
      },
      { at: Date.parse('2025-06-22T04:22:24.893Z'), type: 'edit', job: 'sync', declaration: null },
      {
        at: Date.parse('2025-06-22T04:23:56.562Z'),
        type: 'edit',
        job: 'sync',
        declaration: { max_runtime: '1121s' },
      },
      {
        at: Date.parse('2025-06-22T04:47:06.732Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'failure', rid: 'a' },
      },
    ],
  },
  'an announcement to one notifier puts off no reminder of the others, and brings none of its own': {
    start_at: Date.parse('2025-03-08T03:57:05.836Z'),
    end_at: Date.parse('2025-03-08T06:32:39.338Z'),
    replay_window_ms: 900_000,
    notifiers: ['ops', 'mail'],
    jobs: {
      sync: {
        schedule: '0 */10 * * * *',
        max_runtime: '88s',
        remind_every: '10m',
        notify: [
          { to: 'ops', on: ['timeout'] },
          { to: 'mail', on: ['missed'] },
        ],
        maintenance: [{ schedule: '15 * * * *', duration: '657s' }],
      },
    },
    happenings: [
      {
        at: Date.parse('2025-03-08T05:59:11.362Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'success', rid: 'a' },
      },
      {
        at: Date.parse('2025-03-08T06:08:42.481Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'start', rid: 'b' },
      },
    ],
  },
  'after a run that timed out in an absence, `every` starts anew at its end': {
    start_at: Date.parse('2025-03-30T17:36:46.288Z'),
    end_at: Date.parse('2025-03-30T19:06:44.065Z'),
    replay_window_ms: 3_600_000,
    notifiers: ['ops'],
    jobs: { sync: { every: '15m', grace: '36s', max_runtime: '1622s' } },
    happenings: [
      { at: Date.parse('2025-03-30T18:03:14.504Z'), type: 'ping', job: 'sync', ping: { kind: 'start' } },
      {
        at: Date.parse('2025-03-30T18:20:36.672Z'),
        type: 'away',
        how: 'store_failing',
        to_at: Date.parse('2025-03-30T18:47:17.028Z'),
      },
    ],
  },
  'what was done between the last sign of life and a crash is done, though a late tick could not know': {
    start_at: Date.parse('2025-10-01T07:42:18Z'),
    end_at: Date.parse('2025-10-02T01:05:55.386Z'),
    replay_window_ms: 900_000,
    notifiers: ['ops'],
    jobs: { sync: { schedule: '55 8 * * *', grace: '5m', remind_every: '10m' } },
    happenings: [
      {
        at: Date.parse('2025-10-01T23:40:05Z'),
        type: 'away',
        how: 'crash',
        to_at: Date.parse('2025-10-01T23:50:56.381Z'),
      },
    ],
  },
  'what an absence hid ends unknown when a later run comes, though a new grace has moved its deadline': {
    start_at: Date.parse('2025-11-20T12:01:17.146Z'),
    end_at: Date.parse('2025-11-20T14:33:48.051Z'),
    replay_window_ms: 900_000,
    notifiers: ['ops'],
    jobs: { sync: { schedule: '*/10 * * * *' } },
    happenings: [
      {
        at: Date.parse('2025-11-20T12:14:07.548Z'),
        type: 'away',
        how: 'crash',
        to_at: Date.parse('2025-11-20T13:17:55.475Z'),
      },
      {
        at: Date.parse('2025-11-20T13:17:56.063Z'),
        type: 'edit',
        job: 'sync',
        declaration: { schedule: '*/10 * * * *', grace: '8s' },
      },
      { at: Date.parse('2025-11-20T13:17:57.736Z'), type: 'ping', job: 'sync', ping: { kind: 'success' } },
    ],
  },
  'what a changed window does not hold back any longer is not told in the window of now': {
    start_at: Date.parse('2025-08-20T08:06:22.671Z'),
    end_at: Date.parse('2025-08-20T11:59:59.975Z'),
    replay_window_ms: 900_000,
    notifiers: ['ops'],
    jobs: {
      sync: {
        grace: '61s',
        maintenance: [{ from: '2025-08-20T09:26:44.000Z', to: '2025-08-20T11:51:18.000Z' }],
      },
    },
    happenings: [
      { at: Date.parse('2025-08-20T10:14:41.836Z'), type: 'ping', job: 'sync', ping: { kind: 'failure' } },
      {
        at: Date.parse('2025-08-20T10:57:51.912Z'),
        type: 'edit',
        job: 'sync',
        declaration: {
          grace: '61s',
          maintenance: [{ from: '2025-08-20T10:25:47.000Z', to: '2025-08-20T11:37:05.000Z' }],
        },
      },
    ],
  },
  'who joins while a window lasts is told after it': {
    start_at: Date.parse('2025-08-20T08:06:22.671Z'),
    end_at: Date.parse('2025-08-20T11:59:59.975Z'),
    replay_window_ms: 900_000,
    notifiers: ['ops', 'pager'],
    jobs: {
      sync: { notify: ['ops'], maintenance: [{ from: '2025-08-20T09:30:00Z', to: '2025-08-20T10:00:00Z' }] },
    },
    happenings: [
      { at: Date.parse('2025-08-20T09:14:41.836Z'), type: 'ping', job: 'sync', ping: { kind: 'failure' } },
      {
        at: Date.parse('2025-08-20T09:47:51.912Z'),
        type: 'edit',
        job: 'sync',
        declaration: {
          notify: ['ops', 'pager'],
          maintenance: [{ from: '2025-08-20T09:30:00Z', to: '2025-08-20T10:00:00Z' }],
        },
      },
    ],
  },
  'the last 32 slots that were given up can be reported late, however many were claimed since': {
    start_at: Date.parse('2025-07-15T15:53:00.165Z'),
    end_at: Date.parse('2025-07-16T01:26:11.109Z'),
    replay_window_ms: 60_000,
    notifiers: ['ops'],
    jobs: { sync: { schedule: '*/10 * * * *' } },
    happenings: [
      {
        at: Date.parse('2025-07-15T18:38:12.254Z'),
        type: 'away',
        how: 'suspend',
        to_at: Date.parse('2025-07-16T01:19:45.007Z'),
      },
      {
        at: Date.parse('2025-07-16T01:19:46.060Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'success', rid: 'b', delay_ms: 1_218_984 },
      },
      {
        at: Date.parse('2025-07-16T01:20:05.480Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'success', rid: 'a', delay_ms: 20_450_761 },
      },
    ],
  },
  'a reminder that windows put off for ever comes when an acknowledgement ends between them': {
    start_at: Date.parse('2025-09-10T05:58:07.483Z'),
    end_at: Date.parse('2025-09-11T11:56:57.519Z'),
    replay_window_ms: 3_600_000,
    notifiers: ['ops'],
    jobs: {
      sync: {
        grace: '3491s',
        remind_every: '1h',
        maintenance: [{ schedule: '15 * * * *', duration: '402s' }],
      },
    },
    happenings: [
      { at: Date.parse('2025-09-10T06:40:53.633Z'), type: 'ping', job: 'sync', ping: { kind: 'failure' } },
      {
        at: Date.parse('2025-09-10T09:16:08.215Z'),
        type: 'acknowledge',
        job: 'sync',
        until_at: Date.parse('2025-09-10T12:19:39.898Z'),
      },
      {
        at: Date.parse('2025-09-11T07:51:29.824Z'),
        type: 'acknowledge',
        job: 'sync',
        until_at: Date.parse('2025-09-11T08:07:39.816Z'),
      },
    ],
  },
  'a slot that has come is skipped by a new schedule also where the job is paused with it': {
    start_at: Date.parse('2025-03-11T12:30:10.307Z'),
    end_at: Date.parse('2025-03-11T15:10:00.000Z'),
    replay_window_ms: 900_000,
    notifiers: ['ops'],
    jobs: { sync: { schedule: '0 * * * *' } },
    happenings: [
      {
        at: Date.parse('2025-03-11T15:00:11.529Z'),
        type: 'edit',
        job: 'sync',
        declaration: { every: '5h', paused: true },
      },
    ],
  },
  'an absence in which a job was not declared hides nothing of it': {
    start_at: Date.parse('2025-03-29T17:58:15.416Z'),
    end_at: Date.parse('2025-03-29T19:11:40.998Z'),
    replay_window_ms: 900_000,
    notifiers: ['ops'],
    jobs: { sync: {} },
    happenings: [
      { at: Date.parse('2025-03-29T18:53:44.818Z'), type: 'edit', job: 'sync', declaration: null },
      {
        at: Date.parse('2025-03-29T19:07:49.391Z'),
        type: 'away',
        how: 'store_failing',
        to_at: Date.parse('2025-03-29T19:09:18.289Z'),
      },
      {
        at: Date.parse('2025-03-29T19:09:28.696Z'),
        type: 'edit',
        job: 'sync',
        declaration: { schedule: '*/5 * * * *', grace: '89s' },
      },
    ],
  },
  'an interval starts anew after an absence that touches a slot whose deadline a changed grace put off': {
    start_at: Date.parse('2025-03-27T23:18:11.840Z'),
    end_at: Date.parse('2025-03-30T23:55:24.248Z'),
    replay_window_ms: 900_000,
    notifiers: ['ops'],
    jobs: { sync: {} },
    happenings: [
      {
        at: Date.parse('2025-03-29T07:46:05.423Z'),
        type: 'edit',
        job: 'sync',
        declaration: { every: '1h', grace: '217239s' },
      },
      {
        at: Date.parse('2025-03-30T23:02:16.119Z'),
        type: 'edit',
        job: 'sync',
        declaration: { every: '1h', grace: '121s' },
      },
      {
        at: Date.parse('2025-03-30T23:03:14.502Z'),
        type: 'away',
        how: 'store_failing',
        to_at: Date.parse('2025-03-30T23:09:46.735Z'),
      },
    ],
  },
  'the end of a run that began in a pause puts off nothing': {
    start_at: Date.parse('2025-09-14T04:04:11.431Z'),
    end_at: Date.parse('2025-09-14T08:26:53.153Z'),
    replay_window_ms: 60_000,
    notifiers: ['ops'],
    jobs: { sync: { every: '1h', grace: '5882s', paused: true } },
    happenings: [
      { at: Date.parse('2025-09-14T06:30:33.731Z'), type: 'ping', job: 'sync', ping: { kind: 'start' } },
      {
        at: Date.parse('2025-09-14T07:17:14.847Z'),
        type: 'edit',
        job: 'sync',
        declaration: { every: '1h', grace: '5882s' },
      },
      { at: Date.parse('2025-09-14T08:25:11.971Z'), type: 'ping', job: 'sync', ping: { kind: 'start' } },
    ],
  },
  'a slot that was taken over makes room for another that can be': {
    start_at: Date.parse('2025-10-04T01:45:34.902Z'),
    end_at: Date.parse('2025-10-04T18:56:19.769Z'),
    replay_window_ms: 3_600_000,
    notifiers: ['ops'],
    jobs: { sync: { schedule: '0 */10 * * * *', grace: '1154s' } },
    happenings: [
      {
        at: Date.parse('2025-10-04T16:15:21.197Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'start', rid: 'a', delay_ms: 3_675_120 },
      },
      {
        at: Date.parse('2025-10-04T16:15:21.835Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'start', rid: 'b' },
      },
      {
        at: Date.parse('2025-10-04T18:55:59.525Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'start', rid: 'c', delay_ms: 21_712_285 },
      },
    ],
  },
  'a slot that waits for two absences hides nothing of the first once a run has begun after that': {
    start_at: Date.parse('2025-03-29T07:16:53.732Z'),
    end_at: Date.parse('2025-03-30T04:23:25.143Z'),
    replay_window_ms: 60_000,
    notifiers: ['ops'],
    jobs: { sync: { schedule: '@hourly' } },
    happenings: [
      {
        at: Date.parse('2025-03-29T23:58:47.663Z'),
        type: 'away',
        how: 'suspend',
        to_at: Date.parse('2025-03-29T23:59:55.082Z'),
      },
      {
        at: Date.parse('2025-03-30T00:03:58.483Z'),
        type: 'away',
        how: 'suspend',
        to_at: Date.parse('2025-03-30T04:04:23.286Z'),
      },
      {
        at: Date.parse('2025-03-30T04:04:26.232Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'success', rid: 'b' },
      },
      {
        at: Date.parse('2025-03-30T04:04:38.908Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'start', rid: 'a', delay_ms: 11_231_506 },
      },
    ],
  },
  'a start that comes after its end keeps no later run from the slot that was missed meanwhile': {
    start_at: Date.parse('2025-10-25T23:22:58.129Z'),
    end_at: Date.parse('2025-10-25T23:44:41.958Z'),
    replay_window_ms: 3_600_000,
    notifiers: ['ops'],
    jobs: { sync: { every: '90s', grace: '24s' } },
    happenings: [
      {
        at: Date.parse('2025-10-25T23:38:31.838Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'failure', rid: 'a' },
      },
      {
        at: Date.parse('2025-10-25T23:40:12.035Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'start', rid: 'a' },
      },
      {
        at: Date.parse('2025-10-25T23:40:40.988Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'success', rid: 'b' },
      },
    ],
  },
  'a second run that goes on after all takes its slot out of the history once': {
    start_at: Date.parse('2025-10-05T10:25:11.008Z'),
    end_at: Date.parse('2025-10-05T16:37:10.278Z'),
    replay_window_ms: 60_000,
    notifiers: ['ops'],
    jobs: { sync: { every: '1h', max_runtime: '971s', overlap: 'forbid' } },
    happenings: [
      {
        at: Date.parse('2025-10-05T16:33:00.420Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'start', rid: 'a', delay_ms: 5_493_718 },
      },
      {
        at: Date.parse('2025-10-05T16:33:09.204Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'start', rid: 'b', delay_ms: 2_005_624 },
      },
      {
        at: Date.parse('2025-10-05T16:33:09.520Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'success', rid: 'a', delay_ms: 5_495_640 },
      },
    ],
  },
  'an incident whose first miss turns out to have succeeded keeps the reason for which it opened': {
    start_at: Date.parse('2025-02-20T21:46:15.821Z'),
    end_at: Date.parse('2025-02-26T09:21:59.802Z'),
    replay_window_ms: 900_000,
    notifiers: ['ops'],
    jobs: {
      sync: { schedule: '30 1 * * *', timezone: 'Asia/Kolkata', grace: '6s', min_runtime: '26s' },
    },
    happenings: [
      { at: Date.parse('2025-02-21T20:45:48.088Z'), type: 'ping', job: 'sync', ping: { kind: 'success' } },
      {
        at: Date.parse('2025-02-23T20:03:39.171Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'success', duration_ms: 257_363 },
      },
      {
        at: Date.parse('2025-02-24T19:59:38.228Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'success', duration_ms: 16_937 },
      },
      { at: Date.parse('2025-02-26T02:20:48.904Z'), type: 'edit', job: 'sync', declaration: null },
    ],
  },
  'what began in one window and ended in another waits for the one that ends last': {
    start_at: Date.parse('2025-11-13T20:18:30.974Z'),
    end_at: Date.parse('2025-11-14T16:03:30.441Z'),
    replay_window_ms: 3_600_000,
    notifiers: ['ops'],
    jobs: {
      sync: {
        grace: '46563s',
        maintenance: [
          { schedule: '0 2 * * *', duration: '3640s' },
          { schedule: '15 * * * *', duration: '571s' },
        ],
      },
    },
    happenings: [
      { at: Date.parse('2025-11-13T21:21:43.375Z'), type: 'ping', job: 'sync', ping: { kind: 'start' } },
      { at: Date.parse('2025-11-14T02:18:23.146Z'), type: 'ping', job: 'sync', ping: { kind: 'start' } },
    ],
  },
  'a start that comes after its end breaks no row of skips': {
    start_at: Date.parse('2025-06-05T13:52:29.317Z'),
    end_at: Date.parse('2025-06-05T14:57:28.862Z'),
    replay_window_ms: 3_600_000,
    notifiers: ['ops'],
    jobs: { sync: {} },
    happenings: [
      {
        at: Date.parse('2025-06-05T14:27:03.319Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'success', rid: 'a' },
      },
      {
        at: Date.parse('2025-06-05T14:28:34.403Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'skip', rid: 'b' },
      },
      {
        at: Date.parse('2025-06-05T14:28:56.541Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'start', rid: 'a' },
      },
      {
        at: Date.parse('2025-06-05T14:30:21.019Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'skip', rid: 'c' },
      },
      {
        at: Date.parse('2025-06-05T14:43:21.176Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'skip', rid: 'd' },
      },
    ],
  },
  'trouble in a window that nobody takes brings no other forward': {
    start_at: Date.parse('2025-11-02T01:48:40.636Z'),
    end_at: Date.parse('2025-11-02T10:03:21.697Z'),
    replay_window_ms: 900_000,
    notifiers: ['ops', 'pager'],
    jobs: {
      sync: {
        every: '1h',
        grace: '7087s',
        max_runtime: '781s',
        notify: [{ to: 'ops', on: ['failure', 'missed'] }, 'pager'],
        maintenance: [
          { schedule: '0 */6 * * *', duration: '7455s' },
          { schedule: '15 * * * *', duration: '1724s' },
        ],
      },
    },
    happenings: [
      { at: Date.parse('2025-11-02T04:44:41.585Z'), type: 'ping', job: 'sync', ping: { kind: 'start' } },
      { at: Date.parse('2025-11-02T06:41:55.836Z'), type: 'ping', job: 'sync', ping: { kind: 'start' } },
    ],
  },
  'what maintenance holds back for hours is told when it is due, however late the tick comes': {
    start_at: Date.parse('2025-10-12T20:22:20.948Z'),
    end_at: Date.parse('2025-10-19T18:14:10.420Z'),
    replay_window_ms: 3_600_000,
    notifiers: ['ops'],
    jobs: {
      sync: {
        every: '1d',
        grace: '29336s',
        maintenance: [
          { from: '2025-10-19T03:26:14.000Z', to: '2025-10-19T03:40:35.000Z' },
          { from: '2025-10-17T03:05:56.000Z', to: '2025-10-18T17:08:42.000Z' },
        ],
      },
    },
    happenings: [
      {
        at: Date.parse('2025-10-17T21:29:00.642Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'success', rid: 'a', duration_ms: 7_531_510 },
      },
    ],
  },
  'a slot that waits for a replay holds up none whose silence no gap explains': {
    start_at: Date.parse('2025-01-07T19:01:13.394Z'),
    end_at: Date.parse('2025-01-08T00:59:11.407Z'),
    replay_window_ms: 3_600_000,
    notifiers: ['ops', 'pager'],
    jobs: { sync: { schedule: '0 */10 * * * *', grace: '1264s', max_runtime: '884s' } },
    happenings: [
      ...(
        [
          ['2025-01-07T20:30:55.190Z', { kind: 'failure' }],
          ['2025-01-07T20:40:50.010Z', { kind: 'start', rid: 'a' }],
          ['2025-01-07T20:50:53.614Z', { kind: 'start', rid: 'b' }],
          ['2025-01-07T21:13:31.603Z', { kind: 'start', rid: 'c' }],
          ['2025-01-07T21:20:50.023Z', { kind: 'start', rid: 'd' }],
          ['2025-01-07T21:30:50.179Z', { kind: 'start', rid: 'e' }],
          ['2025-01-07T21:50:59.521Z', { kind: 'success' }],
          ['2025-01-07T22:00:50.419Z', { kind: 'start', rid: 'f' }],
          ['2025-01-07T23:20:58.144Z', { kind: 'success' }],
          ['2025-01-07T23:30:55.950Z', { kind: 'start', rid: 'g' }],
        ] as const
      ).map(([at, ping]) => ({ at: Date.parse(at), type: 'ping', job: 'sync', ping }) as const),
      {
        at: Date.parse('2025-01-07T23:31:29.631Z'),
        type: 'away',
        how: 'suspend',
        to_at: Date.parse('2025-01-07T23:45:51.201Z'),
      },
      {
        at: Date.parse('2025-01-07T23:58:46.356Z'),
        type: 'away',
        how: 'stop',
        to_at: Date.parse('2025-01-08T00:56:02.313Z'),
      },
    ],
  },
  'the end of a run of more than a hundred runs ago is that of another': {
    start_at: Date.parse('2025-08-16T10:00:00.000Z'),
    end_at: Date.parse('2025-08-17T07:24:12.636Z'),
    replay_window_ms: 900_000,
    notifiers: ['ops'],
    jobs: { sync: { every: '7m', grace: '83s', max_runtime: '1h' } },
    happenings: [
      {
        at: Date.parse('2025-08-16T11:04:33.050Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'start', rid: 'a' },
      },
      ...Array.from({ length: 110 }, (_, index) => ({
        at: Date.parse('2025-08-16T18:00:00.000Z') + index * 421_000,
        type: 'ping' as const,
        job: 'sync',
        ping: { kind: 'success' as const, rid: `b${index}` },
      })),
      {
        at: Date.parse('2025-08-17T07:04:32.773Z'),
        type: 'ping',
        job: 'sync',
        ping: { kind: 'success', rid: 'a' },
      },
    ],
  },
};
