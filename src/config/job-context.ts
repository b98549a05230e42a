import type { ScheduleError } from '../schedule/error.ts';
import type { Spots } from './faults.ts';

/** What the checks of a job beside the schema need to know. */
export interface JobContext {
  notifiers: readonly string[] | undefined;
  /** Those that `group` may name; empty where any will do. */
  groups: readonly string[];
  spots: Spots;
  /** Pointers at which the schema found something already. */
  broken: ReadonlySet<string>;
  /** What is known of pairs of expression and zone, so that each is looked at once. */
  checked: Map<string, ScheduleError | null>;
}
