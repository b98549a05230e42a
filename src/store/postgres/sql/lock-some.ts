import type { Statement } from '../statement.ts';

/** Locks and reads some rows of a table whose key is one column, after a place, to write them anew. */
function lockSome(table: string, key = 'id', record = 'record'): Statement {
  return {
    text: `
select ${key} as key, ${record} as record
from cronflow.${table}
where ${key} > $1
order by ${key}
limit $2
for update
`,
  };
}

/** Does the same where the key is the id of a job and a second column, whose value stands in `$3` as `place`. */
function lockSomeOfJobs(table: string, second: string, place: string): Statement {
  return {
    text: `
select job_id as key, ${second} as second, record
from cronflow.${table}
where (job_id, ${second}) > ($1, ${place})
order by job_id, ${second}
limit $2
for update
`,
  };
}

export const LOCK_SOME = {
  jobs: lockSome('jobs'),
  states: lockSome('states', 'job_id', 'state'),
  incidents: lockSome('incidents'),
  deliveries: lockSome('deliveries'),
  days: lockSomeOfJobs('days', 'date', '$3::text collate "C"'),
  audit: lockSome('audit'),
  runs: lockSomeOfJobs('runs', 'number', '$3::integer'),
} as const satisfies Readonly<Record<string, Statement>>;
