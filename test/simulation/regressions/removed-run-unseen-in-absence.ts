import type { Script } from '../script.ts';

export const title = 'a run that the removal of its job ended went unseen in no absence';

export const script: Script = {
  start_at: Date.parse('2025-03-08T22:14:27.034Z'),
  end_at: Date.parse('2025-03-09T11:37:46.050Z'),
  replay_window_ms: 60000,
  notifiers: ['ops', 'pager', 'mail'],
  jobs: {
    sync: {},
  },
  happenings: [
    {
      at: Date.parse('2025-03-09T07:00:22.656Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'start', rid: 'sync.1' },
    },
    {
      at: Date.parse('2025-03-09T09:16:28.449Z'),
      type: 'away',
      how: 'crash',
      to_at: Date.parse('2025-03-09T11:26:08.700Z'),
    },
    { at: Date.parse('2025-03-09T11:26:08.983Z'), type: 'edit', job: 'sync', declaration: null },
    {
      at: Date.parse('2025-03-09T11:26:09.396Z'),
      type: 'edit',
      job: 'sync',
      declaration: {
        schedule: '30 2 * * *',
        timezone: 'America/New_York',
        grace: '129463s',
        remind_every: '10m',
        max_open_runs: 3,
        overlap: 'allow',
        min_runtime: '104s',
        expect: { output: { contains: 'done', not_contains: ['ERROR', 'nothing'] } },
      },
    },
  ],
};
