/** Rows of one job that a filter selects: what their list and their count share. */
export const RUNS_SELECTED = `from cronflow.runs
where
  job_id = $1
  and ($2::text is null or outcome = $2)
  and ($3::text is null or host = $3)
  and ($4::bigint is null or last_at is null or last_at >= $4)
  and ($5::bigint is null or first_at is null or first_at < $5)`;
