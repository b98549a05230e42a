import { resolve } from 'node:path';
import { invalidConfigError, loadConfig } from '../config/load.ts';
import type { Io } from './io.ts';
import type { LookUp } from './next.ts';

/**
 * Finds the schedule of a job that `cronflow.yaml` (or CRONFLOW_CONFIG) declares.
 * @throws CronflowError `config_invalid`
 */
export function declaredSchedules(io: Io): LookUp {
  return async (name) => {
    const loaded = await loadConfig(resolve(io.cwd, io.env['CRONFLOW_CONFIG'] || 'cronflow.yaml'), io.env);
    if (!loaded.ok) throw invalidConfigError(loaded);
    const job = loaded.config.jobs.find((each) => each.name === name);
    if (job === undefined) return undefined;
    const { schedule, timezone = 'UTC', every = null } = job.declaration;
    return schedule === undefined ? { every } : { schedule, timezone };
  };
}
