import type { Script } from '../script.ts';

export const title =
  'what an absence hid ends unknown when a later run comes, though a new grace has moved its deadline';

export const script: Script = {
  start_at: Date.parse('2025-11-20T12:01:17.146Z'),
  end_at: Date.parse('2025-11-20T14:33:48.051Z'),
  replay_window_ms: 900_000,
  notifiers: ['ops'],
  jobs: { sync: { schedule: '*/10 * * * *' } },
  happenings: [
    {
      at: Date.parse('2025-11-20T12:14:07.548Z'),
      type: 'away',
      how: 'crash',
      to_at: Date.parse('2025-11-20T13:17:55.475Z'),
    },
    {
      at: Date.parse('2025-11-20T13:17:56.063Z'),
      type: 'edit',
      job: 'sync',
      declaration: { schedule: '*/10 * * * *', grace: '8s' },
    },
    { at: Date.parse('2025-11-20T13:17:57.736Z'), type: 'ping', job: 'sync', ping: { kind: 'success' } },
  ],
};
