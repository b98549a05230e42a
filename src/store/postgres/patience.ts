import { systemClock } from '../../clock.ts';

/** Somebody who waits for an answer. */
interface Caller {
  /** The instant of the call, on the clock that never steps. */
  calledMs: number;
}

/** Knows who waits for an answer, and tells of those who have waited for too long. */
export class Patience<C extends Caller> {
  readonly #limitMs: number;
  readonly #onOver: (over: readonly C[]) => void;
  /** They stand in the order of their calls, so the first one is the first whose time is up. */
  readonly #callers = new Set<C>();
  #cancel: (() => void) | null = null;

  /** @param onOver is told of those who have waited this long, and are not known here any more */
  constructor(limitMs: number, onOver: (over: readonly C[]) => void) {
    this.#limitMs = limitMs;
    this.#onOver = onOver;
  }

  add(caller: C): void {
    this.#callers.add(caller);
    this.#arm();
  }

  /** Forgets one who has an answer. */
  delete(caller: C): void {
    this.#callers.delete(caller);
  }

  /** Sets the timer. One that is set stays, though the first caller has gone: it costs less than a timer a call. */
  #arm(): void {
    const [first] = this.#callers;
    if (first === undefined || this.#cancel !== null) return;
    const leftMs = first.calledMs + this.#limitMs - systemClock.monotonic();
    this.#cancel = systemClock.after(leftMs, () => {
      this.#cancel = null;
      this.#look();
      this.#arm();
    });
  }

  #look(): void {
    // A timer may fire a part of a millisecond early.
    const calledBeforeMs = systemClock.monotonic() - this.#limitMs + 1;
    const over: C[] = [];
    for (const caller of this.#callers) {
      if (caller.calledMs > calledBeforeMs) break;
      over.push(caller);
      this.#callers.delete(caller);
    }
    if (over.length > 0) this.#onOver(over);
  }
}
