import type { Script } from '../script.ts';

export const title = 'a grace that made windows hold back for ever is told at its change';

export const script: Script = {
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
};
