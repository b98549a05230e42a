import type { JobState } from '../model/records.ts';

type Gap = JobState['gaps'][number];

/**
 * Makes fewer gaps of many, as there are where Cronflow dies again and again. Those between which it lived for the
 * shortest time become one. To forget any would make a miss of a slot that it hid.
 * @param gaps in any order
 * @returns those gaps where there are no more than `max`; else that many, in their order
 */
export function joinedGaps(gaps: readonly Gap[], max: number): Gap[] {
  if (gaps.length <= max) return [...gaps];
  const joined = gaps.toSorted((a, b) => a.from_at - b.from_at);
  while (joined.length > max) {
    const at = nearestOf(joined);
    const [first, second] = [joined[at - 1]!, joined[at]!];
    joined.splice(at - 1, 2, { from_at: first.from_at, to_at: Math.max(first.to_at, second.to_at) });
  }
  return joined;
}

/** Returns the index of the gap that follows the one before it soonest. */
function nearestOf(gaps: readonly Gap[]): number {
  const livedMs = (index: number): number => gaps[index]!.from_at - gaps[index - 1]!.to_at;
  let nearest = 1;
  for (let index = 2; index < gaps.length; index += 1) if (livedMs(index) < livedMs(nearest)) nearest = index;
  return nearest;
}
