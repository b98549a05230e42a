import type { RunsSummary } from '../../cli/api-types.ts';

const HOUR_MS = 3_600_000;
/** Until then the reader wants to know of the night, and later of the day. */
const MORNING_ENDS = 14;
const EVENING = 18;

/**
 * Returns since when the reader wants a summary: the evening before, until the early afternoon; later, the morning.
 * @param hour the hour of the day where the reader is
 */
export function nightBegan(nowAt: number, hour: number): number {
  const beganHours = hour < MORNING_ENDS ? hour + 24 - EVENING : hour - 6;
  const at = nowAt - beganHours * HOUR_MS;
  return at - (at % HOUR_MS);
}

/** Says how a night was, in one line: `412 runs of 118 jobs since 18:00, 3 bad, 2 of them over`. */
export function nightText(night: RunsSummary, since: string): string {
  const { run_count: runs, job_count: jobs, incident_count: incidents, closed_count: closed } = night;
  const atLeast = night.is_whole ? '' : 'at least ';
  const ran = `${atLeast}${counted(runs, 'run')} of ${counted(jobs, 'job')} since ${since}`;
  const bad = badCount(night);
  if (bad === 0) return `${ran}, none bad`;
  if (incidents === 0) return `${ran}, ${bad} bad`;
  const over = closed === 0 ? '' : closed === incidents ? ', all over' : `, ${closed} of them over`;
  return `${ran}, ${bad} bad; ${counted(incidents, 'incident')} opened${over}`;
}

function badCount({ outcomes }: RunsSummary): number {
  return ['failure', 'timeout', 'missed', 'abandoned'].reduce((sum, key) => sum + (outcomes[key] ?? 0), 0);
}

function counted(count: number, word: string): string {
  return `${count.toLocaleString('en')} ${word}${count === 1 ? '' : 's'}`;
}
