import type { Script } from '../script.ts';

export const title = 'a sign of life due at the instant of a suspension was not stored';

export const script: Script = {
  start_at: Date.parse('2025-11-04T19:00:27.217Z'),
  end_at: Date.parse('2025-11-11T07:48:48.785Z'),
  replay_window_ms: 60000,
  notifiers: ['ops'],
  jobs: {},
  happenings: [
    {
      at: Date.parse('2025-11-11T03:06:10.481Z'),
      type: 'away',
      how: 'suspend',
      to_at: Date.parse('2025-11-11T03:06:36.982Z'),
    },
    {
      at: Date.parse('2025-11-11T06:19:16.982Z'),
      type: 'away',
      how: 'suspend',
      to_at: Date.parse('2025-11-11T06:57:04.226Z'),
    },
  ],
};
