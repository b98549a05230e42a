import { forgetOldest } from '../model/bounded.ts';
import { instantOf, type LoggedEvent } from '../model/event.ts';
import { JobRuns } from '../model/job-runs.ts';
import type { Delivery, JobIncident, Row } from '../model/records.ts';
import type { Runs } from '../model/runs.ts';
import { earlyMs, slotAfter, slotAtOrBefore } from '../model/slots.ts';
import type { Spec } from '../model/spec.ts';
import { Replay, type ReplayStart } from '../replay/replay.ts';
import { type AsOf, asOf, expectationOf, expectedTold, nextOf, nextTold } from './as-of.ts';
import { clockChangeTold } from './clock-changes.ts';
import { ClockWords } from './clock-words.ts';
import { type Part, told, type Told, type Why } from './explanation.ts';
import { incidentTold, whoTold } from './incident-words.ts';
import { endWords, nameOf } from './run-words.ts';
import { awayWords, type Step, stepTold } from './step-words.ts';
import { verdictTold } from './verdict.ts';
import { DAY_MS, HOUR_MS } from '../../schedule/units.ts';

/** So many steps before the instant are remembered, and so many after it. */
const STEPS_MAX_BEFORE = 500;
const STEPS_MAX_AFTER = 200;
/** So many of the latest incidents and rows are remembered. */
const INCIDENTS_MAX = 20;
const ROWS_MAX = 1_000;
/** So many things are told of what happened before the instant, and of what happened after it. */
const TOLD_MAX_BEFORE = 40;
const TOLD_MAX_AFTER = 25;
/** The log is told from at most so long before a slot, and to at most so long after the instant. */
const BEFORE_MS_MAX = DAY_MS;
const AFTER_MS_MAX = DAY_MS;

/** Asks why a job was as it was. */
export interface Question {
  job_id: string;
  name: string;
  timezone: string;
  /** The instant that is asked about, at most now. */
  at: number;
  now_at: number;
  log_from_at: number;
  /** Whether the job was removed as the records were with which the replay starts. */
  is_removed: boolean;
}

/**
 * Returns the instant from which the log is needed to explain an instant: the slot in question, the one before it, and
 * a day.
 * @param spec as it is now; it may have been another one then
 */
export function neededFrom(spec: Spec, at: number): number {
  const slotAt = slotInQuestion(spec, at) ?? at;
  const previousAt = slotAtOrBefore(spec, slotAt - 1) ?? slotAt - DAY_MS;
  return Math.min(previousAt, slotAt - DAY_MS, at - DAY_MS) - HOUR_MS;
}

/** Returns the slot that people mean when they ask about an instant: the last, or the next in its early window. */
function slotInQuestion(spec: Spec, at: number): number | null {
  if (spec.schedule?.kind !== 'cron') return null;
  const next = slotAfter(spec, at);
  if (next !== null && next - earlyMs(spec, next) <= at) return next;
  return slotAtOrBefore(spec, at);
}

/**
 * Replays the log of one job and tells what happened around one instant, by the rules of this version of Cronflow. It
 * is pure, and it keeps only so much as it may have to tell.
 */
export class Account {
  readonly #question: Question;
  readonly #replay: Replay;
  readonly #words: ClockWords;
  #before: Step[] = [];
  readonly #after: Step[] = [];
  #asOf: AsOf | null = null;
  #isLooked = false;
  #isRemoved: boolean;
  /** Set where Cronflow was away at the instant itself. */
  #awayAt: { from_at: number; to_at: number } | null = null;
  readonly #untilAt: number;
  readonly #incidents = new Map<string, JobIncident>();
  /** The rows that changed after the instant. */
  readonly #rows = new Map<string, Row>();

  constructor(question: Question, start: ReplayStart | null) {
    this.#question = question;
    this.#isRemoved = question.is_removed;
    this.#replay = new Replay(question.job_id, start, null);
    this.#words = new ClockWords(question.timezone, question.at);
    this.#untilAt = Math.min(question.now_at, question.at + AFTER_MS_MAX);
    if (start?.incident) this.#incidents.set(start.incident.id, start.incident);
  }

  /** The log is told up to this instant; later events need not be applied. */
  get untilAt(): number {
    return this.#untilAt;
  }

  /** Applies the next event of the job. What time alone did before it is a step of its own. */
  apply(event: LoggedEvent): void {
    const at = instantOf(event);
    this.#passUpTo(event);
    if (at > this.#question.at) this.#look(event);
    const specBefore = this.#replay.now()?.spec ?? null;
    const happened = this.#replay.apply(event);
    if (event.type === 'removed') this.#isRemoved = true;
    if (event.type === 'restored' || event.type === 'declared') this.#isRemoved = false;
    if (happened !== null || event.type === 'declared') this.#keep({ at, event, specBefore, happened });
  }

  /** Lets the time up to the end of what is told pass. */
  end(): void {
    this.#pass(Math.min(this.#question.at, this.#untilAt), true);
    this.#look(null);
    this.#pass(this.#untilAt, true);
  }

  /** Lists the incidents whose messages the explanation wants to know of. */
  incidents(): readonly JobIncident[] {
    const incident = this.#shownIncident();
    return incident === null ? [] : [incident];
  }

  /**
   * Tells it all. `end` was called before.
   * @param deliveries the messages about `incidents`, as far as they are kept
   */
  explain(deliveries: readonly Delivery[]): Why {
    const { name, timezone, at, log_from_at: logFromAt } = this.#question;
    const now = this.#asOf;
    const fromAt = this.#fromAt();
    const parts = now === null ? [] : this.#parts(now, fromAt, deliveries);
    return {
      job: name,
      timezone,
      at,
      from_at: fromAt,
      until_at: this.#untilAt,
      log_from_at: logFromAt,
      status: now?.state.job.status ?? null,
      expected: now === null ? null : expectationOf(now),
      incident_id: now?.state.incident?.id ?? null,
      next: now === null || now.isRemoved ? null : nextOf(now),
      verdict: this.#verdict(now),
      parts: parts.filter((part) => part.told.length > 0),
    };
  }

  #parts(now: AsOf, fromAt: number, deliveries: readonly Delivery[]): { part: Part; told: Told[] }[] {
    const words = this.#words;
    const incident = this.#shownIncident();
    const isOver = incident !== null && incident.closed_at !== null;
    return [
      { part: 'expected', told: [...expectedTold(now, words), ...this.#clockChange(now)] },
      { part: 'happened', told: this.#told(this.#before, fromAt, TOLD_MAX_BEFORE) },
      { part: 'unseen', told: this.#unseen(now, fromAt) },
      {
        part: 'incident',
        told: isOver && now.state.incident === null ? [] : incidentTold(now.state.incident, now, words),
      },
      { part: 'told', told: whoTold(incident, now.spec, deliveries, words) },
      { part: 'next', told: now.isRemoved ? [] : nextTold(now, words) },
      { part: 'later', told: this.#told(this.#after, fromAt, TOLD_MAX_AFTER) },
    ];
  }

  #verdict(now: AsOf | null): Told[] {
    const { log_from_at: logFromAt, at } = this.#question;
    const words = this.#words;
    if (now === null) {
      const text =
        at < logFromAt
          ? `Nothing is known of that: the log begins at ${words.full(logFromAt)}.`
          : 'The job was not declared then.';
      return [told(text)];
    }
    const away = this.#awayAt;
    const unseen =
      away === null
        ? []
        : [
            told(
              `Cronflow was away then, from ${words.at(away.from_at)} to ${words.at(away.to_at)}. This is what it knew.`,
              { reason: 'gap_noted' },
            ),
          ];
    return [...unseen, ...verdictTold(now, words), ...this.#fate(now)];
  }

  /** Says what became of the slot in question, where that was known only later. */
  #fate(now: AsOf): Told[] {
    const slotAt = slotInQuestion(now.spec, this.#question.at);
    if (slotAt === null || this.#question.at >= this.#untilAt) return [];
    const words = this.#words;
    const row = [...this.#rows.values()].findLast((each) => each.slot_at === slotAt);
    if (
      row === undefined ||
      row.outcome === null ||
      row.ended_at === null ||
      row.ended_at <= this.#question.at
    )
      return [];
    const about = { at: row.ended_at, reason: row.reason, run_id: row.id };
    const text =
      row.kind === 'run'
        ? `Later: ${nameOf(row, words)} claimed the slot at ${words.at(slotAt)}. It ${endWords(row)}.`
        : `Later: the slot at ${words.at(slotAt)} ended as ${row.outcome} at ${words.at(row.ended_at)}.`;
    return [told(text, about)];
  }

  /** Tells what a change of the clock did to the slot in question, if that is not the one that is expected. */
  #clockChange({ spec, state }: AsOf): Told[] {
    const slotAt = slotInQuestion(spec, this.#question.at);
    return slotAt === null || slotAt === state.job.expected_at
      ? []
      : clockChangeTold(spec, slotAt, this.#words);
  }

  #told(steps: readonly Step[], fromAt: number, max: number): Told[] {
    const all = steps
      .filter(({ at }) => at >= fromAt)
      .flatMap((step) => stepTold(step, this.#words.near(step.at)));
    if (all.length <= max) return all;
    const head = Math.floor(max / 4);
    const left = all.length - max;
    return [...all.slice(0, head), told(`(${left} more things happened here.)`), ...all.slice(head - max)];
  }

  /** Tells of times in which Cronflow could take no pings, as far as the job remembers them. */
  #unseen({ state }: AsOf, fromAt: number): Told[] {
    return state.job.gaps
      .filter(({ to_at: toAt }) => toAt >= fromAt)
      .map((gap) =>
        told(awayWords(gap.from_at, gap.to_at, this.#words), { at: gap.from_at, reason: 'gap_noted' }),
      );
  }

  /** Returns the incident that is told: the open one, else the last one of the stretch. */
  #shownIncident(): JobIncident | null {
    const open = this.#asOf?.state.incident ?? null;
    const fromAt = this.#fromAt();
    const last =
      open ?? [...this.#incidents.values()].findLast(({ closed_at: at }) => at === null || at >= fromAt);
    return last === undefined ? null : (this.#incidents.get(last.id) ?? last);
  }

  /** Finds where the tale begins: with the slot before the one in question, or with what is not over yet. */
  #fromAt(): number {
    const { at } = this.#question;
    const now = this.#asOf;
    if (now === null) return at - BEFORE_MS_MAX;
    const { spec, state, open } = now;
    const slotAt = slotInQuestion(spec, at) ?? state.job.last_start_at ?? at;
    const previousAt = slotAtOrBefore(spec, slotAt - 1) ?? slotAt - BEFORE_MS_MAX;
    const row = state.runs.all().findLast((each) => each.ended_at === state.job.last_outcome_at);
    const begins = [
      ...open.map((run) => run.started_at ?? at),
      row?.kind === 'run' ? (row.started_at ?? row.ended_at ?? at) : at,
    ];
    return Math.min(Math.max(previousAt, slotAt - BEFORE_MS_MAX) - earlyMs(spec, slotAt), ...begins);
  }

  /** Looks at the job as it was at the instant that is asked about, before the next event. */
  #look(next: LoggedEvent | null): void {
    if (this.#isLooked) return;
    this.#isLooked = true;
    const { at } = this.#question;
    if (next?.type === 'gap' && next.from_at < at)
      this.#awayAt = { from_at: next.from_at, to_at: next.to_at };
    else if (next !== null) this.#pass(at, true);
    const now = this.#replay.now();
    if (now === null) return;
    // The replay goes on and changes its runs, and these are as they were.
    const state = { ...now.state, runs: copyOf(now.state.runs) };
    this.#asOf = asOf(at, now.spec, state, this.#isRemoved);
  }

  /** Lets time pass up to an event, which may forbid it: nothing is judged before a gap is noted (§3.4). */
  #passUpTo(event: LoggedEvent): void {
    const { at: askedAt } = this.#question;
    const [untilAt, inclusive] = passableBefore(event);
    if (untilAt === null) return;
    if (!this.#isLooked && untilAt > askedAt) {
      this.#pass(askedAt, true);
      this.#look(null);
    }
    this.#pass(untilAt, inclusive);
  }

  #pass(untilAt: number, inclusive: boolean): void {
    for (;;) {
      const dueAt = this.#replay.now()?.state.job.due_at ?? null;
      if (dueAt === null || dueAt > untilAt || (dueAt === untilAt && !inclusive)) return;
      const specBefore = this.#replay.now()?.spec ?? null;
      const happened = this.#replay.pass(dueAt);
      if (happened === null || happened.result.reason === 'nothing_due') return;
      this.#keep({ at: dueAt, event: { type: 'tick', now_at: dueAt }, specBefore, happened });
    }
  }

  #keep(step: Step): void {
    const { incidents = [] } = step.happened?.result ?? {};
    for (const incident of incidents) this.#incidents.set(incident.id, incident);
    forgetOldest(this.#incidents, INCIDENTS_MAX);
    if (step.at <= this.#question.at && !this.#isLooked) {
      this.#before.push(step);
      if (this.#before.length > 2 * STEPS_MAX_BEFORE) this.#before = this.#before.slice(-STEPS_MAX_BEFORE);
      return;
    }
    if (this.#after.length < STEPS_MAX_AFTER) this.#after.push(step);
    for (const { after } of step.happened?.rows ?? []) if (after !== null) this.#rows.set(after.id, after);
    forgetOldest(this.#rows, ROWS_MAX);
  }
}

/** Returns up to when time can be let pass before an event, so that the event finds what it found then. */
function passableBefore(event: LoggedEvent): [at: number | null, inclusive: boolean] {
  switch (event.type) {
    case 'tick':
      return [event.now_at, true];
    case 'gap':
      return [event.from_at, false];
    case 'clock_set_back':
    case 'zone_rules_changed':
    case 'restored':
    case 'declared':
      return [null, false];
    default:
      return [instantOf(event), false];
  }
}

/** Copies runs, so that no later event changes them. */
function copyOf(runs: Runs): Runs {
  return new JobRuns([...runs.all()]);
}

/** Names what a part of an explanation tells, as a heading for people. */
export const PART_TITLES: Readonly<Record<Part, string>> = {
  expected: 'What is expected',
  happened: 'What happened',
  unseen: 'What nobody could see',
  incident: 'The incident',
  told: 'Who was told',
  next: 'What time alone does next',
  later: 'What came after that',
};
