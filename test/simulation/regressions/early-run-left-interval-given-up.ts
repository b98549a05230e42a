import type { Script } from '../script.ts';

export const title = 'a run that began a little early takes over the interval given up since';

export const script: Script = {
  start_at: Date.parse('2025-10-23T18:26:39.017Z'),
  end_at: Date.parse('2025-10-23T18:42:35.297Z'),
  replay_window_ms: 60_000,
  notifiers: ['ops'],
  jobs: { sync: { every: '15m', grace: '32s' } },
  happenings: [
    {
      at: Date.parse('2025-10-23T18:42:34.943Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'success', rid: 'a', duration_ms: 68_929 },
    },
  ],
};
