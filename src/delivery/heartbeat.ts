import type { Clock } from '../clock.ts';
import type { HeartbeatConfig, HeartbeatStatus } from '../core/model/heartbeat-config.ts';
import type { Logger } from '../observe/log.ts';
import { ATTEMPT_MS_MAX } from './sending/attempt.ts';
import { retryDelayMs } from './sending/backoff.ts';
import { whyNotReached, HttpClient } from './transport/http-client.ts';
import { MINUTE_MS } from '../schedule/units.ts';

/**
 * A sign of life that is older counts no more. Both signs come every 10 s. The limit is twice the time after which
 * Cronflow says that it was away, so that a Cronflow that is merely slow is not reported dead.
 */
const RECENT_MS_MAX = MINUTE_MS;
/**
 * The first beat comes this soon after a start or a change. While no beat may be sent, the signs of life are looked
 * at again every `LOOK_AGAIN_MS`.
 */
const FIRST_MS = 1_000;
const LOOK_AGAIN_MS = 10_000;

/** The instants at which Cronflow last checked and last stored, on the monotonic clock; null for never. */
export interface Vitals {
  /** The end of the last check that left nothing undone. */
  checkedMs: number | null;
  /** The last commit. */
  storedMs: number | null;
  /** False while this instance leaves all messages to others, which may not be there. */
  sends: boolean;
}

interface HeartbeatOptions {
  clock: Clock;
  logger: Logger;
  /** Returns a number in [0, 1), for the jitter of retries. */
  random: () => number;
  vitals: () => Vitals;
}

/**
 * Calls an address again and again as long as the checker passes and commits succeed, so that somebody notices when
 * Cronflow dies (docs/design.md §7). Nothing waits for a heartbeat, and of its address only the host is ever shown.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #client = new HttpClient();
  readonly #counts = { taken: 0, failed: 0 };
  #config: HeartbeatConfig | null = null;
  /** Null before `start` and after `stop`. */
  #startedMs: number | null = null;
  #cancel: () => void = () => {};
  /** Ends the request that is under way. */
  #abort = new AbortController();
  #sending: Promise<void> = Promise.resolve();
  #failures = 0;
  #trouble: string | null = null;
  #closing: Promise<void> | null = null;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  /** Begins to send; a configuration that is applied later is followed from then on. */
  start(): void {
    this.#startedMs = this.#options.clock.monotonic();
    this.#schedule(FIRST_MS);
  }

  /** Follows a new configuration; the same one again changes nothing. */
  apply(config: HeartbeatConfig | null): void {
    const before = this.#config;
    if (before?.url === config?.url && before?.everyMs === config?.everyMs) return;
    this.#config = config;
    this.#abort.abort();
    this.#failures = 0;
    this.#trouble = null;
    this.#schedule(FIRST_MS);
  }

  /** Stops, and ends the request that is under way. */
  async stop(): Promise<void> {
    this.#startedMs = null;
    this.#cancel();
    this.#abort.abort();
    await this.#sending;
    await (this.#closing ??= this.#client.close());
  }

  /** The counts since the start and the present trouble; null while no heartbeat is configured. */
  get status(): HeartbeatStatus | null {
    return this.#config === null ? null : { ...this.#counts, trouble: this.#trouble };
  }

  #schedule(delayMs: number): void {
    this.#cancel();
    if (this.#config === null || this.#startedMs === null) return;
    this.#cancel = this.#options.clock.after(delayMs, () => {
      this.#sending = this.#sending.then(() => this.#beat());
    });
  }

  async #beat(): Promise<void> {
    const config = this.#config;
    if (config === null || this.#startedMs === null) return;
    const { clock, random } = this.#options;
    const beganMs = clock.monotonic();
    const why = this.#withheldBecause(this.#startedMs, beganMs);
    if (why !== null) {
      this.#withhold(why);
      return this.#schedule(Math.min(LOOK_AGAIN_MS, config.everyMs));
    }
    const abort = new AbortController();
    this.#abort = abort;
    const error = await this.#send(config, abort);
    // The heartbeat was reconfigured or stopped meanwhile, and whoever did that has arranged what comes next.
    if (this.#config !== config || this.#startedMs === null) return;
    if (error === null) this.#taken();
    else this.#failed(config, error);
    const tookMs = clock.monotonic() - beganMs;
    const nextMs = error === null ? config.everyMs : retryDelayMs(this.#failures, random());
    this.#schedule(Math.max(0, Math.min(nextMs, config.everyMs) - tookMs));
  }

  /**
   * Says why no heartbeat may be sent.
   * @returns null where one may be sent, and an empty text where it is only too early to know
   */
  #withheldBecause(startedMs: number, nowMs: number): string | null {
    const { checkedMs, storedMs, sends } = this.#options.vitals();
    const isOld = (atMs: number | null): boolean => nowMs - (atMs ?? startedMs) > RECENT_MS_MAX;
    const seconds = RECENT_MS_MAX / 1_000;
    if (!sends) return 'this instance cannot read the configuration that is applied, so it sends no messages';
    if (isOld(storedMs)) return `nothing could be stored for ${seconds} s`;
    if (isOld(checkedMs)) return `no check of the jobs was completed for ${seconds} s`;
    return storedMs === null || checkedMs === null ? '' : null;
  }

  #withhold(why: string): void {
    if (why === '') return;
    const trouble = `no heartbeat is sent: ${why}`;
    if (this.#trouble !== trouble) this.#options.logger.error(trouble);
    this.#trouble = trouble;
  }

  #taken(): void {
    this.#counts.taken += 1;
    this.#failures = 0;
    if (this.#trouble !== null) this.#options.logger.info('heartbeats arrive again');
    this.#trouble = null;
  }

  /** Notes a failure, which is logged once in a row of them, whatever their reasons. */
  #failed({ url }: HeartbeatConfig, error: string): void {
    this.#counts.failed += 1;
    this.#failures += 1;
    const trouble = `heartbeats do not arrive at ${new URL(url).host}: ${error}`;
    if (this.#failures === 1) this.#options.logger.warn(trouble);
    this.#trouble = trouble;
  }

  /** @returns the error; null where the heartbeat was taken */
  async #send({ url }: HeartbeatConfig, abort: AbortController): Promise<string | null> {
    let isLate = false;
    const cancel = this.#options.clock.after(ATTEMPT_MS_MAX, () => {
      isLate = true;
      abort.abort();
    });
    try {
      const { status } = await this.#client.get(new URL(url), abort.signal);
      // The body is left out, because it may repeat the address.
      return status >= 200 && status < 300 ? null : `answered ${status}`;
    } catch (error) {
      return isLate ? `no answer within ${ATTEMPT_MS_MAX / 1_000} s` : whyNotReached(error);
    } finally {
      cancel();
    }
  }
}
