import type { Config } from '../config/config.ts';
import type { Fault, Lint } from '../core/model/errors.ts';
import { planChanges } from '../core/plan/plan.ts';
import type { Io } from './io.ts';
import { getJson, strange } from './remote.ts';
import { storedAt } from './stored-jobs.ts';

/** What a running Cronflow adds to what the files say. */
interface Running {
  /** Names that ping it and that no job has. */
  pinging: readonly string[];
  /** Of the plan against it, such as a rename that has nothing to rename. */
  faults: readonly Fault[];
  lints: readonly Lint[];
}

/** Asks a running Cronflow what the files cannot say. */
export async function runningAt(io: Io, url: string, config: Config): Promise<Running> {
  const pinging = await unknownNamesAt(io, url);
  const { faults, lints } = planChanges((await storedAt(io, url)).jobs, config.jobs, config);
  return { pinging, faults, lints };
}

/** Names that ping a running Cronflow and that no job has. */
async function unknownNamesAt(io: Io, url: string): Promise<string[]> {
  const answer = await getJson(io, url, '/pings/unknown?limit=1000');
  if (!Array.isArray(answer)) throw strange(url);
  return answer.map((ping) => String((ping as { name?: unknown }).name));
}
