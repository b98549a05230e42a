import type { Script } from '../script.ts';

export const title =
  'an announcement to one notifier puts off no reminder of the others, and brings none of its own';

export const script: Script = {
  start_at: Date.parse('2025-03-08T03:57:05.836Z'),
  end_at: Date.parse('2025-03-08T06:32:39.338Z'),
  replay_window_ms: 900_000,
  notifiers: ['ops', 'mail'],
  jobs: {
    sync: {
      schedule: '0 */10 * * * *',
      max_runtime: '88s',
      remind_every: '10m',
      notify: [
        { to: 'ops', on: ['timeout'] },
        { to: 'mail', on: ['missed'] },
      ],
      maintenance: [{ schedule: '15 * * * *', duration: '657s' }],
    },
  },
  happenings: [
    {
      at: Date.parse('2025-03-08T05:59:11.362Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'success', rid: 'a' },
    },
    {
      at: Date.parse('2025-03-08T06:08:42.481Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'start', rid: 'b' },
    },
  ],
};
