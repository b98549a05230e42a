import type { Script } from '../script.ts';

export const title = 'a run that timed out, was removed and reports a failure has failed';

export const script: Script = {
  start_at: Date.parse('2025-06-22T03:50:00Z'),
  end_at: Date.parse('2025-06-22T06:03:04.747Z'),
  replay_window_ms: 900_000,
  notifiers: ['ops'],
  jobs: { sync: { max_runtime: '1121s' } },
  happenings: [
    {
      at: Date.parse('2025-06-22T03:57:00.161Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'start', rid: 'a' },
    },
    { at: Date.parse('2025-06-22T04:22:24.893Z'), type: 'edit', job: 'sync', declaration: null },
    {
      at: Date.parse('2025-06-22T04:23:56.562Z'),
      type: 'edit',
      job: 'sync',
      declaration: { max_runtime: '1121s' },
    },
    {
      at: Date.parse('2025-06-22T04:47:06.732Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'failure', rid: 'a' },
    },
  ],
};
