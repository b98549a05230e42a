import type { Script } from '../script.ts';

export const title = 'what maintenance holds back waits for a grace that is changed meanwhile';

export const script: Script = {
  start_at: Date.parse('2025-09-14T06:25:59.909Z'),
  end_at: Date.parse('2025-09-16T04:25:49.680Z'),
  replay_window_ms: 900_000,
  notifiers: ['ops'],
  jobs: {
    sync: { max_runtime: '103s', maintenance: [{ schedule: '0 */6 * * *', duration: '13600s' }] },
  },
  happenings: [
    {
      at: Date.parse('2025-09-16T01:44:13.709Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'start', rid: 'sync.44' },
    },
    {
      at: Date.parse('2025-09-16T02:34:13.477Z'),
      type: 'edit',
      job: 'sync',
      declaration: {
        every: '1h',
        grace: '985s',
        max_runtime: '103s',
        recovery_threshold: 2,
        min_runtime: '9s',
        maintenance: [{ schedule: '0 */6 * * *', duration: '13600s' }],
        expect: { output: { matches: '^(done|warning)' } },
      },
    },
  ],
};
