import type { Clock } from '../../clock.ts';
import type { Message } from '../message/message.ts';
import type { Notifier, SendResult } from '../notifier.ts';
import type { HttpAnswer } from '../transport/http-answer.ts';
import { codeOf, HttpClient } from '../transport/http-client.ts';
import { webAddress } from '../../core/text/web-address.ts';
import { InFlight } from '../transport/in-flight.ts';
import type { Pacer } from '../transport/pacer.ts';
import { isAboutBlocks, webhookResultOf } from './answer.ts';
import { blocksOf, plainOf } from './blocks.ts';
import { calling } from './mention.ts';
import { mergedLengthMax } from './merged.ts';
import type { SlackPayload } from './payload.ts';

/** Posts to a Slack incoming webhook. */
export class SlackWebhook implements Notifier {
  readonly type = 'slack';
  // One message at a time is enough, because at one a second a second one would only wait inside.
  readonly concurrency = 1;
  readonly keepsState = false;
  readonly mergedLengthMax: number;
  readonly name: string;
  readonly #url: URL | null;
  readonly #mention: readonly string[];
  readonly #clock: Clock;
  readonly #pacer: Pacer;
  readonly #inFlight = new InFlight();
  readonly #client = new HttpClient();

  /** @param webhookUrl a secret: it goes into no log and no error */
  constructor(options: {
    name: string;
    webhookUrl: string;
    mention: readonly string[];
    clock: Clock;
    pacer: Pacer;
  }) {
    this.name = options.name;
    this.#url = webAddress(options.webhookUrl);
    this.#mention = options.mention;
    this.mergedLengthMax = mergedLengthMax(options.mention);
    this.#clock = options.clock;
    this.#pacer = options.pacer;
  }

  async send(message: Message, signal: AbortSignal): Promise<SendResult> {
    return this.#inFlight.track(this.#attempt(calling(message, this.#mention), signal));
  }

  async close(): Promise<void> {
    // The agent does not know of messages that wait for their turn, because these have made no request yet.
    await this.#inFlight.settled();
    await this.#client.close();
  }

  async #attempt(message: Message, signal: AbortSignal): Promise<SendResult> {
    if (this.#url === null) return { result: 'permanent', detail: 'webhook_url is not an http(s) address' };
    try {
      const answer = await this.#post(this.#url, blocksOf(message), signal);
      if (!isAboutBlocks(answer)) return webhookResultOf(answer, this.#clock.now());
      return webhookResultOf(await this.#post(this.#url, plainOf(message), signal), this.#clock.now());
    } catch (error) {
      const detail = signal.aborted ? 'Slack did not answer in time' : `Slack not reached (${codeOf(error)})`;
      return { result: 'retry', detail };
    }
  }

  async #post(url: URL, payload: SlackPayload, signal: AbortSignal): Promise<HttpAnswer> {
    if (!(await this.#pacer.turn(signal))) throw new Error('aborted while waiting for a turn');
    try {
      const headers = { 'content-type': 'application/json; charset=utf-8' };
      return await this.#client.post(url, headers, JSON.stringify(payload), signal);
    } finally {
      this.#pacer.used();
    }
  }
}
