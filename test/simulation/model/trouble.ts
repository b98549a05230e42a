import type { BadKind } from '../../../src/core/model/reasons.ts';
import type { Telling } from '../script.ts';
import { badKindOf, type Gap, type Result } from './records.ts';
import type { Terms } from './terms.ts';

interface Incident {
  opened_at: number;
  /** The outcome that opened it. */
  opener: Result;
  reason: Result['reason'];
  bads: Set<Result>;
  /** Counts the bad outcomes of each kind. */
  counts: Map<BadKind, number>;
  /** The good results that were learned since it opened. */
  goods: Result[];
  told: Set<string>;
  /** The instant at which somebody was last told or reminded. */
  spoke_at: number | null;
  acknowledged_until: number;
  /** An outcome in maintenance, which is announced if nothing good comes first. */
  silenced: Result | null;
}

/** Decides what people are told of one job, from all its outcomes that count and the incident that they amount to. */
export class Trouble {
  readonly tellings: Telling[] = [];
  /** Every outcome that counts, good or bad, by instant. */
  private readonly results: Result[] = [];
  /** The results of incidents that have closed, and so have had their message. */
  private readonly over = new WeakSet<Result>();
  private incident: Incident | null = null;
  private readonly job: string;
  private terms: Terms;

  private readonly gaps: readonly Gap[];

  constructor(job: string, terms: Terms, gaps: readonly Gap[]) {
    this.job = job;
    this.terms = terms;
    this.gaps = gaps;
  }

  /** The end of the last run or slot. */
  get last(): Result | undefined {
    return this.results.at(-1);
  }

  /**
   * Takes in how something ended, in the place of what was thought before.
   * @param now the instant at which that became known; a tick is always in time
   * @param isTold says that it is an end of a run that was given up, whose trouble was told or answered already
   */
  record(result: Result | null, replaced: Result | null, now: number, isTold = false): void {
    const isAnswered = isTold && replaced !== null && this.isAnswered(replaced);
    const kept = replaced !== null && this.forget(replaced);
    if (result === null) return;
    if (isAnswered && result.outcome !== 'success') {
      // It is nobody's trouble any more, but it is how the run ended.
      this.over.add(result);
      if (!this.hasGoodSince(replaced)) this.insert(result);
      return;
    }
    if (badKindOf(result.outcome) !== null) {
      const laterGood = this.insert(result);
      this.takeBad(result, laterGood, kept ? replaced : null, now);
    } else if (result.outcome === 'success') {
      this.insert(result);
      this.takeGood(result);
    }
  }

  /** Tells whether a bad outcome is history, because its incident has closed or something good has come since. */
  private isAnswered(bad: Result): boolean {
    if (badKindOf(bad.outcome) === null) return false;
    return this.over.has(bad) || this.hasGoodSince(bad);
  }

  private hasGoodSince(bad: Result): boolean {
    return this.results.some((one) => one.outcome === 'success' && one.at >= bad.at);
  }

  /** Removes a result, and returns whether the open incident had it. */
  private forget(replaced: Result): boolean {
    const place = this.results.lastIndexOf(replaced);
    if (place >= 0) this.results.splice(place, 1);
    if (this.incident?.bads.delete(replaced) !== true) return false;
    count(this.incident, replaced, -1);
    return true;
  }

  /** Puts a result in its place by instant, and returns whether anything good comes after it. */
  private insert(result: Result): boolean {
    let place = this.results.length;
    let laterGood = false;
    for (; place > 0; place -= 1) {
      const before = this.results[place - 1];
      if (before === undefined || before.at <= result.at) break;
      if (before.outcome === 'success') laterGood = true;
    }
    this.results.splice(place, 0, result);
    return laterGood;
  }

  private takeBad(bad: Result, laterGood: boolean, inPlaceOf: Result | null, now: number): void {
    // History that a later run has answered is nobody's trouble, also where it takes the place of a miss.
    if (laterGood) return;
    // Good outcomes count in a row, and a bad one in between has broken the row, even if it was bad only for a while.
    if (this.incident !== null) this.incident.goods = [];
    if (this.incident !== null && inPlaceOf !== null) {
      this.contain(bad);
      if (this.incident.opener === inPlaceOf) {
        this.incident.opener = bad;
        this.incident.reason = bad.reason;
      }
    } else if (this.incident !== null) this.contain(bad);
    else this.openIfReached(bad.at, bad);
    if (this.incident !== null) this.tellOf(bad, now);
  }

  /** Lists the bad outcomes since the last good one, but not those of incidents that have closed. */
  private badsInARow(): Result[] {
    const bads: Result[] = [];
    for (let place = this.results.length - 1; place >= 0; place -= 1) {
      const result = this.results[place];
      if (result === undefined || result.outcome === 'success') break;
      if (!this.over.has(result)) bads.push(result);
    }
    return bads;
  }

  private openIfReached(at: number, opener: Result | undefined): boolean {
    const bads = this.badsInARow();
    const { failure_threshold: threshold } = this.terms;
    const reached =
      typeof threshold === 'number'
        ? bads.length >= threshold
        : Object.entries(threshold).some(
            ([kind, least]) => bads.filter((bad) => badKindOf(bad.outcome) === kind).length >= least,
          );
    const cause = opener ?? bads[0];
    if (!reached || cause === undefined) return false;
    this.incident = {
      opened_at: at,
      opener: cause,
      reason: cause.reason,
      bads: new Set(),
      counts: new Map(),
      goods: [],
      told: new Set(),
      spoke_at: null,
      acknowledged_until: Number.NEGATIVE_INFINITY,
      silenced: null,
    };
    for (const bad of bads) this.contain(bad);
    return true;
  }

  /** Tells a bad outcome to those who are owed it, now or after maintenance. */
  private tellOf(bad: Result, now: number): void {
    const { incident } = this;
    // An outcome that nobody is owed is not held back either, because it must bring no other trouble forward.
    if (incident === null || this.owed().length === 0) return;
    const announceAt = this.announceAt(bad);
    if (announceAt !== null && announceAt > now) {
      // Trouble that is still bad at the end of any window is announced, whatever falls into another window.
      if (incident.silenced === null || announceAt < this.silencedUntil()) incident.silenced = bad;
      return;
    }
    incident.silenced = null;
    this.tellOpened(this.owed(), bad.reason, Math.max(bad.at, announceAt ?? bad.at), now);
  }

  /** Returns when the outcome that maintenance holds back is told at the latest. */
  private silencedUntil(): number {
    const silenced = this.incident?.silenced ?? null;
    return (silenced === null ? null : this.announceAt(silenced)) ?? Number.NEGATIVE_INFINITY;
  }

  /**
   * Returns when an outcome in maintenance may be told, after the last of the windows that hold it. Returns null if
   * none does.
   */
  private announceAt(result: Result): number | null {
    const lastEnd = this.lastWindowEnd(result);
    const last = instantsOf(result).find((at) => this.windowEnd(at) === lastEnd);
    return last === undefined || lastEnd === Number.NEGATIVE_INFINITY
      ? null
      : this.terms.windows.afterOf(last);
  }

  private lastWindowEnd(result: Result): number {
    return Math.max(...instantsOf(result).map((at) => this.windowEnd(at)));
  }

  private windowEnd(at: number): number {
    return this.terms.windows.endOf(at) ?? Number.NEGATIVE_INFINITY;
  }

  /** Lists the notifiers of the job that take a kind which the incident contains and do not know of the incident. */
  private owed(terms: Terms = this.terms): string[] {
    const { incident } = this;
    if (incident === null) return [];
    return [...terms.notify]
      .filter(([name, kinds]) => !incident.told.has(name) && this.contains(kinds))
      .map(([name]) => name);
  }

  private contain(bad: Result): void {
    this.opened().bads.add(bad);
    count(this.opened(), bad, 1);
  }

  private contains(kinds: ReadonlySet<BadKind>): boolean {
    return [...kinds].some((kind) => (this.incident?.counts.get(kind) ?? 0) > 0);
  }

  private tellOpened(notifiers: readonly string[], reason: string, at: number, now: number): void {
    for (const notifier of notifiers) {
      this.tell('opened', notifier, reason, at);
      this.incident?.told.add(notifier);
    }
    if (this.incident !== null && notifiers.length > 0) this.incident.spoke_at ??= Math.max(at, now);
  }

  private takeGood(good: Result): void {
    if (this.incident === null) return;
    const begunAt = Math.max(...[...this.incident.bads].map((bad) => bad.begun_at));
    // A run that is older than the trouble says nothing of it.
    if (good.begun_at < begunAt) return;
    this.incident.silenced = null;
    this.incident.goods.push(good);
    this.closeIfRecovered(good.at);
  }

  /** Closes the incident after enough good outcomes. They count for runs that started no earlier than any bad one. */
  private closeIfRecovered(at: number): void {
    const { incident } = this;
    if (incident === null) return;
    const begunAt = Math.max(...[...incident.bads].map((bad) => bad.begun_at));
    const goods = incident.goods.filter((good) => good.begun_at >= begunAt);
    const good = goods.at(-1);
    if (good === undefined || goods.length < this.terms.recovery_threshold) return;
    for (const name of incident.told) {
      this.tell('closed', name, good.reason, Math.max(at, incident.opened_at));
    }
    this.end();
  }

  private end(): void {
    for (const bad of this.incident?.bads ?? []) this.over.add(bad);
    this.incident = null;
  }

  /** Closes the incident because the job is paused or removed. Nobody is told in words. */
  closeSilently(at: number): void {
    const { incident } = this;
    for (const bad of this.badsInARow()) this.over.add(bad);
    if (incident === null) return;
    for (const name of incident.told) this.tell('closed_silently', name, incident.reason, at);
    this.end();
  }

  acknowledge(untilAt: number): void {
    if (this.incident !== null) this.incident.acknowledged_until = untilAt;
  }

  /**
   * Applies a change of the declaration.
   * @param live says that outcomes count, before and after it
   */
  change(terms: Terms, at: number, live: boolean): void {
    const before = this.terms;
    this.terms = terms;
    if (!live) return;
    if (this.incident === null) {
      if (same(before.failure_threshold, terms.failure_threshold) || !this.openIfReached(at, undefined))
        return;
      this.tellOfChange(this.owed(), at);
      return;
    }
    // A new interval counts from the change, so that the change itself reminds nobody.
    if (before.remind_every_ms !== terms.remind_every_ms && this.incident.spoke_at !== null)
      this.incident.spoke_at = at;
    this.closeIfRecovered(at);
    this.tellJoined(before, at);
  }

  private opened(): Incident {
    if (this.incident === null) throw new Error('no incident');
    return this.incident;
  }

  /**
   * Tells notifiers that join in the middle of an incident, or take a new kind. They are told now, unless the incident
   * is to be announced anyway.
   */
  private tellJoined(before: Terms, at: number): void {
    if (this.incident === null || this.incident.silenced !== null) return;
    const joined = this.owed().filter((name) => {
      const kinds = before.notify.get(name);
      return kinds === undefined || !this.contains(kinds);
    });
    this.tellOfChange(joined, at);
  }

  /**
   * Tells what a change of the declaration makes owed. That is told in no window, nor sooner than the newest trouble
   * would be.
   */
  private tellOfChange(notifiers: readonly string[], at: number): void {
    const newest = this.newestBad();
    if (newest === undefined || notifiers.length === 0) return;
    const atChange = { ...newest, at };
    const held = this.lastWindowEnd(atChange) > this.lastWindowEnd(newest) ? atChange : newest;
    if ((this.announceAt(held) ?? at) > at) this.opened().silenced = held;
    else this.tellOpened(notifiers, newest.reason, at, at);
  }

  private newestBad(): Result | undefined {
    let newest: Result | undefined;
    for (const bad of this.incident?.bads ?? []) {
      if (newest === undefined || bad.at > newest.at) newest = bad;
      else if (bad.at === newest.at && bad.learned > newest.learned) newest = bad;
    }
    return newest;
  }

  private newestReason(): string {
    return this.newestBad()?.reason ?? this.opened().reason;
  }

  /** Lists what is to be said at its own time, if nothing happens before. */
  due(): { at: number; apply: (now: number) => void }[] {
    const { incident } = this;
    if (incident === null) return [];
    const dues: { at: number; apply: (now: number) => void }[] = [];
    const remindMs = this.terms.remind_every_ms;
    if (remindMs !== null && incident.spoke_at !== null) {
      const nextAt = Math.max(incident.spoke_at + remindMs, incident.acknowledged_until);
      dues.push({ at: this.quietUntil(nextAt), apply: (now) => this.remind(now) });
    }
    if (incident.silenced !== null) {
      dues.push({ at: this.silencedUntil(), apply: (now) => this.announce(now) });
    }
    return dues;
  }

  /**
   * Returns the first instant at which nothing keeps Cronflow from reminding. A window may end in a gap, and a gap in a
   * window.
   */
  private quietUntil(at: number): number {
    const free = this.terms.windows.afterOf(this.backAt(at));
    return free === at ? at : this.quietUntil(free);
  }

  /** Returns when Cronflow is back. Nobody could be reminded while it was away, and that is made up for once. */
  private backAt(at: number): number {
    const gap = this.gaps.find((each) => each.at <= at && at < each.to_at);
    return gap?.to_at ?? at;
  }

  private announce(at: number): void {
    const incident = this.opened();
    // Only a change of the windows can have brought an announcement into a window, and then it waits for that one, too.
    const isInWindow = this.terms.windows.endOf(at) !== null;
    incident.silenced = isInWindow && incident.silenced !== null ? { ...incident.silenced, at } : null;
    if (!isInWindow) this.tellOpened(this.owed(), this.newestReason(), at, at);
  }

  private remind(at: number): void {
    const incident = this.opened();
    // A reminder that a change of the windows sets free may meet another window now.
    if (this.quietUntil(at) > at) {
      incident.acknowledged_until = at;
      return;
    }
    incident.spoke_at = at;
    for (const name of incident.told) {
      if (this.terms.notify.has(name)) this.tell('reminder', name, this.newestReason(), at);
    }
  }

  private tell(kind: Telling['kind'], notifier: string, reason: string, at: number): void {
    this.tellings.push({ job: this.job, notifier, kind, reason, at });
  }
}

/** Lists the instants that must not lie in a window for an outcome to be told. */
function instantsOf({ at, begun_at: begunAt, slot_at: slotAt }: Result): number[] {
  return [at, begunAt, slotAt].filter((each) => each !== null);
}

function count(incident: Incident, bad: Result, step: number): void {
  const kind = badKindOf(bad.outcome);
  if (kind !== null) incident.counts.set(kind, (incident.counts.get(kind) ?? 0) + step);
}

function same(a: Terms['failure_threshold'], b: Terms['failure_threshold']): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
