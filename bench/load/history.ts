import { systemClock } from '../../src/clock.ts';
import type { Run } from '../../src/core/model/records.ts';
import { rowIdOf } from '../../src/core/model/rows.ts';
import { silentLogger } from '../../src/observe/log.ts';
import { LowdbStore } from '../../src/store/lowdb/store.ts';
import { DAY_MS } from '../../src/schedule/units.ts';

const JOBS_A_COMMIT = 20;

/** Gives every job of a data directory a past of so many runs, one a day, and all of them a success. */
export async function addHistory(dataDirectory: string, runsEach: number): Promise<void> {
  const store = new LowdbStore({ directory: dataDirectory, clock: systemClock, log: silentLogger });
  await store.open();
  const { items: jobs } = await store.listJobs({ skip: 0, limit: 1_000_000 });
  for (let from = 0; from < jobs.length; from += JOBS_A_COMMIT) {
    const some = jobs.slice(from, from + JOBS_A_COMMIT);
    await store.transact({ ids: some.map(({ id }) => id) }, (tx) => {
      for (const job of some) {
        for (let number = 1; number <= runsEach; number += 1) tx.putRun(runOf(job.id, number, runsEach));
        tx.putJob({ ...job, state: { ...job.state, run_count: runsEach } });
      }
    });
  }
  await store.close();
}

function runOf(jobId: string, number: number, of: number): Run {
  const startedAt = Date.now() - (of - number + 1) * DAY_MS;
  return {
    kind: 'run',
    id: rowIdOf(jobId, number),
    job_id: jobId,
    number,
    reason: 'succeeded',
    rid: `r-${number}`,
    slot_at: null,
    late: false,
    started_at: startedAt,
    start_received: true,
    replaces_run_id: null,
    ended_at: startedAt + 60_000,
    ended_after_number: number,
    duration_ms: 60_000,
    limit_at: null,
    outcome: 'success',
    detail: null,
    counted: true,
    exit_code: 0,
    signal: null,
    host: 'web1',
    output_bytes: 0,
    output_dropped_bytes: 0,
  };
}
