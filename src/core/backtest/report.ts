import { formatDuration } from '../../schedule/duration.ts';
import { counted, firstOf } from '../text/counts.ts';
import { utc } from '../text/utc.ts';
import type { ReplayedIncident } from '../replay/replay.ts';
import type { IncidentChange, MovedKey } from './backtest.ts';

/** The result of a backtest. Instants are in milliseconds since the Unix epoch. */
export interface BacktestReport {
  /** The instant at which the log begins. */
  log_from_at: number;
  /** The instant from which the log was replayed. */
  from_at: number;
  /** The instant at which the log ends. */
  until_at: number;
  /** The number of jobs for which the new configuration changes something that counts. */
  jobs_replayed: number;
  /** The number of jobs for which nothing that counts would change, so that their incidents stay as they were. */
  jobs_same: number;
  /** The number of jobs that would have been replayed had there been the time. */
  jobs_left_out: number;
  /** Jobs of the file that do not run now, so that the log has no pings of them. */
  unlogged: readonly string[];
  /** The jobs whose incidents would differ. */
  jobs: readonly { name: string; is_removed: boolean; changes: readonly IncidentChange[] }[];
}

const NAMES_MAX = 10;

/** Writes a report for people. */
export function reportText(report: BacktestReport): string {
  const lines = [
    `Replayed the log from ${utc(report.from_at)} to ${utc(report.until_at)} ` +
      `(${formatDuration(report.until_at - report.from_at)}; the log goes back to ${utc(report.log_from_at)}).`,
  ];
  if (report.unlogged.length > 0)
    lines.push(
      `The log says nothing of ${counted(report.unlogged.length, 'new job')}: ${firstOf(report.unlogged, NAMES_MAX)}.`,
    );
  for (const { name, is_removed: isRemoved, changes } of report.jobs) {
    lines.push('', isRemoved ? `${name} (would be removed)` : name, ...changes.flatMap(changeLines));
  }
  const count = (kind: IncidentChange['change']): number =>
    report.jobs.flatMap(({ changes }) => changes).filter(({ change }) => change === kind).length;
  const leftOut = report.jobs_left_out === 0 ? '' : `, ${report.jobs_left_out} left out for want of time`;
  const jobs = `${counted(report.jobs_replayed, 'job')} replayed, ${report.jobs_same} unchanged${leftOut}`;
  lines.push(
    '',
    report.jobs.length === 0
      ? `No incident would have been different (${jobs}).`
      : `Incidents: ${count('new')} new, ${count('gone')} gone, ${count('moved')} moved (${jobs}).`,
  );
  return `${lines.join('\n')}\n`;
}

function changeLines(change: IncidentChange): string[] {
  switch (change.change) {
    case 'new':
      return [`  + new    ${summary(change.after)}`];
    case 'gone':
      return [`  - gone   ${summary(change.before)}`];
    case 'moved':
      return [
        `  ~ moved  ${summary(change.before)}`,
        ...shownKeys(change).map(
          (key) => `             ${key}: ${shown(change.before, key)} -> ${shown(change.after, key)}`,
        ),
      ];
  }
}

/**
 * Returns the keys to show. It leaves out when people are told if that is, before and after, as soon as the incident
 * opens.
 */
function shownKeys({ before, after, keys }: IncidentChange & { change: 'moved' }): readonly MovedKey[] {
  const isAtOnce = [before, after].every((each) => each.told_at === each.incident.opened_at);
  return isAtOnce ? keys.filter((key) => key !== 'told_at') : keys;
}

function summary(replayed: ReplayedIncident): string {
  const { incident } = replayed;
  const end = incident.closed_at === null ? 'still open' : `until ${utc(incident.closed_at)}`;
  const told = incident.told.length === 0 ? 'tells nobody' : `tells ${incident.told.join(', ')}`;
  return `${utc(incident.opened_at)} ${incident.reason}, ${end}, ${told}`;
}

function shown(replayed: ReplayedIncident, key: MovedKey): string {
  const { incident } = replayed;
  switch (key) {
    case 'opened_at':
      return utc(incident.opened_at);
    case 'closed_at':
      return incident.closed_at === null ? 'still open' : utc(incident.closed_at);
    case 'told_at':
      return replayed.told_at === null ? 'never' : utc(replayed.told_at);
    case 'reason':
      return incident.reason;
    case 'told':
      return incident.told.length === 0 ? 'nobody' : incident.told.join(', ');
  }
}
