import type { Script } from '../script.ts';

export const title =
  'a failure of an earlier window that is heard of in the next is told of as if it had come in time';

export const script: Script = {
  start_at: Date.parse('2025-02-11T18:31:35.300Z'),
  end_at: Date.parse('2025-02-12T08:05:37.821Z'),
  replay_window_ms: 900000,
  notifiers: ['ops', 'pager', 'mail'],
  jobs: {
    sync: {
      timezone: 'America/New_York',
      max_runtime: '3593s',
      success_exit_codes: [2],
      maintenance: [
        { schedule: '30 1 * * *', duration: '874s' },
        { schedule: '0 2 * * *', duration: '8387s' },
      ],
    },
  },
  happenings: [
    {
      at: Date.parse('2025-02-12T07:56:45.097Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'start', rid: 'sync.4', delay_ms: 5177566 },
    },
    {
      at: Date.parse('2025-02-12T07:58:25.160Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'success', rid: 'sync.4', exit_code: 0, delay_ms: 5265173 },
    },
  ],
};
