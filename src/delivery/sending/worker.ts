import { type Clock, sleep } from '../../clock.ts';
import type { Logger } from '../../observe/log.ts';
import type { MessageOutcome } from '../../observe/message-counts.ts';
import type { Refusal } from '../../core/model/records.ts';
import type { Change, LaneLease, LaneNote, Store } from '../../store/store.ts';
import type { Message, SourceUrlOf } from '../message/message.ts';
import type { Redact } from '../message/redact.ts';
import type { Notifier, SendResult } from '../notifier.ts';
import { attempt } from './attempt.ts';
import { clampRetryAfterMs, isExhausted, retryDelayMs } from './backoff.ts';
import { goOn, noteOf } from './handover.ts';
import { SetBack } from './set-back.ts';
import { readDeadCountUnder } from './dead.ts';
import { type Departure, isMergeable, Lane } from './lane.ts';
import { pack } from './packing.ts';
import { type Parcel, youngestOf } from './parcel.ts';
import { LeftLanes } from './left-lanes.ts';
import { OTHERS_TURN_MS, Refusals, type Turn, type Weighed } from './refusals.ts';
import { isLeaseLost, type Occasion, Settler, STORE_RETRY_MS } from './settler.ts';
import { CronflowError, errorText } from '../../core/model/errors.ts';
import { write } from './writing.ts';
import { HOUR_MS, MINUTE_MS } from '../../schedule/units.ts';

/** Sleeps are no longer, so that a suspended machine is noticed within this time (docs/design.md §3.4). */
const SLEEP_MS_MAX = 10_000;
/**
 * The shortest sleep. Without it the store would be asked again at once if it said that a delivery is due and gave
 * none.
 */
const SLEEP_MS_MIN = 100;
/** A lease is longer than every attempt. After it, another instance takes over what a dead one had claimed. */
const LEASE_MS = MINUTE_MS;
/** The part of a lease that is kept for the commit after an attempt. */
const COMMIT_MS = 2_000;
/** Deliveries claimed at a time for a notifier that takes each message alone. */
const CLAIMS_MAX = 20;
/** Deliveries that are looked at for one merged message; more names fit into none. */
const MERGED_MAX = 1_000;
/** The time between two probes of the notifiers that lose messages. */
const PROBE_EVERY_MS = HOUR_MS;
const STOP_MS_DEFAULT = 15_000;
/**
 * After a shared store failed, nothing is claimed for so long. Leases may have ended meanwhile, and instances that sent a
 * message store that first, so that nobody sends it again.
 */
const OTHERS_FIRST_MS = 3_000;
/** Whoever is not known to others yet looks so often whether it is. That asks no store, and lasts for some seconds. */
const KNOWN_LOOK_MS = 100;
/**
 * Whoever comes back to a lane looks for it so often and for so long, since the instance that leaves it says so first and
 * then gives it up.
 */
const COME_BACK_LOOK_MS = 500;
const COME_BACK_MS = 5_000;
const ERROR_LENGTH_MAX = 500;

export interface DeliveryWorkerOptions {
  store: Store;
  /** Names this instance among those that share the store. No other that runs has the same name. */
  owner: string;
  /** How long a lane is held without a renewal; a minute unless given, and never less than an attempt may take. */
  leaseMs?: number | undefined;
  clock: Clock;
  logger: Logger;
  /** Returns a number in [0, 1), for the jitter of retries. */
  random: () => number;
  notifiers: { get(name: string): Notifier | undefined };
  /**
   * Returns the address for links in messages, without a trailing slash. It is asked for each message, because the
   * configuration may change.
   */
  publicUrl: () => string | null;
  /** Finds the address at which people read the line that declares a job. */
  sourceUrlOf?: SourceUrlOf;
  /** Hides secrets in text that is quoted from outside. */
  redact: Redact;
  /**
   * Tells whether this instance is the one that tries failing notifiers, once for all instances. Without it, it is.
   */
  probes?: () => boolean;
  /**
   * Tells whether others would find out if this instance died. It claims nothing before: nobody would send what it had
   * claimed until its leases are up. Without it, they would.
   */
  isKnown?: () => boolean;
  /**
   * Names the other instances that live. They may reach a receiver that this one cannot, or have a secret that it takes.
   * Without it, none does.
   */
  others?: () => readonly string[];
  /**
   * Tells whether the applied configuration has a notifier that is not known here yet, since another instance applied
   * it. Its messages wait, and are not given up.
   */
  isExpected?: (notifier: string) => Promise<boolean>;
  /** Called for every message that was sent, or not, once that is stored. */
  onOutcome?: (notifier: string, outcome: MessageOutcome) => void;
}

/** The result of a departure. */
interface Delivered {
  /** Deliveries that were not sent, because the store could not be read or not all fit into one message. */
  left: Departure['claimed'];
  /** True if the receiver took the message, or the log has it. */
  isTold: boolean;
}

/**
 * Sends the deliveries of the outbox (docs/design.md §7): it claims lanes and their deliveries by lease, sends them and
 * commits the outcome. It sends at least once, in order per job and notifier, and is the only place that retries.
 */
export class DeliveryWorker {
  readonly #options: DeliveryWorkerOptions;
  readonly #setBack: SetBack;
  readonly #lanes = new Map<string, Lane>();
  readonly #tasks = new Set<Promise<void>>();
  readonly #settler: Settler;
  readonly #left: LeftLanes;
  readonly #refusals: Refusals;
  /** The lanes that are being given up. */
  readonly #leaving = new Set<Lane>();
  /** Aborted when `stop` was called; then nothing new begins. */
  readonly #stopping = new AbortController();
  /** Aborted when the time given to `stop` is over; then nothing is waited for. */
  readonly #stopped = new AbortController();
  #alarm = new AbortController();
  #loop: Promise<void> | null = null;
  #unwatch: (() => void) | null = null;
  #storeFails = false;
  /** Nothing is claimed before this instant on the monotonic clock; null while the store fails. */
  #claimFromMs: number | null = -Infinity;
  /** True while this instance leaves all messages to the others. */
  #isAside = false;
  #hasLeft = false;
  /** Until this instant on the monotonic clock it is looked more often for lanes that others give up. */
  #looksUntilMs = -Infinity;
  /** The instant of the next probe, on the monotonic clock. */
  #probeAtMs = Infinity;

  constructor(options: DeliveryWorkerOptions) {
    this.#options = options;
    this.#setBack = new SetBack(options.clock);
    const { owner, others = () => [] } = options;
    this.#left = new LeftLanes(options.clock, () => others().length > 0);
    this.#refusals = new Refusals({ store: options.store, owner, others });
    const [stopping, stopped] = [this.#stopping.signal, this.#stopped.signal];
    this.#settler = new Settler(options, { stopping, stopped });
  }

  /**
   * Begins to deliver. A restart is how a broken notifier is often mended. So it owes every notifier again the
   * messages that it missed about incidents that are still open. An instance that starts beside others is no restart of
   * Cronflow, but it may have an address that the others lack. So it owes what only the log had.
   * @param names the names of all configured notifiers
   */
  start(names: readonly string[], isBesideOthers = false): void {
    if (this.#loop !== null) throw new Error('The delivery worker was started twice.');
    this.#probeAtMs = this.#options.clock.monotonic() + PROBE_EVERY_MS;
    this.#unwatch = this.#options.store.watch((changes) => {
      if (changes.some((change) => change.type === 'fresh' || isOwed(change))) this.wake();
      // Another instance may have found out that a notifier fails, or works again.
      if (changes.some((change) => change.type === 'fresh' || isOfCronflow(change)))
        this.#track(this.#settler.readFailing());
      this.#track(this.#comeBack(changes));
    });
    this.#loop = this.#run();
    this.#redeliver(names, isBesideOthers ? 'started_beside_others' : 'started');
  }

  /** Names of the notifiers that lose messages, for callers that show them. */
  get failing(): readonly string[] {
    return this.#settler.failing;
  }

  /**
   * Returns the answers of receivers that refuse what this instance sends, by the names of the notifiers. It knows of
   * none where it is the only instance, since the notifier fails then.
   */
  get refusing(): ReadonlyMap<string, string> {
    return this.#refusals.known;
  }

  /** Wakes the worker, which then asks the store what is owed. Costs nothing. */
  wake(): void {
    this.#alarm.abort();
  }

  /**
   * Leaves all messages to other instances, or takes part again. One that cannot read the applied configuration does not
   * know where messages go.
   */
  standAside(isAside: boolean): void {
    this.#isAside = isAside;
    this.wake();
  }

  /** Tells whether this instance leaves all messages to others. */
  get isAside(): boolean {
    return this.#isAside;
  }

  /** Makes waiting deliveries due at once; called when the wall clock turned out to have been set back. */
  clockSetBack(): void {
    this.#setBack.note();
    this.wake();
  }

  /** Tries notifiers again that are new or whose configuration changed. */
  notifiersChanged(names: readonly string[]): void {
    for (const name of names) {
      const lane = this.#lanes.get(name);
      if (lane !== undefined) lane.heldUntilMs = -Infinity;
      this.#left.delete(name);
      this.#refusals.forget(name);
    }
    this.#redeliver(names, 'changed');
  }

  #redeliver(names: readonly string[], occasion: Occasion): void {
    for (const name of names) this.#track(this.#redeliverTo(name, occasion));
    this.#track(this.#settler.readFailing());
    this.wake();
  }

  async #redeliverTo(name: string, occasion: Occasion): Promise<void> {
    await this.#settler.redeliverIfAny(name, occasion);
    if (occasion !== 'changed') return;
    // The lane may have been left meanwhile, because of a refusal that counts no longer.
    this.#left.delete(name);
    this.wake();
  }

  /**
   * Ends the time for which lanes were left, where another instance was refused a message that waits for this one. Else
   * nobody would send to the notifier meanwhile.
   */
  async #comeBack(changes: readonly Change[]): Promise<void> {
    const left = this.#left.names();
    if (left.length === 0) return;
    const owed = changes.filter(isOwed).filter(({ notifier }) => left.includes(notifier));
    if (owed.length === 0) return;
    const names = await this.#refusals.waitingFor(owed.map(({ id }) => id));
    if (names.length === 0) return;
    for (const name of names) this.#left.delete(name);
    this.#looksUntilMs = this.#options.clock.monotonic() + COME_BACK_MS;
    this.wake();
  }

  /** Begins nothing new, and waits at most `limitMs` for messages on their way; then it aborts the rest. */
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
    this.#unwatch?.();
    await this.#leave();
  }

  /** Gives up all lanes once nothing is on its way. Returns how long to sleep, in milliseconds. */
  async #staysAside(): Promise<number> {
    for (const lane of this.#lanes.values()) lane.dropWaiting();
    const isSending = [...this.#lanes.values()].some((lane) => !lane.isIdle);
    if (!isSending && !this.#hasLeft) {
      this.#hasLeft = true;
      await this.#leave();
      this.#lanes.clear();
    }
    return SLEEP_MS_MAX;
  }

  /**
   * Gives up all lanes, or that of one notifier, so that another instance goes on at once.
   * @returns whether they are given up
   */
  async #leave(only?: string): Promise<boolean> {
    const { store, owner, logger } = this.#options;
    if (this.#loop === null) return false;
    try {
      await store.leaveLanes(owner, this.#notes(), only);
      return true;
    } catch (error) {
      logger.warn('the lanes could not be given up; others wait for the leases', { error: errorText(error) });
      return false;
    }
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      // The alarm is replaced before the store is asked, so that a commit in between still ends the sleep.
      this.#alarm = new AbortController();
      const delayMs = await (this.#isAside ? this.#staysAside() : this.#claim());
      if (this.#stopping.signal.aborted) return;
      this.#probe();
      for (const lane of this.#lanes.values()) this.#pump(lane);
      const isLooking = this.#options.clock.monotonic() < this.#looksUntilMs;
      const sleepMs = Math.min(delayMs, this.#heldMs(), isLooking ? COME_BACK_LOOK_MS : Infinity);
      if (sleepMs > 0) await sleep(this.#options.clock, sleepMs, this.#alarm.signal);
    }
  }

  #probe(): void {
    const nowMs = this.#options.clock.monotonic();
    if (nowMs < this.#probeAtMs) return;
    this.#probeAtMs = nowMs + PROBE_EVERY_MS;
    if (this.#options.probes?.() === false) return;
    this.#track(this.#settler.readFailing().then(() => this.#settler.probe()));
  }

  /**
   * Claims deliveries.
   * @returns how long to sleep, in milliseconds
   */
  async #claim(): Promise<number> {
    const { store, owner, clock, logger, leaseMs = LEASE_MS } = this.#options;
    this.#hasLeft = false;
    if (this.#options.isKnown?.() === false) return KNOWN_LOOK_MS;
    try {
      const waitMs = await this.#othersFirstMs();
      if (waitMs > 0) return waitMs;
      const heldCount = await this.#setBack.look(store);
      if (heldCount > 0)
        logger.warn('the clock was set back; waiting messages are sent now', { count: heldCount });
      const limits = this.#limits();
      const lease = { owner, now_at: clock.now(), lease_ms: leaseMs, notes: this.#notes() };
      const leaseEndsMs = clock.monotonic() + leaseMs;
      const claimed = await store.claimDeliveries({ ...lease, limit: CLAIMS_MAX, limits });
      for (const { lease: held, note, deliveries } of claimed) {
        const lane = this.#laneHeld(held, note);
        for (const delivery of deliveries) lane.add({ delivery, leaseEndsMs });
      }
      // Deliveries to a full lane are asked about again when it has room.
      const full = [...limits].flatMap(([name, limit]) => (limit === 0 ? [name] : []));
      const earliestAt = await store.earliestDeliveryAt(owner, new Set(full));
      if (this.#storeFails) logger.info('the outbox can be read again');
      this.#storeFails = false;
      if (earliestAt === null) return SLEEP_MS_MAX;
      const delayMs = earliestAt - clock.now();
      return Math.min(Math.max(delayMs, claimed.length > 0 ? 0 : SLEEP_MS_MIN), SLEEP_MS_MAX);
    } catch (error) {
      if (!this.#storeFails) logger.error('the outbox cannot be read', { error: errorText(error) });
      this.#storeFails = true;
      if (store.isShared === true) this.#claimFromMs = null;
      return STORE_RETRY_MS;
    }
  }

  /** Returns for how long nothing may be claimed yet. A store that failed is asked whether it works again. */
  async #othersFirstMs(): Promise<number> {
    const { store, owner, clock } = this.#options;
    if (this.#claimFromMs === null) {
      await store.earliestDeliveryAt(owner);
      this.#claimFromMs = clock.monotonic() + OTHERS_FIRST_MS;
    }
    return this.#claimFromMs - clock.monotonic();
  }

  /** Returns how many more deliveries may be claimed for each notifier that has some waiting already. */
  #limits(): Map<string, number> {
    const limits = new Map<string, number>();
    for (const [name, lane] of this.#lanes) {
      const merges = typeof this.#options.notifiers.get(name)?.mergedLengthMax === 'number';
      limits.set(name, merges ? lane.room : Math.min(CLAIMS_MAX, lane.room));
    }
    for (const name of this.#left.names()) limits.set(name, 0);
    return limits;
  }

  /** Writes down how the lanes stand, for whoever holds them next. */
  #notes(): Map<string, LaneNote> {
    const { clock } = this.#options;
    return new Map([...this.#lanes].map(([name, lane]) => [name, noteOf(lane, clock)]));
  }

  /** Starts as many messages to one notifier as it takes at a time. */
  #pump(lane: Lane): void {
    if (this.#left.has(lane.notifier)) return this.#leaveToOthers(lane);
    const { clock, notifiers } = this.#options;
    const notifier = notifiers.get(lane.notifier);
    const nowMs = clock.monotonic();
    const lengthMax = notifier?.mergedLengthMax ?? null;
    while (lane.isFree(nowMs, notifier?.concurrency ?? 1)) {
      const departure = lengthMax === null ? lane.next(nowMs) : this.#nextOf(lane, nowMs);
      if (departure === undefined) break;
      this.#track(this.#handle(lane, departure, lengthMax));
    }
    const isForgettable = nowMs >= lane.heldUntilMs && lane.storm.isOver(nowMs);
    if (lane.isIdle && isForgettable) this.#lanes.delete(lane.notifier);
  }

  /** Gives up one lane once nothing is on its way. */
  #leaveToOthers(lane: Lane): void {
    lane.dropWaiting();
    if (!lane.isIdle || this.#leaving.has(lane)) return;
    this.#track(this.#giveUp(lane));
  }

  async #giveUp(lane: Lane): Promise<void> {
    this.#leaving.add(lane);
    const isLeft = await this.#leave(lane.notifier);
    this.#leaving.delete(lane);
    if (isLeft && lane.isIdle) this.#lanes.delete(lane.notifier);
  }

  /** Returns the deliveries that may go next to a notifier that merges storms. */
  #nextOf(lane: Lane, nowMs: number): Departure | undefined {
    const other = lane.next(nowMs, (delivery) => !isMergeable(delivery));
    if (other !== undefined) return other;
    const waitingCount = lane.mergeableCount;
    if (waitingCount === 0) return undefined;
    switch (lane.storm.turn(nowMs, waitingCount)) {
      case 'wait':
        return undefined;
      case 'merge':
        return lane.nextMany(nowMs, MERGED_MAX);
      case 'alone': {
        const departure = lane.next(nowMs);
        if (departure !== undefined) lane.storm.alone(nowMs);
        return departure;
      }
    }
  }

  /** Returns the time in milliseconds until a held lane goes on. */
  #heldMs(): number {
    const nowMs = this.#options.clock.monotonic();
    const held = [...this.#lanes.values()].flatMap((lane) => [
      lane.heldUntilMs - nowMs,
      lane.storm.endMs - nowMs,
    ]);
    return Math.min(SLEEP_MS_MAX, ...held.filter((ms) => ms > 0));
  }

  async #handle(lane: Lane, departure: Departure, lengthMax: number | null): Promise<void> {
    const isTogether = lengthMax !== null && goesTogether(departure);
    if (isTogether) lane.storm.merging();
    let delivered: Delivered = { left: departure.claimed, isTold: false };
    try {
      delivered = await this.#deliver(lane, departure, lengthMax);
    } catch (error) {
      if (!isLeaseLost(error)) throw error;
      // Whoever holds the lane now tells of it, even if this message got through.
      this.#options.logger.warn('another instance sends to the notifier now', { notifier: lane.notifier });
      lane.lose(departure.lease);
      delivered = { left: [], isTold: false };
    } finally {
      const { left, isTold } = delivered;
      if (isTogether && isTold) lane.storm.merged(this.#options.clock.monotonic(), left.length);
      else if (isTogether) lane.storm.notMerged();
      lane.lastSentMs = this.#options.clock.monotonic();
      lane.done(departure, left);
      this.wake();
    }
  }

  async #deliver(lane: Lane, departure: Departure, lengthMax: number | null): Promise<Delivered> {
    const { store, logger, notifiers, clock } = this.#options;
    const { claimed, lease } = departure;
    const notifier = notifiers.get(lane.notifier);
    let parcel: Parcel | null;
    let left: Departure['claimed'];
    let message: Message | null = null;
    let deadCount: number;
    let turn: Turn = null;
    try {
      ({ parcel, left } = await this.#pack(departure, notifier, lengthMax));
      // It is read under the lease, so that an instance that was stopped until another one took over sends nothing.
      deadCount = await readDeadCountUnder(store, lease);
      if (parcel !== null) message = await write(this.#options, parcel, deadCount);
      if (parcel !== null) turn = await this.#refusals.turn(parcel.head, clock.now());
    } catch (error) {
      if (isLeaseLost(error)) throw error;
      const [first] = claimed;
      logger.error('a delivery cannot be read', { delivery: first?.delivery.id, error: errorText(error) });
      await sleep(clock, STORE_RETRY_MS, this.#stopping.signal);
      return { left: claimed, isTold: false };
    }
    if (parcel === null || message === null) return { left, isTold: false };
    const isAlone = !goesTogether(departure);
    let isTold = false;
    if (parcel.silentBecause !== null) {
      if (isAlone) lane.storm.undo();
      await this.#settler.settle(parcel, { type: 'silent', because: parcel.silentBecause }, lease);
    } else if (notifier === undefined && (await this.#options.isExpected?.(lane.notifier)) === true) {
      await sleep(clock, STORE_RETRY_MS, this.#stopping.signal);
      return { left: claimed, isTold: false };
    } else if (notifier === undefined) {
      const detail = 'no notifier of this name is configured';
      // It comes first, so that a crash in between tells it all the same.
      await this.#settler.tellOthers(parcel);
      await this.#finish(lane, parcel, { sent: { result: 'permanent', detail }, deadCount: 0, lease });
    } else if (turn === 'wait') {
      if (isAlone) lane.storm.undo();
      // Where the lane is kept, the message is claimed again once its own lease is over.
      return { left: this.#leaveAfterRefusal(lane) ? claimed : left, isTold: false };
    } else if (turn !== null) {
      if (isAlone) lane.storm.undo();
      await this.#finish(lane, parcel, { sent: turn, deadCount, lease });
    } else {
      const sent = await this.#send(notifier, message, departure);
      const weighed = await this.#refusals.weigh(parcel.head, sent);
      isTold = weighed.result === 'ok' || weighed.result === 'logged';
      if (!isTold && isAlone) lane.storm.undo();
      await this.#finish(lane, parcel, { sent: weighed, deadCount, lease });
    }
    return { left, isTold };
  }

  /**
   * Packs a departure.
   * @returns the parcel, which is null where nothing is left to be told, and the deliveries that did not go into it
   */
  async #pack(
    { claimed, lease }: Departure,
    notifier: Notifier | undefined,
    lengthMax: number | null,
  ): Promise<{ parcel: Parcel | null; left: Departure['claimed'] }> {
    const deliveries = claimed.map(({ delivery }) => delivery);
    const keepsState = notifier?.keepsState ?? false;
    const { parcel, silent, left } = await pack(
      { ...this.#options, lease },
      deliveries,
      keepsState,
      lengthMax,
    );
    for (const each of silent) {
      await this.#settler.settle(each, { type: 'silent', because: each.silentBecause ?? '' }, lease);
    }
    return { parcel, left: claimed.filter(({ delivery }) => left.has(delivery.id)) };
  }

  /** Makes one attempt, within its time and its lease. */
  async #send(notifier: Notifier, message: Message, { claimed, abort }: Departure): Promise<SendResult> {
    const { clock } = this.#options;
    const leaseEndsMs = Math.min(...claimed.map((each) => each.leaseEndsMs));
    const limitMs = leaseEndsMs - clock.monotonic() - COMMIT_MS;
    if (limitMs <= 0) throw new CronflowError('lease_lost', 'The lease ended before the message was sent.');
    const sent = await attempt(notifier, message, clock, limitMs, abort);
    // What was refused with settings that were replaced meanwhile is tried with the new ones.
    const isReplaced = this.#options.notifiers.get(notifier.name) !== notifier;
    return sent.result === 'permanent' && isReplaced ? { result: 'retry', detail: sent.detail } : sent;
  }

  /** Stores what became of an attempt. */
  async #finish(
    lane: Lane,
    parcel: Parcel,
    { sent, deadCount, lease }: { sent: Weighed; deadCount: number; lease: LaneLease },
  ): Promise<void> {
    const { clock, logger, random } = this.#options;
    const { head } = parcel;
    const attempts = head.attempts + 1;
    const job = await jobsOf(this.#options.store, parcel);
    const fields = { job, delivery: head.id, notifier: head.notifier, attempt: attempts };
    if (sent.result === 'ok') {
      logger.info('delivered', fields);
      await this.#settler.settle(parcel, { type: 'sent', receipt: sent.receipt ?? null }, lease);
      if (deadCount > 0) await this.#settler.recover(head.notifier, deadCount);
      return;
    }
    if (sent.result === 'logged') {
      const { notSentBecause } = sent;
      // The message itself is in the log already.
      logger.debug('logged', notSentBecause === null ? fields : { ...fields, not_sent: notSentBecause });
      await this.#settler.settle(parcel, { type: 'logged', notSentBecause }, lease);
      if (deadCount > 0 && notSentBecause === null) await this.#settler.recover(head.notifier, deadCount);
      return;
    }
    if (sent.result === 'left') return this.#leaveRefused(lane, parcel, { refusal: sent.refusal, lease });
    const error = this.#shown(sent.detail);
    if (sent.result === 'permanent' || isExhausted(youngestOf(parcel), attempts, clock.now())) {
      logger.error('given up: a notification was not delivered', { ...fields, error });
      await this.#settler.settle(parcel, { type: 'dead', error }, lease);
      return;
    }
    const afterMs = clampRetryAfterMs(sent.afterMs ?? 0);
    lane.heldUntilMs = Math.max(lane.heldUntilMs, clock.monotonic() + afterMs);
    const delayMs = Math.max(afterMs, retryDelayMs(attempts, random()));
    logger.warn('not delivered yet', { ...fields, error, retry_in_ms: delayMs });
    await this.#settler.settle(parcel, { type: 'retry', error, retryAt: clock.now() + delayMs }, lease);
    // A receiver that asks for a pause was reached.
    const wasReached = sent.afterMs !== undefined && sent.afterMs !== null;
    if (!wasReached) this.#left.add(lane.notifier, delayMs);
  }

  /** Leaves a message to other instances, since the receiver refuses it of this one for good. */
  async #leaveRefused(
    lane: Lane,
    parcel: Parcel,
    { refusal, lease }: { refusal: Omit<Refusal, 'at'>; lease: LaneLease },
  ): Promise<void> {
    const { clock, logger } = this.#options;
    const { id: delivery, notifier, attempts } = parcel.head;
    const why = this.#shown(refusal.why);
    const fields = { delivery, notifier, attempt: attempts + 1, error: why };
    logger.error('this instance cannot send a notification for good; another instance tries', fields);
    const refused = { ...refusal, why, at: clock.now() };
    // It keeps its place, so that the others try it before what came later.
    const { next_attempt_at: retryAt } = parcel.head;
    await this.#settler.settle(parcel, { type: 'retry', error: why, retryAt, refused }, lease);
    this.#leaveAfterRefusal(lane);
  }

  /**
   * Leaves a lane to others, unless one of its messages waits for this instance. Both might leave it else.
   * @returns whether it is left
   */
  #leaveAfterRefusal(lane: Lane): boolean {
    if (lane.hasWaiting((delivery) => this.#refusals.isFor(delivery))) return false;
    this.#left.add(lane.notifier, OTHERS_TURN_MS);
    return true;
  }

  /** Returns an error for people. Secrets are hidden before it is cut, because half a secret is not recognized. */
  #shown(detail: string): string {
    return this.#options.redact(detail).slice(0, ERROR_LENGTH_MAX);
  }

  #laneHeld(lease: LaneLease, note: LaneNote): Lane {
    const lane = this.#lanes.get(lease.notifier) ?? new Lane(lease.notifier);
    this.#lanes.set(lease.notifier, lane);
    if (lane.hold(lease)) goOn(lane, note, this.#options.clock);
    return lane;
  }

  #track(task: Promise<void>): void {
    const tracked = task.catch((error: unknown) => {
      this.#options.logger.error('delivery failed unexpectedly', { error: errorText(error) });
    });
    this.#tasks.add(tracked);
    void tracked.finally(() => this.#tasks.delete(tracked));
  }
}

function isOwed(change: Change): change is Extract<Change, { type: 'delivery' }> {
  return change.type === 'delivery' && change.status === 'pending';
}

/** Tells whether a change is about trouble of Cronflow itself. */
function isOfCronflow(change: Change): boolean {
  return change.type === 'incident' && change.job_id === null;
}

/**
 * Tells whether a departure is several deliveries in one message, or was that before a restart or a failed attempt.
 */
function goesTogether({ claimed }: Departure): boolean {
  return claimed.length > 1 || claimed[0]?.delivery.merged_ids !== undefined;
}

/** Returns the jobs that a message is about, so that the log can be searched by their names. */
async function jobsOf(store: Store, { head, merged }: Parcel): Promise<string | undefined> {
  try {
    const ids = new Set([head, ...merged].flatMap(({ job_id: id }) => (id === null ? [] : [id])));
    const jobs = await Promise.all(Array.from(ids, (id) => store.jobById(id)));
    return jobs.flatMap((job) => (job === undefined ? [] : [job.name])).join(',') || undefined;
  } catch {
    // The store fails, which is logged where it matters.
    return undefined;
  }
}
