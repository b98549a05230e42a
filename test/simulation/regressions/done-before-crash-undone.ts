import type { Script } from '../script.ts';

export const title =
  'what was done between the last sign of life and a crash is done, though a late tick could not know';

export const script: Script = {
  start_at: Date.parse('2025-10-01T07:42:18Z'),
  end_at: Date.parse('2025-10-02T01:05:55.386Z'),
  replay_window_ms: 900_000,
  notifiers: ['ops'],
  jobs: { sync: { schedule: '55 8 * * *', grace: '5m', remind_every: '10m' } },
  happenings: [
    {
      at: Date.parse('2025-10-01T23:40:05Z'),
      type: 'away',
      how: 'crash',
      to_at: Date.parse('2025-10-01T23:50:56.381Z'),
    },
  ],
};
