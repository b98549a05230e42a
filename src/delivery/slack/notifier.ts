import type { Clock } from '../../clock.ts';
import { type HttpAnswer, resultOf } from '../http-answer.ts';
import { codeOf, HttpClient, webAddress } from '../http-client.ts';
import { LogNotifier } from '../log/notifier.ts';
import type { Message } from '../message.ts';
import type { BuildNotifier, Notifier, SendResult } from '../notifier.ts';
import type { Pacer } from '../pacer.ts';
import { isAboutBlocks } from './answer.ts';
import { blocksOf, plainOf, type SlackPayload } from './blocks.ts';

/** Slack takes one message a second per webhook (Slack: "Rate limits, Posting messages"). */
const SLACK_INTERVAL_MS = 1_000;

/** As the schema has it. */
interface SlackSettings {
  webhook_url: string;
}

export const buildSlack: BuildNotifier = (name, settings, { clock, logger, pacerOf }) => {
  const { webhook_url: webhookUrl } = settings as unknown as SlackSettings;
  // DESIGN.md §5: an empty address means that every notification is logged instead.
  if (webhookUrl === '') {
    return new LogNotifier({ name, type: 'slack', logger, notSentBecause: 'webhook_url is empty' });
  }
  return new SlackNotifier({ name, webhookUrl, clock, pacer: pacerOf(webhookUrl, SLACK_INTERVAL_MS) });
};

/** Posts to a Slack incoming webhook. */
export class SlackNotifier implements Notifier {
  readonly type = 'slack';
  // One at a time: with a pace of one a second more would only wait inside.
  readonly concurrency = 1;
  readonly keepsState = false;
  readonly mergedLengthMax = null;
  readonly name: string;
  readonly #url: URL | null;
  readonly #clock: Clock;
  readonly #pacer: Pacer;
  readonly #sending = new Set<Promise<SendResult>>();
  readonly #client = new HttpClient();

  /** @param webhookUrl a secret: it goes into no log and no error */
  constructor(options: { name: string; webhookUrl: string; clock: Clock; pacer: Pacer }) {
    this.name = options.name;
    this.#url = webAddress(options.webhookUrl);
    this.#clock = options.clock;
    this.#pacer = options.pacer;
  }

  async send(message: Message, signal: AbortSignal): Promise<SendResult> {
    const sending = this.#attempt(message, signal);
    this.#sending.add(sending);
    return sending.finally(() => this.#sending.delete(sending));
  }

  async close(): Promise<void> {
    // Not left to the agent: what waits for its turn has made no request yet.
    await Promise.all(this.#sending);
    await this.#client.close();
  }

  async #attempt(message: Message, signal: AbortSignal): Promise<SendResult> {
    if (this.#url === null) return { result: 'permanent', detail: 'webhook_url is not an http(s) address' };
    try {
      const answer = await this.#post(this.#url, blocksOf(message), signal);
      if (!isAboutBlocks(answer)) return resultOf('Slack', answer, this.#clock.now());
      return resultOf('Slack', await this.#post(this.#url, plainOf(message), signal), this.#clock.now());
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
