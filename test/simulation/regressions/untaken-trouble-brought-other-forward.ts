import type { Script } from '../script.ts';

export const title = 'trouble in a window that nobody takes brings no other forward';

export const script: Script = {
  start_at: Date.parse('2025-11-02T01:48:40.636Z'),
  end_at: Date.parse('2025-11-02T10:03:21.697Z'),
  replay_window_ms: 900_000,
  notifiers: ['ops', 'pager'],
  jobs: {
    sync: {
      every: '1h',
      grace: '7087s',
      max_runtime: '781s',
      notify: [{ to: 'ops', on: ['failure', 'missed'] }, 'pager'],
      maintenance: [
        { schedule: '0 */6 * * *', duration: '7455s' },
        { schedule: '15 * * * *', duration: '1724s' },
      ],
    },
  },
  happenings: [
    { at: Date.parse('2025-11-02T04:44:41.585Z'), type: 'ping', job: 'sync', ping: { kind: 'start' } },
    { at: Date.parse('2025-11-02T06:41:55.836Z'), type: 'ping', job: 'sync', ping: { kind: 'start' } },
  ],
};
