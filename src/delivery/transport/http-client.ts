import { Agent, type Dispatcher, request } from 'undici';
import type { HttpAnswer } from './http-answer.ts';

const CONNECT_TIMEOUT_MS = 5_000;
/** The bodies that matter are short, while that of a proxy may be a page. */
const ANSWER_BYTES_MAX = 4_096;

/**
 * Makes the requests of one notifier. It repeats none, follows no redirect and shares nothing with other notifiers.
 */
export class HttpClient {
  // Each message has a connection of its own: at the pace of alerts reuse saves nothing, and a connection that was
  // closed while idle would cost an attempt. The agent is its own, so that nothing else in the process shares its
  // limits.
  readonly #agent = new Agent({ pipelining: 0, connect: { timeout: CONNECT_TIMEOUT_MS } });
  readonly #answerBytesMax: number;

  /** @param answerBytesMax how much of an answer's body is read; for receivers that repeat the message in it */
  constructor(answerBytesMax: number = ANSWER_BYTES_MAX) {
    this.#answerBytesMax = answerBytesMax;
  }

  /**
   * Posts a body.
   * @throws any error that keeps the request from being answered; `codeOf` names it without the address
   */
  post(
    url: URL,
    headers: Readonly<Record<string, string>>,
    body: string,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    return this.#request(url, { method: 'POST', headers, body, signal });
  }

  /**
   * Makes a GET request.
   * @throws as `post` does
   */
  get(url: URL, signal: AbortSignal): Promise<HttpAnswer> {
    return this.#request(url, { method: 'GET', signal });
  }

  async #request(
    url: URL,
    options: Pick<Dispatcher.RequestOptions, 'method' | 'headers' | 'body' | 'signal'>,
  ) {
    const answer = await request(url, { ...options, dispatcher: this.#agent });
    const retryAfter = answer.headers['retry-after'];
    return {
      status: answer.statusCode,
      body: await firstOf(answer.body, this.#answerBytesMax),
      retryAfter: [retryAfter].flat()[0],
    };
  }

  /** Waits for the requests that are under way. */
  async close(): Promise<void> {
    await this.#agent.close();
  }
}

/**
 * Returns the first bytes of a body as text. The status has come by then, so a body that breaks off is merely cut
 * short.
 */
async function firstOf(body: AsyncIterable<Uint8Array>, bytesMax: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= bytesMax) break;
    }
  } catch {
    // The bytes that came so far are enough.
  }
  return Buffer.concat(chunks).subarray(0, bytesMax).toString('utf8');
}

/** Returns the code of an error and leaves out its message, because that may quote the address. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return error.name;
}
