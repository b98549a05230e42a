import { describe, expect, test } from 'vitest';
import { firstSkipped } from '../../src/schedule/skipped.ts';

const FROM = Date.parse('2026-01-01T00:00:00Z');
const TO = Date.parse('2027-01-01T00:00:00Z');
const local = (ms: number | null | undefined): string | null =>
  ms === null || ms === undefined ? null : new Date(ms).toISOString().slice(0, 16);
const skipped = (expression: string, timezone: string): unknown => {
  const found = firstSkipped(expression, timezone, FROM, TO);
  return found === null ? null : [local(found.localMs), local(found.insteadLocalMs)];
};

describe('firstSkipped', () => {
  test('finds the time that a fixed-time job catches up with', () => {
    expect(skipped('30 2 * * *', 'Europe/Berlin')).toEqual(['2026-03-29T02:30', '2026-03-29T03:00']);
    expect(skipped('15 2 * * *', 'America/New_York')).toEqual(['2026-03-08T02:15', '2026-03-08T03:00']);
    // A change of half an hour.
    expect(skipped('15 2 * * *', 'Australia/Lord_Howe')).toEqual(['2026-10-04T02:15', '2026-10-04T02:30']);
  });

  test('finds the time at which a job that follows the wall clock does not run', () => {
    expect(skipped('0 30 2 * * *', 'Europe/Berlin')).toEqual(['2026-03-29T02:30', null]);
    expect(skipped('* 2 * * *', 'Europe/Berlin')).toEqual(['2026-03-29T02:00', null]);
  });

  test('finds nothing where the schedule goes on around the change, or names other times or days', () => {
    expect(skipped('*/5 * * * *', 'Europe/Berlin')).toBeNull();
    expect(skipped('30 3 * * *', 'Europe/Berlin')).toBeNull();
    expect(skipped('30 2 * * 1-6', 'Europe/Berlin')).toBeNull();
    expect(skipped('30 2 * * *', 'UTC')).toBeNull();
  });
});
