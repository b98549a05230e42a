/** Incidents that a filter selects: what their list and their count share. */
export const INCIDENTS_SELECTED = `from cronflow.incidents
where
  ($1::text is null or job_id = $1)
  and ($2::boolean is null or is_open = $2)`;
