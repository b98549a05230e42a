import { overlaid } from '../../../src/store/overlaid.ts';
import type { Store } from '../../../src/store/store.ts';

type Call = (...args: unknown[]) => unknown;

/** Counts what stores are asked over a connection, because virtual time stands still until they have answered. */
export class Questions {
  #count = 0;
  #answered: (() => void)[] = [];

  /** Returns a promise of the moment in which nothing is asked any more; null where nothing is. */
  underWay(): Promise<void> | null {
    return this.#count === 0 ? null : new Promise((resolve) => this.#answered.push(resolve));
  }

  /** Returns a store whose calls are counted. */
  of(store: Store): Store {
    const own: Record<string, Call> = {};
    for (const key of asking(store)) {
      const call = (store as unknown as Record<string, Call>)[key]!;
      own[key] = (...args) => this.#counted(call.apply(store, args) as Promise<unknown>);
    }
    return overlaid(store, own as Partial<Store>);
  }

  async #counted<T>(answer: Promise<T>): Promise<T> {
    this.#count += 1;
    try {
      return await answer;
    } finally {
      this.#count -= 1;
      if (this.#count === 0) for (const resolve of this.#answered.splice(0)) resolve();
    }
  }
}

/** Lists the members of a store that ask it for something and return a promise of the answer. */
export function asking(store: Store): string[] {
  const silent = new Set(['constructor', 'open', 'close', 'watch', 'health']);
  const described = Object.getOwnPropertyDescriptors(Object.getPrototypeOf(store) as object);
  return Object.entries(described).flatMap(([key, { value }]) =>
    typeof value === 'function' && !silent.has(key) ? key : [],
  );
}
