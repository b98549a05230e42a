import type { Script } from '../script.ts';

export const title =
  'an interval starts anew after an absence that touches a slot whose deadline a changed grace put off';

export const script: Script = {
  start_at: Date.parse('2025-03-27T23:18:11.840Z'),
  end_at: Date.parse('2025-03-30T23:55:24.248Z'),
  replay_window_ms: 900_000,
  notifiers: ['ops'],
  jobs: { sync: {} },
  happenings: [
    {
      at: Date.parse('2025-03-29T07:46:05.423Z'),
      type: 'edit',
      job: 'sync',
      declaration: { every: '1h', grace: '217239s' },
    },
    {
      at: Date.parse('2025-03-30T23:02:16.119Z'),
      type: 'edit',
      job: 'sync',
      declaration: { every: '1h', grace: '121s' },
    },
    {
      at: Date.parse('2025-03-30T23:03:14.502Z'),
      type: 'away',
      how: 'store_failing',
      to_at: Date.parse('2025-03-30T23:09:46.735Z'),
    },
  ],
};
