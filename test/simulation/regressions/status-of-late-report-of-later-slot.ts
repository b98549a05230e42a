import type { Script } from '../script.ts';

export const title = 'a status says what is dated last, though a late report was of a later slot';

export const script: Script = {
  start_at: Date.parse('2025-11-02T05:14:34.800Z'),
  end_at: Date.parse('2025-11-02T16:05:14.521Z'),
  replay_window_ms: 60000,
  notifiers: ['ops'],
  jobs: {
    sync: { schedule: '7,22,37,52 * * * *', grace: '1165s' },
  },
  happenings: [
    {
      at: Date.parse('2025-11-02T16:00:11.443Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'success', rid: 'sync.42', delay_ms: 1421201 },
    },
  ],
};
