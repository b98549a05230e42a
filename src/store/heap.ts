type Tie = number | string;
interface Entry {
  id: string;
  key: number;
  tie: Tie;
}

/**
 * A priority queue of ids whose keys may change: every change costs O(log n), so what it indexes can be
 * put again with every ping however many others there are. Equal keys are ordered by `tie`.
 */
export class Heap {
  readonly #entries: Entry[] = [];
  readonly #at = new Map<string, number>();

  get size(): number {
    return this.#entries.length;
  }

  /** The id with the smallest key, and that key. */
  peek(): { id: string; key: number } | undefined {
    return this.#entries[0];
  }

  /** Adds the id or moves it to where its new key belongs. */
  set(id: string, key: number, tie: Tie): void {
    const at = this.#at.get(id);
    const entry = { id, key, tie };
    if (at === undefined) return this.#up(this.#entries.length, entry);
    const before = this.#entries[at]!;
    if (before.key === key && before.tie === tie) return;
    if (isBefore(entry, before)) this.#up(at, entry);
    else this.#down(at, entry);
  }

  delete(id: string): void {
    const at = this.#at.get(id);
    if (at === undefined) return;
    this.#at.delete(id);
    const last = this.#entries.pop()!;
    if (last.id === id) return;
    if (at > 0 && isBefore(last, this.#entries[(at - 1) >> 1]!)) this.#up(at, last);
    else this.#down(at, last);
  }

  /** The ids whose key is at most `keyMax`, smallest first, at most `limit`; they stay in the heap. */
  upTo(keyMax: number, limit: number): string[] {
    const taken: Entry[] = [];
    while (taken.length < limit) {
      const first = this.#entries[0];
      if (first === undefined || first.key > keyMax) break;
      taken.push(first);
      this.delete(first.id);
    }
    for (const entry of taken) this.set(entry.id, entry.key, entry.tie);
    return taken.map((entry) => entry.id);
  }

  #up(from: number, entry: Entry): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(entry, this.#entries[parent]!)) break;
      this.#place(at, this.#entries[parent]!);
      at = parent;
    }
    this.#place(at, entry);
  }

  #down(from: number, entry: Entry): void {
    const size = this.#entries.length;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && isBefore(this.#entries[child + 1]!, this.#entries[child]!)) child += 1;
      if (!isBefore(this.#entries[child]!, entry)) break;
      this.#place(at, this.#entries[child]!);
      at = child;
    }
    this.#place(at, entry);
  }

  #place(at: number, entry: Entry): void {
    this.#entries[at] = entry;
    this.#at.set(entry.id, at);
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.key === b.key ? a.tie < b.tie : a.key < b.key;
}
