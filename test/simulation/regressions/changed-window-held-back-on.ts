import type { Script } from '../script.ts';

export const title = 'what a changed window does not hold back any longer is not told in the window of now';

export const script: Script = {
  start_at: Date.parse('2025-08-20T08:06:22.671Z'),
  end_at: Date.parse('2025-08-20T11:59:59.975Z'),
  replay_window_ms: 900_000,
  notifiers: ['ops'],
  jobs: {
    sync: {
      grace: '61s',
      maintenance: [{ from: '2025-08-20T09:26:44.000Z', to: '2025-08-20T11:51:18.000Z' }],
    },
  },
  happenings: [
    { at: Date.parse('2025-08-20T10:14:41.836Z'), type: 'ping', job: 'sync', ping: { kind: 'failure' } },
    {
      at: Date.parse('2025-08-20T10:57:51.912Z'),
      type: 'edit',
      job: 'sync',
      declaration: {
        grace: '61s',
        maintenance: [{ from: '2025-08-20T10:25:47.000Z', to: '2025-08-20T11:37:05.000Z' }],
      },
    },
  ],
};
