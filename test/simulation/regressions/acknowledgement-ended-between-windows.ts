import type { Script } from '../script.ts';

export const title =
  'a reminder that windows put off for ever comes when an acknowledgement ends between them';

export const script: Script = {
  start_at: Date.parse('2025-09-10T05:58:07.483Z'),
  end_at: Date.parse('2025-09-11T11:56:57.519Z'),
  replay_window_ms: 3_600_000,
  notifiers: ['ops'],
  jobs: {
    sync: {
      grace: '3491s',
      remind_every: '1h',
      maintenance: [{ schedule: '15 * * * *', duration: '402s' }],
    },
  },
  happenings: [
    { at: Date.parse('2025-09-10T06:40:53.633Z'), type: 'ping', job: 'sync', ping: { kind: 'failure' } },
    {
      at: Date.parse('2025-09-10T09:16:08.215Z'),
      type: 'acknowledge',
      job: 'sync',
      until_at: Date.parse('2025-09-10T12:19:39.898Z'),
    },
    {
      at: Date.parse('2025-09-11T07:51:29.824Z'),
      type: 'acknowledge',
      job: 'sync',
      until_at: Date.parse('2025-09-11T08:07:39.816Z'),
    },
  ],
};
