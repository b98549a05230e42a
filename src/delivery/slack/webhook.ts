import type { Clock } from '../../clock.ts';
import type { Message } from '../message/message.ts';
import type { Notifier, SendResult } from '../notifier.ts';
import type { HttpAnswer } from '../transport/http-answer.ts';
import { webAddress } from '../../core/text/web-address.ts';
import type { Pacer } from '../transport/pacer.ts';
import { Receiver } from '../transport/receiver.ts';
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
  readonly #receiver: Receiver;

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
    this.#receiver = new Receiver('Slack', { pacer: options.pacer });
  }

  async send(message: Message, signal: AbortSignal): Promise<SendResult> {
    const url = this.#url;
    if (url === null)
      return {
        result: 'permanent',
        detail: 'its webhook_url is no address that begins with https:// or http://',
      };
    const told = calling(message, this.#mention);
    return this.#receiver.attempt(signal, () => this.#tell(url, told, signal));
  }

  async close(): Promise<void> {
    await this.#receiver.close();
  }

  async #tell(url: URL, message: Message, signal: AbortSignal): Promise<SendResult> {
    const answer = await this.#post(url, blocksOf(message), signal);
    if (!isAboutBlocks(answer)) return webhookResultOf(answer, this.#clock.now());
    return webhookResultOf(await this.#post(url, plainOf(message), signal), this.#clock.now());
  }

  #post(url: URL, payload: SlackPayload, signal: AbortSignal): Promise<HttpAnswer> {
    const headers = { 'content-type': 'application/json; charset=utf-8' };
    return this.#receiver.post(url, headers, JSON.stringify(payload), signal);
  }
}
