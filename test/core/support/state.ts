import { initialState } from '../../../src/core/job/transition.ts';
import type { State, Transition } from '../../../src/core/model/event.ts';
import { listedRuns, NO_RUNS } from '../../../src/core/model/runs.ts';
import type { Spec } from '../../../src/core/model/spec.ts';

/** Returns what the core reads of job `j`, declared at `at`. */
export function declaredAt(spec: Spec, at: number): State {
  return { job_id: 'j', job: initialState(spec, at), runs: NO_RUNS, incident: null };
}

/** Returns what the core reads of a job after a transition, as a store that wrote it gives it. */
export function stateOf({ state }: Transition): State {
  return { ...state, runs: listedRuns(state.runs.all()) };
}
