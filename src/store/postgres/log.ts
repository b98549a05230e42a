import type { LoggedEvent } from '../../core/model/event.ts';
import type { JobIncident } from '../../core/model/records.ts';
import type { ReadBudget } from '../read-budget.ts';
import type { MetaRecord } from '../local/changes.ts';
import { type MetaValue, type Past, PASSING_KEYS, type PastEvent, type PastRecords } from '../store.ts';
import type { AnswerRow, Database, Session } from './database.ts';
import { jobIn } from './reads.ts';
import type { BaseRecords, RecordsInRows } from './records.ts';
import { READ_ALL_RUNS } from './sql/read-all-runs.ts';
import { READ_BASE } from './sql/read-base.ts';
import { READ_EVENTS } from './sql/read-events.ts';
import { READ_JOB } from './sql/read-job.ts';
import { READ_LAST_EVENT } from './sql/read-last-event.ts';
import { READ_LOG_BEGIN } from './sql/read-log-begin.ts';
import { READ_META_THEN } from './sql/read-meta-then.ts';
import { READ_OPEN_INCIDENT } from './sql/read-open-incident.ts';
import { step } from './statement.ts';

/** So many events are read at a time. */
const EVENTS_AT_ONCE = 500;
const READ_MS_MAX = 30_000;

/** The records of a job in the log, and the place after which its later events stand. */
interface Base {
  at: number;
  position: number;
  records: BaseRecords;
}

/**
 * Tells whether the log keeps a meta value. A plain number, such as the last sign of life, changes every few seconds,
 * and no event is judged by what it was. So do the signs of life of instances.
 */
export function isLoggedMeta({ key, value }: MetaRecord): boolean {
  return typeof value === 'object' && value !== null && !PASSING_KEYS.has(key);
}

/** Opens the log of commits for one job, as `Store.past` says. */
export async function readPast(
  database: Database,
  jobId: string,
  { fromAt, budget }: { fromAt: number; budget: ReadBudget },
): Promise<Past> {
  return database.read(READ_MS_MAX, async (session) => {
    const [begins, bases, lasts] = await session.begin(
      [step(READ_LOG_BEGIN), step(READ_BASE, jobId, fromAt), step(READ_LAST_EVENT, jobId)],
      'read',
    );
    const logFromAt = (begins![0]?.['from_at'] as number | undefined) ?? 0;
    const last = lasts![0]!['position'] as number;
    const base =
      baseIn(
        bases!.map((row) => baseOf(row, session.records)),
        logFromAt,
        fromAt,
      ) ?? (await presentBase(session, jobId, { logFromAt, last }));
    const metaAt = base?.at ?? logFromAt;
    const [meta] = await session.run([step(READ_META_THEN, metaAt)]);
    await session.rollback();
    const values = new Map(meta!.map(({ key, value }) => [key as string, value]));
    return {
      log_from_at: logFromAt,
      begin_at: base?.at ?? logFromAt,
      begin: base === null ? null : recordsOf(base, values),
      events: () => eventsOf(database, jobId, { after: base?.position ?? 0, upTo: last, budget }),
    };
  });
}

/**
 * Returns the records to begin with: the latest from before the instant, or the first ones of a job that is older than
 * the log. The events of any other job begin with the job itself.
 */
function baseIn([first]: readonly Base[], logFromAt: number, fromAt: number): Base | null {
  if (first === undefined) return null;
  return first.at <= fromAt || first.records.job.created_at < logFromAt ? first : null;
}

/** Returns the records of a job in the log, which were written at once, so they are of one version. */
function baseOf({ at, position, record }: AnswerRow, records: RecordsInRows): Base {
  return { at, position, records: records.readBase(record) } as Base;
}

/** Returns the records of now, for a job that is older than the log and of which the log has no event. */
async function presentBase(
  session: Session,
  jobId: string,
  { logFromAt, last }: { logFromAt: number; last: number },
): Promise<Base | null> {
  if (last > 0) return null;
  const [jobs, runs, incidents] = await session.run([
    step(READ_JOB, jobId),
    step(READ_ALL_RUNS, [jobId]),
    step(READ_OPEN_INCIDENT, jobId),
  ]);
  const job = jobs!.map((row) => jobIn(row, session.records))[0];
  if (job === undefined || job.created_at >= logFromAt) return null;
  const { records } = session;
  const [incident = null] = incidents!.map(({ record }) => records.read('incidents', record) as JobIncident);
  return {
    at: logFromAt,
    position: 0,
    records: { job, runs: runs!.map(({ record }) => records.read('runs', record)), incident },
  };
}

function recordsOf({ records }: Base, values: ReadonlyMap<string, MetaValue>): PastRecords {
  return { ...records, meta: (key) => values.get(key) };
}

async function* eventsOf(
  database: Database,
  jobId: string,
  { after, upTo, budget }: { after: number; upTo: number; budget: ReadBudget },
): AsyncGenerator<PastEvent> {
  for (let place = after; ;) {
    const from = place;
    const rows = await database.read(READ_MS_MAX, (session) =>
      session.ask(READ_EVENTS, jobId, from, upTo, EVENTS_AT_ONCE),
    );
    for (const { position, at, event } of rows) {
      place = position as number;
      budget.spend((event as string).length);
      yield { at: at as number, event: JSON.parse(event as string) as LoggedEvent };
    }
    if (rows.length < EVENTS_AT_ONCE) return;
  }
}
