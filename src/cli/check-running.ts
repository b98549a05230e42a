import type { Config } from '../config/config.ts';
import type { Fault, Lint } from '../core/model/errors.ts';
import { planChanges } from '../core/plan/plan.ts';
import type { Io } from './io.ts';
import { call, strange } from './remote.ts';
import { storedAt } from './stored-jobs.ts';

/** The findings that only a running Cronflow can add to those in the files. */
interface Running {
  /** Names that ping it and that no job has. */
  pinging: readonly string[];
  /** The faults of the plan against it, such as a rename onto a name with history. */
  faults: readonly Fault[];
  lints: readonly Lint[];
}

/** Asks a running Cronflow for what the files cannot say. */
export async function runningAt(io: Io, url: string, config: Config): Promise<Running> {
  const pinging = await unknownNamesAt(io, url);
  const { faults, lints } = planChanges((await storedAt(io, url)).jobs, config.jobs, config);
  return { pinging, faults, lints };
}

/** Returns the names that ping a running Cronflow and that no job has. */
async function unknownNamesAt(io: Io, url: string): Promise<string[]> {
  const answer = await call({ io, base: url }, 'get_unknown_pings', { query: { limit: 1_000 } });
  if (!Array.isArray(answer)) throw strange(url);
  return answer.map(({ name }) => name);
}
