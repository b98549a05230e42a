/**
 * The rows of a job whose state is `s` among which are its open runs and its newest row, the newest first. They are few
 * where `heads_from` counts; see schema 4.
 */
export const HEAD_ROWS = `
  select ended_after, record, row_number() over (order by number desc) as place
  from cronflow.runs r
  where r.job_id = s.job_id
    and r.number >= case when starts_with(s.state::text, ' ') then coalesce(s.heads_from, 0) else 0 end
`;
