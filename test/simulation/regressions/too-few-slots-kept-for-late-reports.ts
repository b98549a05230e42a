import type { Script } from '../script.ts';

export const title =
  'the last 32 slots that were given up can be reported late, however many were claimed since';

export const script: Script = {
  start_at: Date.parse('2025-07-15T15:53:00.165Z'),
  end_at: Date.parse('2025-07-16T01:26:11.109Z'),
  replay_window_ms: 60_000,
  notifiers: ['ops'],
  jobs: { sync: { schedule: '*/10 * * * *' } },
  happenings: [
    {
      at: Date.parse('2025-07-15T18:38:12.254Z'),
      type: 'away',
      how: 'suspend',
      to_at: Date.parse('2025-07-16T01:19:45.007Z'),
    },
    {
      at: Date.parse('2025-07-16T01:19:46.060Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'success', rid: 'b', delay_ms: 1_218_984 },
    },
    {
      at: Date.parse('2025-07-16T01:20:05.480Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'success', rid: 'a', delay_ms: 20_450_761 },
    },
  ],
};
