import type { Script } from '../script.ts';

export const title = 'a run without a known start has had its interval';

export const script: Script = {
  start_at: Date.parse('2025-11-16T16:34:54.006Z'),
  end_at: Date.parse('2025-11-16T17:05:08.434Z'),
  replay_window_ms: 900_000,
  notifiers: ['ops'],
  jobs: { sync: { every: '7m' } },
  happenings: [
    { at: Date.parse('2025-11-16T16:57:03.122Z'), type: 'ping', job: 'sync', ping: { kind: 'success' } },
    { at: Date.parse('2025-11-16T17:00:02.067Z'), type: 'ping', job: 'sync', ping: { kind: 'success' } },
  ],
};
