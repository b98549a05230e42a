import type { Script } from '../script.ts';

export const title = 'the end of a run of more than a hundred runs ago is that of another';

export const script: Script = {
  start_at: Date.parse('2025-08-16T10:00:00.000Z'),
  end_at: Date.parse('2025-08-17T07:24:12.636Z'),
  replay_window_ms: 900_000,
  notifiers: ['ops'],
  jobs: { sync: { every: '7m', grace: '83s', max_runtime: '1h' } },
  happenings: [
    {
      at: Date.parse('2025-08-16T11:04:33.050Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'start', rid: 'a' },
    },
    ...Array.from({ length: 110 }, (_, index) => ({
      at: Date.parse('2025-08-16T18:00:00.000Z') + index * 421_000,
      type: 'ping' as const,
      job: 'sync',
      ping: { kind: 'success' as const, rid: `b${index}` },
    })),
    {
      at: Date.parse('2025-08-17T07:04:32.773Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'success', rid: 'a' },
    },
  ],
};
