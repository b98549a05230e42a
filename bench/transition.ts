import { initialState, transition } from '../src/core/job/transition.ts';
import type { State } from '../src/core/model/event.ts';
import { DEFAULT_GLOBALS, specOf } from '../src/core/model/spec.ts';
import { RunTable } from '../src/store/local/runs.ts';
import { pingOf, START_AT } from './jobs.ts';
import { type Row, sideBySide } from './measure.ts';
import { printMeasured } from './table.ts';
import { HOUR_MS } from '../src/schedule/units.ts';

const spec = specOf('job', { schedule: '0 * * * *' }, DEFAULT_GLOBALS);

/** Returns the state of a job after this many good runs, one in each hour. */
function stateAfter(runCount: number): State {
  const table = new RunTable();
  let job = initialState(spec, START_AT);
  for (let number = 1; number <= runCount; number += 1) {
    for (const isStart of [true, false]) {
      const at = START_AT + number * HOUR_MS + (isStart ? 0 : 60_000);
      const state: State = { job_id: 'j', job, runs: table.of('j'), incident: null };
      const result = transition(spec, state, { type: 'ping', ping: pingOf(isStart, `r${number}`, at) });
      job = result.state.job;
      for (const run of result.runs) table.put(run);
    }
  }
  return { job_id: 'j', job, runs: table.of('j'), incident: null };
}

/** Shows that the changes by a ping are worked out without a look at the runs with which it has nothing to do. */
export async function benchTransition(): Promise<void> {
  const rows = [10, 100, 1_000].map((runCount): Row => {
    const state = stateAfter(runCount);
    const ping = pingOf(true, 'next', START_AT + (runCount + 1) * HOUR_MS);
    return {
      name: `${runCount} runs kept`,
      run(count) {
        for (let done = 0; done < count; done += 1) transition(spec, state, { type: 'ping', ping });
      },
    };
  });
  printMeasured('The transition of a start', await sideBySide(rows, { count: 2_000 }));
}
