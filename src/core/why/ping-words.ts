import { formatDuration } from '../../schedule/duration.ts';
import { LIMITS } from '../model/limits.ts';
import type { JobState, Ping, Row, Run } from '../model/records.ts';
import { earlyMs } from '../model/slots.ts';
import type { Spec } from '../model/spec.ts';
import type { Happened } from '../replay/replay.ts';
import type { ClockWords } from './clock-words.ts';
import { endWords, nameOf, upper } from './run-words.ts';

/** Says which ping came and what it did: the reason of the core in plain sentences. */
export function pingWords(ping: Ping, happened: Happened, words: ClockWords): string {
  const sentences = [cameWords(ping, words), ...effectWords(ping, happened, words)];
  return sentences.join(' ');
}

function cameWords(ping: Ping, words: ClockWords): string {
  const code = ping.exit_code === null ? '' : ` with exit code ${ping.exit_code}`;
  const article = /^[aeiou]/.test(ping.kind) ? 'An' : 'A';
  const from = ping.host === null ? '' : ` from ${ping.host}`;
  const came = `${article} ${ping.kind} ping${code} came${from}.`;
  if (ping.delay_ms <= LIMITS.onItsWayMsMax) return came;
  const happenedAt = words.at(ping.received_at - ping.delay_ms);
  return `${came} It had been kept for ${formatDuration(ping.delay_ms)}, so it counts as of ${happenedAt}.`;
}

function effectWords(ping: Ping, happened: Happened, words: ClockWords): string[] {
  const { reason, run_id: id } = happened.result;
  const change = happened.rows.find(({ after }) => after?.id === id);
  const row = change?.after ?? null;
  if (reason === 'duplicate') return ['Cronflow knew this already, so it changed nothing.'];
  if (reason === 'logged') return ['It brought output and changed nothing else.'];
  if (reason === 'lock_held' || reason === 'stuck_lock')
    return skipWords(row, reason === 'stuck_lock', words);
  if (row?.kind !== 'run') return [`It changed nothing that is kept (${reason}).`];
  const pausedWords = row.counted ? [] : ['The job was paused, so the run is recorded and does not count.'];
  if (ping.kind === 'start') return [...startWords(row, change?.before, happened, words), ...pausedWords];
  const isKnown = change?.before !== undefined;
  if (isKnown && reason === 'overlap')
    return [
      `${upper(nameOf(row, words))} had failed as it started, so its end is kept and changes nothing else.`,
    ];
  const claims = isKnown ? [] : claimWords(row, happened, words);
  const replaced = replacedWords(change?.before, words);
  const what = isKnown ? upper(nameOf(change.before!, words)) : wholeRun(row, words);
  return [`${what} ${endWords(row)}.`, ...claims, ...replaced, ...pausedWords];
}

function wholeRun(row: Run, words: ClockWords): string {
  return row.started_at === null
    ? 'No start had come before it. The run'
    : `It tells of a whole run, which began at ${words.at(row.started_at)}. It`;
}

function startWords(row: Run, before: Row | undefined, happened: Happened, words: ClockWords): string[] {
  if (before !== undefined) return ['The end of this run had come first. Now its start is known, too.'];
  const overlap = row.reason === 'overlap' ? [`The run ${endWords(row)}.`] : [];
  return [...claimWords(row, happened, words), ...overlap];
}

/** Says which slot the run claims, or why it claims none (docs/design.md §3.1). */
function claimWords(row: Run, { before, spec }: Happened, words: ClockWords): string[] {
  const startAt = row.started_at ?? row.ended_at ?? 0;
  const { slot_at: slotAt } = row;
  if (slotAt !== null && row.late) {
    const was = row.replaces_outcome ?? 'missed';
    return [`The slot at ${words.at(slotAt)} had ended as ${was}. This run takes it over.`];
  }
  if (slotAt !== null && startAt < slotAt)
    return [`It claims the slot at ${words.at(slotAt)}, ${words.between(startAt, slotAt)} early.`];
  if (slotAt !== null) return [`It claims the slot at ${words.at(slotAt)}.`];
  if (spec.schedule === null) return ['The job has no schedule, so the run belongs to no slot.'];
  return row.counted ? [unclaimedWords(before.job, spec, startAt, words)] : [];
}

function unclaimedWords(
  { expected_at: expectedAt }: JobState,
  spec: Spec,
  startAt: number,
  words: ClockWords,
): string {
  const counts = 'Its outcome counts all the same.';
  if (expectedAt === null) return `No slot was expected, so the run belongs to none. ${counts}`;
  const windowMs = earlyMs(spec, expectedAt);
  if (spec.schedule?.kind === 'every')
    return `No run was expected before ${words.at(expectedAt)}, so this one belongs to no slot. ${counts}`;
  const earlierMs = expectedAt - startAt;
  if (earlierMs > windowMs && earlierMs <= LIMITS.tooEarlyMsMax)
    return `It was ${formatDuration(earlierMs)} before the slot at ${words.at(expectedAt)}. That is too early to claim it: at most ${formatDuration(windowMs)} is allowed. ${counts}`;
  return `No slot was open: the next one was at ${words.at(expectedAt)}. So the run belongs to none. ${counts}`;
}

/** Says that an outcome was replaced which nobody had reported. */
function replacedWords(before: Row | undefined, words: ClockWords): string[] {
  if (before?.kind !== 'run' || before.outcome === null || before.reason === 'overlap') return [];
  return [
    `Until then it was recorded as ${before.outcome}, since ${words.at(before.ended_at ?? 0)}. The report takes its place.`,
  ];
}

function skipWords(row: Row | null, isStuck: boolean, words: ClockWords): string[] {
  const slotAt = row?.slot_at ?? null;
  const settled =
    slotAt === null ? '' : ` That settles the slot at ${words.at(slotAt)}, neither good nor bad.`;
  if (!isStuck) return [`The lock of the job was taken, so nothing was started.${settled}`];
  return [
    `The lock of the job was taken for the third time in a row while no run was open. So something else holds it, and this counts as a failure.`,
  ];
}
