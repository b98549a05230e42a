import { isDuration } from '../schedule/duration.ts';

/**
 * Words that people write for the units of a duration, longest unit first, because that is the order in a duration.
 */
const UNITS: readonly (readonly [unit: string, days: number, words: RegExp])[] = [
  ['d', 7, /^(?:w|wk|wks|weeks?)$/],
  ['d', 1, /^(?:d|days?)$/],
  ['h', 0, /^(?:h|hrs?|hours?)$/],
  ['m', 0, /^(?:m|mins?|minutes?)$/],
  ['s', 0, /^(?:s|secs?|seconds?)$/],
];

/**
 * Returns the durations that a text which is none was probably meant as: `5 min` is 5m, `30m1h` is 1h30m, and `1:30`
 * may be one of two things. Returns null where nothing comes near.
 */
export function durationsMeant(text: string): readonly string[] | null {
  const clock = /^(\d{1,3}):([0-5]\d)$/.exec(text.trim());
  if (clock !== null) {
    const [first, second] = [Number(clock[1]), Number(clock[2])];
    return checked([written({ h: first, m: second }), written({ m: first, s: second })]);
  }
  if (/^\d+$/.test(text)) return checked([`${Number(text)}s`, `${Number(text)}m`]);
  const parts = [
    ...text
      .trim()
      .toLowerCase()
      .matchAll(/(\d+)\s*([a-z]+)[\s,]*/gy),
  ];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text.trim().toLowerCase()) return null;
  const counts: Record<string, number> = {};
  for (const [, count, word = ''] of parts) {
    const found = UNITS.find(([, , words]) => words.test(word));
    if (found === undefined) return null;
    const [unit, days] = found;
    counts[unit] = (counts[unit] ?? 0) + Number(count) * Math.max(1, days);
  }
  return checked([written(counts)]);
}

function written(counts: Readonly<Record<string, number>>): string {
  return ['d', 'h', 'm', 's'].map((unit) => (counts[unit] ? `${counts[unit]}${unit}` : '')).join('');
}

function checked(durations: readonly string[]): readonly string[] | null {
  const known = [...new Set(durations)].filter((each) => isDuration(each));
  return known.length === 0 ? null : known;
}
