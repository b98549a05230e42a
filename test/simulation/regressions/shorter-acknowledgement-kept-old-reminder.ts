import type { Script } from '../script.ts';

export const title = 'an incident acknowledged anew for less reminds from then on';

export const script: Script = {
  start_at: Date.parse('2025-04-05T04:46:40.019Z'),
  end_at: Date.parse('2025-04-05T10:01:43.994Z'),
  replay_window_ms: 900000,
  notifiers: ['ops'],
  jobs: {
    sync: { schedule: '@hourly', remind_every: '10m' },
  },
  happenings: [
    {
      at: Date.parse('2025-04-05T07:49:53.044Z'),
      type: 'acknowledge',
      job: 'sync',
      until_at: Date.parse('2025-04-11T08:46:45.065Z'),
    },
    {
      at: Date.parse('2025-04-05T08:43:35.255Z'),
      type: 'acknowledge',
      job: 'sync',
      until_at: Date.parse('2025-04-05T09:14:53.597Z'),
    },
  ],
};
