import type { Outcome, Reason } from '../../../src/core/model/reasons.ts';
import type { Ending, ScriptedPing } from '../script.ts';
import { judge } from './judge.ts';
import type { Gap, Result, Run, Slot } from './records.ts';
import { Slots } from './slots.ts';
import type { Terms } from './terms.ts';
import { Trouble } from './trouble.ts';

const MINUTE_MS = 60_000;
const DELAY_MS_MAX = 7 * 24 * 60 * MINUTE_MS;
/** A delayed start cannot time out for this long after its arrival. */
const DELAYED_START_MS_MIN = MINUTE_MS;
/** A ping that took no longer was on its way, and was not kept to be sent again. */
const ON_ITS_WAY_MS_MAX = 10_000;
/** A client that got no answer sends its ping again within this. */
const RETRIED_MS_MAX = MINUTE_MS;
/** The rid of a run may be that of another this long after the run has ended. */
const REUSED_MS_MIN = MINUTE_MS;
/** This many of the newest rows of a job's history are looked at when a run reports its end. */
const ROWS_LOOKED_AT = 100;
/** This many skips make a stuck lock. */
const SKIPS_IN_A_ROW = 3;

interface Due {
  at: number;
  apply: (now: number) => void;
}

/** One job with everything that ever happened to it. Only `advance` lets time pass. */
export class Job {
  readonly name: string;
  readonly trouble: Trouble;
  readonly slots: Slots;
  /** All its runs, by start. */
  readonly runs: Run[] = [];
  declared = true;
  /** The absences of Cronflow, known so far, in which the job was declared. */
  private readonly gaps: Gap[] = [];
  private readonly replayWindowMs: number;
  private terms: Terms;
  private clock: number;
  private paused: boolean;
  private pausedByApi = false;
  private pausedUntil = Number.POSITIVE_INFINITY;
  /** Says that some ping came. */
  private seen = false;
  private learned = 0;
  /** The rids of the skips that came. */
  private readonly skipped = new Set<string>();
  /** The runs with a rid, in the order in which they became known. */
  private readonly byRid = new Map<string, Run[]>();
  /** The last end without a rid, and the number of starts that had come before it. */
  private anonymousEnd: { at: number; ping: ScriptedPing; startsBefore: number } | null = null;
  /** The instants of starts that were no repetitions, in the order in which they came. */
  private readonly startsAt: number[] = [];
  private openRuns: Run[] = [];
  /** The runs that failed by starting, and may be going on. */
  private readonly overlapping: Run[] = [];
  /** The stuck locks that settled no slot. */
  private readonly stuck: Result[] = [];
  /** The skips that settled no slot, stuck locks among them. Each has a row of its own. */
  private readonly skipRows: Result[] = [];
  /** The instants of runs and skips, in order. */
  private readonly traces: { at: number; skip: boolean }[] = [];

  constructor(name: string, terms: Terms, declaredAt: number, replayWindowMs: number) {
    this.name = name;
    this.terms = terms;
    this.clock = declaredAt;
    this.replayWindowMs = replayWindowMs;
    this.paused = terms.paused;
    this.trouble = new Trouble(name, terms, this.gaps);
    this.slots = new Slots(this.gaps, replayWindowMs, terms);
    if (this.paused) this.slots.drop();
    else this.slots.expectAfter(declaredAt);
  }

  /** Applies everything that time alone brings about before the instant, or up to it. */
  advance(to: number, inclusive = false): void {
    for (;;) {
      let first: Due | undefined;
      for (const due of this.dues()) if (first === undefined || due.at < first.at) first = due;
      if (first === undefined || first.at > to || (first.at === to && !inclusive)) break;
      this.clock = Math.max(this.clock, first.at);
      first.apply(this.clock);
    }
    this.clock = Math.max(this.clock, to);
  }

  /** Lists everything that is due at some time. Of two at one instant the first in the list comes first. */
  private dues(): Due[] {
    if (!this.declared) return [];
    this.slots.listTo(this.clock);
    const dues: Due[] = this.openRuns.map((run) => ({
      at: this.timeoutAt(run),
      apply: () => this.end(run, 'timeout', 'timeout', this.timeoutAt(run)),
    }));
    const running = this.openRuns.some((run) => run.counted);
    for (const slot of this.slots.open()) {
      if (this.terms.overlap === 'skip' && this.terms.cron !== null && this.isCovered(slot.at)) {
        dues.push({ at: slot.at, apply: () => this.settle(slot, 'skipped', 'overlap_skipped', slot.at) });
      }
      if (this.terms.every_ms !== null && running) continue;
      const { at, touched } = this.slots.deadlineOf(slot);
      if (at < Number.POSITIVE_INFINITY) dues.push({ at, apply: () => this.miss(slot, touched, at) });
    }
    dues.push(...this.trouble.due());
    const until = this.pausedUntil;
    if (until < Number.POSITIVE_INFINITY) dues.push({ at: until, apply: () => this.resume(until) });
    return dues;
  }

  private isCovered(at: number): boolean {
    return this.openRuns.some((run) => run.counted && run.started_at < at);
  }

  private limitOf(run: Run): number {
    return Math.max(run.started_at + this.terms.max_runtime_ms, run.limit_at_min);
  }

  /**
   * Returns when a run that has not ended is a timeout: at its limit, or once the pings that a gap kept back have had
   * their time.
   */
  private timeoutAt(run: Run): number {
    const limitAt = this.limitOf(run);
    const waits = this.gaps.filter(
      (gap) =>
        run.started_at <= gap.to_at && gap.from_at <= limitAt && limitAt - gap.to_at < this.replayWindowMs,
    );
    if (waits.length === 0) return limitAt;
    let at = Math.max(...waits.map((gap) => gap.to_at)) + this.replayWindowMs;
    for (const gap of this.gaps)
      if (gap.from_at <= at && at < gap.to_at) at = gap.to_at + this.replayWindowMs;
    return at;
  }

  private miss(slot: Slot, touched: boolean, at: number): void {
    if (touched) this.settle(slot, 'unknown', 'outage', at);
    else this.settle(slot, 'missed', this.seen ? 'missed' : 'never_seen', at);
    this.slots.startedAt(slot.at);
  }

  private settle(slot: Slot, outcome: Outcome, reason: Reason, at: number): void {
    const replaced = slot.result;
    slot.result = this.resultOf(outcome, reason, at, slot.at, slot.at);
    if (outcome === 'missed' || outcome === 'unknown') this.slots.giveUp(slot);
    this.trouble.record(slot.result, replaced, this.clock);
  }

  private resultOf(
    outcome: Outcome,
    reason: Reason,
    at: number,
    begunAt: number,
    slotAt: number | null,
  ): Result {
    this.learned += 1;
    return { outcome, reason, at, begun_at: begunAt, slot_at: slotAt, learned: this.learned };
  }

  ping(ping: ScriptedPing, receivedAt: number): void {
    if (!this.declared) return;
    this.seen = true;
    const delayMs = Math.min(Math.max(ping.delay_ms ?? 0, 0), DELAY_MS_MAX);
    const at = receivedAt - delayMs;
    const rid = wellFormed(ping.rid);
    switch (ping.kind) {
      case 'start':
        this.start(rid, at, receivedAt);
        return;
      case 'skip':
        this.skip(rid, at);
        return;
      case 'success':
      case 'failure':
        this.report(rid, ping, at);
        return;
      case 'log':
    }
  }

  private start(rid: string | null, at: number, receivedAt: number): void {
    if (rid === null ? this.isRetriedStart(at) : this.isKnownStart(rid, at)) return;
    this.startsAt.push(at);
    if (rid === null) this.abandonAnonymous(at);
    const run = this.becomeKnown(rid, at, at, true);
    if (receivedAt - at > ON_ITS_WAY_MS_MAX) run.limit_at_min = receivedAt + DELAYED_START_MS_MIN;
    if (run.result !== null) return;
    this.openRuns.push(run);
    this.makeRoom(at);
  }

  /**
   * Tells whether a start with a run id is that of a run which is known already, by a start or by an end that overtook
   * it.
   */
  private isKnownStart(rid: string, at: number): boolean {
    const run = this.runOf(rid, at);
    if (run === undefined) return false;
    const overAt = run.ended_at ?? (run.result?.reason === 'overlap' ? null : (run.result?.at ?? null));
    return overAt === null || at - overAt <= REUSED_MS_MIN;
  }

  /**
   * Finds the run of an id. Of several it is the newest that had begun by then, within a minute, or else the oldest.
   */
  private runOf(rid: string, at: number): Run | undefined {
    const runs = this.byRid.get(rid) ?? [];
    return runs.findLast((run) => run.started_at - at <= REUSED_MS_MIN) ?? runs[0];
  }

  /**
   * Tells whether an anonymous start comes so soon after that of a run which is going on that a client sent it again.
   */
  private isRetriedStart(at: number): boolean {
    return [...this.openRuns, ...this.overlapping].some(
      (run) =>
        run.rid === null &&
        run.start_pinged &&
        run.ended_at === null &&
        Math.abs(at - run.started_at) <= this.retriedWithinMs(),
    );
  }

  /** Tells whether an anonymous end is the last one again, which it is not if anything has started since. */
  private isRetriedEnd(ping: ScriptedPing, at: number): boolean {
    const last = this.anonymousEnd;
    if (last === null || at < last.at || at - last.at > this.retriedWithinMs()) return false;
    if (last.ping.kind !== ping.kind || last.ping.exit_code !== ping.exit_code) return false;
    return !this.startsAt.slice(last.startsBefore).some((startAt) => last.at <= startAt && startAt <= at);
  }

  private retriedWithinMs(): number {
    return Math.min(RETRIED_MS_MAX, (this.terms.period_ms ?? Number.POSITIVE_INFINITY) / 2);
  }

  private makeRoom(at: number): void {
    while (this.openRuns.length > this.terms.max_open_runs) {
      const oldest = this.openRuns.reduce((a, b) => (b.started_at < a.started_at ? b : a));
      this.end(oldest, 'abandoned', 'too_many_runs', Math.max(at, oldest.started_at));
    }
  }

  /** Ends anonymous runs when a new one starts, because they died, or their ends came while Cronflow was away. */
  private abandonAnonymous(at: number): void {
    for (const run of this.openRuns) {
      if (run.rid !== null || run.started_at > at) continue;
      if (this.wasAway(run.started_at, at)) this.end(run, 'unknown', 'outage', at);
      else this.end(run, 'abandoned', 'abandoned', at);
    }
  }

  /** Makes a run known, which claims its slot. */
  private becomeKnown(rid: string | null, at: number, pingedAt: number, startPinged: boolean): Run {
    const run: Run = {
      rid,
      started_at: at,
      slot: null,
      counted: !this.paused,
      limit_at_min: Number.NEGATIVE_INFINITY,
      result: null,
      ended_at: null,
      own_end: null,
      start_pinged: startPinged,
    };
    const overlapping = run.counted && this.terms.overlap === 'forbid' && this.overlaps(at);
    this.runs.splice(this.runs.findLastIndex((other) => other.started_at <= at) + 1, 0, run);
    if (rid !== null) this.byRid.set(rid, [...(this.byRid.get(rid) ?? []), run]);
    this.trace(at, false);
    if (!run.counted) return run;
    run.slot = this.claim(at, pingedAt);
    if (run.slot !== null) run.slot.run = run;
    this.slots.ranAt(at);
    if (overlapping) {
      this.end(run, 'failure', 'overlap', at);
      this.overlapping.push(run);
    }
    return run;
  }

  /** Tells whether a run that starts then finds one that was there before. */
  private overlaps(at: number): boolean {
    return this.runsAt(at).some(
      (other) =>
        other.counted &&
        (other.result === null
          ? // While Cronflow was away it may have ended unseen.
            !this.wasAway(other.started_at, at)
          : other.result.reason !== 'overlap' && other.ended_at !== null && other.ended_at > at),
    );
  }

  /** Claims the slot for a ping that makes a run, or a skipped one, known. */
  private claim(at: number, pingedAt: number, isRun = true): Slot | null {
    const claimed = this.claimInTime(at);
    if (claimed !== undefined) {
      this.slots.claimed(claimed, pingedAt);
      return claimed;
    }
    // No slot that was given up took place after all where nothing ran.
    return isRun ? (this.slots.takeOver(at) ?? null) : null;
  }

  private claimInTime(at: number): Slot | undefined {
    this.slots.listTo(this.clock);
    const open = this.slots.open();
    const expected = open[0];
    if (expected !== undefined && at >= expected.at) {
      const next = open.find((slot) => slot.at > at);
      const isEarly = next !== undefined && next.at - at <= this.slots.earlyMs(next);
      const claimed = isEarly ? next : (open.findLast((slot) => slot.at <= at) ?? expected);
      for (const older of open) if (older.at < claimed.at) this.supersede(older, claimed, at);
      return claimed;
    }
    const isEarly = expected !== undefined && expected.at - at <= this.slots.earlyMs(expected);
    return isEarly ? expected : undefined;
  }

  /** Settles a slot before the one that a run starting then has claimed. */
  private supersede(slot: Slot, claimed: Slot, at: number): void {
    const { touched } = this.slots.deadlineOf(slot);
    const isOver = this.slots.plainDeadlineAt(slot) <= claimed.at;
    if (touched && (isOver || this.slots.graceEndsAt(slot) < this.clock)) {
      this.settle(slot, 'unknown', 'outage', this.clock);
    } else if (isOver) this.settle(slot, 'missed', 'missed', at);
    else this.settle(slot, 'skipped', 'superseded', this.clock);
  }

  /** Takes an end ping. */
  private report(rid: string | null, ping: ScriptedPing, at: number): void {
    if (rid === null) {
      if (this.isRetriedEnd(ping, at)) return;
      this.anonymousEnd = { at, ping, startsBefore: this.startsAt.length };
    }
    const run = rid === null ? this.anonymousAt(at) : this.runOf(rid, at);
    if (run !== undefined && !this.isForgotten(run)) {
      if (run.ended_at === null) this.finish(run, ping, at);
      return;
    }
    const startedAt = at - Math.max(ping.duration_ms ?? 0, 0);
    const whole = this.becomeKnown(rid, startedAt, at, false);
    this.finish(whole, ping, at);
    if (this.terms.overlap !== 'skip' || this.terms.cron === null || !whole.counted) return;
    for (const slot of this.slots.open()) {
      if (startedAt < slot.at && slot.at < at) this.settle(slot, 'skipped', 'overlap_skipped', slot.at);
    }
  }

  /** Tells whether a run is over and so many have ended since that nobody can tell any more which one a ping means. */
  private isForgotten(run: Run): boolean {
    const { learned } = run.result ?? { learned: this.learned };
    if (this.learned - learned < ROWS_LOOKED_AT) return false;
    const since = (results: readonly (Result | null)[]): Result[] =>
      results.filter((result) => result !== null && result.learned > learned) as Result[];
    const slots = since(this.slots.all.map(({ result }) => result)).sort((a, b) => a.learned - b.learned);
    // Slots in a row that nobody claimed are one row.
    const slotRows = slots.filter((slot, place) => !follows(slot, slots[place - 1]));
    const runRows = since([...this.runs.map(({ result }) => result), ...this.skipRows]);
    return slotRows.length + runRows.length >= ROWS_LOOKED_AT;
  }

  /** Finds the run that an end without a rid ends. */
  private anonymousAt(at: number): Run | undefined {
    const open = [...this.openRuns, ...this.overlapping].filter((run) => run.started_at <= at);
    const anonymous = open.filter((run) => run.rid === null && run.ended_at === null);
    const newest = newestOf(anonymous) ?? newestOf(open.filter((run) => run.result === null));
    if (newest !== undefined) return newest;
    // It may be one that was given up, if the job has started nothing since.
    const last = this.runs.findLast((run) => run.started_at <= at);
    return last?.rid === null && last.ended_at === null ? last : undefined;
  }

  private finish(run: Run, ping: ScriptedPing, at: number): void {
    run.ended_at = Math.max(at, run.started_at);
    this.trace(run.ended_at, false);
    const measuredMs = run.start_pinged ? run.ended_at - run.started_at : null;
    const { outcome, reason } = judge(ping, ping.duration_ms ?? measuredMs, this.terms);
    if (run.result?.reason === 'overlap') {
      // A run that was one too many stays a failure however it goes.
      run.own_end = { outcome, reason };
      return;
    }
    const reopened = this.withdrawOverlaps(run, run.ended_at);
    this.end(run, outcome, reason, run.ended_at);
    if (reopened) this.makeRoom(run.ended_at);
  }

  /**
   * Takes back the failures of runs that began, as it turns out, when this one had ended, and so were none too many.
   * Returns whether any goes on.
   */
  private withdrawOverlaps(first: Run, endedAt: number): boolean {
    if (this.terms.overlap !== 'forbid' || this.paused) return false;
    const openBefore = this.openRuns.length;
    for (const run of this.overlapping.toSorted((a, b) => a.started_at - b.started_at)) {
      if (!run.counted || run.started_at < endedAt || this.overlapsOther(run, first)) continue;
      const failed = run.result;
      this.overlapping.splice(this.overlapping.indexOf(run), 1);
      if (run.ended_at !== null && run.own_end !== null) {
        const { outcome, reason } = run.own_end;
        run.result = this.resultOf(outcome, reason, run.ended_at, run.started_at, run.slot?.at ?? null);
        this.trouble.record(run.result, failed, this.clock, true);
        continue;
      }
      run.result = null;
      this.trouble.record(null, failed, this.clock);
      run.limit_at_min = Math.max(run.limit_at_min, this.clock + DELAYED_START_MS_MIN);
      this.openRuns.push(run);
    }
    return this.openRuns.length > openBefore;
  }

  /** Tells whether any other run but `first` was open when the run began, as far as is known. */
  private overlapsOther(run: Run, first: Run): boolean {
    const at = run.started_at;
    return this.runs.some((other) => {
      if (other === first || other === run || !other.counted || other.started_at > at) return false;
      if (other.result === null) return !this.wasAway(other.started_at, at);
      const { outcome, reason, at: givenUpAt } = other.result;
      if (other.ended_at !== null) return reason !== 'overlap' && other.ended_at > at;
      return (outcome === 'timeout' || outcome === 'abandoned') && givenUpAt > at;
    });
  }

  private wasAway(fromAt: number, toAt: number): boolean {
    return this.gaps.some((gap) => fromAt <= gap.to_at && gap.from_at <= toAt);
  }

  private end(run: Run, outcome: Outcome, reason: Reason, at: number): void {
    const wasOpen = run.result === null;
    this.openRuns = this.openRuns.filter((other) => other !== run);
    // As long as nothing is known of the run that took it over, the slot has ended as it had before.
    const slotResult = outcome === 'unknown' ? null : (run.slot?.result ?? null);
    const isCorrected = run.result !== null && run.result.outcome !== 'unknown';
    const before = isCorrected ? run.result : slotResult;
    run.result = this.resultOf(outcome, reason, at, run.started_at, run.slot?.at ?? null);
    run.counted &&= !this.paused;
    if (!run.counted) return;
    if (run.slot !== null && outcome !== 'unknown') run.slot.result = null;
    this.trouble.record(run.result, before, this.clock, isCorrected);
    if (wasOpen && !this.openRuns.some((other) => other.counted)) this.slots.notBefore(this.clock);
  }

  /** Takes a skip, for which the wrapper found the lock taken. */
  private skip(rid: string | null, at: number): void {
    if (rid !== null && this.skipped.has(rid)) return;
    if (rid !== null) this.skipped.add(rid);
    if (this.paused) return;
    const free = !this.openRuns.some((run) => run.started_at <= at);
    this.trace(at, free);
    const stuck = free && this.skippedInARow(at);
    const slot = this.claim(at, at, false);
    const replaced = slot?.result ?? null;
    const result = stuck
      ? this.resultOf('failure', 'stuck_lock', at, at, slot?.at ?? null)
      : this.resultOf('skipped', 'lock_held', at, at, slot?.at ?? null);
    if (slot !== null) slot.result = result;
    else this.skipRows.push(result);
    if (slot === null && stuck) this.stuck.push(result);
    this.slots.startedAt(at);
    this.trouble.record(result, replaced, this.clock);
  }

  private runsAt(at: number): Run[] {
    // A run that has ended matters only for something that is heard of late, because it may have ended after that.
    return (at < this.clock ? this.runs : this.openRuns).filter((run) => run.started_at <= at);
  }

  private trace(at: number, skip: boolean): void {
    let place = this.traces.length;
    while (place > 0 && (this.traces[place - 1]?.at ?? at) > at) place -= 1;
    this.traces.splice(place, 0, { at, skip });
  }

  /** Tells whether that skip is one of at least three since anything ran. */
  private skippedInARow(at: number): boolean {
    const ran = this.traces.findLastIndex((trace) => !trace.skip);
    const isAfter = at >= (this.traces[ran]?.at ?? at);
    return isAfter && this.traces.length - 1 - ran >= SKIPS_IN_A_ROW;
  }

  pause(at: number, until = Number.POSITIVE_INFINITY): void {
    if (!this.declared) return;
    this.pausedByApi = true;
    this.pausedUntil = until;
    this.pauseOrResume(at);
  }

  resume(at: number): void {
    if (!this.declared) return;
    this.pausedByApi = false;
    this.pausedUntil = Number.POSITIVE_INFINITY;
    this.pauseOrResume(at);
  }

  /** Begins or ends a pause, and returns whether that changed anything. */
  private pauseOrResume(at: number): boolean {
    const paused = this.pausedByApi || this.terms.paused;
    if (paused === this.paused) return false;
    this.paused = paused;
    if (paused) {
      // The state of the lock before the pause has no bearing on the one after it.
      this.trace(at, false);
      this.slots.drop();
      this.trouble.closeSilently(at);
    } else {
      this.slots.expectAfter(at);
      for (const run of this.openRuns) run.counted = true;
    }
    return true;
  }

  /** Applies a declaration that was changed, was taken away (null), or has come back. */
  declare(terms: Terms | null, at: number): void {
    if (terms === null) this.remove(at);
    else if (this.declared) this.change(terms, at);
    else this.comeBack(terms, at);
  }

  private remove(at: number): void {
    if (!this.declared) return;
    for (const run of this.openRuns) this.end(run, 'unknown', 'removed', at);
    // The state of the lock before the removal has no bearing on the one when the job is back.
    this.trace(at, false);
    this.slots.drop();
    this.slots.forgetReports();
    this.trouble.closeSilently(at);
    this.declared = false;
  }

  private comeBack(terms: Terms, at: number): void {
    this.declared = true;
    this.terms = terms;
    if (this.pausedUntil <= at) {
      this.pausedByApi = false;
      this.pausedUntil = Number.POSITIVE_INFINITY;
    }
    this.paused = this.pausedByApi || terms.paused;
    this.trouble.change(terms, at, false);
    this.slots.changeTerms(terms, Number.NEGATIVE_INFINITY);
    if (!this.paused) this.slots.expectAfter(at);
  }

  private change(terms: Terms, at: number): void {
    const before = this.terms;
    const live = !this.paused;
    this.terms = terms;
    if (terms.max_runtime_ms !== before.max_runtime_ms) {
      for (const run of this.openRuns) run.limit_at_min = Math.max(run.limit_at_min, at + terms.grace_ms);
    }
    this.slots.listTo(at);
    const due = this.dueSlots(before, at);
    this.slots.changeTerms(terms, at);
    const moved = live && terms.schedule_key !== before.schedule_key;
    if (moved) for (const slot of due) this.settle(slot, 'skipped', 'spec_changed', at);
    if (terms.schedule_key !== before.schedule_key) this.slots.forgetReports();
    const turned = this.pauseOrResume(at);
    if (moved && !turned) this.slots.expectAfter(at);
    this.trouble.change(terms, at, live && !this.paused);
  }

  /** Lists the slots that have come and were not yet missed. */
  private dueSlots(terms: Terms, at: number): Slot[] {
    if (terms.every_ms !== null && this.openRuns.some((run) => run.counted)) return [];
    return this.slots.open().filter((slot) => slot.at <= at);
  }

  /** Notes that Cronflow is away. That hides nothing of a job that is not declared, whose pings it would refuse. */
  gapBegan(gap: Gap): void {
    if (this.declared) this.gaps.push(gap);
  }

  gapEnded(gap: Gap): void {
    if (this.declared) this.slots.gapEnded(gap);
  }

  /**
   * Returns until when a slot that the gap touched is still expected, since its grace lasts longer. Returns null for
   * none.
   */
  expectedUntil(gap: Gap): number | null {
    this.slots.listTo(this.clock);
    const slot = this.slots.open()[0];
    const running = this.terms.every_ms !== null && this.openRuns.some((run) => run.counted);
    if (!this.declared || this.paused || slot === undefined || running) return null;
    const { at, touched } = this.slots.deadlineOf(slot);
    const touches = slot.at - this.slots.earlyMs(slot) <= gap.to_at && gap.from_at <= at;
    return touched && touches ? at : null;
  }

  /** Tells whether a run that was open in the gap still is, so that it may have ended unseen, or not have ended. */
  isOpenSince(gap: Gap): boolean {
    if (!this.declared || this.paused) return false;
    return this.openRuns.some((run) => run.counted && run.started_at <= gap.to_at);
  }

  /** Tells whether a slot or a run touched the gap and Cronflow could not see how it went. */
  isUnseen(gap: Gap): boolean {
    if (!this.declared) return false;
    const slots = this.slots.all.some(
      (slot) =>
        slot.run === null &&
        slot.result?.outcome === 'unknown' &&
        slot.result.at >= gap.from_at &&
        slot.at - this.slots.earlyMs(slot) <= gap.to_at &&
        gap.from_at <= this.slots.plainDeadlineAt(slot),
    );
    return (
      slots ||
      this.runs.some(
        (run) =>
          run.counted &&
          run.started_at <= gap.to_at &&
          run.result?.outcome === 'unknown' &&
          run.result.reason === 'outage' &&
          run.result.at >= gap.from_at,
      )
    );
  }

  status(): string {
    if (this.paused) return 'paused';
    if (this.openRuns.some((run) => run.counted)) return 'running';
    const outcome = this.trouble.last?.outcome ?? 'pending';
    return outcome === 'abandoned' ? 'failure' : outcome;
  }

  endings(): Ending[] {
    const endings: Ending[] = [];
    for (const slot of this.slots.all) {
      if (slot.result !== null) endings.push(this.endingOf(slot.result, slot.at, null));
    }
    for (const result of this.stuck) endings.push(this.endingOf(result, null, null));
    for (const run of this.runs) endings.push(this.endingOf(run.result, run.slot?.at ?? null, run.rid));
    return endings;
  }

  private endingOf(result: Result | null, slotAt: number | null, rid: string | null): Ending {
    const { outcome, reason } = result ?? { outcome: null, reason: 'started' };
    return { job: this.name, slot_at: slotAt, rid, outcome, reason };
  }
}

/** Tells whether two slots ended alike, one after the other. */
function follows(slot: Result, before: Result | undefined): boolean {
  return before !== undefined && before.reason === slot.reason && before.learned === slot.learned - 1;
}

function newestOf(runs: readonly Run[]): Run | undefined {
  return runs.reduce<Run | undefined>(
    (newest, run) => (newest === undefined || run.started_at >= newest.started_at ? run : newest),
    undefined,
  );
}

/** Returns the rid, or null for a text that is none. */
function wellFormed(rid: string | undefined): string | null {
  return rid !== undefined && /^[\x21-\x7e]{1,128}$/.test(rid) ? rid : null;
}
