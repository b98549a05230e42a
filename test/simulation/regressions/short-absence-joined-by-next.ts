import type { Script } from '../script.ts';

export const title = 'an absence joins the message about a short one that waits for its slot';

export const script: Script = {
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
};
