import type { SendResult } from '../notifier.ts';
import type { HttpAnswer } from './http-answer.ts';
import { HttpClient, whyNotReached } from './http-client.ts';
import { InFlight } from './in-flight.ts';
import type { Pacer } from './pacer.ts';

interface ReceiverOptions {
  /** Keeps the requests apart; without it each is made at once. */
  pacer?: Pacer;
  /** How much of an answer's body is read, for receivers that repeat the message in it. */
  answerBytesMax?: number;
}

/** The receiver of one notifier's messages, which it takes over HTTP. */
export class Receiver {
  readonly #name: string;
  readonly #pacer: Pacer | null;
  readonly #inFlight = new InFlight();
  readonly #client: HttpClient;

  /** @param name the receiver's name for people, e.g. `Slack` */
  constructor(name: string, { pacer, answerBytesMax }: ReceiverOptions = {}) {
    this.#name = name;
    this.#pacer = pacer ?? null;
    this.#client = new HttpClient(answerBytesMax);
  }

  /**
   * Makes one attempt to send a message.
   * @param send posts what the message needs and reads the answers; if it throws, the receiver was not reached
   */
  attempt(signal: AbortSignal, send: () => Promise<SendResult>): Promise<SendResult> {
    return this.#inFlight.track(this.#tried(signal, send));
  }

  async #tried(signal: AbortSignal, send: () => Promise<SendResult>): Promise<SendResult> {
    try {
      return await send();
    } catch (error) {
      const detail = signal.aborted
        ? `${this.#name} did not answer in time`
        : `${this.#name} could not be reached (${whyNotReached(error)})`;
      return { result: 'retry', detail };
    }
  }

  /**
   * Posts a body when its turn has come.
   * @throws any error that keeps the request from being answered
   */
  async post(
    url: URL,
    headers: Readonly<Record<string, string>>,
    body: string,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    if (this.#pacer === null) return this.#client.post(url, headers, body, signal);
    if (!(await this.#pacer.turn(signal))) throw new Error('aborted while waiting for a turn');
    try {
      return await this.#client.post(url, headers, body, signal);
    } finally {
      this.#pacer.used();
    }
  }

  /** Waits for the messages that are being sent. */
  async close(): Promise<void> {
    // The client does not know of attempts that wait for their turn or are between two requests.
    await this.#inFlight.settled();
    await this.#client.close();
  }
}
