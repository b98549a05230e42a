/** Counts values by how large they are, for a histogram of Prometheus. An observation costs a few comparisons. */
export class HistogramCounts {
  /** The upper bounds, in rising order. What is larger than the last is counted beyond them. */
  readonly bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.#counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  observe(value: number): void {
    let at = 0;
    while (at < this.bounds.length && value > this.bounds[at]!) at += 1;
    this.#counts[at]! += 1;
    this.#sum += value;
  }

  get sum(): number {
    return this.#sum;
  }

  /** Returns how many values were at most each bound, and last the number of all. */
  cumulative(): number[] {
    let total = 0;
    return this.#counts.map((count) => (total += count));
  }
}
