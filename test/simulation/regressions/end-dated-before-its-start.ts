import type { Script } from '../script.ts';

export const title = 'no end is dated before its start';

export const script: Script = {
  start_at: Date.parse('2025-01-03T23:29:02.059Z'),
  end_at: Date.parse('2025-01-04T00:06:56.230Z'),
  replay_window_ms: 900_000,
  notifiers: ['ops'],
  jobs: { sync: { every: '7m', recovery_threshold: 2 } },
  happenings: [
    {
      at: Date.parse('2025-01-03T23:57:56.119Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'success', rid: 'a' },
    },
    {
      at: Date.parse('2025-01-04T00:06:24.762Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'start', rid: 'b' },
    },
    {
      at: Date.parse('2025-01-04T00:06:28.805Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'success', rid: 'b', delay_ms: 40_946 },
    },
  ],
};
