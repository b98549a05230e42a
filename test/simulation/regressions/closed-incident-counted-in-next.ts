import type { Script } from '../script.ts';

export const title = 'what was bad in an incident that has closed does not count in the next';

export const script: Script = {
  start_at: Date.parse('2025-10-16T03:40:22.990Z'),
  end_at: Date.parse('2025-10-20T01:25:27.369Z'),
  replay_window_ms: 900000,
  notifiers: ['ops', 'pager', 'mail'],
  jobs: {
    sync: { max_runtime: '87s' },
  },
  happenings: [
    {
      at: Date.parse('2025-10-19T23:59:36.576Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'start', rid: 'sync.114', delay_ms: 27959338 },
    },
    {
      at: Date.parse('2025-10-19T23:59:40.988Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'start', rid: 'sync.113', delay_ms: 31743634 },
    },
    {
      at: Date.parse('2025-10-20T00:00:38.218Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'success', rid: 'sync.115', delay_ms: 19174904 },
    },
    {
      at: Date.parse('2025-10-20T00:00:52.178Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'success', rid: 'sync.113' },
    },
  ],
};
