import type { Script } from '../script.ts';

export const title = 'the end of a run that began in a pause puts off nothing';

export const script: Script = {
  start_at: Date.parse('2025-09-14T04:04:11.431Z'),
  end_at: Date.parse('2025-09-14T08:26:53.153Z'),
  replay_window_ms: 60_000,
  notifiers: ['ops'],
  jobs: { sync: { every: '1h', grace: '5882s', paused: true } },
  happenings: [
    { at: Date.parse('2025-09-14T06:30:33.731Z'), type: 'ping', job: 'sync', ping: { kind: 'start' } },
    {
      at: Date.parse('2025-09-14T07:17:14.847Z'),
      type: 'edit',
      job: 'sync',
      declaration: { every: '1h', grace: '5882s' },
    },
    { at: Date.parse('2025-09-14T08:25:11.971Z'), type: 'ping', job: 'sync', ping: { kind: 'start' } },
  ],
};
