import type { Script } from '../script.ts';

export const title = 'a slot stays missed where the run that took it over ended with the removal of its job';

export const script: Script = {
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
};
