import type { Declaration } from '../model/declaration.ts';
import type { Job } from '../model/records.ts';
import type { PlannedJob } from './planned-job.ts';

/** A change of one key of a declaration. A side on which the key is not set is undefined. */
export interface KeyChange {
  key: keyof Declaration;
  from: unknown;
  to: unknown;
}

/** What came of comparing a stored job with what a file declares. */
interface Compared extends Pick<Job, 'declared' | 'declaration' | 'place'> {
  keys: readonly KeyChange[];
  isSameRecord: boolean;
}

/**
 * Compares declarations, and remembers what came of it for as long as the file's are in use. Records never change, so
 * the same two need no second look. A job whose declaration was replaced meanwhile is compared anew, so a plan that is
 * made with what is remembered is the plan that would be made without it.
 */
export class Comparisons {
  readonly #known = new WeakMap<PlannedJob, Compared>();

  of(job: Job, next: PlannedJob): Pick<Compared, 'keys' | 'isSameRecord'> {
    const known = this.#known.get(next);
    const { declared, declaration, place } = job;
    if (known?.declaration === declaration && known.declared === declared && known.place === place)
      return known;
    const keys = differences(declaration, next.declaration);
    const isSameRecord =
      keys.length === 0 &&
      place?.file === next.place.file &&
      place.line === next.place.line &&
      isSame(declared, next.declared);
    const compared = { declared, declaration, place, keys, isSameRecord };
    this.#known.set(next, compared);
    return compared;
  }
}

/** Lists the keys in which two declarations differ, in alphabetical order. */
export function differences(from: Declaration, to: Declaration): KeyChange[] {
  if (isSame(from, to)) return [];
  const keys = new Set([...Object.keys(from), ...Object.keys(to)] as (keyof Declaration)[]);
  return [...keys]
    .sort()
    .filter((key) => !isSame(from[key], to[key]))
    .map((key) => ({ key, from: from[key], to: to[key] }));
}

/**
 * Tells whether two JSON values are equal. The order of keys does not count, and that of lists does. It makes no
 * lists of its own, because a configuration of 10,000 jobs asks it tens of thousands of times at once.
 */
function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  let surplus = 0;
  for (const key in left) {
    if (!Object.hasOwn(right, key) || !isSame(left[key], right[key])) return false;
    surplus += 1;
  }
  for (const key in right) if (Object.hasOwn(right, key)) surplus -= 1;
  return surplus === 0;
}
