import type { Script } from '../script.ts';

export const title = 'what began in one window and ended in another waits for the one that ends last';

export const script: Script = {
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
};
