import type { Gap, Slot } from './records.ts';
import type { Terms } from './terms.ts';

/** A run may come before its slot by at most this. */
const EARLY_MS_MAX = 2 * 60_000;
/** This many of the slots that were given up are remembered, so that a late report may correct them. */
const CORRECTED_SLOTS_MAX = 32;

/** The latest claimed slots, this many, show by when the job reports. */
const REPORTED_SLOTS = 10;
/** A gap explains nothing if it begins this long after the latest of them had been claimed. */
const REPORTED_SLACK_MS = 60_000;

/** The instant at which a slot is given up; `touched` says that Cronflow was away in between. */
export interface Deadline {
  at: number;
  touched: boolean;
}

/** Every slot that a job ever had, up to the first one that is still to come. */
export class Slots {
  readonly all: Slot[] = [];
  private readonly gaps: readonly Gap[];
  private readonly replayWindowMs: number;
  private terms: Terms;
  /** All slots up to here are in the list. */
  private listedTo = Number.NEGATIVE_INFINITY;
  /**
   * The slots that were given up and that a run may still take over. None has been taken over, and none is of another
   * schedule.
   */
  private claimable: Slot[] = [];
  /**
   * The start of the latest run of an `every`, or the instant since at which the job was declared, resumed or changed.
   */
  private countsFrom = Number.NEGATIVE_INFINITY;
  /** The times from each slot of this schedule that was claimed to the claim. */
  private reportedAfterMs: number[] = [];
  /** The instant at which the grace was last changed. */
  private graceAt = Number.NEGATIVE_INFINITY;

  constructor(gaps: readonly Gap[], replayWindowMs: number, terms: Terms) {
    this.gaps = gaps;
    this.replayWindowMs = replayWindowMs;
    this.terms = terms;
  }

  /** Expects the first slot after the instant, and no other. */
  expectAfter(at: number): void {
    this.drop();
    this.listedTo = at;
    const { every_ms: everyMs } = this.terms;
    this.countsFrom = at;
    if (everyMs !== null) this.push(at + everyMs, everyMs / 2);
  }

  /** Takes the open slots out of the list, after which nothing is expected any more. */
  drop(): Slot[] {
    const open = this.open();
    this.all.splice(this.all.length - open.length);
    this.listedTo = Number.POSITIVE_INFINITY;
    this.claimable = [];
    return open;
  }

  /** Notes that a run or a skip has claimed a slot in time, by a ping of that instant. */
  claimed(slot: Slot, pingedAt: number): void {
    if (this.terms.cron !== null) this.reportedAfterMs.push(Math.max(0, pingedAt - slot.at));
  }

  /** Forgets when the job reports, because its schedule is another. */
  forgetReports(): void {
    this.reportedAfterMs = [];
  }

  /** Tells whether a run that a gap hid, and no other silence, can be why nothing was heard of a slot. */
  private explains(gap: Gap, slot: Slot): boolean {
    const last = this.reportedAfterMs.slice(-REPORTED_SLOTS);
    if (last.length < REPORTED_SLOTS) return true;
    return gap.from_at <= slot.at + Math.max(...last) + REPORTED_SLACK_MS;
  }

  changeTerms(terms: Terms, at: number): void {
    if (terms.grace_ms !== this.terms.grace_ms) this.graceAt = at;
    this.terms = terms;
  }

  /** Lists every slot up to the instant, and one that is open. */
  listTo(at: number): void {
    const { cron } = this.terms;
    if (cron === null) return;
    while (
      this.listedTo <= at ||
      (this.listedTo < Number.POSITIVE_INFINITY && this.expected() === undefined)
    ) {
      const next = cron.next(this.listedTo);
      if (next === null) {
        this.listedTo = Number.POSITIVE_INFINITY;
        return;
      }
      this.listedTo = next;
      const before = cron.previous(next - 1);
      // A slot may have been claimed early, just before a change of the schedule named it again.
      const last = this.all.at(-1);
      if (last === undefined || last.at < next) {
        this.push(next, before === null ? Number.POSITIVE_INFINITY : (next - before) / 2);
      }
    }
  }

  private push(at: number, halfMs: number): void {
    this.all.push({ at, half_ms: halfMs, run: null, result: null });
  }

  /** Returns the slots that are not yet settled, oldest first. They are always the last ones. */
  open(): Slot[] {
    let from = this.all.length;
    while (from > 0 && isOpen(this.all[from - 1])) from -= 1;
    return this.all.slice(from);
  }

  /** Returns the oldest slot that is not yet settled. */
  expected(): Slot | undefined {
    let from = this.all.length;
    while (from > 0 && isOpen(this.all[from - 1])) from -= 1;
    return this.all[from];
  }

  /** Notes that a slot ended without a run, and may turn out to have had one. */
  giveUp(slot: Slot): void {
    this.claimable.push(slot);
    if (this.claimable.length > CORRECTED_SLOTS_MAX) this.claimable.shift();
  }

  /** Finds the slot that was given up and to which a run that starts then belongs. No other run will take it. */
  takeOver(startedAt: number): Slot | undefined {
    const settled = this.all.slice(0, this.all.length - this.open().length);
    const slot = settled.findLast((each) => each.at - this.earlyMs(each) <= startedAt);
    if (slot === undefined || !this.claimable.includes(slot)) return undefined;
    this.claimable = this.claimable.filter((each) => each !== slot);
    return slot;
  }

  earlyMs(slot: Slot): number {
    return Math.min(this.terms.grace_ms, slot.half_ms, EARLY_MS_MAX);
  }

  /** Returns the end of the time that a run has to show itself, whatever else the slot waits for. */
  graceEndsAt(slot: Slot): number {
    return slot.at + this.terms.grace_ms;
  }

  plainDeadlineAt(slot: Slot): number {
    return Math.max(slot.at, this.graceAt) + this.terms.grace_ms;
  }

  deadlineOf(slot: Slot): Deadline {
    const deadline = { at: this.plainDeadlineAt(slot), touched: false };
    for (const gap of this.gaps) {
      if (slot.at - this.earlyMs(slot) > gap.to_at || gap.from_at > deadline.at) continue;
      // Pings that one gap hid may be replayed in the next, so the next gap need not explain anything more.
      if (!deadline.touched && !this.explains(gap, slot)) continue;
      deadline.touched = true;
      // The end of the gap moves the expectation of an interval.
      const isInterval = this.terms.cron === null;
      deadline.at = isInterval
        ? Number.POSITIVE_INFINITY
        : Math.max(deadline.at, gap.to_at + this.replayWindowMs);
    }
    if (deadline.touched) deadline.at = this.firstMissUpTo(slot.at, deadline.at);
    return deadline;
  }

  /**
   * Returns when the first slot after one is missed that no gap explains. A slot that waits longer than that is given
   * up with it.
   */
  private firstMissUpTo(slotAt: number, at: number): number {
    const { cron } = this.terms;
    if (cron === null) return at;
    for (let next = cron.next(slotAt); next !== null;) {
      const before = cron.previous(next - 1) ?? Number.NEGATIVE_INFINITY;
      const slot: Slot = { at: next, half_ms: (next - before) / 2, run: null, result: null };
      const deadlineAt = this.plainDeadlineAt(slot);
      if (deadlineAt >= at) return at;
      const hiding = this.gaps.find(
        (gap) =>
          slot.at - this.earlyMs(slot) <= gap.to_at && gap.from_at <= deadlineAt && this.explains(gap, slot),
      );
      if (hiding === undefined) return deadlineAt;
      // The same gap hides the slots in between.
      next = cron.next(Math.max(next, hiding.to_at));
    }
    return at;
  }

  /** Notes for `every` that a run has started. */
  ranAt(at: number): void {
    this.countsFrom = Math.max(at, this.countsFrom);
    this.startedAt(at);
  }

  /** Makes the next run of an `every` due that long after the start of this one. */
  startedAt(at: number): void {
    const everyMs = this.terms.every_ms;
    if (everyMs === null) return;
    const expected = this.expected();
    if (expected === undefined) this.push(at + everyMs, everyMs / 2);
    else expected.at = Math.max(expected.at, at + everyMs);
  }

  /** Makes nothing of an `every` due before the instant, because a run was open. */
  notBefore(at: number): void {
    const expected = this.expected();
    if (this.terms.every_ms !== null && expected !== undefined) expected.at = Math.max(expected.at, at);
  }

  /** Changes what is expected of an `every` after Cronflow was away. */
  gapEnded(gap: Gap): void {
    const everyMs = this.terms.every_ms;
    const expected = this.expected();
    if (everyMs === null || expected === undefined) return;
    const touches =
      expected.at - this.earlyMs(expected) <= gap.to_at && gap.from_at <= this.plainDeadlineAt(expected);
    const anewAt = gap.to_at + everyMs;
    const moved = touches ? anewAt : Math.min(anewAt, this.countsFrom + 2 * everyMs);
    expected.at = Math.max(expected.at, moved);
  }
}

function isOpen(slot: Slot | undefined): boolean {
  return slot !== undefined && slot.result === null && slot.run === null;
}
