import type { Script } from '../script.ts';

export const title = 'an absence in which a job was not declared hides nothing of it';

export const script: Script = {
  start_at: Date.parse('2025-03-29T17:58:15.416Z'),
  end_at: Date.parse('2025-03-29T19:11:40.998Z'),
  replay_window_ms: 900_000,
  notifiers: ['ops'],
  jobs: { sync: {} },
  happenings: [
    { at: Date.parse('2025-03-29T18:53:44.818Z'), type: 'edit', job: 'sync', declaration: null },
    {
      at: Date.parse('2025-03-29T19:07:49.391Z'),
      type: 'away',
      how: 'store_failing',
      to_at: Date.parse('2025-03-29T19:09:18.289Z'),
    },
    {
      at: Date.parse('2025-03-29T19:09:28.696Z'),
      type: 'edit',
      job: 'sync',
      declaration: { schedule: '*/5 * * * *', grace: '89s' },
    },
  ],
};
