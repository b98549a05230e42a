import { specOf } from '../core/model/spec.ts';
import type { ReplayStart } from '../core/replay/replay.ts';
import type { PastRecords } from '../store/store.ts';
import { readGlobals } from './events.ts';

/** Returns the state from which a replay of a job begins: its records as they were at an instant. */
export function replayStartOf(records: PastRecords, at: number): ReplayStart {
  const { job, runs, incident } = records;
  const spec = specOf(job.name, job.declaration, readGlobals(records));
  return { at, job: job.state, runs, incident, spec };
}
