import type { Io } from './io.ts';
import type { LookUp } from './next.ts';
import { configPathOf, validConfig } from './offline.ts';

/**
 * Finds the schedule of a job that a file declares: the one given, or the one of every command.
 * @throws CronflowError `config_invalid`
 */
export function declaredSchedules(io: Io): LookUp {
  return async (name, config) => {
    const { jobs } = await validConfig(io, configPathOf(io, [], config));
    const job = jobs.find((each) => each.name === name);
    if (job === undefined) return undefined;
    const { schedule, timezone = 'UTC', every = null } = job.declaration;
    return schedule === undefined ? { every } : { schedule, timezone };
  };
}
