import { formatDuration } from '../../schedule/duration.ts';
import { offsetMsAt } from '../../schedule/zone.ts';
import { Draft } from '../job/draft.ts';
import { deadlineOf } from '../job/due.ts';
import { LIMITS } from '../model/limits.ts';
import type { Delivery, JobState, Run } from '../model/records.ts';
import type { Runs } from '../model/runs.ts';
import { earlyMs, slotAfter } from '../model/slots.ts';
import type { Spec } from '../model/spec.ts';
import { type SystemChange, systemDeliveries, systemIncident } from './incidents.ts';

/** A time in which no ping could be taken (docs/design.md §3.4). */
export interface Gap {
  from_at: number;
  to_at: number;
}

/** Gaps that one message will tell of, until it is owed. Stored, so that no restart forgets them. */
export interface Outage {
  /** When the first gap began and ended. */
  from_at: number;
  first_to_at: number;
  /** When the last one began and ended. */
  last_from_at: number;
  to_at: number;
  /** Time away in all. */
  away_ms: number;
  /** Of the longest gap; gaps that touch count as one. */
  longest_ms: number;
  count: number;
  /** The first of the gaps. */
  stretches: Gap[];
  /** Put off so far, until it is known what became of the slots it touched; absent mostly. */
  not_before_at?: number;
}

/** What of one job Cronflow could not see. */
export interface Unseen {
  job_name: string;
  /** Slots that ended `unknown`. */
  slot_count: number;
  /** Runs that were open and ended `unknown`. */
  ended_count: number;
  /** Runs that were open and still are. */
  open_count: number;
  /** Whether a slot it touched is still expected, since its grace lasts longer. */
  is_expected: boolean;
  /** Names of the job's notifiers: they are told of it, too. */
  notify: readonly string[];
}

/** A shorter outage that left nothing unseen is not told. */
const TOLD_MS_MIN = 300_000;
/** However often Cronflow goes away again, the message comes this long after the first gap's end. */
const WAIT_MS_MAX = 3_600_000;
/** How soon it is looked again what has become of the runs that a short outage touched. */
const LOOK_AGAIN_MS = 900_000;
const STRETCHES_MAX = 10;
const JOBS_MAX = 20;
/** Slots counted one by one in a row of history that began before the outage. */
const COUNTED_SLOTS_MAX = 1_000;

/**
 * When the message about an outage is due: once what was spooled meanwhile has had its time to be replayed.
 * @param replayWindowMs the configuration's `replay_window`
 */
export function outageDueAt(outage: Outage, replayWindowMs: number): number {
  const dueAt = Math.min(outage.to_at + replayWindowMs, latestDueAt(outage, replayWindowMs));
  return Math.max(dueAt, outage.not_before_at ?? 0);
}

/** A replay window that is itself long is waited for, and leaves room for a second gap. */
function latestDueAt(outage: Outage, replayWindowMs: number): number {
  return outage.first_to_at + Math.max(WAIT_MS_MAX, 2 * replayWindowMs);
}

/**
 * Adds a gap to the outages not yet told. It is told together with the one before, unless its own replay
 * window ends later than that one can wait: then it has a message of its own, so nothing it hid is left out.
 * @param outages oldest first
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

/** The wall clock was set back: what was dated by the clock as it was is dated as if it had been right. */
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
 * What an outage hid of a job; null if nothing.
 * @param state the job's state, settled up to the instant of asking
 * @param runs its open runs and its history as far as it is kept
 */
export function unseenOf(spec: Spec, state: JobState, runs: Runs, outage: Outage): Unseen | null {
  const isOpenIn = (run: Run): boolean =>
    run.counted && run.started_at !== null && run.started_at <= outage.to_at;
  const isPaused = spec.paused || state.paused_by_api;
  const open = isPaused ? [] : runs.open().filter(isOpenIn);
  const ended = runs
    .all()
    .filter((run) => isUnknown(run) && isOpenIn(run) && (run.ended_at ?? -Infinity) >= outage.from_at);
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
 * An outage that was short is worth a message only if something stays unseen, and that is not known while a
 * slot it touched is still expected or a run still open: a restart beside a backup of hours is no news, unless
 * its end never comes. One that reaches its limit is told of by that, with Cronflow's absence.
 * @param untilAt when the last such slot is given up; null when there is none
 * @param at when it is asked
 * @returns the outage put off until that is known, or looked at again; null when it can be told of now
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

/** When the slot that is expected is given up as `unknown`, if the outage touched it; else null. */
export function touchedUntil(spec: Spec, state: JobState, runs: Runs, outage: Outage): number | null {
  const draft = new Draft(spec, { job_id: '', job: state, runs, incident: null }, state.settled_at);
  const deadline = deadlineOf(draft);
  const slotAt = state.expected_at;
  if (deadline?.outcome !== 'unknown' || slotAt === null) return null;
  const isTouched = slotAt - earlyMs(spec, slotAt) <= outage.to_at && deadline.at >= outage.from_at;
  return isTouched ? deadline.at : null;
}

function isUnknown(run: Run): boolean {
  return run.outcome === 'unknown' && run.reason === 'outage';
}

/** Slots that ended `unknown` and that the outage, from its first gap to its last, can have hidden. */
function unseenSlots(spec: Spec, state: JobState, runs: Runs, outage: Outage): number {
  const { deadline_at_min: deadlineAtMin } = state;
  const fromAt = outage.from_at - spec.graceMs;
  const toAt = outage.to_at + Math.min(spec.graceMs, LIMITS.earlyMsMax);
  const rows = runs.all().filter((run) => isUnknown(run) && run.started_at === null);
  let count = 0;
  for (const row of rows) {
    const firstAt = row.first_slot_at ?? row.slot_at;
    const endedAt = row.ended_at ?? Infinity;
    if (firstAt === null || firstAt > toAt || endedAt < outage.from_at) continue;
    // A change of the grace put off the deadlines of what was not given up yet.
    const isPutOff = deadlineAtMin >= outage.from_at && endedAt >= deadlineAtMin - spec.graceMs;
    const oldestAt = isPutOff ? firstAt : fromAt;
    const isWhole = firstAt >= oldestAt && (row.slot_at ?? firstAt) <= toAt;
    const inRow = isWhole ? row.count : slotsWithin(spec, row, oldestAt, toAt);
    count += Math.max(0, inRow - takenOver(runs, row, oldestAt, toAt));
  }
  // Of a short history the rows may have gone; the slots themselves are still remembered.
  const known = new Set(rows.map((row) => row.id));
  const forgotten = state.unclaimed.filter(
    ({ at, outcome, run_id: runId }) =>
      outcome === 'unknown' && at >= fromAt && at <= toAt && !known.has(runId),
  );
  return count + forgotten.length;
}

/** How many slots of a row, within a range, had a run after all: the row keeps them until it is known how that ended. */
function takenOver(runs: Runs, row: Run, fromAt: number, toAt: number): number {
  return runs.all().filter(({ replaces_run_id: rowId, slot_at: slotAt, outcome }) => {
    if (rowId !== row.id || slotAt === null || slotAt < fromAt || slotAt > toAt) return false;
    return outcome === null || outcome === 'unknown';
  }).length;
}

/** How many slots of a row lie in a range: one outage's slots can be counted in an earlier one's row. */
function slotsWithin(spec: Spec, row: Run, fromAt: number, toAt: number): number {
  const lastAt = row.slot_at ?? fromAt;
  const firstAt = row.first_slot_at ?? lastAt;
  // The edges of the row are slots of it however the schedule has changed since.
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
 * The one incident about an outage and the one message owed to each notifier: it was over before it could
 * be told, so no closing follows (docs/design.md §3.4). The notifiers of a job that it names are told of their jobs
 * alone, for else a run that was lost in it would stay unknown to the people of that job. Nothing for a short outage
 * that hid nothing.
 * @param notify names of the notifiers that are told everything
 * @param timezone in which the message names instants
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
  const owed = (told: readonly string[], of: readonly Unseen[]): Delivery[] => {
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
    if (count > stretches.length) lines.push(`and ${plural(count - stretches.length, 'more time')}`);
  }
  const byName = unseen.toSorted((a, b) => (a.job_name < b.job_name ? -1 : 1));
  for (const each of byName.slice(0, JOBS_MAX)) lines.push(`${each.job_name}: ${whatOf(each)}`);
  if (byName.length > JOBS_MAX) lines.push(`and ${plural(byName.length - JOBS_MAX, 'more job')}`);
  return lines.join('\n');
}

function hiddenOf(unseen: readonly Unseen[]): string {
  const sum = (of: (each: Unseen) => number): number => unseen.reduce((total, each) => total + of(each), 0);
  const slots = sum((each) => each.slot_count);
  const runs = sum((each) => each.ended_count + each.open_count);
  const parts = [slots === 0 ? '' : plural(slots, 'slot'), runs === 0 ? '' : plural(runs, 'run')];
  const hidden = parts.filter((part) => part !== '').join(' and ');
  if (hidden === '' && unseen.length > 0) return `${plural(unseen.length, 'job')} may have run unseen`;
  if (hidden === '') return 'nothing went unseen';
  return `what became of ${hidden} of ${plural(unseen.length, 'job')} is not known`;
}

function whatOf({ slot_count: slots, ended_count: ended, open_count: open, is_expected }: Unseen): string {
  const parts: string[] = [];
  if (slots > 0) parts.push(`${plural(slots, 'slot')} unknown`);
  if (ended > 0) parts.push(`${plural(ended, 'run')} ended unknown`);
  if (open > 0) parts.push(`${plural(open, 'run')} still open`);
  if (is_expected) parts.push('1 slot still expected');
  return parts.join(', ');
}

function plural(count: number, word: string): string {
  return count === 1 ? `1 ${word}` : `${count} ${word}s`;
}

/** `2026-01-15 02:00:13`, without the seconds where there are none. */
function localTime(at: number, timezone: string): string {
  const text = new Date(at + offsetMsAt(timezone, at)).toISOString();
  const time = text.slice(11, 19).replace(/:00$/, '');
  return `${text.slice(0, 10)} ${time}`;
}
