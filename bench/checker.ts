import { Checker } from '../src/checker/checker.ts';
import type { Clock } from '../src/clock.ts';
import { silentLogger } from '../src/observe/log.ts';
import { MemoryStore } from '../src/store/local/memory.ts';
import { declareJobs, START_AT } from './jobs.ts';
import { type Row, sideBySide } from './measure.ts';
import { printMeasured } from './table.ts';
import { MINUTE_MS } from '../src/schedule/units.ts';

const nothing = async (): Promise<void> => {};

/**
 * Returns the row of a number of jobs. A minute passes at each look, and in each minute `job-0` misses a slot. Nothing
 * else is ever due.
 */
async function rowOf(jobs: number): Promise<Row> {
  const store = new MemoryStore({ freeze: false });
  await declareJobs(store, jobs, (number) =>
    number === 0 ? { schedule: '* * * * *', grace: '30s' } : { schedule: '0 0 1 1 *' },
  );
  let nowAt = START_AT + 2 * MINUTE_MS;
  const clock: Clock = { now: () => nowAt, monotonic: () => nowAt, after: () => () => {} };
  const checker = new Checker({
    store,
    clock,
    logger: silentLogger,
    onLateWake: nothing,
    isGapUnnoted: () => false,
  });
  return {
    name: `${jobs.toLocaleString('en')} jobs`,
    async run(count) {
      for (let done = 0; done < count; done += 1) {
        nowAt += MINUTE_MS;
        checker.start();
        await checker.stop();
      }
    },
  };
}

/** Shows that the checker looks at the jobs that are due and at no others. */
export async function benchChecker(): Promise<void> {
  const rows = [await rowOf(10), await rowOf(10_000)];
  printMeasured('A check that finds 1 job due', await sideBySide(rows, { count: 250 }));
}
