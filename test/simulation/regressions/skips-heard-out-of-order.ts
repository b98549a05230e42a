import type { Script } from '../script.ts';

export const title = 'three skips in a row are a stuck lock in whatever order they are heard of';

export const script: Script = {
  start_at: Date.parse('2025-10-25T13:59:02.198Z'),
  end_at: Date.parse('2025-10-25T18:14:48.310Z'),
  replay_window_ms: 3600000,
  notifiers: ['ops'],
  jobs: {
    sync: {},
  },
  happenings: [
    {
      at: Date.parse('2025-10-25T15:57:36.050Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'skip', rid: 'sync.2' },
    },
    {
      at: Date.parse('2025-10-25T18:14:21.514Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'skip', rid: 'sync.4' },
    },
    {
      at: Date.parse('2025-10-25T18:14:27.401Z'),
      type: 'ping',
      job: 'sync',
      ping: { kind: 'skip', rid: 'sync.3', delay_ms: 4618639 },
    },
  ],
};
