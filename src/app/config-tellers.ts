import type { Store } from '../store/store.ts';

/** The meta key of the instances that have told people of trouble with their configuration, and have it still. */
const TELLERS_KEY = 'config_tellers';

/**
 * Remembers which instances have told people of trouble with their configuration. One that dies, or that starts again with
 * a file that is right, does not end the incident itself, for it may be that of another instance.
 */
export class ConfigTellers {
  readonly #store: Store;
  readonly #instance: string;
  /** Tells whether an instance lives. */
  readonly #lives: (instance: string) => boolean;

  constructor(store: Store, instance: string, lives: (instance: string) => boolean) {
    this.#store = store;
    this.#instance = instance;
    this.#lives = lives;
  }

  /** Notes that this instance tells of trouble. */
  add(): Promise<void> {
    return this.#put((others) => [...others, this.#instance]);
  }

  /** Notes that this instance has no trouble any more. */
  async remove(): Promise<void> {
    if (tellersIn(await this.#store.meta(TELLERS_KEY)).includes(this.#instance))
      await this.#put((others) => others);
  }

  /** Tells whether there is an incident about the configuration of which no instance that lives has told. */
  isForgotten(): Promise<boolean> {
    return this.#store.view({ meta: [TELLERS_KEY], system_incidents: true }, (view) => {
      const isOpen = view.openSystemIncidents().some(({ kind }) => kind === 'config');
      return isOpen && !tellersIn(view.meta(TELLERS_KEY)).some((each) => this.#lives(each));
    });
  }

  #put(change: (others: readonly string[]) => readonly string[]): Promise<void> {
    return this.#store.transact({ meta: [TELLERS_KEY] }, (tx) => {
      const others = tellersIn(tx.meta(TELLERS_KEY)).filter(
        (each) => each !== this.#instance && this.#lives(each),
      );
      tx.putMeta(TELLERS_KEY, change(others));
    });
  }
}

function tellersIn(value: unknown): readonly string[] {
  return (value as readonly string[] | undefined) ?? [];
}
