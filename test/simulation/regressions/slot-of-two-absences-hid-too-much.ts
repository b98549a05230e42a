import type { Script } from '../script.ts';

export const title =
  'a slot that waits for two absences hides nothing of the first once a run has begun after that';

export const script: Script = {
  start_at: Date.parse('2025-03-29T07:16:53.732Z'),
  end_at: Date.parse('2025-03-30T04:23:25.143Z'),
  replay_window_ms: 60_000,
  notifiers: ['ops'],
  jobs: { sync: { schedule: '@hourly' } },
  happenings: [
    {
      at: Date.parse('2025-03-29T23:58:47.663Z'),
      type: 'away',
      how: 'suspend',
      to_at: Date.parse('2025-03-29T23:59:55.082Z'),
    },
    {
      at: Date.parse('2025-03-30T00:03:58.483Z'),
      type: 'away',
      how: 'suspend',
      to_at: Date.parse('2025-03-30T04:04:23.286Z'),
    },
    {
      at: Date.parse('2025-03-30T04:04:26.232Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'success', rid: 'b' },
    },
    {
      at: Date.parse('2025-03-30T04:04:38.908Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'start', rid: 'a', delay_ms: 11_231_506 },
    },
  ],
};
