import {
  GAP_MS_MIN,
  isClockSetBack,
  LIVENESS_KEY,
  LIVENESS_WRITE_EVERY_MS,
  type TimeEvent,
} from '../apply/alive.ts';
import { applyEvent, EVENT_META } from '../apply/events.ts';
import { remindOfSystemIncidents } from '../apply/system.ts';
import { type Clock, readingOf, setSince } from '../clock.ts';
import type { Logger } from '../observe/log.ts';
import { isRefusal } from '../store/backlog.ts';
import { INSTANCES_KEY, type Scope, type Store, type Tx } from '../store/store.ts';
import { Deaths } from './deaths.ts';
import { Instances, type Signs } from './instances.ts';
import { noteGap, Outages, OUTAGES_KEY, setOutagesBack } from './outages.ts';
import { attemptOn, type JobFailure } from './settling.ts';
import { TimeTeller } from './time-teller.ts';
import { errorText } from '../core/model/errors.ts';

/**
 * Instances that share a store sign so often. Whoever starts beside others must soon know whether these still live.
 */
const SIGN_EVERY_MS = 2_000;
/**
 * A sign that the store refused is given again after this time. A commit is given up after 4.7 s, so whoever lives signs
 * within 5.2 s once the store works again, before others take it for dead (`deaths.ts`).
 */
const SIGN_AGAIN_MS = 500;
/** Whoever does not know yet whether others live looks so often, because it judges nothing meanwhile. */
const DOUBT_LOOK_MS = 500;
/** Others that have not signed for so long, five times as long as they should, live no more. */
const SILENCE_MS_MAX = 10_000;
/** Whoever starts gives others this time for a sign, however long ago their last one is: the database was away. */
const HEARING_MS = SIGN_EVERY_MS + 500;
/**
 * Others whose connections are gone for so long live no more. One that lives connects again at once where only its
 * connection broke.
 */
const ABSENCE_MS_MIN = 1_000;

/** A time of which only other instances know whether pings were taken in it. */
interface Doubt {
  /** The last sign of life of any instance before this one started. */
  from_at: number;
  /** The instant at which this one started. */
  to_at: number;
}

/**
 * Stores every 10 s that Cronflow was able to take pings, and tells every job of the times when it was not: stopped,
 * crashed, suspended, or with a store that refused commits (docs/design.md §3.4). One rule finds almost all of these
 * times: the last stored sign of life is too old. A store that refused for a shorter time is known by the commits that
 * it refused.
 *
 * Instances that share a store share the last sign of life, so a time in which one of them lived is no gap. One that
 * starts beside others cannot know whether they still lived a moment ago: their next sign tells it. Until then it takes
 * pings, signs nothing and judges nothing. It is certain that none of them lives once all their connections to the
 * store are gone, as after `kill -9`, or once they have been silent for long.
 */
export class Liveness {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #onBeat: (failure: string | null) => void;
  readonly #onClockSetBack: () => void;
  readonly #outages: Outages;
  readonly #instances: Instances | null;
  readonly #deaths: Deaths;
  readonly #teller: TimeTeller;
  #cancel: (() => void) | null = null;
  #cancelSign: () => void = () => {};
  #stopped = false;
  #doubt: Doubt | null = null;
  /** The instances that may have lived in the time of the doubt. */
  #suspects: Signs = {};
  /** The instant of the start on the monotonic clock. */
  #startedMs = 0;
  #isBesideOthers = false;
  /** Says that none of the others was connected to the store when this one started. */
  #seemedAlone = false;
  #writing: Promise<void> = Promise.resolve();
  /** The instant at which a commit was last refused, until the gap that this makes is noted. */
  #refusedAt: number | null = null;
  /** The instant on the monotonic clock at which a sign of life was last stored; null before the first. */
  lastStoredMs: number | null = null;

  /**
   * @param options.onBeat called after each attempt to store a sign of life, with the reason why it failed, or why the
   * store
   *   counts as failing although it took the sign, or with null
   * @param options.onClockSetBack called when the wall clock turns out to have been set back, also while Cronflow was
   * away
   * @param options.onDeath called when the lanes of another instance that died are free
   * @param options.instance the name of this instance among those that share the store; absent where none does
   */
  constructor(options: {
    store: Store;
    clock: Clock;
    logger: Logger;
    onBeat?: (failure: string | null) => void;
    onClockSetBack?: () => void;
    onDeath?: () => void;
    instance?: string;
  }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#onBeat = options.onBeat ?? (() => {});
    this.#onClockSetBack = options.onClockSetBack ?? (() => {});
    this.#instances = options.instance === undefined ? null : new Instances(options.instance);
    this.#deaths = new Deaths({ ...options, onDeath: options.onDeath ?? (() => {}) });
    this.#teller = new TimeTeller(options);
    this.#outages = new Outages({ ...options, isGapUnnoted: () => this.isGapUnnoted });
  }

  /**
   * Notes the time since the last stop, and is awaited before the first ping is taken and the first tick. A store that
   * refuses this, on a full disk for instance, refuses pings too. Then the time goes on until a later beat is stored,
   * and nothing is judged before.
   * @throws any error of the store but a refusal
   */
  async start(): Promise<void> {
    try {
      await this.#lookForOthers();
      await this.#beat(0);
      await this.#lookWhetherAlone();
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.#refused(error);
    }
    this.#schedule();
    this.#signSoon();
  }

  /**
   * Stores the last sign of life, and is called when no ping can come any more. That instant is the last sign of life,
   * however long storing it takes.
   */
  async stop(): Promise<void> {
    const lastAt = this.#clock.now();
    this.#stopped = true;
    this.#cancel?.();
    this.#cancelSign();
    await this.#writing;
    await Promise.all([this.#outages.stop(), this.#teller.stop()]);
    await this.#write(GAP_MS_MIN, lastAt).catch((error: unknown) => {
      this.#logger.warn('could not store the last sign of life', { error: errorText(error) });
    });
  }

  /**
   * Looks at once whether there was a gap. The checker calls it when it wakes much later than it meant to, so that a
   * tick after a suspension never comes before the gap of which it has to know.
   */
  async check(): Promise<void> {
    await this.#write(GAP_MS_MIN);
  }

  /** Notes that a ping or a change was refused, since it could not be stored. That is a gap, however short it is. */
  noteRefusal(): void {
    this.#refusedAt = this.#clock.now();
  }

  /** Tells whether nothing may be judged yet, because commits were refused and the jobs do not know of it. */
  get isGapUnnoted(): boolean {
    return this.#refusedAt !== null || this.#doubt !== null;
  }

  /** The time of which it is not known yet whether another instance took pings in it; null for none. */
  get doubt(): Readonly<Doubt> | null {
    return this.#doubt;
  }

  /** Tells whether other instances seemed to live when this one started, and were connected to the store. */
  get startedBesideOthers(): boolean {
    return this.#isBesideOthers && !this.#seemedAlone;
  }

  /** Tells whether this instance does what one does for all that share the store. */
  get isFirst(): boolean {
    return this.#instances?.isFirst ?? true;
  }

  /** The number of instances that share the store and have run for longer than this one, when it last signed. */
  get place(): number {
    return this.#instances?.place ?? 0;
  }

  /**
   * Tells whether others would find out if this instance died now. Until it has signed they do not know of it, and
   * nobody would send what it has claimed before its leases are up.
   */
  get isKnown(): boolean {
    return this.#instances === null || (this.#store.presence ?? null) === null || this.#instances.isPresent;
  }

  /** Names the other instances that share the store and lived a moment ago. */
  get others(): readonly string[] {
    return this.#instances?.living ?? [];
  }

  /** Tells whether an instance that shares the store lived a moment ago. */
  lives(instance: string): boolean {
    return this.#instances?.knows(instance) ?? false;
  }

  /** Finds out whether others lived a moment ago. */
  async #lookForOthers(): Promise<void> {
    const instances = this.#instances;
    if (instances === null) return;
    const now = this.#clock.now();
    const { aliveAt, others, all } = await this.#store.view(
      { meta: [LIVENESS_KEY, INSTANCES_KEY] },
      (view) => ({
        aliveAt: view.meta(LIVENESS_KEY) as number | undefined,
        others: instances.others(view, now),
        all: instances.allOthers(view),
      }),
    );
    this.#deaths.suspect(all, now);
    this.#isBesideOthers = Object.keys(others).length > 0;
    if (!this.#isBesideOthers || aliveAt === undefined || Math.abs(now - aliveAt) > GAP_MS_MIN) return;
    this.#doubt = { from_at: aliveAt, to_at: Math.max(aliveAt, now) };
    this.#suspects = others;
    this.#startedMs = this.#clock.monotonic();
  }

  async #lookWhetherAlone(): Promise<void> {
    if (this.#doubt === null) return;
    const absent = await this.#deaths.absentMs(this.#suspects);
    this.#seemedAlone = absent.size === Object.keys(this.#suspects).length;
  }

  /** Tells whether it is certain that nobody lives whose sign could end the doubt. */
  async #isAlone(doubt: Doubt, now: number): Promise<boolean> {
    const absent = await this.#deaths.absentMs(this.#suspects);
    const isAbsent = (id: string): boolean => (absent.get(id) ?? -1) >= ABSENCE_MS_MIN;
    if (Object.keys(this.#suspects).every(isAbsent)) return true;
    return now - doubt.from_at > SILENCE_MS_MAX && this.#clock.monotonic() - this.#startedMs >= HEARING_MS;
  }

  /** Gives a sign beside the beats, where others wait for one. */
  #signSoon(): void {
    if (this.#stopped || this.#instances === null) return;
    const everyMs = this.#doubt === null ? SIGN_EVERY_MS : DOUBT_LOOK_MS;
    const delayMs = this.#refusedAt === null ? everyMs : SIGN_AGAIN_MS;
    this.#cancelSign = this.#clock.after(delayMs, () => {
      this.#writing = this.#writing
        .then(() => (this.#stopped ? undefined : this.#write(GAP_MS_MIN)))
        // The next beat reports it, if it lasts.
        .catch(() => this.noteRefusal())
        .then(() => this.#signSoon());
    });
  }

  /** Plans the next beat. A store that hangs does not move it: people are told after a number of beats that failed. */
  #schedule(delayMs = LIVENESS_WRITE_EVERY_MS): void {
    if (this.#stopped) return;
    this.#cancel = this.#clock.after(Math.max(0, delayMs), () => {
      const startedMs = this.#clock.monotonic();
      this.#writing = this.#writing
        .then(() => this.#beat(GAP_MS_MIN))
        .catch((error: unknown) => this.#refused(error))
        .then(() => this.#schedule(startedMs + LIVENESS_WRITE_EVERY_MS - this.#clock.monotonic()));
    });
  }

  async #beat(gapMsMin: number): Promise<void> {
    await this.#write(gapMsMin);
    const health = this.#store.health();
    this.#onBeat(health.ok ? null : health.detail);
    await this.#lookAround();
  }

  #refused(error: unknown): void {
    this.noteRefusal();
    this.#logger.error('the store takes no commit', { error: errorText(error) });
    this.#onBeat(errorText(error));
  }

  /** Lets time act on system incidents, for which every beat is often enough. */
  async #lookAround(): Promise<void> {
    await this.#teller.look();
    await this.#outages.look();
    await remindOfSystemIncidents(this.#store, this.#clock.now());
  }

  /**
   * Stores a sign of life.
   * @param at the instant of the sign of life; null means now
   */
  async #write(gapMsMin: number, at: number | null = null): Promise<void> {
    for (;;) {
      const previousAt = (await this.#store.meta(LIVENESS_KEY)) as number | undefined;
      const read = readingOf(this.#clock);
      const now = at ?? read.at;
      const refusedAt = this.#refusedAt;
      // If another instance has stored a sign of life since the refusal, it could take pings.
      const isRefused = refusedAt !== null && (previousAt ?? now) <= refusedAt;
      const doubt = this.#doubtAfter(previousAt);
      // Whether the others live is not known yet. A sign of this instance would hide the time in which nobody did.
      if (doubt !== null && !(await this.#isAlone(doubt, now))) return;
      // Beside others a start is no sign that nobody lived before it.
      const beganMs = this.#isBesideOthers ? GAP_MS_MIN : gapMsMin;
      const leastMs = isRefused || doubt !== null ? 0 : beganMs;
      const since = previousAt === undefined ? null : eventSince(previousAt, now, leastMs);
      const event = doubt !== null && since?.type === 'gap' && !isRefused ? { ...since, ...doubt } : since;
      // The sign says that pings can be taken.
      const scope = { ...this.#scopeOf(event), like_ping: true };
      const done = await this.#store.transact(scope, (tx) => {
        // Another instance wrote meanwhile. A gap that is known already must not be noted once more.
        if (tx.meta(LIVENESS_KEY) !== previousAt) return null;
        // A commit was refused meanwhile. The gap must begin before that one, and so before this sign of life.
        if (this.#refusedAt !== refusedAt) return null;
        // The transaction has learned that the clock was set, as another instance may have before. By the old time the
        // sign of that one would lie in the past or in the future, and the time between would be taken for a gap.
        if (at === null && setSince(this.#clock, read) !== 0) return null;
        this.#putSign(tx, { now, previousAt, isSetBack: event?.type === 'clock_set_back' });
        const signs =
          at === null
            ? this.#instances?.sign(tx, now, this.#store.presence ?? null)
            : this.#instances?.leave(tx);
        return { signs, failures: event === null ? [] : this.#note(tx, event, { now, previousAt }) };
      });
      if (done === null) continue;
      if (event !== null && this.#store.isShared === true) this.#teller.goOn();
      this.#doubt = null;
      if (done.signs !== undefined) this.#instances?.note(done.signs);
      for (const failure of done.failures) this.#logger.error('a gap could not be noted for a job', failure);
      if (this.#refusedAt === refusedAt) this.#refusedAt = null;
      this.lastStoredMs = this.#clock.monotonic();
      await this.#lookAfterOthers(done.signs, now);
      if (event === null || previousAt === undefined) return;
      if (event.type === 'clock_set_back') this.#onClockSetBack();
      return this.#report(now - previousAt);
    }
  }

  #scopeOf(event: TimeEvent | null): Scope {
    const meta = [LIVENESS_KEY, INSTANCES_KEY];
    if (event === null) return { meta };
    return this.#store.isShared === true ? { meta: [...meta, ...EVENT_META, OUTAGES_KEY] } : { all: true };
  }

  /**
   * Notes what happened to time, and that people are to be told of it.
   * @returns the jobs that could not be told, with the reason
   */
  #note(
    tx: Tx,
    event: TimeEvent,
    { now, previousAt = now }: { now: number; previousAt: number | undefined },
  ): JobFailure[] {
    if (event.type === 'gap') noteGap(tx, { from_at: event.from_at, to_at: event.to_at });
    else setOutagesBack(tx, previousAt - event.at);
    if (this.#store.isShared !== true) return tellJobs(tx, event);
    this.#teller.note(tx, event, now);
    return [];
  }

  /** Returns the doubt, unless somebody has given a sign since. Whoever does has lived, or noted the gap. */
  #doubtAfter(previousAt: number | undefined): Doubt | null {
    if (this.#doubt !== null && previousAt !== this.#doubt.from_at) this.#doubt = null;
    return this.#doubt;
  }

  /** Writes the sign that all instances share. Their clocks differ a little, and an earlier sign must not come last. */
  #putSign(
    tx: Tx,
    { now, previousAt, isSetBack }: { now: number; previousAt: number | undefined; isSetBack: boolean },
  ): void {
    const isBehind = this.#instances !== null && !isSetBack && previousAt !== undefined && previousAt > now;
    tx.putMeta(LIVENESS_KEY, isBehind ? previousAt : now);
  }

  async #lookAfterOthers(signs: Signs | undefined, now: number): Promise<void> {
    if (this.#instances === null || signs === undefined || this.#stopped) return;
    await this.#deaths.look(this.#instances.othersOf(signs), now);
  }

  #report(awayMs: number): void {
    if (awayMs < 0) {
      const seconds = Math.round(-awayMs / 1000);
      this.#logger.warn('the clock was set back; the next slot of every job was computed again', { seconds });
    }
    if (awayMs <= GAP_MS_MIN) return;
    const seconds = Math.round(awayMs / 1000);
    this.#logger.warn('Cronflow could take no pings for a while; slots of that time can end unknown', {
      seconds,
    });
  }
}

/**
 * Tells every job of the event, in one commit.
 * @returns the jobs that could not be told, with the reason
 */
function tellJobs(tx: Tx, event: TimeEvent): JobFailure[] {
  const jobs = tx.jobs().filter((job) => job.removed_at === null);
  // A job that cannot be told must keep neither the others from being told nor the beat from going on.
  return jobs.flatMap((job) => attemptOn(tx, job.id, () => applyEvent(tx, job, event)));
}

/** Returns the event that the time since the last sign of life is to every job, or null if it is none. */
function eventSince(previousAt: number, now: number, gapMsMin: number): TimeEvent | null {
  if (isClockSetBack(previousAt, now)) return { type: 'clock_set_back', at: now };
  return now - previousAt > gapMsMin ? { type: 'gap', from_at: previousAt, to_at: now } : null;
}
