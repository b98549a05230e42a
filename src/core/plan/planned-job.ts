import type { Declaration } from '../model/declaration.ts';
import type { Place } from '../model/records.ts';

/** A job as a file declares it. */
export interface PlannedJob {
  name: string;
  place: Place;
  /** The declaration as it is written. */
  declared: Declaration;
  /** The declaration with the values of its group and of `defaults` filled in. */
  declaration: Declaration;
  /** The place of `renamed_from`, if the job has it. */
  renamed_from_place?: Place & { column: number };
}
