import { firstSkipped } from '../../schedule/skipped.ts';
import { HOUR_MS, MINUTE_MS } from '../../schedule/units.ts';
import { wallTime } from '../../schedule/wall-time.ts';
import { slotAfter, slotAtOrBefore } from '../model/slots.ts';
import type { Spec } from '../model/spec.ts';
import type { ClockWords } from './clock-words.ts';
import { told, type Told } from './explanation.ts';

/** Changes of the clock are looked for so far on either side of a slot. */
const NEAR_MS = 3 * HOUR_MS;

/** Tells what a change of the clock in the zone of a job did to a slot (docs/design.md §4). */
export function clockChangeTold(spec: Spec, slotAt: number, words: ClockWords): Told[] {
  if (spec.schedule?.kind !== 'cron') return [];
  const { expression, timezone } = spec.schedule;
  const skipped = firstSkipped(expression, timezone, slotAt - NEAR_MS, slotAt + MINUTE_MS);
  if (skipped !== null) {
    const [local, from, to] = [skipped.localMs, skipped.fromLocalMs, skipped.toLocalMs].map(localTime);
    const instead =
      skipped.insteadLocalMs === null
        ? `So there is no slot at ${local}.`
        : `So the slot of ${local} is at ${localTime(skipped.insteadLocalMs)}, as cron runs it.`;
    return [told(`The clocks in ${timezone} go forward that day, from ${from} to ${to}. ${instead}`)];
  }
  return repeatedTold(spec, slotAt, timezone, words);
}

/** Tells of a local time that comes twice because the clocks go back. */
function repeatedTold(spec: Spec, slotAt: number, timezone: string, words: ClockWords): Told[] {
  const here = wallTime(slotAt, timezone);
  const twin = [slotAt + HOUR_MS, slotAt - HOUR_MS].find((at) => {
    const there = wallTime(at, timezone);
    return there.time === here.time && there.date === here.date;
  });
  if (twin === undefined) return [];
  const isTwice = slotAfter(spec, twin - 1) === twin && slotAtOrBefore(spec, twin) === twin;
  const which = isTwice
    ? 'and it is a slot both times.'
    : `and only the first is a slot, at ${here.time} ${here.offset}.`;
  return [told(`The clocks in ${words.timezone} go back that day, so ${here.time} comes twice, ${which}`)];
}

/** Writes a local time that stands as a clock on UTC would show it. */
function localTime(localMs: number): string {
  return wallTime(localMs, 'UTC').time;
}
