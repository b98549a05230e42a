/**
 * Counts the items of a list that pass, where all that pass come before those that do not. It looks at a few of them.
 * @param passes tells it of the item at an index
 */
export function countWhere(length: number, passes: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (passes(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
