import type { Script } from '../script.ts';

export const title =
  'slots of an absence stay unknown where the grace is changed before a run supersedes them';

export const script: Script = {
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
};
