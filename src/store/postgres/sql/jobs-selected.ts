/** What jobs a filter selects by what they declare. */
const DECLARED = `j.removed_at is null
  and ($2::text is null or $2 <> 'open' or j.id = any(array(
    select i.job_id from cronflow.incidents i where i.is_open and i.job_id is not null
  )))
  and ($2::text is null or $2 = 'open' or not exists (
    select from cronflow.incidents i where i.job_id = j.id and i.is_open
  ))
  and ($3::text is null or j.tags @> array[$3])
  and ($4::text is null or j."group" = $4)
  and ($5::text is null or position($5 in j.lower_name) > 0 or position($5 in j.lower_description) > 0)`;

/**
 * Jobs that a filter selects: what their list and their count share. Few jobs have an open incident, so these are found
 * by it, and not by a look at each job.
 */
export const JOBS_SELECTED = `from cronflow.jobs j join cronflow.states s on s.job_id = j.id
where
  ${DECLARED}
  and ($1::text is null or s.status = $1)`;

/** The same jobs where none of a status is asked for, so that a count needs no state. */
export const JOBS_DECLARED = `from cronflow.jobs j
where
  ${DECLARED}
  and $1::text is null`;
