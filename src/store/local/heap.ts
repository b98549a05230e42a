type Tie = number | string;
interface Entry {
  readonly id: string;
  key: number;
  tie: Tie;
  /** The index of the entry in the heap. */
  at: number;
}

/**
 * A priority queue of ids whose keys may change. Every change costs O(log n), so an id can be put again with every ping
 * however many others there are. Equal keys are ordered by `tie`.
 */
export class Heap {
  readonly #entries: Entry[] = [];
  readonly #byId = new Map<string, Entry>();

  get size(): number {
    return this.#entries.length;
  }

  /** Returns the id with the smallest key, and that key. The answer is valid until the next change. */
  peek(): { readonly id: string; readonly key: number } | undefined {
    return this.#entries[0];
  }

  /** Adds the id, or moves it to where its new key belongs. */
  set(id: string, key: number, tie: Tie): void {
    const known = this.#byId.get(id);
    if (known === undefined) {
      const entry = { id, key, tie, at: this.#entries.length };
      this.#byId.set(id, entry);
      return this.#up(entry.at, entry);
    }
    if (known.key === key && known.tie === tie) return;
    const isEarlier = isBefore({ key, tie }, known);
    known.key = key;
    known.tie = tie;
    if (isEarlier) this.#up(known.at, known);
    else this.#down(known.at, known);
  }

  delete(id: string): void {
    const entry = this.#byId.get(id);
    if (entry === undefined) return;
    const { at } = entry;
    this.#byId.delete(id);
    const last = this.#entries.pop()!;
    if (last === entry) return;
    if (at > 0 && isBefore(last, this.#entries[(at - 1) >> 1]!)) this.#up(at, last);
    else this.#down(at, last);
  }

  /** Lists the ids whose key is at most `keyMax`, smallest first, at most `limit`. The other ids cost nothing. */
  upTo(keyMax: number, limit: number): string[] {
    const ids: string[] = [];
    // Holds the candidates for the next place, the smallest last: the children of all entries that were taken.
    const next: Entry[] = [];
    const offer = (entry: Entry | undefined): void => {
      if (entry === undefined || entry.key > keyMax) return;
      const at = next.findLastIndex((each) => isBefore(entry, each));
      next.splice(at + 1, 0, entry);
    };
    offer(this.#entries[0]);
    for (let entry = next.pop(); entry !== undefined && ids.length < limit; entry = next.pop()) {
      ids.push(entry.id);
      offer(this.#entries[2 * entry.at + 1]);
      offer(this.#entries[2 * entry.at + 2]);
    }
    return ids;
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
    entry.at = at;
  }
}

function isBefore(a: { key: number; tie: Tie }, b: { key: number; tie: Tie }): boolean {
  return a.key === b.key ? a.tie < b.tie : a.key < b.key;
}
