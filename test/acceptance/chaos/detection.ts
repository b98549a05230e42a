import pg from 'pg';

/** How trouble of one job was noticed, by the clock of the database, which no load of the machine makes wrong. */
export interface Detection {
  job: string;
  /** How long after it had to be noticed it was. */
  lateMs: number;
  /** How many looks at what is due came in between and passed the job over. */
  looks: number;
}

interface Logged {
  job: string;
  /** The instant of the commit. */
  at: number;
  event:
    | { type: 'tick'; now_at: number }
    | { type: 'gap'; from_at: number; to_at: number }
    | { type: 'ping'; ping: { received_at: number } };
}

/**
 * Finds in the log of commits when somebody noticed that the run of each job had passed its limit.
 * @param limits maps each job to the limit of its one run
 * @param replayWindowMs how long a limit waits that fell into a time in which nobody was there
 */
export async function detectionsOf(
  databaseUrl: string,
  limits: ReadonlyMap<string, number>,
  replayWindowMs: number,
): Promise<Detection[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const { rows } = await client.query<Logged>(
    "select j.name as job, e.at::float8 as at, e.event from cronflow.events e join cronflow.jobs j on j.id = e.job_id where e.event->>'type' in ('tick', 'gap', 'ping') order by e.position",
  );
  await client.end();
  const looks = [...new Set(rows.flatMap(({ event }) => (event.type === 'tick' ? event.now_at : [])))];
  return Array.from(limits, ([job, limitAt]) => {
    let dueAt = limitAt;
    for (const { at, event } of rows.filter((row) => row.job === job)) {
      if (event.type === 'gap') {
        const waitsUntilAt = event.to_at + replayWindowMs;
        if (event.from_at <= dueAt && dueAt < waitsUntilAt) dueAt = waitsUntilAt;
        continue;
      }
      // A ping of the job that came so late lets time act on it first.
      const noticedAt = event.type === 'tick' ? event.now_at : event.ping.received_at;
      if (noticedAt < dueAt) continue;
      const passed = looks.filter((lookAt) => lookAt >= dueAt && lookAt < noticedAt);
      return { job, lateMs: at - dueAt, looks: passed.length };
    }
    throw new Error(`nobody noticed ${job}: ${JSON.stringify(rows.filter((row) => row.job === job))}`);
  });
}
