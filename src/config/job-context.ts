import type { ScheduleError } from '../schedule/error.ts';
import type { Spots } from './faults.ts';

/** The facts that the checks of a job need beside the schema. */
export interface JobContext {
  notifiers: readonly string[] | undefined;
  /** The names that `group` may take; where there are none, any name will do. */
  groups: readonly string[];
  spots: Spots;
  /** Pointers at which the schema has found a problem already. */
  broken: ReadonlySet<string>;
  /** The result for each pair of expression and zone, so that each is checked once. */
  checked: Map<string, ScheduleError | null>;
}
