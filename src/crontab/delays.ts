import { LIMITS } from '../core/model/limits.ts';
import { formatDuration } from '../schedule/duration.ts';
import { MINUTE_MS, SECOND_MS } from '../schedule/units.ts';

const UNITS_MS: Readonly<Record<string, number>> = {
  s: SECOND_MS,
  m: MINUTE_MS,
  h: 60 * MINUTE_MS,
  d: 1_440 * MINUTE_MS,
};
/** The largest value of `$RANDOM` in a shell. */
const RANDOM_MAX = 32_767;
/** The longest grace that the schema allows. */
const GRACE_MS_MAX = 30 * 1_440 * MINUTE_MS;

/**
 * Matches the ways in which people wait for a random time, each with its longest wait; a unit of `sleep` may follow.
 */
const WAITS: readonly (readonly [wait: RegExp, secondsMax: (match: RegExpExecArray) => number])[] = [
  [/\bsleep\s+"?\$\(\(\s*\$?\{?RANDOM\}?\s*%\s*(\d+)[^)]*\)\)"?([smhd]?)/, ([, max]) => Number(max)],
  [/\bsleep\s+"?\$\[\s*\$?RANDOM\s*%\s*(\d+)[^\]]*\]"?([smhd]?)/, ([, max]) => Number(max)],
  [/\bsleep\s+"?\$\{RANDOM:\d+:(\d)\}"?([smhd]?)/, ([, digits]) => 10 ** Number(digits) - 1],
  [/\bsleep\s+"?\$\{?RANDOM\}?()"?([smhd]?)/, () => RANDOM_MAX],
  [
    /\bsleep\s+"?(?:\$\(|`)\s*(?:shuf\s+-i\s*\d+-|jot\s+-r\s+1\s+\d+\s+)(\d+)[^)`]*[)`]"?([smhd]?)/,
    ([, max]) => Number(max),
  ],
  [/\bsleep\s*\(?\s*(?:int\s*\(?\s*)?rand\s*\(?\s*(\d+)()/, ([, max]) => Number(max)],
  [/\bsleep\s*\(\s*random(?:\.random)?\(\)\s*\*\s*(\d+)()/, ([, max]) => Number(max)],
];

/** Returns the longest time that a command waits before it begins, if it waits for a random time; else 0. */
export function randomWaitMs(command: string): number {
  for (const [wait, secondsMax] of WAITS) {
    const match = wait.exec(command);
    if (match !== null) return secondsMax(match) * (UNITS_MS[match[2] || 's'] ?? SECOND_MS);
  }
  return 0;
}

/** Returns how long after its time cron may start a line, from cronie's `RANDOM_DELAY`, which is in minutes. */
export function randomDelayMs(setting: string | undefined): number {
  return setting !== undefined && /^\d{1,5}$/.test(setting.trim()) ? Number(setting) * MINUTE_MS : 0;
}

/** Returns the grace of a job that may begin this much later than its time. */
export function graceFor(delayMs: number): string {
  return formatDuration(Math.min(LIMITS.graceMsDefault + delayMs, GRACE_MS_MAX));
}
