import { type Profiler } from 'node:inspector';
import { Session } from 'node:inspector/promises';
import { setFlagsFromString } from 'node:v8';

/** Maps the place of each function to how often its blocks were run. */
export type Work = ReadonlyMap<string, readonly Profiler.CoverageRange[]>;

/**
 * Counts how often every block of JavaScript is run, libraries included and Node itself left out. The count is the same
 * on every machine, however busy it is. Loops within V8, such as copying an array, count as nothing, and so does
 * everything that was loaded before.
 */
export class WorkCounter {
  readonly #session = new Session();

  static async start(): Promise<WorkCounter> {
    const counter = new WorkCounter();
    // Runs of a function that the compiler has put into another one are not counted, so it must not do so.
    setFlagsFromString('--no-opt');
    counter.#session.connect();
    await counter.#session.post('Profiler.enable');
    await counter.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
    return counter;
  }

  async of(task: () => Promise<unknown>): Promise<Work> {
    await this.#session.post('Profiler.takePreciseCoverage');
    await task();
    const { result } = await this.#session.post('Profiler.takePreciseCoverage');
    const scripts = result.filter(({ url }) => !url.startsWith('node:'));
    return new Map(
      scripts.flatMap(({ url, functions }) =>
        functions.map(({ functionName, ranges }) => [
          `${url} ${functionName} ${ranges[0]?.startOffset}`,
          ranges,
        ]),
      ),
    );
  }

  stop(): void {
    this.#session.disconnect();
    setFlagsFromString('--opt');
  }
}

/**
 * Lists the blocks that were run more than `times` as often as before, by place.
 * @param countMin fewer runs before count as this many
 */
export function grownMore(before: Work, after: Work, times: number, countMin: number): string[] {
  return [...after].flatMap(([place, ranges]) =>
    ranges
      .filter(({ count, startOffset }) => {
        return count > times * Math.max(countAt(before.get(place) ?? [], startOffset), countMin);
      })
      .map(({ startOffset, count }) => `${place}, at ${startOffset}: ${count}`),
  );
}

/**
 * Returns how often the code at an offset was run. A block of which nothing is said was run as often as the one around
 * it.
 */
function countAt(ranges: readonly Profiler.CoverageRange[], offset: number): number {
  const around = ranges.filter(({ startOffset, endOffset }) => startOffset <= offset && offset < endOffset);
  return around.toSorted((a, b) => b.startOffset - a.startOffset)[0]?.count ?? 0;
}
