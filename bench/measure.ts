/** A thing that is measured beside others. */
export interface Row {
  name: string;
  /** Does the thing `count` times. Everything that it needs has been made ready before. */
  run(count: number): void | Promise<void>;
}

export interface Measured {
  name: string;
  /** The time that doing it once takes, as the median of the rounds. */
  us: number;
  /**
   * The time held against that of the first row, round by round, because a disturbance of the machine disturbs both.
   */
  ratio: number;
}

/**
 * Measures rows side by side: each in every round, in turns, so that a ratio means something on a busy machine, too.
 * The first round warms up and does not count.
 */
export async function sideBySide(
  rows: readonly Row[],
  { rounds = 25, count }: { rounds?: number; count: number },
): Promise<Measured[]> {
  const us = await inTurns(rows, { rounds, count });
  return rows.map(({ name }, index) => ({
    name,
    us: median(us[index]!),
    ratio: median(us[index]!.map((each, round) => each / us[0]![round]!)),
  }));
}

/** Does each row in every round, in turns, and returns the time that doing it once took, row by row and round by round. */
export async function inTurns(
  rows: readonly Row[],
  { rounds, count }: { rounds: number; count: number },
): Promise<number[][]> {
  const us = rows.map((): number[] => []);
  for (let round = 0; round <= rounds; round += 1) {
    for (const index of turnsOf(round, rows.length)) {
      const startedMs = performance.now();
      await rows[index]!.run(count);
      if (round > 0) us[index]!.push(((performance.now() - startedMs) * 1000) / count);
    }
  }
  return us;
}

/**
 * Returns the order of a round. Whoever comes first finds the caches as the last one left them, so another is the first
 * in each round.
 */
export function turnsOf(round: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => (index + round) % count);
}

/** Returns the median, or the upper of the two in the middle. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
