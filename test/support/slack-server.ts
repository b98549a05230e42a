import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WAIT_LIMIT_MS } from './limits.ts';
import {
  faultOf,
  parsePayload,
  type PayloadFault,
  readableOf,
  type SlackBlock,
  type SlackPayload,
} from './slack-rules.ts';

/**
 * A local server that speaks the protocols of the incoming webhooks of Slack (plain-text answers) and of its Web API
 * (`chat.postMessage`, `chat.update`: HTTP 200 and `{"ok":false,"error":...}`). It is as strict as their documentation:
 * limits on blocks and texts, tokens, channels, threads, optionally one message a second.
 */
export interface SlackServer {
  /** The address of the webhook. Its last part must never show in a log, so tests look for it there. */
  readonly url: string;
  /** The part of the address that is secret. */
  readonly secret: string;
  /** The address of the Web API, for `api_url`. */
  readonly apiUrl: string;
  /** A valid bot token, which is secret, too. */
  readonly token: string;
  /** The posted messages in order, as they read now, because edits change them in place. */
  readonly messages: readonly SlackMessage[];
  /** The number of requests that have begun. */
  readonly received: number;
  /** The answers in the order of the requests, also of refused ones. `status` is null for no answer. */
  readonly answers: readonly SlackAnswer[];
  /** Gives each of the next requests a fault instead of the usual treatment, in order. */
  failNext(...faults: SlackFault[]): void;
  /** Deletes a message, as a person can. In the same way `leaveChannel` removes the app from a channel. */
  deleteMessage(ts: string): void;
  leaveChannel(id: string): void;
  /** Resolves once at least `count` messages were accepted. Rejects after `WAIT_LIMIT_MS` with those that came. */
  waitForMessages(count: number): Promise<readonly SlackMessage[]>;
  /** Ends every connection, also one that hangs. */
  close(): Promise<void>;
}

export interface SlackAnswer {
  at: number;
  /** One of `webhook`, `chat.postMessage` and `chat.update`. */
  method: string;
  status: number | null;
  body: string;
}

export interface SlackMessage {
  /** The instant by the server's own clock. */
  at: number;
  /** The id of the channel. */
  channel: string;
  ts: string;
  /** The message to which it replies. */
  threadTs: string | null;
  /** Says that a reply shows in the channel, too. */
  isBroadcast: boolean;
  text: string;
  blocks: readonly SlackBlock[];
  /**
   * Everything that a person would read: the texts of the blocks, or `text` where there are none, with entities
   * decoded.
   */
  readable: string;
  /** The number of its edits. */
  edits: number;
}

export type SlackFault =
  /** The answer is not `ok`, and the message is not accepted. */
  | { kind: 'answer'; status: number; body?: string; retryAfter?: string }
  /** The Web API answers with an error, and with the HTTP status that belongs to it. */
  | { kind: 'error'; error: string; retryAfter?: string }
  /** No answer comes until the client gives up. */
  | { kind: 'hang' }
  /** The connection is closed before the request is read. */
  | { kind: 'reset' }
  /** The message is accepted and the connection closed without an answer. */
  | { kind: 'accept_and_drop' };

export interface SlackServerOptions {
  /** Answers 429 to more than one message a second in a channel; by default it does not. */
  enforcesPace?: boolean;
  /** The clock for the pace; by default that of the system. */
  now?: () => number;
}

const INTERVAL_MS = 1_000;
const SECRET = 'XsecretXwebhookXtokenX';
const PATH = `/services/T0TEST/B0TEST/${SECRET}`;
const TOKEN = 'xoxb-test-XsecretXbotXtokenX';
/** The channels of the workspace by name. The webhook posts to the first. */
const CHANNELS: Readonly<Record<string, string>> = { ops: 'C0OPS00001', night: 'C0NIGHT001' };

/** Each protocol has its own words for a fault. */
const WEBHOOK_ERRORS: Readonly<Record<PayloadFault, string>> = {
  no_text: 'no_text',
  bad_json: 'invalid_payload',
  bad_type: 'invalid_payload',
  bad_text: 'invalid_payload',
  not_blocks: 'invalid_blocks_format',
  bad_block: 'invalid_blocks',
  too_long: 'invalid_blocks',
};
const API_ERRORS: Readonly<Record<PayloadFault, string>> = {
  no_text: 'no_text',
  bad_json: 'invalid_json',
  bad_type: 'invalid_post_type',
  bad_text: 'msg_too_long',
  not_blocks: 'invalid_blocks_format',
  bad_block: 'invalid_blocks',
  too_long: 'msg_blocks_too_long',
};

interface ApiCall extends SlackPayload {
  channel?: string;
  ts?: string;
  thread_ts?: string;
  reply_broadcast?: boolean;
}

/** An answer: text of the webhook, or JSON of the Web API. */
interface Reply {
  status: number;
  body: string;
  retryAfter?: string;
}

/** Keeps the messages of a workspace, without the transport. */
class Workspace {
  readonly messages: SlackMessage[] = [];
  readonly #left = new Set<string>();
  readonly #lastAt = new Map<string, number>();
  readonly #now: () => number;
  readonly #enforcesPace: boolean;
  #count = 0;

  constructor({ now = Date.now, enforcesPace = false }: SlackServerOptions) {
    this.#now = now;
    this.#enforcesPace = enforcesPace;
  }

  deleteMessage(ts: string): void {
    this.messages.splice(this.messages.findIndex((message) => message.ts === ts) >>> 0, 1);
  }

  leaveChannel(id: string): void {
    this.#left.add(id);
  }

  /** Returns how many seconds it takes until the channel takes another message; 0 means at once. */
  waitSeconds(channel: string): number {
    if (!this.#enforcesPace) return 0;
    const waitMs = (this.#lastAt.get(channel) ?? -Infinity) + INTERVAL_MS - this.#now();
    return Math.max(0, Math.ceil(waitMs / 1_000));
  }

  webhook(payload: SlackPayload): Reply {
    const channel = Object.values(CHANNELS)[0]!;
    const seconds = this.waitSeconds(channel);
    if (seconds > 0) return { status: 429, body: 'rate_limited', retryAfter: String(seconds) };
    const fault = faultOf(payload, false);
    if (fault !== null) return { status: 400, body: WEBHOOK_ERRORS[fault] };
    this.#add(channel, payload, {});
    return { status: 200, body: 'ok' };
  }

  post(call: ApiCall): Reply {
    const channel = this.#channelOf(call.channel ?? '', true);
    if (channel === null) return apiError('channel_not_found');
    if (this.#left.has(channel)) return apiError('not_in_channel');
    const seconds = this.waitSeconds(channel);
    if (seconds > 0) return apiError('ratelimited', String(seconds));
    const fault = faultOf(call, false);
    if (fault !== null) return apiError(API_ERRORS[fault]);
    const { thread_ts: threadTs, reply_broadcast: isBroadcast = false } = call;
    if (threadTs !== undefined && this.#find(channel, threadTs) === undefined) {
      return apiError('thread_not_found');
    }
    const message = this.#add(channel, call, {
      threadTs,
      isBroadcast: threadTs !== undefined && isBroadcast,
    });
    return apiOk(message);
  }

  update(call: ApiCall): Reply {
    const channel = this.#channelOf(call.channel ?? '', false);
    if (channel === null) return apiError('channel_not_found');
    const message = this.#find(channel, call.ts ?? '');
    if (message === undefined) return apiError('message_not_found');
    // Without `blocks` the message keeps those that it had.
    const payload = { text: call.text ?? '', blocks: call.blocks ?? [...message.blocks] };
    const fault = faultOf(payload, true);
    if (fault !== null) return apiError(API_ERRORS[fault]);
    Object.assign(message, { ...payload, readable: readableOf(payload), edits: message.edits + 1 });
    return apiOk(message);
  }

  #add(
    channel: string,
    { text = '', blocks = [] }: SlackPayload,
    { threadTs, isBroadcast = false }: { threadTs?: string | undefined; isBroadcast?: boolean },
  ): SlackMessage {
    const at = this.#now();
    this.#lastAt.set(channel, at);
    this.#count += 1;
    const message: SlackMessage = {
      at,
      channel,
      ts: `1503435956.${String(this.#count).padStart(6, '0')}`,
      threadTs: threadTs ?? null,
      isBroadcast,
      text,
      blocks,
      readable: readableOf({ text, blocks }),
      edits: 0,
    };
    this.messages.push(message);
    return message;
  }

  #find(channel: string, ts: string): SlackMessage | undefined {
    return this.messages.find((message) => message.channel === channel && message.ts === ts);
  }

  /** Finds a channel. `chat.update` takes ids only. */
  #channelOf(given: string, takesNames: boolean): string | null {
    if (Object.values(CHANNELS).includes(given)) return given;
    return takesNames ? (CHANNELS[given.replace(/^#/, '')] ?? null) : null;
  }
}

function apiError(error: string, retryAfter?: string): Reply {
  const body = JSON.stringify({ ok: false, error });
  return {
    status: error === 'ratelimited' ? 429 : 200,
    body,
    ...(retryAfter === undefined ? {} : { retryAfter }),
  };
}

/** Answers with the whole message, as Slack does. */
function apiOk({ channel, ts, text, blocks }: SlackMessage): Reply {
  return { status: 200, body: JSON.stringify({ ok: true, channel, ts, message: { text, ts, blocks } }) };
}

export async function startSlackServer(options: SlackServerOptions = {}): Promise<SlackServer> {
  const now = options.now ?? Date.now;
  const workspace = new Workspace(options);
  const answers: SlackAnswer[] = [];
  const faults: SlackFault[] = [];
  const waiting = new Set<() => void>();
  let received = 0;

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    received += 1;
    const method = request.url === PATH ? 'webhook' : (request.url ?? '').replace(/^\/api\//, '');
    const fault = faults.shift();
    const drop = (): void => {
      answers.push({ at: now(), method, status: null, body: '' });
      request.socket.destroy();
    };
    if (fault?.kind === 'reset') return drop();
    const body = await bodyOf(request);
    if (fault?.kind === 'hang') {
      answers.push({ at: now(), method, status: null, body: '' });
      return;
    }
    const reply =
      fault?.kind === 'answer'
        ? { body: '', ...fault }
        : fault?.kind === 'error'
          ? apiError(fault.error, fault.retryAfter)
          : replyTo(workspace, request, body);
    for (const check of waiting) check();
    if (fault?.kind === 'accept_and_drop') return drop();
    answers.push({ at: now(), method, status: reply.status, body: reply.body });
    const type = reply.body.startsWith('{') ? 'application/json; charset=utf-8' : 'text/plain';
    const { retryAfter } = reply;
    const headers = { 'content-type': type, ...(retryAfter && { 'retry-after': retryAfter }) };
    response.writeHead(reply.status, headers).end(reply.body);
  };

  const server = createServer((request, response) => {
    handle(request, response).catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const { messages } = workspace;

  return {
    url: `http://127.0.0.1:${port}${PATH}`,
    secret: SECRET,
    apiUrl: `http://127.0.0.1:${port}/api`,
    token: TOKEN,
    messages,
    get received() {
      return received;
    },
    answers,
    failNext: (...more) => void faults.push(...more),
    deleteMessage: (ts) => workspace.deleteMessage(ts),
    leaveChannel: (id) => workspace.leaveChannel(id),
    waitForMessages: (count) =>
      new Promise((resolve, reject) => {
        const settle = (end: () => void): void => {
          clearTimeout(timer);
          waiting.delete(check);
          end();
        };
        const check = (): void => {
          if (messages.length >= count) settle(() => resolve(messages));
        };
        const timer = setTimeout(() => {
          const seen = messages.map(({ text }) => `\n  ${text}`).join('');
          const problem = `${messages.length} of ${count} messages within ${WAIT_LIMIT_MS} ms:${seen}`;
          settle(() => reject(new Error(problem)));
        }, WAIT_LIMIT_MS);
        waiting.add(check);
        check();
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function replyTo(workspace: Workspace, { method, url, headers }: IncomingMessage, body: Buffer): Reply {
  if (method !== 'POST') return { status: 405, body: 'method_not_allowed' };
  const payload = parsePayload(body, headers['content-type']);
  if (url === PATH) {
    if (typeof payload === 'string') return { status: 400, body: WEBHOOK_ERRORS[payload] };
    return workspace.webhook(payload);
  }
  const send = { '/api/chat.postMessage': 'post', '/api/chat.update': 'update' } as const;
  if (url === undefined || !(url in send)) {
    return url?.startsWith('/api/') === true
      ? apiError('unknown_method')
      : { status: 404, body: 'no_service' };
  }
  if (headers.authorization === undefined) return apiError('not_authed');
  if (headers.authorization !== `Bearer ${TOKEN}`) return apiError('invalid_auth');
  if (typeof payload === 'string') return apiError(API_ERRORS[payload]);
  return workspace[send[url as keyof typeof send]](payload);
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
