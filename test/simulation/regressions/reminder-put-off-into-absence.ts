import type { Script } from '../script.ts';

export const title = 'a reminder that a window has put off into an absence comes once, when Cronflow is back';

export const script: Script = {
  start_at: Date.parse('2025-10-12T09:55:11.284Z'),
  end_at: Date.parse('2025-10-18T09:47:31.120Z'),
  replay_window_ms: 900_000,
  notifiers: ['ops'],
  jobs: {
    sync: {
      schedule: '0 9 * * 1-5',
      timezone: 'Europe/Berlin',
      grace: '22557s',
      remind_every: '1h',
      maintenance: [{ schedule: '0 2 * * *', duration: '2370s' }],
    },
  },
  happenings: [
    { at: Date.parse('2025-10-16T07:01:21.898Z'), type: 'ping', job: 'sync', ping: { kind: 'success' } },
    {
      at: Date.parse('2025-10-18T03:28:51.575Z'),
      type: 'away',
      how: 'suspend',
      to_at: Date.parse('2025-10-18T08:01:09.716Z'),
    },
  ],
};
