/** The messages that a notifier is sending, which are waited for before it is closed. */
export class InFlight {
  readonly #promises = new Set<Promise<unknown>>();

  /** Keeps the promise until it is settled. */
  async track<T>(promise: Promise<T>): Promise<T> {
    this.#promises.add(promise);
    try {
      return await promise;
    } finally {
      this.#promises.delete(promise);
    }
  }

  /** Resolves once everything tracked so far is settled. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#promises);
  }
}
