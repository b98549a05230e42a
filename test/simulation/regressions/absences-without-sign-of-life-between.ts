import type { Script } from '../script.ts';

export const title = 'absences without a sign of life between them are as long as both';

export const script: Script = {
  start_at: Date.parse('2025-07-01T01:49:55.134Z'),
  end_at: Date.parse('2025-07-01T14:00:31.731Z'),
  replay_window_ms: 900_000,
  notifiers: ['ops'],
  jobs: {},
  happenings: [
    {
      at: Date.parse('2025-07-01T02:49:32.987Z'),
      type: 'away',
      how: 'crash',
      to_at: Date.parse('2025-07-01T02:50:42.885Z'),
    },
    {
      at: Date.parse('2025-07-01T13:34:33.586Z'),
      type: 'away',
      how: 'store_failing',
      to_at: Date.parse('2025-07-01T13:37:35.012Z'),
    },
    {
      at: Date.parse('2025-07-01T13:37:47.830Z'),
      type: 'away',
      how: 'crash',
      to_at: Date.parse('2025-07-01T13:42:17.814Z'),
    },
  ],
};
