import type { Script } from '../script.ts';

export const title = 'a host whose clock is fast is not told missed after Cronflow was away';

export const script: Script = {
  start_at: Date.parse('2025-10-25T17:00:01Z'),
  end_at: Date.parse('2025-10-25T18:15:00Z'),
  replay_window_ms: 900_000,
  notifiers: ['ops'],
  jobs: { sync: { schedule: '7,22,37,52 * * * *', grace: '150s' } },
  happenings: [
    {
      at: Date.parse('2025-10-25T17:06:29.538Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'start', rid: '6' },
    },
    {
      at: Date.parse('2025-10-25T17:21:27.195Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'start', rid: '7' },
    },
    {
      at: Date.parse('2025-10-25T17:22:19.133Z'),
      type: 'away',
      how: 'crash',
      to_at: Date.parse('2025-10-25T17:52:55.794Z'),
    },
    {
      at: Date.parse('2025-10-25T17:53:01.147Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'start', rid: '9', delay_ms: 93_902 },
    },
    {
      at: Date.parse('2025-10-25T18:06:27.058Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'start', rid: '10' },
    },
  ],
};
