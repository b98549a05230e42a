import type { Script } from '../script.ts';

export const title = 'a notifier that joins is not told of a kind that a late run has replaced';

export const script: Script = {
  start_at: Date.parse('2025-11-01T13:09:43.487Z'),
  end_at: Date.parse('2025-11-02T09:27:34.301Z'),
  replay_window_ms: 60000,
  notifiers: ['ops', 'pager'],
  jobs: {
    sync: { every: '15m', grace: '6s', notify: ['ops'], expect: { output: { contains: 'rows' } } },
  },
  happenings: [
    {
      at: Date.parse('2025-11-02T05:43:02.545Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'success', rid: 'sync.67', output: 'done: 12 rows' },
    },
    {
      at: Date.parse('2025-11-02T06:13:16.477Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'success', rid: 'sync.69', duration_ms: 37162 },
    },
    {
      at: Date.parse('2025-11-02T06:27:54.639Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'success', rid: 'sync.70' },
    },
    {
      at: Date.parse('2025-11-02T06:56:51.074Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'success', rid: 'sync.72' },
    },
    {
      at: Date.parse('2025-11-02T07:26:39.884Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'success', rid: 'sync.74' },
    },
    {
      at: Date.parse('2025-11-02T07:41:09.516Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'success', rid: 'sync.75' },
    },
    {
      at: Date.parse('2025-11-02T08:10:53.882Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'success', rid: 'sync.77' },
    },
    {
      at: Date.parse('2025-11-02T08:40:19.213Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'success', rid: 'sync.79' },
    },
    {
      at: Date.parse('2025-11-02T09:09:40.944Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'success', rid: 'sync.81' },
    },
    {
      at: Date.parse('2025-11-02T09:16:11.748Z'),
      type: 'edit',
      job: 'sync',
      declaration: {
        every: '15m',
        grace: '6s',
        max_runtime: '82s',
        failure_threshold: 4,
        notify: [{ to: 'pager', on: ['missed', 'timeout'] }],
        keep_runs: 200,
        overlap: 'forbid',
        expect: { output: { contains: 'rows' } },
        recovery_threshold: 3,
      },
    },
  ],
};
