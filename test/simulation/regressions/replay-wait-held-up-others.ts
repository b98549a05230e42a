import type { Script } from '../script.ts';

export const title = 'a slot that waits for a replay holds up none whose silence no gap explains';

export const script: Script = {
  start_at: Date.parse('2025-01-07T19:01:13.394Z'),
  end_at: Date.parse('2025-01-08T00:59:11.407Z'),
  replay_window_ms: 3_600_000,
  notifiers: ['ops', 'pager'],
  jobs: { sync: { schedule: '0 */10 * * * *', grace: '1264s', max_runtime: '884s' } },
  happenings: [
    ...(
      [
        ['2025-01-07T20:30:55.190Z', { kind: 'failure' }],
        ['2025-01-07T20:40:50.010Z', { kind: 'start', rid: 'a' }],
        ['2025-01-07T20:50:53.614Z', { kind: 'start', rid: 'b' }],
        ['2025-01-07T21:13:31.603Z', { kind: 'start', rid: 'c' }],
        ['2025-01-07T21:20:50.023Z', { kind: 'start', rid: 'd' }],
        ['2025-01-07T21:30:50.179Z', { kind: 'start', rid: 'e' }],
        ['2025-01-07T21:50:59.521Z', { kind: 'success' }],
        ['2025-01-07T22:00:50.419Z', { kind: 'start', rid: 'f' }],
        ['2025-01-07T23:20:58.144Z', { kind: 'success' }],
        ['2025-01-07T23:30:55.950Z', { kind: 'start', rid: 'g' }],
      ] as const
    ).map(([at, ping]) => ({ at: Date.parse(at), type: 'ping', job: 'sync', ping }) as const),
    {
      at: Date.parse('2025-01-07T23:31:29.631Z'),
      type: 'away',
      how: 'suspend',
      to_at: Date.parse('2025-01-07T23:45:51.201Z'),
    },
    {
      at: Date.parse('2025-01-07T23:58:46.356Z'),
      type: 'away',
      how: 'stop',
      to_at: Date.parse('2025-01-08T00:56:02.313Z'),
    },
  ],
};
