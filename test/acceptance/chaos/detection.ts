import pg from 'pg';

/** How trouble of one job was noticed, by the clock of the database, which no load of the machine makes wrong. */
export interface Detection {
  job: string;
  /** How long after it had to be noticed it was. */
  lateMs: number;
  /** How many looks at what is due came in between and passed the job over. */
  looks: number;
}

interface Gap {
  from_at: number;
  to_at: number;
}

/** An event of a job in the log of commits. */
export interface Logged {
  job: string;
  /** The instant of the commit. */
  at: number;
  event:
    | { type: 'tick'; now_at: number }
    | ({ type: 'gap' } & Gap)
    | { type: 'ping'; ping: { received_at: number } };
}

/** Reads in the log of commits what may let time act on a job, in its order. */
export async function loggedIn(databaseUrl: string): Promise<Logged[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const { rows } = await client.query<Logged>(
    "select j.name as job, e.at::float8 as at, e.event from cronflow.events e join cronflow.jobs j on j.id = e.job_id where e.event->>'type' in ('tick', 'gap', 'ping') order by e.position",
  );
  await client.end();
  return rows;
}

/**
 * Finds when somebody noticed that the run of each job had passed its limit.
 * @param rows what was logged, in its order
 * @param limits maps each job to the limit of its one run
 * @param replayWindowMs how long a limit waits that fell into a time in which nobody was there
 */
export function detectionsOf(
  rows: readonly Logged[],
  limits: ReadonlyMap<string, number>,
  replayWindowMs: number,
): Detection[] {
  const looks = [...new Set(rows.flatMap(({ event }) => (event.type === 'tick' ? event.now_at : [])))];
  return Array.from(limits, ([job, limitAt]) => {
    const gaps: Gap[] = [];
    for (const { at, event } of rows.filter((row) => row.job === job)) {
      const dueAt = dueAtOf(limitAt, gaps, replayWindowMs);
      // A gap, and a ping of the job that came so late, let time act on it first.
      const noticedAt = actedUntil(event);
      if (noticedAt >= dueAt) {
        const passed = looks.filter((lookAt) => lookAt >= dueAt && lookAt < noticedAt);
        return { job, lateMs: at - dueAt, looks: passed.length };
      }
      if (event.type === 'gap') gaps.push(event);
    }
    throw new Error(`nobody noticed ${job}: ${JSON.stringify(rows.filter((row) => row.job === job))}`);
  });
}

/**
 * Returns when a limit has to be noticed. One that fell into a gap, or a little after, waits for what was kept in it,
 * and once more if that wait ends in the next gap. A gap that is over by then puts it off no more.
 */
function dueAtOf(limitAt: number, gaps: readonly Gap[], replayWindowMs: number): number {
  const near = gaps.filter(({ from_at, to_at }) => from_at <= limitAt && limitAt < to_at + replayWindowMs);
  let at = Math.max(limitAt, ...near.map(({ to_at }) => to_at + replayWindowMs));
  if (near.length === 0) return at;
  for (const { from_at, to_at } of gaps.toSorted((a, b) => a.from_at - b.from_at))
    if (from_at <= at && at < to_at) at = to_at + replayWindowMs;
  return at;
}

/** Returns the instant up to which an event lets time act on its job. */
function actedUntil(event: Logged['event']): number {
  switch (event.type) {
    case 'tick':
      return event.now_at;
    case 'gap':
      return event.from_at;
    case 'ping':
      return event.ping.received_at;
  }
}
