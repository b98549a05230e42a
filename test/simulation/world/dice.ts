import { seededRandom } from '../../support/random.ts';

/** Makes seeded choices, so that the same seed makes the same world. */
export class Dice {
  readonly random: () => number;

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  chance(probability: number): boolean {
    return this.random() < probability;
  }

  /** Returns a whole number from `min` to `max`, both included. */
  int(min: number, max: number): number {
    return min + Math.floor(this.random() * (max - min + 1));
  }

  pick<T>(items: readonly T[]): T {
    return items[this.int(0, items.length - 1)]!;
  }

  /** Returns a length of time. Small ones are as likely as great ones: seconds, minutes and hours alike. */
  spanMs(min: number, max: number): number {
    return Math.round(min * (max / min) ** this.random());
  }

  /** Returns dice of their own, so that one more throw here changes nothing there. */
  fork(): Dice {
    return new Dice(this.int(0, 2 ** 32 - 1));
  }
}
