import type { Page, Place } from '../store.ts';

/** Returns a page, newest first, of a list whose newest item is its last. */
export function pageNewestFirst<T>(items: readonly T[], page: { skip: number; limit: number }): Page<T> {
  const end = Math.max(0, items.length - page.skip);
  return { items: items.slice(Math.max(0, end - page.limit), end).reverse(), total: items.length };
}

/**
 * Returns a page, newest first, of records that stand in no certain order.
 * @param items is sorted
 * @param atOf returns the instant by which a record is ordered, which never changes
 */
export function pageByInstant<T extends { id: string }>(
  items: T[],
  atOf: (item: T) => number,
  page: { skip: number; limit: number; after?: Place },
): Page<T> {
  items.sort((a, b) => compareIds(atOf(a) - atOf(b), a.id, b.id));
  const { after } = page;
  if (after === undefined) return pageNewestFirst(items, page);
  const end = items.findLastIndex((item) => compareIds(atOf(item) - after.at, item.id, after.id) < 0) + 1;
  return { items: pageNewestFirst(items.slice(0, end), page).items, total: items.length };
}

/**
 * Compares by an instant and then by id, where the first id counts as the newest. So the closing of an incident stands
 * before its opening where both were owed at one instant, since `.closed` comes before `.opened`.
 */
function compareIds(difference: number, a: string, b: string): number {
  if (difference !== 0 || a === b) return difference;
  return a < b ? 1 : -1;
}
