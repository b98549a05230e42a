import { LIMITS } from '../core/model/limits.ts';
import { formatDuration } from '../schedule/duration.ts';
import { MINUTE_MS, SECOND_MS } from '../schedule/units.ts';

const UNITS_MS: Readonly<Record<string, number>> = {
  s: SECOND_MS,
  m: MINUTE_MS,
  h: 60 * MINUTE_MS,
  d: 1_440 * MINUTE_MS,
};
/** `$RANDOM` of a shell is less than this. */
const RANDOM_MAX = 32_767;
/** What the schema allows of a grace. */
const GRACE_MS_MAX = 30 * 1_440 * MINUTE_MS;

/** How people wait for a random time, each with the longest; a unit of `sleep` may follow. */
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

/** For how long a command waits at most before it begins, if it waits for a time that it chooses by chance. */
export function randomWaitMs(command: string): number {
  for (const [wait, secondsMax] of WAITS) {
    const match = wait.exec(command);
    if (match !== null) return secondsMax(match) * (UNITS_MS[match[2] || 's'] ?? SECOND_MS);
  }
  return 0;
}

/** How long after its time cron may start a line, by cronie's `RANDOM_DELAY`, which is in minutes. */
export function randomDelayMs(setting: string | undefined): number {
  return setting !== undefined && /^\d{1,5}$/.test(setting.trim()) ? Number(setting) * MINUTE_MS : 0;
}

/** The grace of a job that may begin this much later than its time. */
export function graceFor(delayMs: number): string {
  return formatDuration(Math.min(LIMITS.graceMsDefault + delayMs, GRACE_MS_MAX));
}
