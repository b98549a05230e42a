import type { Script } from '../script.ts';

export const title = 'a skip while a run is open says nothing of a stuck lock';

export const script: Script = {
  start_at: Date.parse('2025-01-03T23:29:02.059Z'),
  end_at: Date.parse('2025-01-04T08:46:03.946Z'),
  replay_window_ms: 900_000,
  notifiers: ['ops'],
  jobs: { sync: { max_runtime: '478s' } },
  happenings: [
    {
      at: Date.parse('2025-01-04T08:19:30.492Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'start', rid: 'a' },
    },
    {
      at: Date.parse('2025-01-04T08:26:19.539Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'skip', rid: 'b' },
    },
    {
      at: Date.parse('2025-01-04T08:33:12.003Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'skip', rid: 'c' },
    },
    {
      at: Date.parse('2025-01-04T08:40:09.581Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'skip', rid: 'd' },
    },
  ],
};
