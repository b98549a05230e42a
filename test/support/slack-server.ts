import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A local server that speaks the protocol of Slack's incoming webhooks and is as strict as the documented
 * one: plain-text answers, limits on blocks and texts, optionally one message a second.
 */
export interface SlackServer {
  /** The webhook's address. Its last part is what a test may look for in logs: it must never show there. */
  readonly url: string;
  /** The part of the address that is secret. */
  readonly secret: string;
  /** What was accepted, in order. */
  readonly messages: readonly SlackMessage[];
  /** How each request was answered, in order, refused ones included; `status` is null for no answer. */
  readonly answers: readonly { at: number; status: number | null; body: string }[];
  /** What the next requests meet instead of the usual treatment, one each, in order. */
  failNext(...faults: SlackFault[]): void;
  /** Resolves once at least `count` messages were accepted; rejects after `deadlineMs` with what came. */
  waitForMessages(count: number, deadlineMs: number): Promise<readonly SlackMessage[]>;
  /** Ends every connection, hanging ones too. */
  close(): Promise<void>;
}

export interface SlackMessage {
  /** By the server's own clock. */
  at: number;
  text: string;
  blocks: readonly SlackBlock[];
  /** All that a person would read: the blocks' texts, or `text` where there are none; entities decoded. */
  readable: string;
}

interface SlackText {
  type: string;
  text: string;
}

export interface SlackBlock {
  type: string;
  text?: SlackText;
  fields?: SlackText[];
  elements?: SlackText[];
}

export type SlackFault =
  /** An answer that is not `ok`; the message is not accepted. */
  | { kind: 'answer'; status: number; body?: string; retryAfter?: string }
  /** No answer until the client gives up. */
  | { kind: 'hang' }
  /** The connection is closed before the request is read. */
  | { kind: 'reset' }
  /** The message is accepted and the connection closed without an answer. */
  | { kind: 'accept_and_drop' };

export interface SlackServerOptions {
  /** Answer 429 to more than one message a second; off by default. */
  enforcesPace?: boolean;
  /** For the pace; the system's by default. */
  now?: () => number;
}

/** Slack: "Rate limits" and the reference of Block Kit. */
const LIMITS = {
  payloadBytes: 100_000,
  contentLength: 13_000,
  textLength: 40_000,
  blocks: 50,
  headerLength: 150,
  sectionLength: 3_000,
  fields: 10,
  fieldLength: 2_000,
  elements: 10,
  intervalMs: 1_000,
} as const;

const SECRET = 'XsecretXwebhookXtokenX';
const PATH = `/services/T0TEST/B0TEST/${SECRET}`;

export async function startSlackServer(options: SlackServerOptions = {}): Promise<SlackServer> {
  const now = options.now ?? Date.now;
  const messages: SlackMessage[] = [];
  const answers: { at: number; status: number | null; body: string }[] = [];
  const faults: SlackFault[] = [];
  const waiting = new Set<() => void>();
  let lastAcceptedAt = -Infinity;

  const answer = (response: ServerResponse, status: number, body: string, retryAfter?: string): void => {
    answers.push({ at: now(), status, body });
    const headers = { 'content-type': 'text/plain', ...(retryAfter && { 'retry-after': retryAfter }) };
    response.writeHead(status, headers).end(body);
  };
  const accept = (payload: Payload): void => {
    const { text = '', blocks = [] } = payload;
    lastAcceptedAt = now();
    messages.push({ at: lastAcceptedAt, text, blocks, readable: readableOf(text, blocks) });
    for (const check of waiting) check();
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const fault = faults.shift();
    if (fault?.kind === 'reset') {
      answers.push({ at: now(), status: null, body: '' });
      request.socket.destroy();
      return;
    }
    const body = await bodyOf(request);
    if (fault?.kind === 'hang') {
      answers.push({ at: now(), status: null, body: '' });
      return;
    }
    if (fault?.kind === 'answer') return answer(response, fault.status, fault.body ?? '', fault.retryAfter);
    if (request.method !== 'POST') return answer(response, 405, 'method_not_allowed');
    if (request.url !== PATH) return answer(response, 404, 'no_service');
    const waitMs = lastAcceptedAt + LIMITS.intervalMs - now();
    if (options.enforcesPace === true && waitMs > 0) {
      return answer(response, 429, 'rate_limited', String(Math.ceil(waitMs / 1_000)));
    }
    const payload = parse(body, request.headers['content-type']);
    const error = typeof payload === 'string' ? payload : errorOf(payload);
    if (typeof payload === 'string' || error !== null) return answer(response, 400, error ?? '');
    accept(payload);
    if (fault?.kind === 'accept_and_drop') {
      answers.push({ at: now(), status: null, body: '' });
      request.socket.destroy();
      return;
    }
    answer(response, 200, 'ok');
  };

  const server = createServer((request, response) => {
    handle(request, response).catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}${PATH}`,
    secret: SECRET,
    messages,
    answers,
    failNext: (...more) => void faults.push(...more),
    waitForMessages: (count, deadlineMs) =>
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
          const problem = `${messages.length} of ${count} messages within ${deadlineMs} ms:${seen}`;
          settle(() => reject(new Error(problem)));
        }, deadlineMs);
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

interface Payload {
  text?: string;
  blocks?: SlackBlock[];
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** @returns the payload, or Slack's error */
function parse(body: Buffer, contentType: string | undefined): Payload | string {
  if (body.length > LIMITS.payloadBytes) return 'invalid_payload';
  if (contentType === undefined || !contentType.startsWith('application/json')) return 'invalid_payload';
  try {
    // Slack, too, refuses what is not UTF-8.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(body);
    const payload: unknown = JSON.parse(text);
    return typeof payload === 'object' && payload !== null ? payload : 'invalid_payload';
  } catch {
    return 'invalid_payload';
  }
}

/** @returns Slack's error; null when the payload keeps every limit */
function errorOf({ text, blocks }: Payload): string | null {
  if (text === undefined && blocks === undefined) return 'no_text';
  if (text !== undefined && (typeof text !== 'string' || text.length > LIMITS.textLength)) {
    return 'invalid_payload';
  }
  if (blocks === undefined) return text === '' ? 'no_text' : null;
  if (!Array.isArray(blocks)) return 'invalid_blocks_format';
  if (blocks.length > LIMITS.blocks || !blocks.every(isBlock)) return 'invalid_blocks';
  const length = textsOf(blocks).reduce((sum, each) => sum + each.text.length, text?.length ?? 0);
  return length > LIMITS.contentLength ? 'invalid_blocks' : null;
}

function isBlock(block: SlackBlock): boolean {
  const { type, text, fields, elements } = block;
  switch (type) {
    case 'header':
      return text?.type === 'plain_text' && isText(text, LIMITS.headerLength);
    case 'section':
      if (text === undefined && fields === undefined) return false;
      if (text !== undefined && !isText(text, LIMITS.sectionLength)) return false;
      return fields === undefined || areTexts(fields, LIMITS.fields, LIMITS.fieldLength);
    case 'context':
      return elements !== undefined && areTexts(elements, LIMITS.elements, LIMITS.sectionLength);
    case 'divider':
      return true;
    default:
      return false;
  }
}

function areTexts(texts: unknown, countMax: number, lengthMax: number): boolean {
  if (!Array.isArray(texts) || texts.length === 0 || texts.length > countMax) return false;
  return texts.every((text: SlackText) => isText(text, lengthMax));
}

function isText(text: SlackText, lengthMax: number): boolean {
  const known = text.type === 'plain_text' || text.type === 'mrkdwn';
  return known && typeof text.text === 'string' && text.text.length > 0 && text.text.length <= lengthMax;
}

function textsOf(blocks: readonly SlackBlock[]): SlackText[] {
  return blocks.flatMap(({ text, fields = [], elements = [] }) => [
    ...(text === undefined ? [] : [text]),
    ...fields,
    ...elements,
  ]);
}

function readableOf(text: string, blocks: readonly SlackBlock[]): string {
  const all =
    blocks.length === 0
      ? text
      : textsOf(blocks)
          .map((each) => each.text)
          .join('\n');
  return all.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}
