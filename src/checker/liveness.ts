import {
  GAP_MS_MIN,
  isClockSetBack,
  LIVENESS_KEY,
  LIVENESS_WRITE_EVERY_MS,
  type TimeEvent,
} from '../apply/alive.ts';
import { applyEvent } from '../apply/events.ts';
import { remindOfSystemIncidents } from '../apply/system.ts';
import type { Clock } from '../clock.ts';
import type { Logger } from '../observe/log.ts';
import { isRefusal } from '../store/backlog.ts';
import type { Store, Tx } from '../store/store.ts';
import { noteGap, Outages, setOutagesBack } from './outages.ts';
import type { JobFailure } from './settling.ts';
import { errorText } from '../core/model/errors.ts';

/**
 * Stores every 10 s that Cronflow was able to take pings, and tells every job of the times when it was not: stopped,
 * crashed, suspended, or with a store that refused commits (docs/design.md §3.4). One rule finds almost all of these
 * times: the last stored sign of life is too old. A store that refused for a shorter time is known by the commits that
 * it refused.
 */
export class Liveness {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #onBeat: (failure: string | null) => void;
  readonly #onClockSetBack: () => void;
  readonly #outages: Outages;
  #cancel: (() => void) | null = null;
  #stopped = false;
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
   */
  constructor(options: {
    store: Store;
    clock: Clock;
    logger: Logger;
    onBeat?: (failure: string | null) => void;
    onClockSetBack?: () => void;
  }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#onBeat = options.onBeat ?? (() => {});
    this.#onClockSetBack = options.onClockSetBack ?? (() => {});
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
      await this.#beat(0);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.#refused(error);
    }
    this.#schedule();
  }

  /**
   * Stores the last sign of life, and is called when no ping can come any more. That instant is the last sign of life,
   * however long storing it takes.
   */
  async stop(): Promise<void> {
    const lastAt = this.#clock.now();
    this.#stopped = true;
    this.#cancel?.();
    await this.#writing;
    await this.#outages.stop();
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
    return this.#refusedAt !== null;
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#cancel = this.#clock.after(LIVENESS_WRITE_EVERY_MS, () => {
      this.#writing = this.#beat(GAP_MS_MIN)
        .catch((error: unknown) => this.#refused(error))
        .then(() => this.#schedule());
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
      const now = at ?? this.#clock.now();
      const refusedAt = this.#refusedAt;
      // If another instance has stored a sign of life since the refusal, it could take pings.
      const isRefused = refusedAt !== null && (previousAt ?? now) <= refusedAt;
      const event = previousAt === undefined ? null : eventSince(previousAt, now, isRefused ? 0 : gapMsMin);
      const scope = event === null ? { meta: [LIVENESS_KEY] } : { all: true };
      const failures = await this.#store.transact(scope, (tx) => {
        // Another instance wrote meanwhile. A gap that is known already must not be noted once more.
        if (tx.meta(LIVENESS_KEY) !== previousAt) return null;
        // A commit was refused meanwhile. The gap must begin before that one, and so before this sign of life.
        if (this.#refusedAt !== refusedAt) return null;
        tx.putMeta(LIVENESS_KEY, now);
        return event === null ? [] : note(tx, event, previousAt ?? now);
      });
      if (failures === null) continue;
      for (const failure of failures) this.#logger.error('a gap could not be noted for a job', failure);
      if (this.#refusedAt === refusedAt) this.#refusedAt = null;
      this.lastStoredMs = this.#clock.monotonic();
      if (event === null || previousAt === undefined) return;
      if (event.type === 'clock_set_back') this.#onClockSetBack();
      return this.#report(now - previousAt);
    }
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
 * Tells every job of the event, and notes that people are to be told of it, in one commit.
 * @returns the jobs that could not be told, with the reason
 */
function note(tx: Tx, event: TimeEvent, previousAt: number): JobFailure[] {
  const failures: JobFailure[] = [];
  for (const job of tx.jobs()) {
    if (job.removed_at !== null) continue;
    try {
      tx.attempt(() => applyEvent(tx, job, event));
    } catch (error) {
      // A job that cannot be told must keep neither the others from being told nor the beat from going on.
      failures.push({ job_id: job.id, error: errorText(error) });
    }
  }
  if (event.type === 'gap') noteGap(tx, { from_at: event.from_at, to_at: event.to_at });
  else setOutagesBack(tx, previousAt - event.at);
  return failures;
}

/** Returns the event that the time since the last sign of life is to every job, or null if it is none. */
function eventSince(previousAt: number, now: number, gapMsMin: number): TimeEvent | null {
  if (isClockSetBack(previousAt, now)) return { type: 'clock_set_back', at: now };
  return now - previousAt > gapMsMin ? { type: 'gap', from_at: previousAt, to_at: now } : null;
}
