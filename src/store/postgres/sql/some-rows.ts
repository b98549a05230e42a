import type { Statement } from '../statement.ts';

/** A statement that reads some rows, and one that locks those of them that nobody else has. */
interface Some {
  read: Statement;
  lock: Statement;
}

/** Names some rows of a table whose key is one column, after a place, to write them anew. */
function some(table: string, key = 'id', record = 'record'): Some {
  return both(`
select ${key} as key, ${record} as record
from cronflow.${table}
where ${key} > $1
order by ${key}
limit $2
`);
}

/** Does the same where the key is the id of a job and a second column, whose value stands in `$3` as `place`. */
function someOfJobs(table: string, second: string, place: string): Some {
  return both(`
select job_id as key, ${second} as second, record
from cronflow.${table}
where (job_id, ${second}) > ($1, ${place})
order by job_id, ${second}
limit $2
`);
}

/** Whoever writes rows anew waits for none, else two that lock rows in other orders could wait in a circle. */
function both(text: string): Some {
  return { read: { text }, lock: { text: `${text}for update skip locked\n` } };
}

export const SOME_ROWS = {
  jobs: some('jobs'),
  states: some('states', 'job_id', 'state'),
  incidents: some('incidents'),
  deliveries: some('deliveries'),
  days: someOfJobs('days', 'date', '$3::text collate "C"'),
  audit: some('audit'),
  runs: someOfJobs('runs', 'number', '$3::integer'),
} as const satisfies Readonly<Record<string, Some>>;
