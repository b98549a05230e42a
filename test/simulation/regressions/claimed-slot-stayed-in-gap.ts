import type { Script } from '../script.ts';

export const title = 'a run that comes before the slots of a gap are given up takes its slot out of them';

export const script: Script = {
  start_at: Date.parse('2025-03-09T10:30:34.178Z'),
  end_at: Date.parse('2025-03-09T10:56:41.627Z'),
  replay_window_ms: 60_000,
  notifiers: ['ops'],
  jobs: { sync: { schedule: '*/5 * * * *', grace: '12s' } },
  happenings: [
    {
      at: Date.parse('2025-03-09T10:43:02.915Z'),
      type: 'away',
      how: 'store_failing',
      to_at: Date.parse('2025-03-09T10:52:56.147Z'),
    },
    {
      at: Date.parse('2025-03-09T10:53:14.275Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'start', rid: 'a' },
    },
  ],
};
