import type { Statement } from '../statement.ts';

/** Locks and reads some rows after a place, to write them anew. */
export const LOCK_SOME_DELIVERIES: Statement = {
  text: `
select id as key, record
from cronflow.deliveries
where id > $1
order by id
limit $2
for update
`,
};
