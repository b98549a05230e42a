import type { Clock } from '../clock.ts';
import { OUTCOMES, type Outcome } from '../core/model/reasons.ts';
import { isOpen } from '../core/model/rows.ts';
import type { Row } from '../core/model/records.ts';
import type { Store } from '../store/store.ts';

/** What ran since an instant, in numbers. */
export interface Night {
  since_at: number;
  /** Runs, those that go on included. */
  run_count: number;
  /** The jobs that ran, or that had a slot. */
  job_count: number;
  open_count: number;
  /** How many runs and slots ended how. */
  outcomes: Record<Outcome, number>;
  /** Incidents that opened since, and those of them that are over. */
  incident_count: number;
  closed_count: number;
  /** False where there was more than is looked at; then the numbers are of the latest. */
  is_whole: boolean;
}

const PAGE = 1_000;
/** A look at a night takes no longer than this, and at no more rows. Both are far beyond what a night has. */
const ROWS_MAX = 100_000;
const MS_MAX = 2_000;

/** Sums up what ran since an instant. Between the pages pings go on. */
export async function nightOf(
  sinceAt: number,
  { store, clock }: { store: Store; clock: Clock },
): Promise<Night> {
  const untilMs = clock.monotonic() + MS_MAX;
  const jobs = new Set<string>();
  const night: Night = {
    since_at: sinceAt,
    run_count: 0,
    job_count: 0,
    open_count: 0,
    outcomes: Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0])) as Record<Outcome, number>,
    incident_count: 0,
    closed_count: 0,
    is_whole: true,
  };
  let rowCount = 0;
  for (let after; ;) {
    const { items, next } = await store.runs({
      limit: PAGE,
      since_at: sinceAt,
      ...(after === undefined ? {} : { after }),
    });
    for (const { job, row } of items) {
      jobs.add(job.id);
      count(night, row);
    }
    rowCount += items.length;
    if (next === null) break;
    if (rowCount >= ROWS_MAX || clock.monotonic() > untilMs) {
      night.is_whole = false;
      break;
    }
    after = next;
  }
  await countIncidents(night, store);
  return { ...night, job_count: jobs.size };
}

function count(night: Night, row: Row): void {
  if (row.kind === 'run') night.run_count += 1;
  if (isOpen(row)) night.open_count += 1;
  else if (row.outcome !== null) night.outcomes[row.outcome] += row.kind === 'slots' ? row.count : 1;
}

async function countIncidents(night: Night, store: Store): Promise<void> {
  for (let skip = 0; ; skip += PAGE) {
    const { items } = await store.incidents({ skip, limit: PAGE });
    const since = items.filter(({ opened_at: openedAt }) => openedAt >= night.since_at);
    night.incident_count += since.length;
    night.closed_count += since.filter(({ closed_at: closedAt }) => closedAt !== null).length;
    if (since.length < PAGE) return;
  }
}
