import type { Statement } from '../statement.ts';
import { INSERT_RUNS } from './insert-runs.ts';

/** Writes rows of history, whether there are such rows or not. */
export const PUT_RUNS: Statement = {
  name: 'put_runs',
  text: `${INSERT_RUNS.text}on conflict (job_id, number) do update set
  id = excluded.id,
  ended_after = excluded.ended_after,
  rid = excluded.rid,
  is_anonymous = excluded.is_anonymous,
  outcome = excluded.outcome,
  host = excluded.host,
  began_at = excluded.began_at,
  first_at = excluded.first_at,
  last_at = excluded.last_at,
  first_slot_at = excluded.first_slot_at,
  slot_at = excluded.slot_at,
  record = excluded.record
`,
};
