import type { Script } from '../script.ts';

export const title = 'a start that comes after its end breaks no row of skips';

export const script: Script = {
  start_at: Date.parse('2025-06-05T13:52:29.317Z'),
  end_at: Date.parse('2025-06-05T14:57:28.862Z'),
  replay_window_ms: 3_600_000,
  notifiers: ['ops'],
  jobs: { sync: {} },
  happenings: [
    {
      at: Date.parse('2025-06-05T14:27:03.319Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'success', rid: 'a' },
    },
    {
      at: Date.parse('2025-06-05T14:28:34.403Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'skip', rid: 'b' },
    },
    {
      at: Date.parse('2025-06-05T14:28:56.541Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'start', rid: 'a' },
    },
    {
      at: Date.parse('2025-06-05T14:30:21.019Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'skip', rid: 'c' },
    },
    {
      at: Date.parse('2025-06-05T14:43:21.176Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'skip', rid: 'd' },
    },
  ],
};
