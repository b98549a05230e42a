import type { Script } from '../script.ts';

export const title = 'a slot that was taken over makes room for another that can be';

export const script: Script = {
  start_at: Date.parse('2025-10-04T01:45:34.902Z'),
  end_at: Date.parse('2025-10-04T18:56:19.769Z'),
  replay_window_ms: 3_600_000,
  notifiers: ['ops'],
  jobs: { sync: { schedule: '0 */10 * * * *', grace: '1154s' } },
  happenings: [
    {
      at: Date.parse('2025-10-04T16:15:21.197Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'start', rid: 'a', delay_ms: 3_675_120 },
    },
    {
      at: Date.parse('2025-10-04T16:15:21.835Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'start', rid: 'b' },
    },
    {
      at: Date.parse('2025-10-04T18:55:59.525Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'start', rid: 'c', delay_ms: 21_712_285 },
    },
  ],
};
