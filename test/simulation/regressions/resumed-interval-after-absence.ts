import type { Script } from '../script.ts';

export const title = 'an interval resumed after a pause counts from there when an absence ends';

export const script: Script = {
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
};
