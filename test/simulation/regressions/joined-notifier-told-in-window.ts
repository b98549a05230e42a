import type { Script } from '../script.ts';

export const title = 'who joins while a window lasts is told after it';

export const script: Script = {
  start_at: Date.parse('2025-08-20T08:06:22.671Z'),
  end_at: Date.parse('2025-08-20T11:59:59.975Z'),
  replay_window_ms: 900_000,
  notifiers: ['ops', 'pager'],
  jobs: {
    sync: { notify: ['ops'], maintenance: [{ from: '2025-08-20T09:30:00Z', to: '2025-08-20T10:00:00Z' }] },
  },
  happenings: [
    { at: Date.parse('2025-08-20T09:14:41.836Z'), type: 'ping', job: 'sync', ping: { kind: 'failure' } },
    {
      at: Date.parse('2025-08-20T09:47:51.912Z'),
      type: 'edit',
      job: 'sync',
      declaration: {
        notify: ['ops', 'pager'],
        maintenance: [{ from: '2025-08-20T09:30:00Z', to: '2025-08-20T10:00:00Z' }],
      },
    },
  ],
};
