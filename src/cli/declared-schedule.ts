import type { Declaration } from '../core/model/declaration.ts';
import type { Io } from './io.ts';
import type { ListJobs } from './next.ts';
import type { FoundJob } from './next-all.ts';
import { configPathOf, validConfig } from './offline.ts';

/**
 * Finds all jobs that a file declares: the one given, or the one of every command.
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
