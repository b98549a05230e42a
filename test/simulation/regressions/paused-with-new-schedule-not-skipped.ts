import type { Script } from '../script.ts';

export const title = 'a slot that has come is skipped by a new schedule also where the job is paused with it';

export const script: Script = {
  start_at: Date.parse('2025-03-11T12:30:10.307Z'),
  end_at: Date.parse('2025-03-11T15:10:00.000Z'),
  replay_window_ms: 900_000,
  notifiers: ['ops'],
  jobs: { sync: { schedule: '0 * * * *' } },
  happenings: [
    {
      at: Date.parse('2025-03-11T15:00:11.529Z'),
      type: 'edit',
      job: 'sync',
      declaration: { every: '5h', paused: true },
    },
  ],
};
