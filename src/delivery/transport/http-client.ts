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
   * @throws any error that keeps the request from being answered; `whyNotReached` says it without the address
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

/** What the codes of errors mean that people can do something about. */
const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'no such host is known',
  EAI_AGAIN: 'the name of the host cannot be looked up now',
  EHOSTUNREACH: 'no route leads there',
  ENETUNREACH: 'no route leads there',
  ECONNRESET: 'the connection was broken off',
  UND_ERR_SOCKET: 'the connection was broken off',
  ETIMEDOUT: 'nothing answers there',
  UND_ERR_CONNECT_TIMEOUT: 'nothing answers there',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by itself; trust it by NODE_EXTRA_CA_CERTS',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is of an unknown authority; trust that by NODE_EXTRA_CA_CERTS',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'its certificate is of an unknown authority; trust that by NODE_EXTRA_CA_CERTS',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'its certificate is of an unknown authority; trust that by NODE_EXTRA_CA_CERTS',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it takes no TLS; does the address begin with http://?',
};

/** Says why nobody answered. The message of the error is left out, because it may quote the address. */
export function whyNotReached(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return code in WORDS ? `${code}: ${WORDS[code]}` : code;
}
