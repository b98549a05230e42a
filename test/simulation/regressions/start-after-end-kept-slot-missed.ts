import type { Script } from '../script.ts';

export const title =
  'a start that comes after its end keeps no later run from the slot that was missed meanwhile';

export const script: Script = {
  start_at: Date.parse('2025-10-25T23:22:58.129Z'),
  end_at: Date.parse('2025-10-25T23:44:41.958Z'),
  replay_window_ms: 3_600_000,
  notifiers: ['ops'],
  jobs: { sync: { every: '90s', grace: '24s' } },
  happenings: [
    {
      at: Date.parse('2025-10-25T23:38:31.838Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'failure', rid: 'a' },
    },
    {
      at: Date.parse('2025-10-25T23:40:12.035Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'start', rid: 'a' },
    },
    {
      at: Date.parse('2025-10-25T23:40:40.988Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'success', rid: 'b' },
    },
  ],
};
