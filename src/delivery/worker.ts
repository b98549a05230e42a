import { type Clock, sleep } from '../clock.ts';
import { failingNotifiers } from '../ingest/failing-notifiers.ts';
import type { Logger } from '../observe/log.ts';
import type { Store } from '../store/store.ts';
import { clampRetryAfterMs, isExhausted, retryDelayMs } from './backoff.ts';
import { ClockStep } from './clock-step.ts';
import { loadContext } from './context.ts';
import { forgetUndelivered, reviveOpenings, undeliveredCount } from './deaths.ts';
import { type Claimed, Lane } from './lane.ts';
import { bareMessageOf, type Message, messageOf } from './message.ts';
import type { Notifier, SendResult } from './notifier.ts';
import { type Outcome, recordOutcome } from './outcome.ts';
import { type Parcel, parcelOf } from './parcel.ts';

/** A suspended machine is noticed within this (DESIGN.md §3.4). */
const SLEEP_MS_MAX = 10_000;
/** The store said that something is due and gave nothing: it is not asked again at once. */
const SLEEP_MS_MIN = 100;
/** Longer than every attempt; another instance takes over what a dead one had claimed after this. */
const LEASE_MS = 60_000;
const ATTEMPT_MS_MAX = 10_000;
/** Left of a lease for the commit after an attempt. */
const COMMIT_MS = 2_000;
const CLAIMS_MAX = 20;
const COMMIT_RETRY_MS_MAX = 10_000;
const STORE_RETRY_MS = 1_000;
const STOP_MS_DEFAULT = 15_000;
const ERROR_LENGTH_MAX = 500;

export interface DeliveryWorkerOptions {
  store: Store;
  clock: Clock;
  logger: Logger;
  /** In [0, 1), for the jitter of retries. */
  random: () => number;
  notifiers: { get(name: string): Notifier | undefined };
  /** For links in messages, without a trailing slash; asked for every message, for it may be reconfigured. */
  publicUrl: () => string | null;
}

/**
 * Sends what the outbox holds (DESIGN.md §7): claims by lease, sends, commits what became of it. At least
 * once, in order per job and notifier; the only place that retries.
 */
export class DeliveryWorker {
  readonly #options: DeliveryWorkerOptions;
  readonly #clockStep: ClockStep;
  readonly #lanes = new Map<string, Lane>();
  readonly #tasks = new Set<Promise<void>>();
  /** Aborted when `stop` was called: nothing new begins. */
  readonly #stopping = new AbortController();
  /** Aborted when the time `stop` had is over: nothing is waited for. */
  readonly #stopped = new AbortController();
  #alarm = new AbortController();
  #loop: Promise<void> | null = null;
  #storeFails = false;
  #failing: readonly string[] = [];

  constructor(options: DeliveryWorkerOptions) {
    this.#options = options;
    this.#clockStep = new ClockStep(options.clock);
  }

  /**
   * Begins to deliver. A restart is how a broken notifier is often mended, so what it missed while its
   * incidents stay open is owed again to every notifier.
   * @param names of all configured notifiers
   */
  start(names: readonly string[]): void {
    if (this.#loop !== null) throw new Error('The delivery worker was started twice.');
    this.#loop = this.#run();
    this.notifiersChanged(names);
  }

  /** Names of the notifiers that lose messages, for those who look instead of being told. */
  get failing(): readonly string[] {
    return this.#failing;
  }

  /** To be called after every commit that may owe deliveries; costs nothing. */
  wake(): void {
    this.#alarm.abort();
  }

  /** To be called with the names of notifiers that are new or whose configuration changed. */
  notifiersChanged(names: readonly string[]): void {
    for (const name of names) {
      const lane = this.#lanes.get(name);
      if (lane !== undefined) lane.heldUntilMs = -Infinity;
      this.#track(this.#reviveIfAny(name));
    }
    this.#track(this.#readFailing());
    this.wake();
  }

  /** Begins nothing new and waits for what is on its way, at most `limitMs`; then what is left is aborted. */
  async stop(limitMs: number = STOP_MS_DEFAULT): Promise<void> {
    this.#stopping.abort();
    this.wake();
    const cancel = this.#options.clock.after(limitMs, () => {
      this.#stopped.abort();
      for (const lane of this.#lanes.values()) lane.abort();
    });
    await this.#loop;
    while (this.#tasks.size > 0) await Promise.all(this.#tasks);
    cancel();
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      // Replaced before looking, so that what is committed while looking is not slept over.
      this.#alarm = new AbortController();
      const delayMs = await this.#claim();
      if (this.#stopping.signal.aborted) return;
      for (const lane of this.#lanes.values()) this.#pump(lane);
      const sleepMs = Math.min(delayMs, this.#heldMs());
      if (sleepMs > 0) await sleep(this.#options.clock, sleepMs, this.#alarm.signal);
    }
  }

  /** @returns how long to sleep, in milliseconds */
  async #claim(): Promise<number> {
    const { store, clock, logger } = this.#options;
    try {
      const heldCount = await this.#clockStep.look(store);
      if (heldCount > 0) logger.warn('the clock was set back; what waits is sent now', { count: heldCount });
      const claim = { now_at: clock.now(), lease_ms: LEASE_MS, limit: CLAIMS_MAX };
      const leaseEndsMs = clock.monotonic() + LEASE_MS;
      const claimed = await store.claimDeliveries(claim);
      for (const delivery of claimed) this.#laneOf(delivery.notifier).add({ delivery, leaseEndsMs });
      const earliestAt = await store.earliestDeliveryAt();
      if (this.#storeFails) logger.info('the outbox can be read again');
      this.#storeFails = false;
      if (earliestAt === null) return SLEEP_MS_MAX;
      const delayMs = earliestAt - clock.now();
      return Math.min(Math.max(delayMs, claimed.length > 0 ? 0 : SLEEP_MS_MIN), SLEEP_MS_MAX);
    } catch (error) {
      if (!this.#storeFails) logger.error('the outbox cannot be read', { error: textOf(error) });
      this.#storeFails = true;
      return STORE_RETRY_MS;
    }
  }

  /** Starts as much of what waits for one notifier as it takes at a time. */
  #pump(lane: Lane): void {
    const { clock, notifiers } = this.#options;
    const notifier = notifiers.get(lane.notifier);
    const nowMs = clock.monotonic();
    for (;;) {
      const claimed = lane.next(nowMs, notifier?.concurrency ?? 1);
      if (claimed === undefined) break;
      this.#track(this.#handle(lane, claimed, claimed.abort.signal));
    }
    if (lane.isIdle && nowMs >= lane.heldUntilMs) this.#lanes.delete(lane.notifier);
  }

  /** How long until a lane that was held goes on, in milliseconds. */
  #heldMs(): number {
    const nowMs = this.#options.clock.monotonic();
    const held = [...this.#lanes.values()].map((lane) => lane.heldUntilMs - nowMs);
    return Math.min(SLEEP_MS_MAX, ...held.filter((ms) => ms > 0));
  }

  async #handle(lane: Lane, claimed: Claimed, signal: AbortSignal): Promise<void> {
    let isHandled = true;
    try {
      isHandled = await this.#deliver(lane, claimed, signal);
    } finally {
      lane.done(claimed.delivery.id);
      if (!isHandled) lane.add(claimed);
      this.wake();
    }
  }

  /** @returns false when nothing was sent because the store could not be read */
  async #deliver(lane: Lane, claimed: Claimed, signal: AbortSignal): Promise<boolean> {
    const { store, logger, notifiers, clock } = this.#options;
    const { delivery } = claimed;
    const notifier = notifiers.get(delivery.notifier);
    let parcel: Parcel;
    let message: Message;
    let undelivered: number;
    try {
      parcel = await parcelOf(store, delivery, notifier?.keepsState ?? false);
      undelivered = await undeliveredCount(store, delivery.notifier);
      message = await this.#write(parcel, undelivered);
    } catch (error) {
      logger.error('a delivery cannot be read', { delivery: delivery.id, error: textOf(error) });
      await sleep(clock, STORE_RETRY_MS, this.#stopping.signal);
      return false;
    }
    if (parcel.silentBecause !== null) {
      await this.#commit(parcel, { type: 'silent', because: parcel.silentBecause });
    } else if (notifier === undefined) {
      const detail = 'no notifier of this name is configured';
      await this.#finish(lane, parcel, { result: 'permanent', detail }, 0);
    } else {
      const sent = await this.#send(notifier, message, claimed, signal);
      await this.#finish(lane, parcel, sent, undelivered);
    }
    return true;
  }

  async #write({ head, closing }: Parcel, undelivered: number): Promise<Message> {
    const { store, clock, logger, publicUrl } = this.#options;
    const nowAt = clock.now();
    const around = { nowAt, publicUrl: publicUrl(), closing: closing?.facts ?? null, undelivered };
    const context = await loadContext(store, head, around);
    try {
      return messageOf(head, context);
    } catch (error) {
      logger.error('a message could not be written', { delivery: head.id, error: textOf(error) });
      return bareMessageOf(head, closing !== null);
    }
  }

  /** One attempt, within its time and its lease, whatever the notifier does. */
  async #send(
    notifier: Notifier,
    message: Message,
    { leaseEndsMs }: Claimed,
    signal: AbortSignal,
  ): Promise<SendResult> {
    const { clock } = this.#options;
    const limitMs = Math.min(ATTEMPT_MS_MAX, leaseEndsMs - clock.monotonic() - COMMIT_MS);
    const limit = new AbortController();
    const cancel = clock.after(limitMs, () => limit.abort());
    const given = AbortSignal.any([limit.signal, signal]);
    const timedOut = new Promise<SendResult>((resolve) => {
      const answer = { result: 'retry', detail: `no answer within ${ATTEMPT_MS_MAX / 1_000} s` } as const;
      // Its own answer, if it has one, comes first.
      const giveUp = (): void => void setImmediate(() => resolve(answer));
      if (given.aborted) giveUp();
      else given.addEventListener('abort', giveUp, { once: true });
    });
    try {
      return await Promise.race([notifier.send(message, given), timedOut]);
    } catch (error) {
      return { result: 'retry', detail: `the notifier failed: ${textOf(error)}` };
    } finally {
      cancel();
    }
  }

  async #finish(lane: Lane, parcel: Parcel, sent: SendResult, undelivered: number): Promise<void> {
    const { clock, logger, random } = this.#options;
    const { head } = parcel;
    const attempts = head.attempts + 1;
    const fields = { delivery: head.id, notifier: head.notifier, attempt: attempts };
    if (sent.result === 'ok') {
      logger.info('delivered', fields);
      await this.#commit(parcel, { type: 'sent', receipt: sent.receipt ?? null });
      if (undelivered > 0) await this.#recover(head.notifier, undelivered);
      return;
    }
    const error = sent.detail.slice(0, ERROR_LENGTH_MAX);
    if (sent.result === 'permanent' || isExhausted(head.created_at, attempts, clock.now())) {
      logger.error('given up: a notification was not delivered', { ...fields, error });
      await this.#commit(parcel, { type: 'dead', error });
      return;
    }
    const afterMs = clampRetryAfterMs(sent.afterMs ?? 0);
    lane.heldUntilMs = Math.max(lane.heldUntilMs, clock.monotonic() + afterMs);
    const delayMs = Math.max(afterMs, retryDelayMs(attempts, random()));
    logger.warn('not delivered yet', { ...fields, error, retry_in_ms: delayMs });
    await this.#commit(parcel, { type: 'retry', error, retryAt: clock.now() + delayMs });
  }

  /** While the store fails this waits: sending again would be telling twice. */
  async #commit(parcel: Parcel, outcome: Outcome): Promise<void> {
    const { store, clock, logger } = this.#options;
    const ids = [parcel.head, ...parcel.merged].map(({ id }) => id);
    const told = await this.#untilStored(parcel.head.id, () =>
      store.transact({ delivery_ids: ids }, (tx) => {
        const news = recordOutcome(tx, parcel, outcome, clock.now());
        this.#failing = failingNotifiers(tx);
        return news;
      }),
    );
    if (told?.length === 0) {
      logger.error('a notifier fails and there is no other to tell', { notifier: parcel.head.notifier });
    }
  }

  /** A notifier that had lost messages takes them again: it hears of what is still open (DESIGN.md §7). */
  async #recover(notifier: string, undelivered: number): Promise<void> {
    const { store } = this.#options;
    // Forgotten last: if this is cut short, the next message that gets through makes up for it.
    await this.#untilStored(notifier, () => this.#revive(notifier));
    await this.#untilStored(notifier, () =>
      store.transact({}, (tx) => forgetUndelivered(tx, notifier, undelivered)),
    );
  }

  /**
   * Tries to write as often as it takes.
   * @throws CronflowError when the worker stops before the store works again
   */
  async #untilStored<T>(about: string, write: () => Promise<T>): Promise<T> {
    const { clock, logger } = this.#options;
    for (let failures = 0; ; failures++) {
      try {
        return await write();
      } catch (error) {
        if (this.#stopped.signal.aborted) throw error;
        if (failures === 0) logger.error('the outbox cannot be written', { about, error: textOf(error) });
        const delayMs = Math.min(STORE_RETRY_MS * 2 ** Math.min(failures, 10), COMMIT_RETRY_MS_MAX);
        await sleep(clock, delayMs, this.#stopped.signal);
      }
    }
  }

  async #reviveIfAny(notifier: string): Promise<void> {
    const { store, clock, logger } = this.#options;
    for (;;) {
      try {
        if ((await undeliveredCount(store, notifier)) > 0) await this.#revive(notifier);
        return;
      } catch (error) {
        if (this.#stopping.signal.aborted) return;
        logger.error('openings cannot be owed again', { notifier, error: textOf(error) });
        await sleep(clock, COMMIT_RETRY_MS_MAX, this.#stopping.signal);
      }
    }
  }

  async #readFailing(): Promise<void> {
    this.#failing = await this.#options.store.transact({}, failingNotifiers);
  }

  async #revive(notifier: string): Promise<void> {
    const { store, clock, logger } = this.#options;
    const count = await reviveOpenings(store, notifier, clock.now());
    if (count === 0) return;
    logger.warn('openings that had been given up are owed again', { notifier, count });
    this.wake();
  }

  #laneOf(notifier: string): Lane {
    const lane = this.#lanes.get(notifier) ?? new Lane(notifier);
    this.#lanes.set(notifier, lane);
    return lane;
  }

  #track(task: Promise<void>): void {
    const tracked = task.catch((error: unknown) => {
      this.#options.logger.error('delivery failed unexpectedly', { error: textOf(error) });
    });
    this.#tasks.add(tracked);
    void tracked.finally(() => this.#tasks.delete(tracked));
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
