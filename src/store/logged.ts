import { badKindOf, type Outcome } from '../core/model/reasons.ts';
import type { Incident, Row } from '../core/model/records.ts';
import { shownRow } from '../core/model/rows.ts';
import type { LogFields, Logger } from '../observe/log.ts';
import type { Clock } from '../clock.ts';
import type { Ended, ServiceCounts } from '../observe/service-counts.ts';
import { overlaid } from './overlaid.ts';
import type { Scope, Store, Tx } from './store.ts';

type Line = [level: 'info' | 'warn', message: string, fields: LogFields];

/** Lines for the log, and what is counted, of one transaction. */
interface Noted {
  lines: Line[];
  counted: ((counts: ServiceCounts, at: number) => void)[];
}

/** The outcomes that are logged as those of a slot. */
const OF_SLOTS: ReadonlySet<string> = new Set(['missed', 'unknown', 'skipped']);

/**
 * Wraps a store so that the log tells of each change that a commit made to a run, a slot or an incident: one line each,
 * naming the job, once the commit is durable. Pings, API writes and time all commit through this store, so nothing is
 * left out.
 * @param counting counts the same for metrics
 */
export function loggedStore(
  store: Store,
  logger: Logger,
  counting?: { counts: ServiceCounts; clock: Clock },
): Store {
  const transact = async <T>(scope: Scope, fn: (tx: Tx) => T): Promise<T> => {
    let noted: Noted = { lines: [], counted: [] };
    const result = await store.transact(scope, (tx) => {
      noted = { lines: [], counted: [] };
      return fn(loggedTx(tx, noted));
    });
    for (const [level, message, fields] of noted.lines) logger[level](message, fields);
    if (counting !== undefined && noted.counted.length > 0) {
      const at = counting.clock.now();
      for (const count of noted.counted) count(counting.counts, at);
    }
    return result;
  };
  return overlaid(store, { transact });
}

function loggedTx(tx: Tx, { lines, counted }: Noted): Tx {
  const nameOf = (jobId: string): string => found(() => tx.jobById(jobId))?.name ?? jobId;
  const logged: Tx = overlaid(tx, {
    putRun(run) {
      const before = found(() => tx.runsOf(run.job_id).get(run.id));
      tx.putRun(run);
      const { outcome } = run;
      if (outcome === null || !isNews(before, run)) return;
      const job = nameOf(run.job_id);
      lines.push(lineOfRun(run, outcome, job));
      counted.push((counts, at) => counts.noteEnded(endedOf(run, before, outcome, job), at));
    },
    putIncident(incident) {
      const before = found(() => tx.incident(incident.id));
      tx.putIncident(incident);
      lines.push(...linesOfIncident(incident, before));
      if (before === undefined) counted.push((counts) => counts.noteOpened(incident.kind, incident.reason));
    },
    attempt(fn) {
      const kept = [lines.length, counted.length] as const;
      try {
        return tx.attempt(fn);
      } catch (error) {
        [lines.length, counted.length] = kept;
        throw error;
      }
    },
  });
  return logged;
}

/** Reads a record, or returns undefined where the transaction does not cover it, as with an incident that is new. */
function found<T>(read: () => T | undefined): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function endedOf(row: Row, before: Row | undefined, outcome: Outcome, job: string): Ended {
  const { reason, duration_ms: durationMs, count } = shownRow(row);
  const known = before?.kind === 'slots' && before.outcome === outcome ? before.count : 0;
  return { job, outcome, reason, count: Math.max(1, count - known), durationMs };
}

function isNews(before: Row | undefined, row: Row): boolean {
  if (row.outcome !== before?.outcome) return true;
  return row.kind === 'slots' && before.kind === 'slots' && row.count !== before.count;
}

function lineOfRun(row: Row, outcome: Outcome, job: string): Line {
  const run = shownRow(row);
  const what = OF_SLOTS.has(outcome) ? 'slot settled' : 'run ended';
  return [
    badKindOf(outcome) === null ? 'info' : 'warn',
    what,
    {
      job,
      outcome,
      reason: run.reason,
      exit_code: run.exit_code ?? undefined,
      signal: run.signal ?? undefined,
      duration_ms: run.duration_ms ?? undefined,
      host: run.host ?? undefined,
      slot_at: instant(run.slot_at),
      count: run.count > 1 ? run.count : undefined,
      run: run.id,
    },
  ];
}

function linesOfIncident(incident: Incident, before: Incident | undefined): Line[] {
  const { id, reason, acknowledged_until_at: until } = incident;
  const whose = incident.kind === 'job' ? { job: incident.job_name } : { about: incident.kind };
  const about = { ...whose, incident: id };
  const lines: Line[] = [];
  if (before === undefined) lines.push(['warn', 'incident opened', { ...about, reason }]);
  if (until !== null && until !== (before?.acknowledged_until_at ?? null))
    lines.push(['info', 'incident acknowledged', { ...about, until: instant(until) }]);
  if (incident.closed_at !== null && (before?.closed_at ?? null) === null) {
    const lasted_ms = incident.closed_at - incident.opened_at;
    lines.push(['info', 'incident closed', { ...about, because: incident.close_reason, lasted_ms }]);
  }
  return lines;
}

function instant(at: number | null): string | undefined {
  return at === null ? undefined : new Date(at).toISOString();
}
