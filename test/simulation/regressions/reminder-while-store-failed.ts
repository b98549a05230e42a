import type { Script } from '../script.ts';

export const title =
  'a reminder that is due while the store fails comes when it works again, with every tick on time or late';

export const script: Script = {
  start_at: Date.parse('2025-08-18T18:20:26.226Z'),
  end_at: Date.parse('2025-08-19T01:58:45.591Z'),
  replay_window_ms: 900_000,
  notifiers: ['ops'],
  jobs: { sync: { every: '1h', grace: '13s', remind_every: '10m' } },
  happenings: [
    {
      at: Date.parse('2025-08-19T01:23:08.833Z'),
      type: 'away',
      how: 'store_failing',
      to_at: Date.parse('2025-08-19T01:56:31.735Z'),
    },
  ],
};
