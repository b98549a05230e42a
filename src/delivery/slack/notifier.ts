import { Agent, request } from 'undici';
import type { Clock } from '../../clock.ts';
import type { Message } from '../message.ts';
import type { Notifier, SendResult } from '../notifier.ts';
import type { Pacer } from '../pacer.ts';
import { isAboutBlocks, resultOf, type SlackAnswer } from './answer.ts';
import { blocksOf, plainOf, type SlackPayload } from './blocks.ts';

/** Slack takes one message a second per webhook (Slack: "Rate limits, Posting messages"). */
export const SLACK_INTERVAL_MS = 1_000;
const CONNECT_TIMEOUT_MS = 5_000;
/** Slack's bodies are a word; a proxy's may be a page. */
const ANSWER_BYTES_MAX = 4_096;

/** Posts to a Slack incoming webhook. */
export class SlackNotifier implements Notifier {
  readonly type = 'slack';
  // One at a time: with a pace of one a second more would only wait inside.
  readonly concurrency = 1;
  readonly name: string;
  readonly #url: URL | null;
  readonly #clock: Clock;
  readonly #pacer: Pacer;
  readonly #sending = new Set<Promise<SendResult>>();
  // A connection per message: at this pace reuse saves nothing, and one that was closed while idle would
  // cost an attempt. Its own agent, so that nothing else in the process shares its limits.
  readonly #agent = new Agent({ pipelining: 0, connect: { timeout: CONNECT_TIMEOUT_MS } });

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
    await this.#agent.close();
  }

  async #attempt(message: Message, signal: AbortSignal): Promise<SendResult> {
    if (this.#url === null) return { result: 'permanent', detail: 'webhook_url is not an http(s) address' };
    try {
      const answer = await this.#post(this.#url, blocksOf(message), signal);
      if (!isAboutBlocks(answer)) return resultOf(answer, this.#clock.now());
      return resultOf(await this.#post(this.#url, plainOf(message), signal), this.#clock.now());
    } catch (error) {
      const detail = signal.aborted ? 'Slack did not answer in time' : `Slack not reached (${codeOf(error)})`;
      return { result: 'retry', detail };
    }
  }

  async #post(url: URL, payload: SlackPayload, signal: AbortSignal): Promise<SlackAnswer> {
    if (!(await this.#pacer.turn(signal))) throw new Error('aborted while waiting for a turn');
    try {
      const { statusCode, headers, body } = await request(url, {
        method: 'POST',
        dispatcher: this.#agent,
        headers: { 'content-type': 'application/json; charset=utf-8' },
        body: JSON.stringify(payload),
        signal,
      });
      const retryAfter = headers['retry-after'];
      const text = await firstOf(body);
      return { status: statusCode, body: text, retryAfter: [retryAfter].flat()[0] };
    } finally {
      this.#pacer.used();
    }
  }
}

/** The first bytes of a body as text. The status has come by then, so a body that breaks off is cut short. */
async function firstOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= ANSWER_BYTES_MAX) break;
    }
  } catch {
    // What came is what there is.
  }
  return Buffer.concat(chunks).subarray(0, ANSWER_BYTES_MAX).toString('utf8');
}

function webAddress(text: string): URL | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  return url.protocol === 'http:' || url.protocol === 'https:' ? url : null;
}

/** The error's code alone: messages may quote the address. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return error.name;
}
