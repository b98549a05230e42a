import type { Script } from '../script.ts';

export const title =
  'what a good outcome kept from being announced is not told when the window is taken out of the file';

export const script: Script = {
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
};
