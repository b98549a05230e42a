import { ScheduleError } from './error.ts';
import { memoised } from './memo.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from './units.ts';

const DURATION_MS_MAX = 3650 * DAY_MS;

const DURATION = /^(?=\d)(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/;
const ALLOWED = 'whole numbers with d, h, m, s, largest first, such as 90s, 5m, 1h30m or 2d';

/**
 * Reads a duration as it stands in YAML (`90s`, `5m`, `1h30m`, `2d`; docs/design.md §1) into milliseconds. Each of d,
 * h, m, s comes at most once, largest first. There is no sign, no fraction and no space, and 10 years are the most.
 * @throws ScheduleError that says what is allowed
 */
export const parseDuration = memoised(1_024, readDuration);

function readDuration(text: string): number {
  const match = DURATION.exec(text);
  if (match === null) throw new ScheduleError('duration', text, 'is not a duration', ALLOWED);
  const [, days = '0', hours = '0', minutes = '0', seconds = '0'] = match;
  const durationMs =
    Number(days) * DAY_MS +
    Number(hours) * HOUR_MS +
    Number(minutes) * MINUTE_MS +
    Number(seconds) * SECOND_MS;
  if (durationMs > DURATION_MS_MAX) {
    throw new ScheduleError('duration', text, 'is too long', 'at most 3650d (10 years)');
  }
  return durationMs;
}

/** Tells whether `parseDuration` takes the text. */
export function isDuration(text: string): boolean {
  try {
    parseDuration(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Writes milliseconds for people: `1h30m`, `4m12s`, `2d`, `0.4s`. It keeps one decimal below 10 s and writes whole
 * seconds above that. `parseDuration` reads whole seconds back. A negative duration counts as zero.
 */
export function formatDuration(durationMs: number): string {
  // The comparison is written so that NaN counts as zero, too, because NaN would print as an empty text.
  const positiveMs = durationMs > 0 ? durationMs : 0;
  const tenths = Math.round(positiveMs / 100);
  if (tenths < 100) return `${tenths / 10}s`;
  let restMs = Math.round(positiveMs / SECOND_MS) * SECOND_MS;
  let text = '';
  for (const [unit, unitMs] of UNITS) {
    const count = Math.floor(restMs / unitMs);
    restMs -= count * unitMs;
    if (count > 0) text += `${count}${unit}`;
  }
  return text;
}

const UNITS = [
  ['d', DAY_MS],
  ['h', HOUR_MS],
  ['m', MINUTE_MS],
  ['s', SECOND_MS],
] as const;
