import type { Statement } from '../statement.ts';

/** Notes where the log of commits begins, unless that is known. */
export const BEGIN_LOG: Statement = {
  text: `
insert into cronflow.log (from_at) select $1::bigint where not exists (select from cronflow.log)
`,
};
