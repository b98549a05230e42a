import type { Clock } from '../../clock.ts';
import type { Message } from '../message/message.ts';
import type { BuildNotifier, Notifier, SendResult } from '../notifier.ts';
import { decoded, hide, secretsIn } from '../transport/hide.ts';
import { type HttpAnswer, resultOf } from '../transport/http-answer.ts';
import { Receiver } from '../transport/receiver.ts';
import { webAddress } from '../../core/text/web-address.ts';
import type { Post, WebhookFormat } from './format.ts';
import { jsonFormat } from './json.ts';
import { discord } from './presets/discord.ts';
import { ntfy } from './presets/ntfy.ts';
import { teams } from './presets/teams.ts';
import { telegram } from './presets/telegram.ts';

/** The format of each chat service, by its word in the schema. */
export const PRESETS = {
  discord: () => discord,
  telegram: ({ chat_id: chatId = '' }) => telegram(chatId),
  teams: () => teams,
  ntfy: () => ntfy,
} as const satisfies Record<string, (settings: WebhookSettings) => WebhookFormat>;
export type Preset = keyof typeof PRESETS;

/** The settings, which the schema has checked. */
export interface WebhookSettings {
  url: string;
  preset?: Preset;
  chat_id?: string;
  headers?: Readonly<Record<string, string>>;
  secret?: string;
  previous_secret?: string;
  template?: string;
  content_type?: string;
  keeps_state?: boolean;
}

export const buildWebhook: BuildNotifier = (name, given, { clock }) => {
  const settings = given as unknown as WebhookSettings;
  const { url, headers = {} } = settings;
  return new WebhookNotifier({ name, url, headers, format: formatFor(settings), clock });
};

function formatFor(settings: WebhookSettings): WebhookFormat {
  return settings.preset === undefined ? jsonFormat(settings) : PRESETS[settings.preset](settings);
}

/** Posts to an address, in the format of its receiver. */
export class WebhookNotifier implements Notifier {
  readonly type = 'webhook';
  readonly mergedLengthMax = null;
  readonly name: string;
  readonly concurrency: number;
  readonly keepsState: boolean;
  readonly #url: URL | null;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #format: WebhookFormat;
  readonly #clock: Clock;
  readonly #secrets: readonly string[];
  readonly #receiver: Receiver;

  /**
   * @param url a secret, as are the values of `headers`: they go into no log and no error, even where the receiver
   * repeats them
   */
  constructor(options: {
    name: string;
    url: string;
    headers: Readonly<Record<string, string>>;
    format: WebhookFormat;
    clock: Clock;
  }) {
    this.name = options.name;
    this.#url = webAddress(options.url);
    const headers = { ...options.headers, ...basicAuth(this.#url) };
    this.#secrets = secretsIn(this.#url, headers);
    this.#headers = headers;
    this.#format = options.format;
    this.#receiver = new Receiver(options.format.receiver);
    this.concurrency = options.format.concurrency;
    this.keepsState = options.format.keepsState;
    this.#clock = options.clock;
  }

  async send(message: Message, signal: AbortSignal): Promise<SendResult> {
    const url = this.#url;
    if (url === null)
      return { result: 'permanent', detail: 'its url is no address that begins with https:// or http://' };
    const post = this.#format.postOf(message, url, this.#clock.now());
    if (post === null)
      return { result: 'permanent', detail: this.#format.complaint ?? 'there is nothing to post' };
    return this.#receiver.attempt(signal, async () => {
      const answer = await this.#post(post, signal);
      const plain = this.#format.plainPostOf?.(message, url, answer) ?? null;
      return this.#read(plain === null ? answer : await this.#post(plain, signal));
    });
  }

  async close(): Promise<void> {
    await this.#receiver.close();
  }

  async #post({ url, headers, body }: Post, signal: AbortSignal): Promise<HttpAnswer> {
    const all = { 'user-agent': 'cronflow', ...lowerCased(this.#headers), ...headers };
    const answer = await this.#receiver.post(url, all, body, signal);
    return { ...answer, body: hide(answer.body, this.#secrets) };
  }

  #read(answer: HttpAnswer): SendResult {
    const { receiver } = this.#format;
    if (answer.status >= 300 && answer.status < 400) {
      const detail =
        `${receiver} answered ${answer.status}, a redirect, which is not followed: ` +
        'give url the address that it leads to';
      return { result: 'permanent', detail };
    }
    return this.#format.readAnswer?.(answer) ?? resultOf(receiver, answer, this.#clock.now());
  }
}

/** Turns the part of an address before its @ into the header that it means. */
function basicAuth(url: URL | null): Record<string, string> {
  if (url === null || (url.username === '' && url.password === '')) return {};
  const credentials = [url.username, url.password].map(decoded).join(':');
  return { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` };
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
