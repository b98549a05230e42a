import type { Script } from '../script.ts';

export const title = 'an absence did not hide the slot of the one before that was waited for longer';

export const script: Script = {
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
};
