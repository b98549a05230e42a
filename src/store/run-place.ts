import type { Row } from '../core/model/records.ts';
import { beganAtOf } from '../core/model/rows.ts';
import type { RunPlace } from './store.ts';

/** Returns the place of a row among those of all jobs. It goes by what never changes of the row. */
export function runPlaceOf(row: Row): RunPlace {
  return { began_at: beganAtOf(row), job_id: row.job_id, number: row.number };
}
