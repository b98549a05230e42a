import type { IncidentChange } from '../core/backtest/backtest.ts';
import type { BacktestReport } from '../core/backtest/report.ts';
import type { ReplayedIncident } from '../core/replay/replay.ts';

/** Writes a report for programs: snake_case, instants in ISO 8601. */
export function reportJson(report: BacktestReport): unknown {
  // The command replays every job, however long that takes.
  const { log_from_at, from_at, until_at, jobs, jobs_left_out: _none, ...rest } = report;
  return {
    log_from_at: iso(log_from_at),
    from_at: iso(from_at),
    until_at: iso(until_at),
    ...rest,
    jobs: jobs.map(({ name, is_removed, changes }) => ({
      name,
      is_removed,
      changes: changes.map(changeJson),
    })),
  };
}

function changeJson(change: IncidentChange): unknown {
  return {
    change: change.change,
    before: change.change === 'new' ? null : incidentJson(change.before),
    after: change.change === 'gone' ? null : incidentJson(change.after),
    ...(change.change === 'moved' ? { keys: change.keys } : {}),
  };
}

function incidentJson({ incident, told_at: toldAt }: ReplayedIncident): unknown {
  return {
    opened_at: iso(incident.opened_at),
    closed_at: incident.closed_at === null ? null : iso(incident.closed_at),
    told_at: toldAt === null ? null : iso(toldAt),
    reason: incident.reason,
    told: incident.told,
  };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
