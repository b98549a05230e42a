import { GAP_MS_MIN } from '../apply/alive.ts';
import { INSTANCES_KEY, type Tx, type View } from '../store/store.ts';

/** A sign of life of one instance. */
export interface Sign {
  /** The instant of its last sign. */
  at: number;
  /** The instant at which it started. */
  since_at: number;
  /** The word by which the store knew at that instant whether it is there; absent where it did not. */
  presence?: string;
}

/** The signs of instances, by their names. */
export type Signs = Readonly<Record<string, Sign>>;

/** The signs of life of the instances that share a store, as one of them sees them (docs/design.md §3.4). */
export class Instances {
  readonly #id: string;
  #sinceAt: number | null = null;
  #signs: Signs = {};

  constructor(id: string) {
    this.#id = id;
  }

  /** Tells whether this instance has run for longest of those that live. It does what is to be done once for all. */
  get isFirst(): boolean {
    return this.knows(this.#id) && this.place === 0;
  }

  /** The number of those that live and have run for longer than this one, as its last sign found them. */
  get place(): number {
    const own = this.#signs[this.#id];
    if (own === undefined) return 0;
    const isEarlier = ([id, { since_at }]: [string, Sign]): boolean =>
      since_at < own.since_at || (since_at === own.since_at && id < this.#id);
    return Object.entries(this.#signs).filter(isEarlier).length;
  }

  /** Names the others that lived when this one last signed. */
  get living(): string[] {
    return Object.keys(this.othersOf(this.#signs));
  }

  /** Tells whether an instance lived when this one last signed. */
  knows(id: string): boolean {
    return this.#signs[id] !== undefined;
  }

  /** Tells whether this instance has signed, and named the connection by which the store knows that it is there. */
  get isPresent(): boolean {
    return this.#signs[this.#id]?.presence !== undefined;
  }

  /** Returns the last signs of all other instances that have not stopped in order, however long ago these were. */
  allOthers(view: Pick<View, 'meta'>): Signs {
    return this.othersOf(signsIn(view));
  }

  /** Returns the signs of other instances that gave one lately and have not stopped in order since. */
  others(view: Pick<View, 'meta'>, nowAt: number): Signs {
    return this.othersOf(liveAmong(view, nowAt));
  }

  /** Returns those of these signs that are not of this instance. */
  othersOf(signs: Signs): Signs {
    const { [this.#id]: _own, ...others } = signs;
    return others;
  }

  /**
   * Writes down that this instance lives. Returns the signs of all that do, for `note`.
   * @param presence the word by which the store knows that it is there, or null
   */
  sign(tx: Tx, nowAt: number, presence: string | null): Signs {
    const own = { at: nowAt, since_at: this.#sinceAt ?? nowAt, ...(presence !== null && { presence }) };
    const signs = { ...liveAmong(tx, nowAt), [this.#id]: own };
    tx.putMeta(INSTANCES_KEY, signs);
    return signs;
  }

  /** Writes down that this instance has stopped in order. */
  leave(tx: Tx): Signs {
    const others = this.othersOf(signsIn(tx));
    tx.putMeta(INSTANCES_KEY, others);
    return others;
  }

  /** Takes note of the signs, once they are stored. */
  note(signs: Signs): void {
    this.#signs = signs;
    this.#sinceAt ??= signs[this.#id]?.since_at ?? null;
  }
}

function signsIn(view: Pick<View, 'meta'>): Signs {
  return (view.meta(INSTANCES_KEY) as Signs | undefined) ?? {};
}

/** Returns the signs that are recent. One that lies ahead is of a clock that was set back since. */
function liveAmong(view: Pick<View, 'meta'>, nowAt: number): Signs {
  return Object.fromEntries(
    Object.entries(signsIn(view)).filter(([, { at }]) => Math.abs(nowAt - at) <= GAP_MS_MIN),
  );
}
