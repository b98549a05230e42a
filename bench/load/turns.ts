import { median, turnsOf } from '../measure.ts';
import type { Loader } from './loader.ts';
import type { LoadResult, Traffic } from './plan.ts';

/** A server that is measured beside others. */
export interface Contestant {
  name: string;
  port: number;
  traffic: Traffic;
}

/** What one contestant carried. */
export interface Carried {
  name: string;
  requestsPerSecond: number;
  /** The least and the greatest of all rounds. */
  spread: readonly [least: number, greatest: number];
  /** Held against the first contestant, round by round. */
  ratio: number;
  p99Ms: number;
  p99Ratio: number;
}

/**
 * Lets every contestant carry the load in every round, in turns, so that a disturbance of the machine disturbs all. The
 * first round warms up and does not count.
 */
export async function inTurns(
  loader: Loader,
  contestants: readonly Contestant[],
  { rounds, connections, durationMs }: { rounds: number; connections: number; durationMs: number },
): Promise<Carried[]> {
  const results = contestants.map((): LoadResult[] => []);
  for (let round = 0; round <= rounds; round += 1) {
    for (const index of turnsOf(round, contestants.length)) {
      const { port, traffic } = contestants[index]!;
      const result = await loader.play({ port, traffic, connections, durationMs });
      if (round > 0) results[index]!.push(result);
    }
  }
  const rates = results.map((of) => of.map((each) => (each.requests * 1_000) / each.elapsedMs));
  return contestants.map(({ name }, index) => ({
    name,
    requestsPerSecond: median(rates[index]!),
    spread: [Math.min(...rates[index]!), Math.max(...rates[index]!)],
    ratio: median(rates[index]!.map((rate, round) => rate / rates[0]![round]!)),
    p99Ms: median(results[index]!.map((each) => each.p99Ms)),
    p99Ratio: median(results[index]!.map((each, round) => each.p99Ms / results[0]![round]!.p99Ms)),
  }));
}
