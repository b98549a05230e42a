import type { Clock } from '../../clock.ts';
import type { Message } from '../message/message.ts';
import type { Notifier, SendResult } from '../notifier.ts';
import { webAddress } from '../../core/text/web-address.ts';
import type { Pacer } from '../transport/pacer.ts';
import { Receiver } from '../transport/receiver.ts';
import {
  type ApiAnswer,
  apiAnswerOf,
  isThreadGone,
  type MessagePlace,
  messagePlaceOf,
  receiptOf,
  refusesBlocks,
} from './answer.ts';
import { blocksOf, plainOf } from './blocks.ts';
import { calling } from './mention.ts';
import { mergedLengthMax } from './merged.ts';
import { overBlocksOf, overPlainOf } from './over.ts';
import type { SlackPayload } from './payload.ts';

/** The limit is high, because Slack repeats the message in its answer. */
const ANSWER_BYTES_MAX = 256 * 1024;
/** After this many failed edits, people are told of the recovery without the edit. */
const EDIT_ATTEMPTS_MAX = 5;

interface Payloads {
  blocks: SlackPayload;
  plain: SlackPayload;
}

/**
 * Posts with a bot token over Slack's Web API. Later messages about a trouble are threaded under the alert that told
 * of it, and the alert is edited when the trouble is over.
 */
export class SlackBot implements Notifier {
  readonly type = 'slack';
  // One message at a time is enough, because at one a second a second one would only wait inside.
  readonly concurrency = 1;
  readonly keepsState = true;
  readonly mergedLengthMax: number;
  readonly name: string;
  readonly #apiUrl: string;
  readonly #token: string;
  readonly #channel: string;
  readonly #mention: readonly string[];
  readonly #clock: Clock;
  readonly #receiver: Receiver;

  /**
   * @param apiUrl the address that `/chat.postMessage` is appended to
   * @param token a secret: it goes into no log and no error
   * @param channel an id or a name
   */
  constructor(options: {
    name: string;
    apiUrl: string;
    token: string;
    channel: string;
    mention: readonly string[];
    clock: Clock;
    pacer: Pacer;
  }) {
    this.name = options.name;
    this.#apiUrl = options.apiUrl.replace(/\/+$/, '');
    this.#token = options.token;
    this.#channel = options.channel;
    this.#mention = options.mention;
    this.mergedLengthMax = mergedLengthMax(options.mention);
    this.#clock = options.clock;
    this.#receiver = new Receiver('Slack', { pacer: options.pacer, answerBytesMax: ANSWER_BYTES_MAX });
  }

  async send(message: Message, signal: AbortSignal): Promise<SendResult> {
    if (webAddress(this.#apiUrl) === null) {
      return {
        result: 'permanent',
        detail: 'its api_url is no address that begins with https:// or http://',
      };
    }
    const told = calling(message, this.#mention);
    return this.#receiver.attempt(signal, () => this.#tell(told, signal));
  }

  async close(): Promise<void> {
    await this.#receiver.close();
  }

  /**
   * Sends a message. The edit goes before the reply: an edit can be repeated without harm, while a reply that was
   * posted must not be posted again because the edit after it failed.
   */
  async #tell(message: Message, signal: AbortSignal): Promise<SendResult> {
    const { kind, opening } = message;
    const alert = opening === null ? null : messagePlaceOf(opening.receipt);
    // A merged message tells of other troubles, too, which go on, so it is not edited.
    const isOwn = alert !== null && opening?.isMerged === false;
    if (kind === 'closed_silently') {
      return isOwn ? silentResultOf(await this.#edit(alert, message, signal)) : { result: 'ok' };
    }
    if (kind === 'closed' && isOwn && message.source.delivery.attempts < EDIT_ATTEMPTS_MAX) {
      const answer = await this.#edit(alert, message, signal);
      // An edit that never succeeds must not keep people from hearing that the trouble is over.
      if (!answer.ok && answer.result.result === 'retry') return answer.result;
    }
    const payloads = { blocks: blocksOf(message), plain: plainOf(message) };
    if (alert !== null) {
      // A reply in the thread alone reaches nobody new. So a reminder is shown in the channel, too, and so is an end
      // whose alert cannot be edited because it tells of several incidents.
      const isBroadcast = kind === 'reminder' || !isOwn;
      const where = { channel: alert.channel, thread_ts: alert.ts, reply_broadcast: isBroadcast };
      const answer = await this.#call('chat.postMessage', { ...where, ...QUIET }, payloads, signal);
      if (!isThreadGone(answer)) return sentResultOf(answer);
    }
    const where = { channel: this.#channel, ...QUIET };
    return sentResultOf(await this.#call('chat.postMessage', where, payloads, signal));
  }

  async #edit(alert: MessagePlace, message: Message, signal: AbortSignal): Promise<ApiAnswer> {
    const payloads = {
      blocks: overBlocksOf(message),
      // Without `blocks` an edited message keeps those that it had.
      plain: { ...overPlainOf(message), blocks: [] },
    };
    // The default of `parse` for an edit differs from that for a new message.
    const where = { channel: alert.channel, ts: alert.ts, parse: 'none' };
    return this.#call('chat.update', where, payloads, signal);
  }

  async #call(
    method: string,
    where: Readonly<Record<string, unknown>>,
    { blocks, plain }: Payloads,
    signal: AbortSignal,
  ): Promise<ApiAnswer> {
    const answer = await this.#request(method, { ...where, ...blocks }, signal);
    return refusesBlocks(answer) ? this.#request(method, { ...where, ...plain }, signal) : answer;
  }

  async #request(
    method: string,
    call: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
  ): Promise<ApiAnswer> {
    const url = new URL(`${this.#apiUrl}/${method}`);
    const headers = {
      'content-type': 'application/json; charset=utf-8',
      authorization: `Bearer ${this.#token}`,
    };
    const answer = await this.#receiver.post(url, headers, JSON.stringify(call), signal);
    return apiAnswerOf(answer, this.#clock.now());
  }
}

/** Slack shows no previews of pages that a runbook links to. */
const QUIET = { unfurl_links: false, unfurl_media: false };

function sentResultOf(answer: ApiAnswer): SendResult {
  if (!answer.ok) return answer.result;
  return answer.place === null ? { result: 'ok' } : { result: 'ok', receipt: receiptOf(answer.place) };
}

/**
 * Reads the answer to an edit that tells nobody anything. An alert that was deleted or is too old to be edited counts
 * as edited.
 */
function silentResultOf(answer: ApiAnswer): SendResult {
  if (answer.ok) return { result: 'ok' };
  const isLost = isThreadGone(answer) || UNEDITABLE.has(answer.error);
  return isLost ? { result: 'ok' } : answer.result;
}

const UNEDITABLE = new Set(['cant_update_message', 'edit_window_closed', 'is_inactive']);
