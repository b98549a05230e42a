import { describe, expect, test } from 'vitest';
import { parseInstant, parseInstantIn } from '../../src/schedule/instant.ts';

const iso = (at: number | undefined): string | undefined =>
  at === undefined ? undefined : new Date(at).toISOString();

describe('an instant', () => {
  test.each([
    ['2026-12-24T17:00Z', '2026-12-24T17:00:00.000Z'],
    ['2026-12-24T17:00:30.25+01:00', '2026-12-24T16:00:30.250Z'],
    ['2026-12-24T17:00', undefined],
    ['2026-02-30T17:00Z', undefined],
    ['2026-12-24T24:01Z', undefined],
    ['tomorrow', undefined],
  ])('%s is %s', (text, expected) => {
    expect(iso(parseInstant(text))).toBe(expected);
  });
});

describe('a local time of a zone', () => {
  // Berlin: UTC+1; from 2026-03-29 01:00Z (02:00 -> 03:00) UTC+2; from 2026-10-25 01:00Z (03:00 -> 02:00) UTC+1.
  test.each([
    ['2026-01-10 18:00', '2026-01-10T17:00:00.000Z'],
    ['2026-07-10T18:00:05', '2026-07-10T16:00:05.000Z'],
    ['2026-07-10T18:00Z', '2026-07-10T18:00:00.000Z'],
    ['2026-03-29 02:30', '2026-03-29T01:00:00.000Z'],
    ['2026-10-25 02:30', '2026-10-25T00:30:00.000Z'],
    ['2026-10-25 03:00', '2026-10-25T02:00:00.000Z'],
    ['2026-02-29 12:00', undefined],
    ['18:00', undefined],
    ['1066-10-14 09:00', undefined],
  ])('%s in Berlin is %s', (text, expected) => {
    expect(iso(parseInstantIn(text, 'Europe/Berlin'))).toBe(expected);
  });
});
