import type { Job, JobState } from './records.ts';

/**
 * The engine keeps one description of the keys of objects that were made alike. An object that is spread together and
 * then gets one key more has a description of its own, every time. With 100,000 jobs that is half of their memory, and
 * no place in the code meets the same description twice. So these records are written out.
 */

/** Returns a copy of a state that may be changed: the lists in it are its own. */
export function stateCopy(state: JobState): JobState {
  const copy: JobState = {
    status: state.status,
    expected_at: state.expected_at,
    deadline_at_min: state.deadline_at_min,
    due_at: state.due_at,
    seen: state.seen,
    paused_by_api: state.paused_by_api,
    settled_at: state.settled_at,
    run_count: state.run_count,
    incident_count: state.incident_count,
    last_start_at: state.last_start_at,
    last_success_at: state.last_success_at,
    last_outcome: state.last_outcome,
    last_outcome_at: state.last_outcome_at,
    bad: [...state.bad],
    unclaimed: [...state.unclaimed],
    gaps: [...state.gaps],
  };
  for (const key of STATE_KEYS) carry<JobState, typeof key>(state, copy, key);
  return copy;
}

/** Puts together what is declared of a job and what it lives through. */
export function jobOf(declared: Omit<Job, 'state'>, state: JobState): Job {
  const job: Job = {
    id: declared.id,
    name: declared.name,
    source: declared.source,
    place: declared.place,
    declared: declared.declared,
    declaration: declared.declaration,
    created_at: declared.created_at,
    updated_at: declared.updated_at,
    removed_at: declared.removed_at,
    state,
  };
  for (const key of JOB_KEYS) carry<Job, typeof key>(declared, job, key);
  return job;
}

type OptionalKey<T> = { [K in keyof T]-?: object extends Pick<T, K> ? K : never }[keyof T];

// The keys that not every record has. The types refuse a list without one of them.
const OF_STATES: Readonly<Record<OptionalKey<JobState>, true>> = {
  expected_from_at: true,
  paused_until_at: true,
  skips: true,
  skips_from_at: true,
  remembered: true,
  claim_delays_ms: true,
  late_ends: true,
  anonymous_end: true,
};
const OF_JOBS: Readonly<Record<OptionalKey<Job>, true>> = { renamed: true };
const STATE_KEYS = Object.keys(OF_STATES) as OptionalKey<JobState>[];
const JOB_KEYS = Object.keys(OF_JOBS) as OptionalKey<Job>[];

/** Gives a record the value of a key, where the other has one. */
function carry<T, K extends keyof T>(from: Pick<T, K>, to: T, key: K): void {
  if (from[key] !== undefined) to[key] = from[key];
}
