import type { Script } from '../script.ts';

export const title =
  'a status says how the last run ended, though one given up later turns out to have failed before it';

export const script: Script = {
  start_at: Date.parse('2025-03-09T01:39:18.968Z'),
  end_at: Date.parse('2025-03-09T14:37:18.766Z'),
  replay_window_ms: 900000,
  notifiers: ['ops', 'pager'],
  jobs: {
    sync: { max_runtime: '2618s', min_runtime: '86s' },
  },
  happenings: [
    {
      at: Date.parse('2025-03-09T14:02:06.483Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'start', rid: 'sync.13', delay_ms: 5039448 },
    },
    {
      at: Date.parse('2025-03-09T14:03:55.715Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'success', rid: 'sync.15', delay_ms: 4235920 },
    },
    {
      at: Date.parse('2025-03-09T14:32:28.529Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'success', rid: 'sync.13', delay_ms: 6857862 },
    },
  ],
};
