import type { Script } from '../script.ts';

export const title =
  'an incident whose first miss turns out to have succeeded keeps the reason for which it opened';

export const script: Script = {
  start_at: Date.parse('2025-02-20T21:46:15.821Z'),
  end_at: Date.parse('2025-02-26T09:21:59.802Z'),
  replay_window_ms: 900_000,
  notifiers: ['ops'],
  jobs: {
    sync: { schedule: '30 1 * * *', timezone: 'Asia/Kolkata', grace: '6s', min_runtime: '26s' },
  },
  happenings: [
    { at: Date.parse('2025-02-21T20:45:48.088Z'), type: 'ping', job: 'sync', ping: { kind: 'success' } },
    {
      at: Date.parse('2025-02-23T20:03:39.171Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'success', duration_ms: 257_363 },
    },
    {
      at: Date.parse('2025-02-24T19:59:38.228Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'success', duration_ms: 16_937 },
    },
    { at: Date.parse('2025-02-26T02:20:48.904Z'), type: 'edit', job: 'sync', declaration: null },
  ],
};
