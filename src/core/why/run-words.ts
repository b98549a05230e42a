import { formatDuration } from '../../schedule/duration.ts';
import { counted } from '../text/counts.ts';
import type { Row, Run, SlotsRow } from '../model/records.ts';
import { startOf } from '../model/rows.ts';
import type { Spec } from '../model/spec.ts';
import type { ClockWords } from './clock-words.ts';

/** Names a run by when it began, or by when it ended where only that is known. */
export function nameOf(row: Row, words: ClockWords): string {
  const startedAt = startOf(row);
  if (startedAt !== null) return `the run that began at ${words.at(startedAt)}`;
  return row.ended_at === null ? 'the run' : `the run that ended at ${words.at(row.ended_at)}`;
}

/** Says how a run ended, as what follows `the run`. */
export function endWords(run: Run): string {
  const after = run.duration_ms === null ? '' : ` after ${formatDuration(run.duration_ms)}`;
  const detail = run.detail === null ? '' : `: ${run.detail}`;
  switch (run.reason) {
    case 'succeeded':
      return `ended well${after}${detail}`;
    case 'exit_code':
      return `failed${after} with exit code ${run.exit_code ?? 'unknown'}`;
    case 'signal':
      return `was ended${after} by the signal ${run.signal ?? 'that nobody named'}`;
    case 'reported_failure':
      return `failed${after}, and said no exit code`;
    case 'unreadable_report':
      return `ended${after}, and nobody can read how${detail}. That counts as a failure`;
    case 'too_fast':
      return `said that it ended well${after}. That is too fast${detail}`;
    case 'output_mismatch':
      return `said that it ended well${after}, but its output is not what is expected${detail}`;
    case 'overlap':
      return `failed, because an earlier run was still open${detail}`;
    default:
      return `ended as ${run.outcome ?? 'open'}${after}${detail}`;
  }
}

/** Says what became of slots that ended without a run. */
export function slotsWords(
  row: SlotsRow,
  count: number,
  { spec, words, isByTime }: { spec: Spec; words: ClockWords; isByTime: boolean },
): string {
  const which =
    count === 1
      ? `the slot at ${words.at(row.slot_at)}`
      : `${counted(count, 'slot')}, the last at ${words.at(row.slot_at)},`;
  const [was, has] = count === 1 ? ['was', 'had'] : ['were', 'had'];
  switch (row.reason) {
    case 'missed':
    case 'never_seen': {
      const never = row.reason === 'never_seen' ? ' No ping of this job has ever come.' : '';
      if (!isByTime) return `${upper(which)} ${has} had the whole grace and ${was} missed.${never}`;
      return `No run had claimed ${which} by its deadline, ${words.at(row.ended_at)}, so it ${was} missed.${never}`;
    }
    case 'outage':
      return `${upper(which)} ended as unknown and not as missed: Cronflow was away around it, so nobody knows whether the job ran.`;
    case 'superseded':
      return `${upper(which)} ${was} skipped, because the run claimed a later one.`;
    case 'overlap_skipped':
      return `${upper(which)} ${was} skipped: a run was open, and "overlap: skip" says that the job leaves such a slot out.`;
    case 'spec_changed':
      return `${upper(which)} ${was} due by the old schedule and ${was} skipped.`;
    default:
      return `${upper(which)} ended as ${row.outcome} (${row.reason}, grace ${formatDuration(spec.graceMs)}).`;
  }
}

/** Says why a run ended of which nobody reported the end. */
export function givenUpWords(run: Run, spec: Spec, words: ClockWords): string {
  const name = nameOf(run, words);
  const detail = run.detail === null ? '' : ` ${upper(run.detail)}.`;
  switch (run.reason) {
    case 'timeout':
      return `No end of ${name} had come by its limit (max_runtime ${formatDuration(spec.maxRuntimeMs)}), so it timed out.${detail}`;
    case 'abandoned':
      return `${upper(name)} was still open when the next one began, so it must have died. It ended as abandoned.`;
    case 'too_many_runs':
      return `More than ${spec.openRunsMax} runs were open (max_open_runs), so the oldest was given up: ${name}.`;
    case 'outage':
      return `${upper(name)} may have ended while Cronflow was away, so it ended as unknown.`;
    case 'removed':
      return `${upper(name)} was open when the job was removed, so it ended as unknown.`;
    case 'started':
      return `${upper(name)} had counted as a failure by overlap. The earlier run had ended in time after all, so that was taken back.`;
    default:
      return `${upper(name)} ${endWords(run)}.`;
  }
}

/** Begins a sentence. */
export function upper(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}
