import type { Script } from '../script.ts';

export const title =
  'what maintenance holds back for hours is told when it is due, however late the tick comes';

export const script: Script = {
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
};
