import type { Script } from '../script.ts';

export const title = 'a second run that goes on after all takes its slot out of the history once';

export const script: Script = {
  start_at: Date.parse('2025-10-05T10:25:11.008Z'),
  end_at: Date.parse('2025-10-05T16:37:10.278Z'),
  replay_window_ms: 60_000,
  notifiers: ['ops'],
  jobs: { sync: { every: '1h', max_runtime: '971s', overlap: 'forbid' } },
  happenings: [
    {
      at: Date.parse('2025-10-05T16:33:00.420Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'start', rid: 'a', delay_ms: 5_493_718 },
    },
    {
      at: Date.parse('2025-10-05T16:33:09.204Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'start', rid: 'b', delay_ms: 2_005_624 },
    },
    {
      at: Date.parse('2025-10-05T16:33:09.520Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'success', rid: 'a', delay_ms: 5_495_640 },
    },
  ],
};
