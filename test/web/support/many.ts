import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../src/schedule/units.ts';
import { MORNING_AT } from './morning.ts';
import type { Happening } from './past.ts';

const GROUP_COUNT = 25;

const nameOf = (index: number): string => `job-${String(index).padStart(4, '0')}`;

/** Returns a configuration of so many jobs, which run at three minutes of each day. */
export function manyConfig(count: number): string {
  const lines = Array.from(
    { length: count },
    (_, index) =>
      `  ${nameOf(index)}: {schedule: '${(index % 3) * 20} 6 * * *', group: group-${index % GROUP_COUNT}, tags: [t${index % 7}]}`,
  );
  return `defaults:\n  grace: 30m\nnotifiers:\n  ops:\n    type: log\njobs:\n${lines.join('\n')}\n`;
}

/** Returns a past of two hours in which each job ran once, and every hundredth failed. */
export function manyHappenings(count: number): Happening[] {
  const jobs = Array.from({ length: count }, (_, index) => index);
  const slots = [0, 20, 40].map((minute, third) => ({
    at: MORNING_AT - HOUR_MS - 5 * MINUTE_MS + minute * MINUTE_MS + 30 * SECOND_MS,
    jobs: jobs.filter((index) => index % 3 === third),
  }));
  return [
    { at: MORNING_AT - 2 * HOUR_MS, do: ({ configure }) => configure() },
    ...slots.map((slot): Happening => ({
      at: slot.at,
      do: ({ ping }) =>
        Promise.all(
          slot.jobs.map((index) => {
            const isGood = index % 100 !== 0;
            const ended = {
              exit_code: isGood ? 0 : 2,
              duration_ms: (index % 29) * SECOND_MS,
              output: isGood ? null : `${nameOf(index)}: disk quota exceeded\n`,
            };
            return ping(nameOf(index), isGood ? 'success' : 'failure', ended);
          }),
        ),
    })),
  ];
}
