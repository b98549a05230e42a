/**
 * The fourth schema. Cronflow of the second goes on with it, only slower, and can be started on it again.
 *
 * The end of a run changed a column of an index, so all indexes of the row were written anew. That index is gone. Open
 * runs were found by it. Now `heads_from` is the number from which the rows of a job are read for a ping: that of the
 * oldest open run or of the newest row, whichever is less.
 *
 * An older Cronflow does not know the column and leaves it as it is. So `heads_from` counts only where the text of the
 * state begins with a space, which this one writes and an older one does not.
 */
export const SCHEMA_4 = `
alter table cronflow.states add column heads_from integer;

update cronflow.states s
set state = (' ' || s.state::text)::json,
  heads_from = coalesce(
    (select min(r.number) from cronflow.runs r where r.job_id = s.job_id and r.ended_after is null),
    (select max(r.number) from cronflow.runs r where r.job_id = s.job_id),
    0
  );

drop index cronflow.runs_ended;
`;
