import type { Clock } from '../../../src/clock.ts';
import { overlaid } from '../../../src/store/overlaid.ts';
import type { Store } from '../../../src/store/store.ts';
import { asking } from '../system/questions.ts';

/** What befalls a process at one of its calls of the store or of a notifier. */
export interface Fate {
  /** It is the call of this number from now on. */
  calls: number;
  /** It ends, or it is stopped where it is. */
  what: 'killed' | 'frozen';
  /** The call is made before that. Otherwise nobody hears of it. */
  isMade: boolean;
}

type Call = (...args: unknown[]) => Promise<unknown>;

const NEVER = new Promise<never>(() => {});

/**
 * The process of one instance, as kill -9 and SIGSTOP see it. Once it is killed, no timer of it fires and none of its
 * calls comes back. While it is frozen, both wait.
 */
export class Process {
  #state: 'running' | 'frozen' | 'dead' = 'running';
  #fate: Fate | null = null;
  /** What is done when the process goes on. */
  #held: (() => void)[] = [];
  #interrupted: (() => void)[] = [];
  readonly #onFate: (fate: Fate) => void;

  /** @param onFate is told when the process meets its fate */
  constructor(onFate: (fate: Fate) => void) {
    this.#onFate = onFate;
  }

  get isRunning(): boolean {
    return this.#state === 'running';
  }

  get isDead(): boolean {
    return this.#state === 'dead';
  }

  /** Tells whether something befalls it soon. */
  get isDoomed(): boolean {
    return this.#fate !== null;
  }

  doom(fate: Fate): void {
    this.#fate = { ...fate };
  }

  kill(): void {
    this.#leave('dead');
    this.#held = [];
  }

  freeze(): void {
    this.#leave('frozen');
  }

  thaw(): void {
    if (this.#state !== 'frozen') return;
    this.#state = 'running';
    for (const act of this.#held.splice(0)) act();
  }

  /** Resolves when it is killed or frozen. A client gives up then. */
  interruption(): Promise<void> {
    return this.isRunning ? new Promise((resolve) => this.#interrupted.push(resolve)) : Promise.resolve();
  }

  /** Returns a clock as the process has it. */
  clock(clock: Clock): Clock {
    return {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      after: (delayMs, callback) => {
        let isCancelled = false;
        const cancel = clock.after(delayMs, () => this.#act(() => isCancelled || callback()));
        return () => {
          isCancelled = true;
          cancel();
        };
      },
    };
  }

  /** Returns a store as the process has it. It hears of no changes: whoever plays wakes the parts. */
  store(store: Store): Store {
    const own: Record<string, unknown> = { watch: () => () => {} };
    const members = store as unknown as Record<string, Call>;
    for (const key of asking(store))
      own[key] = (...args: unknown[]) => this.call(() => members[key]!(...args));
    return overlaid(store, own as Partial<Store>);
  }

  /** Makes a call to the outside, whose answer the process hears if it runs then. */
  async call<T>(call: () => Promise<T>): Promise<T> {
    await this.#goingOn();
    const fate = this.#fateOfCall();
    if (fate !== null && !fate.isMade) this.#meet(fate);
    await this.#goingOn();
    let outcome: () => T;
    try {
      const result = await call();
      outcome = () => result;
    } catch (error) {
      outcome = () => {
        throw error;
      };
    }
    if (fate !== null && fate.isMade) this.#meet(fate);
    await this.#goingOn();
    return outcome();
  }

  /** Counts a call, and returns the fate of the process if it is this one. */
  #fateOfCall(): Fate | null {
    if (this.#fate === null) return null;
    this.#fate.calls -= 1;
    return this.#fate.calls === 0 ? this.#fate : null;
  }

  #meet(fate: Fate): void {
    this.#fate = null;
    if (fate.what === 'killed') this.kill();
    else this.freeze();
    this.#onFate(fate);
  }

  #goingOn(): Promise<void> {
    if (this.#state === 'dead') return NEVER;
    return this.isRunning ? Promise.resolve() : new Promise((resolve) => this.#held.push(resolve));
  }

  #act(act: () => unknown): void {
    if (this.isRunning) act();
    else if (!this.isDead) this.#held.push(() => void act());
  }

  #leave(state: 'frozen' | 'dead'): void {
    if (this.isDead) return;
    this.#state = state;
    for (const resolve of this.#interrupted.splice(0)) resolve();
  }
}
