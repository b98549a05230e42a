import { setImmediate } from 'node:timers/promises';

/** Does work that pauses now and then, and lets pings have their turn at each pause. */
export async function byAndBy<T>(work: Generator<unknown, T>): Promise<T> {
  for (;;) {
    const { done, value } = work.next();
    if (done === true) return value;
    await setImmediate();
  }
}

/** Lists what is made one after the other, and lets pings have their turn after so many. */
export async function listedByAndBy<T>(items: Iterable<T>, atOnce: number): Promise<T[]> {
  const list: T[] = [];
  for (const each of items) {
    list.push(each);
    if (list.length % atOnce === 0) await setImmediate();
  }
  return list;
}
