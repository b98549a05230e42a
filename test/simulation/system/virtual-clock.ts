import type { Clock } from '../../../src/clock.ts';

interface Timer {
  dueMs: number;
  callback: () => void;
}

/**
 * A clock for simulated months. It is like the fake clock of the other tests, but it gives way only as often as its
 * store needs, and it can skip time in which nothing would happen.
 */
export class VirtualClock implements Clock {
  #nowAt: number;
  #monotonicMs = 0;
  readonly #timers = new Set<Timer>();
  readonly #turns: number;
  readonly #underWay: () => Promise<void> | null;

  /**
   * @param turns the turns of the event loop that everything started by a timer needs; one is enough for promises
   * @param underWay returns what has to be waited for beside that, such as the answers of a database; null for nothing
   */
  constructor(startAt: number, turns = 1, underWay: () => Promise<void> | null = () => null) {
    this.#nowAt = startAt;
    this.#turns = turns;
    this.#underWay = underWay;
  }

  now(): number {
    return this.#nowAt;
  }

  monotonic(): number {
    return this.#monotonicMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { dueMs: this.#monotonicMs + Math.max(0, delayMs), callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Moves time to `at` and runs the timers that are due before it, with `inclusive` also those that are due at it. */
  async advanceTo(at: number, inclusive = false): Promise<void> {
    const untilMs = this.#monotonicMs + (at - this.#nowAt);
    for (;;) {
      const next = this.#earliest();
      if (next === undefined || next.dueMs > untilMs || (next.dueMs === untilMs && !inclusive)) break;
      this.#timers.delete(next);
      this.#pass(Math.max(0, next.dueMs - this.#monotonicMs));
      next.callback();
      await this.settle();
    }
    this.#pass(Math.max(0, untilMs - this.#monotonicMs));
  }

  /** Moves time on while nothing runs, as on a suspended machine. Timers that are overdue then fire at once. */
  jumpTo(at: number): void {
    this.#pass(at - this.#nowAt);
  }

  /** Steps the wall clock, as NTP or an operator does. */
  set(nowAt: number): void {
    this.#nowAt = nowAt;
  }

  /** Lets time pass as if every timer that waits had fired and been set again, many times. */
  skip(ms: number): void {
    this.#pass(ms);
    for (const timer of this.#timers) timer.dueMs += ms;
  }

  /** Forgets all timers, because the process is gone. */
  forgetTimers(): void {
    this.#timers.clear();
  }

  /** Lets everything that is ready run, without any time passing. */
  async settle(): Promise<void> {
    for (;;) {
      for (let turn = 0; turn < this.#turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      const answers = this.#underWay();
      if (answers === null) return;
      await answers;
    }
  }

  #earliest(): Timer | undefined {
    let earliest: Timer | undefined;
    for (const timer of this.#timers)
      if (earliest === undefined || timer.dueMs < earliest.dueMs) earliest = timer;
    return earliest;
  }

  #pass(ms: number): void {
    this.#nowAt += ms;
    this.#monotonicMs += ms;
  }
}
