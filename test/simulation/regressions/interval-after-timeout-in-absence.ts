import type { Script } from '../script.ts';

export const title = 'after a run that timed out in an absence, `every` starts anew at its end';

export const script: Script = {
  start_at: Date.parse('2025-03-30T17:36:46.288Z'),
  end_at: Date.parse('2025-03-30T19:06:44.065Z'),
  replay_window_ms: 3_600_000,
  notifiers: ['ops'],
  jobs: { sync: { every: '15m', grace: '36s', max_runtime: '1622s' } },
  happenings: [
    { at: Date.parse('2025-03-30T18:03:14.504Z'), type: 'ping', job: 'sync', ping: { kind: 'start' } },
    {
      at: Date.parse('2025-03-30T18:20:36.672Z'),
      type: 'away',
      how: 'store_failing',
      to_at: Date.parse('2025-03-30T18:47:17.028Z'),
    },
  ],
};
