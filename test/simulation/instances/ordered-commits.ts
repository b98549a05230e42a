import type { Recorder, Write } from '../system/recorder.ts';

/**
 * Hands commits of several instances to the recorder in the order in which the database made them. Their answers may be
 * heard in another order. But a transaction runs once it has locked what it names, and so after the commit of every
 * transaction before it that named the same.
 */
export class OrderedCommits {
  readonly #recorder: Recorder;
  readonly #places = new Map<readonly Write[], number>();
  #count = 0;
  #done: (readonly Write[])[] = [];

  constructor(recorder: Recorder) {
    this.#recorder = recorder;
  }

  /** Notes that a transaction runs. */
  readonly ran = (writes: readonly Write[]): void => {
    this.#count += 1;
    this.#places.set(writes, this.#count);
  };

  /** Notes that it is committed. */
  commit(writes: readonly Write[]): void {
    this.#done.push(writes);
  }

  /** Hands on what is committed, while no transaction is under way. */
  flush(): void {
    const place = (writes: readonly Write[]): number => this.#places.get(writes) ?? 0;
    for (const writes of this.#done.toSorted((a, b) => place(a) - place(b))) this.#recorder.commit(writes);
    this.#done = [];
    this.#places.clear();
  }
}
