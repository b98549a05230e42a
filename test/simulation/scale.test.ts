import { expect, test } from 'vitest';
import { playMonth } from './month.ts';

test('two days of 60 hourly jobs are recorded and told of to the last run, each trouble once', async () => {
  const { expected, found, pings } = await playMonth({ jobs: 60, days: 2, troubleIn: 20 });
  // Without all kinds of trouble in it, the month would prove nothing.
  expect(new Set(expected.tellings.map((line) => line.split(' ').slice(1, -1).join(' ')))).toEqual(
    new Set(['opened exit_code', 'opened timeout', 'opened missed', 'opened never_seen', 'closed']),
  );
  expect(pings).toBeGreaterThan(5_000);
  expect(found).toEqual(expected);
});
