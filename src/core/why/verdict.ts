import type { Outcome } from '../model/reasons.ts';
import type { Row } from '../model/records.ts';
import type { AsOf } from './as-of.ts';
import type { ClockWords } from './clock-words.ts';
import { told, type Told } from './explanation.ts';
import { endWords, nameOf, upper } from './run-words.ts';

/** Says in one or a few sentences how a job was at an instant, and why. */
export function verdictTold(now: AsOf, words: ClockWords): Told[] {
  const { state, isRemoved, isPaused, open } = now;
  if (isRemoved) return [told('Removed. The job is not watched any more.', { reason: 'removed' })];
  if (isPaused)
    return [told('Paused. Nothing is expected of the job, and no ping counts.', { reason: 'paused' })];
  const last = lastTold(now, words);
  const running =
    open.length === 0
      ? []
      : [told(`Running: ${nameOf(open.at(-1)!, words)} is open.`, { run_id: open.at(-1)!.id })];
  const late =
    now.isLate && now.deadline !== null
      ? [
          told(
            `Late: it was expected at ${words.at(state.job.expected_at!)}, and nothing was heard yet. It has until ${words.at(now.deadline.at)}.`,
          ),
        ]
      : [];
  const trouble =
    state.incident === null || isBad(state.job.last_outcome)
      ? []
      : [
          told(`But the incident that opened at ${words.at(state.incident.opened_at)} is not over yet.`, {
            reason: state.incident.reason,
          }),
        ];
  return [...running, ...late, ...last, ...trouble, ...unknownTold(now, words)];
}

function isBad(outcome: Outcome | null): boolean {
  return outcome !== null && outcome !== 'success';
}

/** Says that nobody knows what became of slots since the last outcome that counts. */
function unknownTold({ state }: AsOf, words: ClockWords): Told[] {
  const newest = state.runs.all().at(-1);
  if (newest?.kind !== 'slots' || newest.outcome !== 'unknown') return [];
  const which = newest.count === 1 ? `the slot at` : `${newest.count} slots, the last at`;
  const text = `But nobody knows about ${which} ${words.at(newest.slot_at)}: Cronflow was away around it, and no report has come since.`;
  return [told(text, { at: newest.ended_at, reason: newest.reason, run_id: newest.id })];
}

/** Says how the last run or slot that counts ended. */
function lastTold({ state, open, isLate }: AsOf, words: ClockWords): Told[] {
  const { last_outcome: outcome, last_outcome_at: at, last_success_at: successAt, seen } = state.job;
  if (outcome === null || at === null) {
    if (open.length > 0 || isLate) return [];
    return [
      told(
        seen ? 'Pending. Nothing that counts has ended yet.' : 'Pending. No ping of the job has come yet.',
      ),
    ];
  }
  const row = lastRow(state.runs.all(), outcome, at);
  const reason = row?.reason ?? null;
  const about = { at, reason: reason === 'succeeded' ? null : reason, run_id: row?.id ?? null };
  if (outcome === 'success') {
    const what =
      row === undefined ? `a run ended well at ${words.at(at)}` : `${nameOf(row, words)} ${doneWords(row)}`;
    const isOther = open.length > 0 || isLate;
    const start = isOther
      ? 'Before that, '
      : state.incident === null
        ? 'All is well: '
        : 'The last run ended well: ';
    return [told(`${start}${what}.`, about)];
  }
  const before =
    successAt === null
      ? 'It has never succeeded yet, as far as is known.'
      : `Its last success was at ${words.at(successAt)}.`;
  return [told(`${badWords(outcome, row, at, words)} ${before}`, about)];
}

function doneWords(row: Row): string {
  return row.kind === 'run' ? endWords(row) : 'ended well';
}

function badWords(outcome: Outcome, row: Row | undefined, at: number, words: ClockWords): string {
  const word =
    { missed: 'Missed', timeout: 'Timed out', failure: 'Failed', abandoned: 'Abandoned' }[
      outcome as string
    ] ?? upper(outcome);
  if (row === undefined) return `${word} at ${words.at(at)}.`;
  if (row.kind === 'slots') {
    const never = row.reason === 'never_seen' ? ', nor ever before' : '';
    return `${word}: it was expected at ${words.at(row.slot_at)}, and by ${words.at(row.ended_at)} no run had been heard of${never}.`;
  }
  if (row.kind === 'skip') return `${word}: its lock was taken three times in a row while no run was open.`;
  if (row.reason === 'timeout')
    return `${word}: no end of ${nameOf(row, words)} had come by its limit, ${words.at(at)}.`;
  if (row.reason === 'abandoned' || row.reason === 'too_many_runs')
    return `${word}: ${nameOf(row, words)} was given up at ${words.at(at)}, because ${row.reason === 'abandoned' ? 'the next one began while it was open' : 'too many runs were open'}.`;
  return `${word}: ${nameOf(row, words)} ${endWords(row)}.`;
}

function lastRow(rows: readonly Row[], outcome: Outcome, at: number): Row | undefined {
  return rows.findLast((row) => {
    if (row.outcome !== outcome) return false;
    return row.ended_at === at || (row.kind === 'run' && row.reason === 'overlap' && row.started_at === at);
  });
}
