import type { Script } from '../script.ts';

export const title = 'a lock that was taken before a job was removed is not stuck when it is back';

export const script: Script = {
  start_at: Date.parse('2025-04-05T02:03:35.515Z'),
  end_at: Date.parse('2025-04-06T03:43:04.065Z'),
  replay_window_ms: 60_000,
  notifiers: ['ops'],
  jobs: {
    sync: {},
  },
  happenings: [
    {
      at: Date.parse('2025-04-05T20:00:54.090Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'skip', rid: 'sync.73' },
    },
    {
      at: Date.parse('2025-04-05T20:15:44.287Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'skip', rid: 'sync.74' },
    },
    { at: Date.parse('2025-04-05T20:28:21.519Z'), type: 'edit', job: 'sync', declaration: null },
    {
      at: Date.parse('2025-04-06T03:26:53.167Z'),
      type: 'edit',
      job: 'sync',
      declaration: {
        every: '15m',
        grace: '2092s',
        max_runtime: '562s',
        recovery_threshold: 1,
        remind_every: '45m',
        max_open_runs: 2,
        keep_runs: 100,
      },
    },
    {
      at: Date.parse('2025-04-06T03:34:27.771Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'skip', rid: 'sync.103' },
    },
  ],
};
