import type { Declaration } from '../model/declaration.ts';
import type { Place } from '../model/records.ts';

/** A job as a file declares it. */
export interface PlannedJob {
  name: string;
  place: Place;
  /** As written. */
  declared: Declaration;
  /** With what its group and `defaults` say filled in. */
  declaration: Declaration;
  /** Where `renamed_from` stands, if it has one. */
  renamed_from_place?: Place & { column: number };
}
