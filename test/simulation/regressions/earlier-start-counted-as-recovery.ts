import type { Script } from '../script.ts';

export const title = 'a run that started before another is known to have failed says nothing of it';

export const script: Script = {
  start_at: Date.parse('2025-12-23T05:46:29.183Z'),
  end_at: Date.parse('2025-12-23T09:39:29.339Z'),
  replay_window_ms: 60000,
  notifiers: ['ops', 'pager'],
  jobs: {
    sync: { schedule: '0 */10 * * * *', grace: '55s' },
  },
  happenings: [
    {
      at: Date.parse('2025-12-23T09:38:10.052Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'failure', rid: 'sync.22' },
    },
    {
      at: Date.parse('2025-12-23T09:38:24.970Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'success', duration_ms: 26153, rid: 'sync.23' },
    },
  ],
};
