import type { Statement } from '../statement.ts';

/** Lists the rows of a job that a filter selects, the latest first. */
export const LIST_RUNS: Statement = {
  text: `
select record
from cronflow.runs
where 
  job_id = $1
  and ($2::text is null or outcome = $2)
  and ($3::text is null or host = $3)
  and ($4::bigint is null or last_at is null or last_at >= $4)
  and ($5::bigint is null or first_at is null or first_at < $5)
  and ($6::integer is null or number < $6)
order by number desc
offset $7
limit $8
`,
};
