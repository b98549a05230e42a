import type { JobState } from '../model/records.ts';

/** A time in which Cronflow could take no pings, as a job remembers it. */
export type Gap = JobState['gaps'][number];

/**
 * Makes fewer gaps of many, as there are where Cronflow dies again and again. Those between which it lived for the
 * shortest time become one. To forget any would make a miss of a slot that it hid.
 *
 * What lies between two gaps counts as hidden once they are one. So those that ended before `undecidedFrom` become fewer
 * first, as what lies between them is judged already, and never one with a later gap: that would hide a slot which
 * neither of them hid.
 * @param gaps in any order
 * @param max two at least
 * @returns those gaps where there are no more than `max`; else that many, in their order
 */
export function joinedGaps(gaps: readonly Gap[], max: number, undecidedFrom = -Infinity): Gap[] {
  if (gaps.length <= max) return [...gaps];
  const sorted = gaps.toSorted((a, b) => a.from_at - b.from_at);
  const decided = sorted.filter((gap) => gap.to_at < undecidedFrom);
  const undecided = sorted.filter((gap) => gap.to_at >= undecidedFrom);
  const fewer = joinedTo(decided, Math.max(1, max - undecided.length));
  return [...fewer, ...joinedTo(undecided, max - fewer.length)];
}

function joinedTo(sorted: readonly Gap[], max: number): Gap[] {
  const joined = [...sorted];
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
