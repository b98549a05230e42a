import { SYSTEM_SCOPE } from '../../apply/system.ts';
import { putSystemChange } from '../../apply/system-change.ts';
import type { Clock } from '../../clock.ts';
import { pastTrouble, systemDeliveries, systemIncident, type Trouble } from '../../core/system/incidents.ts';
import type { Logger } from '../../observe/log.ts';
import { OUTPUTS_REFUSED, type Store, STORE_MENDED_KEY, type Tx } from '../../store/store.ts';
import { messageOf } from '../message/compose.ts';
import type { Message, MessageContext } from '../message/message.ts';
import type { Redact } from '../message/redact.ts';
import type { Notifier } from '../notifier.ts';
import { attempt } from './attempt.ts';
import { errorText } from '../../core/model/errors.ts';

/** A failure that lasts for this many beats, which are ten seconds apart, is not over in a moment. */
const FAILURES_MIN = 3;
/** Instances that share a store tell a minute after each other, and none waits longer than three minutes for others. */
const FAILURES_BETWEEN = 6;
const PLACES_MAX = 3;

/** Instances that share a store notice within this time of each other that it works again. */
const MENDED_MS_MAX = 60_000;

/** The end of a time in which the store failed, as an instance stored it. */
interface Mended {
  at: number;
  /** The notifiers to which the end is owed. */
  told: string[];
}

/** A stretch in which nothing could be stored. */
interface Failing {
  sinceAt: number;
  detail: string;
  /** Notifiers that took the message; `refused` are those that never will. */
  told: Set<string>;
  refused: Set<string>;
  /** Those of the notifiers to which nothing is owed, since they were told of the present trouble or never will be. */
  done: Set<string>;
}

export interface StoreAlarmOptions {
  store: Store;
  /** What people call this instance, where others share the store; absent for the only one. */
  instance?: string;
  /** Returns how many others tell before this one does, in the order that all know from their last signs of life. */
  place?: () => number;
  clock: Clock;
  logger: Logger;
  notifiers: { get(name: string): Notifier | undefined };
  /** Returns the names of those who are told, which are known without the store. */
  audience: () => readonly string[];
  /** Returns the address for links and the zone of instants, which are known without the store. */
  around: () => Pick<MessageContext, 'publicUrl' | 'timezone'>;
  /** Hides secrets in text that is quoted from outside. */
  redact: Redact;
}

/**
 * Tells people directly that the store fails, past the outbox that fails with it, best effort. Once the store works
 * again, it stores the incident and owes the end to those who were told (docs/design.md §3.3). If a crash comes in
 * between, the outage message tells of it instead.
 *
 * Instances that share the store cannot ask each other without it whether people know already. So they tell one after
 * another for as long as it fails, the one that has run for longest at once, and each says by its name that it is the one
 * that cannot store anything. Of the end they can know, and it is owed once.
 */
export class StoreAlarm {
  readonly #options: StoreAlarmOptions;
  readonly #sending = new Map<string, Promise<void>>();
  #failures = 0;
  #failing: Failing | null = null;
  #recording: Promise<void> | null = null;

  constructor(options: StoreAlarmOptions) {
    this.#options = options;
  }

  /**
   * Notes a beat; called after each attempt of liveness to store that Cronflow is alive.
   * @param failure why it failed; null when it did not
   */
  beat(failure: string | null): void {
    if (failure === null) {
      this.#failures = 0;
      if (this.#failing !== null) this.#recording ??= this.#record(this.#failing);
      return;
    }
    this.#failures += 1;
    this.#failing ??= {
      sinceAt: this.#options.clock.now(),
      detail: failure,
      told: new Set(),
      refused: new Set(),
      done: new Set(),
    };
    // That pings are refused, too, is news to those who were told of outputs.
    if (this.#failing.detail.startsWith(OUTPUTS_REFUSED) && !failure.startsWith(OUTPUTS_REFUSED)) {
      this.#failing.detail = failure;
      this.#failing.done = new Set(this.#failing.refused);
    }
    const place = Math.min(this.#options.place?.() ?? 0, PLACES_MAX);
    if (this.#failures >= FAILURES_MIN + place * FAILURES_BETWEEN) this.#announce(this.#failing);
  }

  /** Waits for messages that are being sent, and for the incident to be stored. */
  async stop(): Promise<void> {
    await Promise.all([...this.#sending.values(), this.#recording]);
  }

  /** Tells everybody who was not told yet. A failed attempt is repeated at the next beat. */
  #announce(failing: Failing): void {
    for (const name of new Set(this.#options.audience())) {
      if (failing.done.has(name) || this.#sending.has(name)) continue;
      const sending = this.#send(name, failing).finally(() => this.#sending.delete(name));
      this.#sending.set(name, sending);
    }
  }

  async #send(name: string, failing: Failing): Promise<void> {
    const { clock, logger, notifiers, redact, around } = this.#options;
    const notifier = notifiers.get(name);
    if (notifier === undefined) return;
    const { detail } = failing;
    try {
      const sent = await attempt(
        notifier,
        messageFor(name, this.#troubleOf(failing), failing.sinceAt, {
          ...around(),
          nowAt: clock.now(),
          redact,
        }),
        clock,
      );
      // The log counts as told, so that it is not written at every beat and gets the end, too.
      if (sent.result === 'ok' || sent.result === 'logged') failing.told.add(name);
      else
        logger.warn('cannot tell people that the store fails', {
          notifier: name,
          error: redact(sent.detail),
        });
      if (sent.result === 'permanent') failing.refused.add(name);
      const isOver = failing.told.has(name) || failing.refused.has(name);
      if (isOver && failing.detail === detail) failing.done.add(name);
    } catch (error) {
      logger.warn('cannot tell people that the store fails', { notifier: name, error: errorText(error) });
    }
  }

  #troubleOf({ detail }: Failing): Trouble {
    const { instance } = this.#options;
    return {
      kind: 'store',
      reason: 'store_failing',
      detail: instance === undefined ? detail : `${instance}: ${detail}`,
    };
  }

  /** Stores the incident, unless another instance has done so for all who were told by this one. */
  #recordIn(tx: Tx, failing: Failing, at: number): void {
    const trouble = this.#troubleOf(failing);
    if (this.#options.instance === undefined)
      return putSystemChange(tx, pastTrouble(trouble, [...failing.told], failing.sinceAt, at));
    const owed = owedByOthers(tx, failing, at);
    const told = [...failing.told].filter((name) => !owed.includes(name));
    if (owed.length > 0 && told.length === 0) return;
    putSystemChange(tx, pastTrouble(trouble, told, failing.sinceAt, at));
    tx.putMeta(STORE_MENDED_KEY, { at, told: [...owed, ...told] });
  }

  /** Stores the incident. A failure that was over before anyone was to be told is no incident. */
  async #record(failing: Failing): Promise<void> {
    const { store, clock, logger } = this.#options;
    try {
      // Somebody who takes the message just now is owed the end of it, too.
      await Promise.all(this.#sending.values());
      const at = clock.now();
      if (failing.told.size > 0 || failing.refused.size > 0)
        await store.transact(RECORD_SCOPE, (tx) => this.#recordIn(tx, failing, at));
      if (this.#failing === failing) this.#failing = null;
    } catch (error) {
      logger.warn('the end of the trouble could not be stored yet', { error: errorText(error) });
    } finally {
      this.#recording = null;
    }
  }
}

const RECORD_SCOPE = { ...SYSTEM_SCOPE, meta: [...SYSTEM_SCOPE.meta, STORE_MENDED_KEY] };

/** Returns the notifiers to which another instance owes the end of the same trouble. */
function owedByOthers(tx: Tx, { sinceAt }: Failing, at: number): string[] {
  const mended = tx.meta(STORE_MENDED_KEY) as Mended | undefined;
  const isSame = mended !== undefined && mended.at >= sinceAt && at - mended.at <= MENDED_MS_MAX;
  return isSame ? mended.told : [];
}

function messageFor(
  name: string,
  trouble: Trouble,
  sinceAt: number,
  around: Pick<MessageContext, 'publicUrl' | 'timezone' | 'nowAt' | 'redact'>,
): Message {
  const incident = systemIncident(`store-${sinceAt}`, trouble, [name], sinceAt);
  const [delivery] = systemDeliveries(incident, 'opened', sinceAt, around.nowAt);
  if (delivery === undefined) throw new Error('a message for nobody: a bug');
  const nothing = {
    job: null,
    run: null,
    output: null,
    usualMs: null,
    lastHost: null,
    opening: null,
    closing: null,
  };
  return messageOf(delivery, { ...nothing, ...around, incident, deadCount: 0 });
}
