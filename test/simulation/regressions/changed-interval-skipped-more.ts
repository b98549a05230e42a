import type { Script } from '../script.ts';

export const title = 'a changed interval skips the one slot that was expected';

export const script: Script = {
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
};
