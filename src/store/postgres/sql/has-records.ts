import type { Statement } from '../statement.ts';

/** Tells whether the database holds anything that an import could mix with. */
export const HAS_RECORDS: Statement = {
  text: `
select exists (select from cronflow.jobs) or exists (select from cronflow.incidents)
  or exists (select from cronflow.audit) or exists (select from cronflow.meta) as is_there
`,
};
