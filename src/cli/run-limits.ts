import type { Config } from '../config/config.ts';
import { maxRuntimeMsOf } from '../core/model/spec.ts';
import { firstOf } from '../core/text/counts.ts';
import { formatDuration } from '../schedule/duration.ts';

/** The number of jobs that are named for each limit. */
const NAMED_MAX = 5;

/** Durations by the names of jobs. */
export type Limits = ReadonlyMap<string, string>;

/** Returns the time after which a run of each job times out, whether declared or by default. */
export function limitsOf({ jobs }: Config): Limits {
  return new Map(jobs.map(({ name, declaration }) => [name, formatDuration(maxRuntimeMsOf(declaration))]));
}

/** Writes the limits for people: a line for each limit, in the order in which jobs first have it. */
export function limitLines(limits: Limits): string[] {
  const jobs = new Map<string, string[]>();
  for (const [name, limit] of limits) {
    const names = jobs.get(limit) ?? [];
    names.push(name);
    jobs.set(limit, names);
  }
  return [...jobs].map(([limit, names]) => `  a run times out after ${limit}: ${firstOf(names, NAMED_MAX)}`);
}
