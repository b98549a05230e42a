/**
 * The fifth schema. Cronflow of the second goes on with it, and can be started on it again.
 *
 * `kept` is the number of settled rows of a job, so that the end of a run need not count them to find out whether one is
 * too many. It counts where `heads_from` does, since an older Cronflow leaves both as they are.
 */
export const SCHEMA_5 = `
alter table cronflow.states add column kept integer;
`;
