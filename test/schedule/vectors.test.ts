import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { compileCron } from '../../src/schedule/cron.ts';

interface Case {
  schedule: string;
  timezone: string;
  after: string;
  next: string[];
}

const file = new URL('../testdata/debian-cron.json', import.meta.url);
const cases = JSON.parse(readFileSync(file, 'utf8')) as Case[];

describe('slots as the main loop of Debian cron runs them', () => {
  test('knows all 2,000 cases', () => {
    expect(cases).toHaveLength(2000);
  });

  test.each(cases)('follow $schedule in $timezone after $after', ({ schedule, timezone, after, next }) => {
    const cron = compileCron(schedule, timezone);
    const expected = next.map((instant) => Date.parse(instant));
    const forwards: (number | null)[] = [];
    for (let at = cron.next(Date.parse(after)); forwards.length < expected.length; at = cron.next(at ?? 0)) {
      forwards.push(at);
    }
    expect(forwards).toStrictEqual(expected);
    // The way back visits the same slots, and none between `after` and the first of them.
    const backwards = expected.map((slot) => cron.previous(slot - 1));
    expect(backwards.slice(1)).toStrictEqual(expected.slice(0, -1));
    expect(backwards[0]).toBeLessThanOrEqual(Date.parse(after));
  });
});
