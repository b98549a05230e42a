import { formatDuration } from '../../schedule/duration.ts';
import { HOUR_MS } from '../../schedule/units.ts';
import { offsetMsAt } from '../../schedule/zone.ts';
import { Draft } from '../job/draft.ts';
import { deadlineOf } from '../job/due.ts';
import { LIMITS } from '../model/limits.ts';
import type { JobState, Row, Run, SlotsRow, SystemDelivery } from '../model/records.ts';
import type { Runs } from '../model/runs.ts';
import { earlyMs, slotAfter } from '../model/slots.ts';
import type { Spec } from '../model/spec.ts';
import { counted } from '../text/counts.ts';
import { type SystemChange, systemDeliveries, systemIncident } from './incidents.ts';

/** A time in which no ping could be taken (docs/design.md §3.4). */
export interface Gap {
  from_at: number;
  to_at: number;
}

/**
 * The gaps of which one message will tell. They are stored until the message is owed, so that no restart forgets them.
 */
export interface Outage {
  /** The beginning of the first gap, and its end. */
  from_at: number;
  first_to_at: number;
  /** The beginning of the last gap, and its end. */
  last_from_at: number;
  to_at: number;
  /** The time away in all. */
  away_ms: number;
  /** The length of the longest gap. Gaps that touch count as one. */
  longest_ms: number;
  count: number;
  /** The first `STRETCHES_MAX` gaps. */
  stretches: Gap[];
  /**
   * The message is put off until this instant, when it is known what became of the slots that the outage touched.
   * Mostly it is absent.
   */
  not_before_at?: number;
}

/** The slots and runs of one job that Cronflow could not see. */
export interface Unseen {
  job_name: string;
  /** The number of slots that ended `unknown`. */
  slot_count: number;
  /** The number of runs that were open and ended `unknown`. */
  ended_count: number;
  /** The number of runs that were open and still are. */
  open_count: number;
  /** Says that a slot which the outage touched is still expected, since its grace lasts longer. */
  is_expected: boolean;
  /** The names of the notifiers of the job, which are told of the outage, too. */
  notify: readonly string[];
}

/** A shorter outage that left nothing unseen is not told. */
const TOLD_MS_MIN = 300_000;
/** The message comes this long after the end of the first gap at the latest, however often Cronflow goes away again. */
const WAIT_MS_MAX = HOUR_MS;
/** After this time Cronflow looks again what has become of the runs that a short outage touched. */
const LOOK_AGAIN_MS = 900_000;
const STRETCHES_MAX = 10;
const JOBS_MAX = 20;
/** At most this many slots are counted one by one in a row of history that began before the outage. */
const COUNTED_SLOTS_MAX = 1_000;

/**
 * Returns when the message about an outage is due: once the pings that were spooled meanwhile have had their time to be
 * replayed.
 * @param replayWindowMs the `replay_window` of the configuration
 */
export function outageDueAt(outage: Outage, replayWindowMs: number): number {
  const dueAt = Math.min(outage.to_at + replayWindowMs, latestDueAt(outage, replayWindowMs));
  return Math.max(dueAt, outage.not_before_at ?? 0);
}

/**
 * Returns how long the message can wait. It waits even for a replay window that is itself long, and leaves room for a
 * second gap.
 */
function latestDueAt(outage: Outage, replayWindowMs: number): number {
  return outage.first_to_at + Math.max(WAIT_MS_MAX, 2 * replayWindowMs);
}

/**
 * Adds a gap to the outages that are not told yet. It is told together with the outage before, unless its own replay
 * window ends later than that one can wait. Then it has a message of its own, so that nothing that it hid is left out.
 * @param outages the outages, oldest first
 */
export function withGap(outages: readonly Outage[], gap: Gap, replayWindowMs: number): Outage[] {
  const last = outages.at(-1);
  const gapMs = gap.to_at - gap.from_at;
  if (last === undefined || gap.to_at + replayWindowMs > latestDueAt(last, replayWindowMs)) {
    const { from_at: fromAt, to_at: toAt } = gap;
    const times = { from_at: fromAt, first_to_at: toAt, last_from_at: fromAt, to_at: toAt };
    const outage: Outage = { ...times, away_ms: gapMs, longest_ms: gapMs, count: 1, stretches: [gap] };
    return [...outages, outage];
  }
  const touches = gap.from_at <= last.to_at;
  const lastFromAt = touches ? last.last_from_at : gap.from_at;
  const joined = { from_at: lastFromAt, to_at: gap.to_at };
  const kept = touches && last.count <= STRETCHES_MAX ? last.stretches.slice(0, -1) : last.stretches;
  return [
    ...outages.slice(0, -1),
    {
      ...last,
      last_from_at: lastFromAt,
      to_at: gap.to_at,
      away_ms: last.away_ms + gap.to_at - Math.max(gap.from_at, last.to_at),
      longest_ms: Math.max(last.longest_ms, gap.to_at - lastFromAt),
      count: last.count + (touches ? 0 : 1),
      stretches: kept.length < STRETCHES_MAX ? [...kept, joined] : kept,
    },
  ];
}

/** Dates the outages anew after the wall clock was set back, as if the clock had been right all along. */
export function withClockSetBack(outages: readonly Outage[], byMs: number): Outage[] {
  const moved = ({ from_at: fromAt, to_at: toAt }: Gap): Gap => ({
    from_at: fromAt - byMs,
    to_at: toAt - byMs,
  });
  return outages.map((outage) => ({
    ...outage,
    ...moved(outage),
    first_to_at: outage.first_to_at - byMs,
    last_from_at: outage.last_from_at - byMs,
    ...(outage.not_before_at === undefined ? {} : { not_before_at: outage.not_before_at - byMs }),
    stretches: outage.stretches.map(moved),
  }));
}

/**
 * Returns what an outage hid of a job, or null if it hid nothing.
 * @param state the state of the job, settled up to the present instant
 * @param runs its open runs and its history as far as it is kept
 */
export function unseenOf(spec: Spec, state: JobState, runs: Runs, outage: Outage): Unseen | null {
  const isOpenIn = (run: Run): boolean =>
    run.counted && run.started_at !== null && run.started_at <= outage.to_at;
  const isPaused = spec.paused || state.paused_by_api;
  const open = isPaused ? [] : runs.open().filter(isOpenIn);
  const ended = runs
    .all()
    .filter((row): row is Run => row.kind === 'run' && isUnknown(row))
    .filter((run) => isOpenIn(run) && (run.ended_at ?? -Infinity) >= outage.from_at);
  const slotCount = unseenSlots(spec, state, runs, outage);
  const isExpected = touchedUntil(spec, state, runs, outage) !== null;
  if (slotCount + ended.length + open.length === 0 && !isExpected) return null;
  return {
    job_name: spec.name,
    slot_count: slotCount,
    ended_count: ended.length,
    open_count: open.length,
    is_expected: isExpected,
    notify: [...new Set(spec.notify.map(({ to }) => to))],
  };
}

/**
 * Puts off the message about a short outage until it is known whether anything stays unseen. That is not known while a
 * slot that the outage touched is still expected, or a run still open. A restart beside a backup of hours is no news,
 * unless the end of the backup never comes. A run that reaches its limit is told as a timeout, which names the absence
 * of Cronflow.
 * @param untilAt when the last such slot is given up; null when there is none
 * @param at now
 * @returns the outage put off until that is known, or until Cronflow looks again; null when it can be told of now
 */
export function postponed(
  outage: Outage,
  unseen: readonly Unseen[],
  untilAt: number | null,
  at: number,
): Outage | null {
  const isCertain = unseen.some((each) => each.slot_count + each.ended_count > 0);
  if (isCertain || outage.longest_ms >= TOLD_MS_MIN) return null;
  const isOpen = unseen.some((each) => each.open_count > 0);
  const notBeforeAt = untilAt ?? (isOpen ? at + LOOK_AGAIN_MS : null);
  return notBeforeAt === null ? null : { ...outage, not_before_at: notBeforeAt };
}

/** Returns when the expected slot is given up as `unknown`, if the outage touched it, and null otherwise. */
export function touchedUntil(spec: Spec, state: JobState, runs: Runs, outage: Outage): number | null {
  const draft = new Draft(spec, { job_id: '', job: state, runs, incident: null }, state.settled_at);
  const deadline = deadlineOf(draft);
  const slotAt = state.expected_at;
  if (deadline?.outcome !== 'unknown' || slotAt === null) return null;
  const isTouched = slotAt - earlyMs(spec, slotAt) <= outage.to_at && deadline.at >= outage.from_at;
  return isTouched ? deadline.at : null;
}

function isUnknown(run: Row): boolean {
  return run.outcome === 'unknown' && run.reason === 'outage';
}

/** Counts the slots that ended `unknown` and that the outage, from its first gap to its last, can have hidden. */
function unseenSlots(spec: Spec, state: JobState, runs: Runs, outage: Outage): number {
  const { deadline_at_min: deadlineAtMin } = state;
  const fromAt = outage.from_at - spec.graceMs;
  const toAt = outage.to_at + Math.min(spec.graceMs, LIMITS.earlyMsMax);
  const rows = runs.all().filter((row): row is SlotsRow => row.kind === 'slots' && isUnknown(row));
  let count = 0;
  for (const row of rows) {
    const { first_slot_at: firstAt, slot_at: lastAt, ended_at: endedAt } = row;
    if (firstAt > toAt || endedAt < outage.from_at) continue;
    // A change of the grace put off the deadlines of slots that were not given up yet.
    const isPutOff = deadlineAtMin >= outage.from_at && endedAt >= deadlineAtMin - spec.graceMs;
    const oldestAt = isPutOff ? firstAt : fromAt;
    const isWhole = firstAt >= oldestAt && lastAt <= toAt;
    const inRow = isWhole ? row.count : slotsWithin(spec, row, oldestAt, toAt);
    count += Math.max(0, inRow - takenOver(runs, row, oldestAt, toAt));
  }
  // The rows of a short history may be gone, but the slots themselves are still remembered.
  const known = new Set(rows.map((row) => row.id));
  const forgotten = state.unclaimed.filter(
    ({ at, outcome, run_id: runId }) =>
      outcome === 'unknown' && at >= fromAt && at <= toAt && !known.has(runId),
  );
  return count + forgotten.length;
}

/**
 * Counts the slots of a row, within a range, that had a run after all. The row keeps them until it is known how that
 * run ended.
 */
function takenOver(runs: Runs, row: SlotsRow, fromAt: number, toAt: number): number {
  return runs.all().filter((other) => {
    if (other.kind !== 'run' || other.replaces_run_id !== row.id) return false;
    const { slot_at: slotAt, outcome } = other;
    if (slotAt === null || slotAt < fromAt || slotAt > toAt) return false;
    return outcome === null || outcome === 'unknown';
  }).length;
}

/**
 * Counts the slots of a row that lie in a range, because the slots of one outage can be counted in the row of an
 * earlier one.
 */
function slotsWithin(spec: Spec, row: SlotsRow, fromAt: number, toAt: number): number {
  const { first_slot_at: firstAt, slot_at: lastAt } = row;
  // The edges of the row are slots of it, however the schedule has changed since.
  const countMin = [firstAt, lastAt].some((at) => fromAt <= at && at <= toAt) ? 1 : 0;
  if (spec.schedule?.kind === 'every') {
    const { everyMs } = spec.schedule;
    const after = Math.max(0, Math.ceil((lastAt - toAt) / everyMs));
    const upTo = Math.min(row.count - 1, Math.floor((lastAt - fromAt) / everyMs));
    return Math.max(countMin, upTo - after + 1);
  }
  let count = 0;
  let slotAt = slotAfter(spec, Math.max(fromAt, firstAt) - 1);
  while (slotAt !== null && slotAt <= Math.min(toAt, lastAt)) {
    count += 1;
    if (count >= Math.min(row.count, COUNTED_SLOTS_MAX)) break;
    slotAt = slotAfter(spec, slotAt);
  }
  return Math.max(countMin, count);
}

/**
 * Returns the one incident about an outage and the one message owed to each notifier. The outage was over before it
 * could be told, so no closing follows (docs/design.md §3.4). The notifiers of a job that is named in it are told of
 * their jobs alone. Otherwise a run that was lost in the outage would stay unknown to the people of that job. There is
 * nothing for a short outage that hid nothing.
 * @param notify the names of the notifiers that are told everything
 * @param timezone the zone in which the message names instants
 */
export function tellOutage(
  outage: Outage,
  unseen: readonly Unseen[],
  notify: readonly string[],
  timezone: string,
  at: number,
): SystemChange {
  if (outage.longest_ms < TOLD_MS_MIN && unseen.length === 0) return { incidents: [], deliveries: [] };
  const detail = detailOf(outage, unseen, timezone);
  const trouble = { kind: 'outage', reason: 'cronflow_away', detail } as const;
  const others = [...new Set(unseen.flatMap((each) => each.notify))].filter((name) => !notify.includes(name));
  const incident = {
    ...systemIncident(`outage-${outage.from_at}`, trouble, [...notify, ...others], outage.from_at),
    closed_at: outage.to_at,
    close_reason: 'recovered',
  } as const;
  const owed = (told: readonly string[], of: readonly Unseen[]): SystemDelivery[] => {
    const part = { ...incident, told: [...new Set(told)], detail: detailOf(outage, of, timezone) };
    return systemDeliveries(part, 'opened', outage.to_at, at);
  };
  const ofTheirs = others.flatMap((name) =>
    owed(
      [name],
      unseen.filter((each) => each.notify.includes(name)),
    ),
  );
  return { incidents: [incident], deliveries: [...owed(notify, unseen), ...ofTheirs] };
}

function detailOf(outage: Outage, unseen: readonly Unseen[], timezone: string): string {
  const { away_ms: awayMs, count, from_at: fromAt, to_at: toAt, stretches } = outage;
  const times = count === 1 ? '' : `, ${count} times`;
  const span = `from ${localTime(fromAt, timezone)} to ${localTime(toAt, timezone)} (${timezone})`;
  const lines = [`for ${formatDuration(awayMs)}${times}, ${span}; ${hiddenOf(unseen)}`];
  if (count > 1) {
    for (const gap of stretches) {
      const lasted = formatDuration(gap.to_at - gap.from_at);
      lines.push(`away ${localTime(gap.from_at, timezone)} to ${localTime(gap.to_at, timezone)} (${lasted})`);
    }
    if (count > stretches.length) lines.push(`and ${counted(count - stretches.length, 'more time')}`);
  }
  const byName = unseen.toSorted((a, b) => (a.job_name < b.job_name ? -1 : 1));
  for (const each of byName.slice(0, JOBS_MAX)) lines.push(`${each.job_name}: ${whatOf(each)}`);
  if (byName.length > JOBS_MAX) lines.push(`and ${counted(byName.length - JOBS_MAX, 'more job')}`);
  return lines.join('\n');
}

function hiddenOf(unseen: readonly Unseen[]): string {
  const sum = (of: (each: Unseen) => number): number => unseen.reduce((total, each) => total + of(each), 0);
  const slots = sum((each) => each.slot_count);
  const runs = sum((each) => each.ended_count + each.open_count);
  const parts = [slots === 0 ? '' : counted(slots, 'slot'), runs === 0 ? '' : counted(runs, 'run')];
  const hidden = parts.filter((part) => part !== '').join(' and ');
  if (hidden === '' && unseen.length > 0) return `${counted(unseen.length, 'job')} may have run unseen`;
  if (hidden === '') return 'nothing went unseen';
  return `what became of ${hidden} of ${counted(unseen.length, 'job')} is not known`;
}

function whatOf({ slot_count: slots, ended_count: ended, open_count: open, is_expected }: Unseen): string {
  const parts: string[] = [];
  if (slots > 0) parts.push(`${counted(slots, 'slot')} unknown`);
  if (ended > 0) parts.push(`${counted(ended, 'run')} ended unknown`);
  if (open > 0) parts.push(`${counted(open, 'run')} still open`);
  if (is_expected) parts.push('1 slot still expected');
  return parts.join(', ');
}

/** Writes a local time such as `2026-01-15 02:00:13`, without the seconds where there are none. */
function localTime(at: number, timezone: string): string {
  const text = new Date(at + offsetMsAt(timezone, at)).toISOString();
  const time = text.slice(11, 19).replace(/:00$/, '');
  return `${text.slice(0, 10)} ${time}`;
}
