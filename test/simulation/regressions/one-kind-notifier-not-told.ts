import type { Script } from '../script.ts';

export const title = 'a notifier that takes one kind is told when the incident first contains it';

export const script: Script = {
  start_at: Date.parse('2025-03-09T10:00:14.786Z'),
  end_at: Date.parse('2025-03-09T12:17:08.499Z'),
  replay_window_ms: 900_000,
  notifiers: ['ops', 'pager'],
  jobs: {
    sync: {
      max_runtime: '5250s',
      failure_threshold: { failure: 2, missed: 1, timeout: 2 },
      notify: ['ops', { to: 'pager', on: ['missed', 'timeout'] }],
    },
  },
  happenings: [
    { at: Date.parse('2025-03-09T10:42:57.759Z'), type: 'ping', job: 'sync', ping: { kind: 'start' } },
    { at: Date.parse('2025-03-09T10:44:08.657Z'), type: 'ping', job: 'sync', ping: { kind: 'start' } },
    { at: Date.parse('2025-03-09T10:48:54.396Z'), type: 'ping', job: 'sync', ping: { kind: 'start' } },
  ],
};
