import type { Declaration } from '../core/model/declaration.ts';
import type { Io } from './io.ts';
import type { ListJobs } from './next.ts';
import type { FoundJob } from './next-all.ts';
import { configPathOf, validConfig } from './offline.ts';

/**
 * Returns a function that finds all jobs in a file: the one that is given, or the one that every command finds by
 * default.
 * @throws CronflowError `config_invalid`
 */
export function declaredJobs(io: Io): ListJobs {
  return async (config) => {
    const { jobs } = await validConfig(io, configPathOf(io, [], config));
    return new Map(jobs.map(({ name, declaration }) => [name, foundOf(declaration)]));
  };
}

function foundOf({ schedule, timezone = 'UTC', every }: Declaration): FoundJob {
  return schedule === undefined ? { every: every ?? null } : { schedule, timezone };
}
