import type { IncomingMessage, ServerResponse } from 'node:http';
import { PING_KINDS, type PingKind } from '../../core/model/reasons.ts';
import { admit, requireScope } from '../access/access.ts';
import type { ServerState } from '../app.ts';
import { SECURITY_HEADERS } from '../answer/headers.ts';
import { sayAnswered, sayFailed } from '../answer/log-lines.ts';
import { problemAnswer } from '../answer/problem.ts';
import { takePing } from './record-ping.ts';
import type { Services } from '../services.ts';

/**
 * Matches the target of a ping as nearly every client writes it. Any other spelling, such as one with an escaped
 * character, two slashes or a path of a proxy before it, goes by way of the router, which understands them all.
 */
const PLAIN = new RegExp(`^/jobs/([\\w.~-]+)/(${PING_KINDS.join('|')})(?:\\?([\\x21\\x22\\x24-\\x7e]*))?$`);

/** Nobody needs to find the headers of an answer anew, and Node writes a list of names and values faster than an object. */
const HEADERS: readonly string[] = Object.entries(SECURITY_HEADERS).flat();
const JSON_TYPE = 'application/json; charset=utf-8';

/** Answers a request; the promise never rejects. */
export type Handler = (req: IncomingMessage, res: ServerResponse) => Promise<void>;

/**
 * Returns the handler that takes plain pings past Koa and leaves every other request to `others`. A ping is what nearly
 * every request is, and on its way through Koa and the router it costs as much as its commit does. Both ways judge a
 * request by the same functions and answer it alike (`test/http/ping/ping-lane.test.ts`).
 */
export function pingLane(services: Services, server: ServerState, others: Handler): Handler {
  return (req, res) => {
    const { method, url = '', headers } = req;
    // A session is looked for on the way through the router alone.
    const isPlain = (method === 'POST' || method === 'GET') && headers.cookie === undefined;
    const plain = isPlain ? PLAIN.exec(url) : null;
    if (plain === null) return others(req, res);
    const [, name = '', kind, query = ''] = plain;
    return answer({ req, res, name, kind: kind as PingKind, query }, services, server);
  };
}

interface PlainPing {
  req: IncomingMessage;
  res: ServerResponse;
  name: string;
  kind: PingKind;
  query: string;
}

async function answer(ping: PlainPing, services: Services, server: ServerState): Promise<void> {
  const { clock, logger } = services;
  const { req, res, name, kind, query } = ping;
  const startedMs = clock.monotonic();
  const path = `/jobs/${name}/${kind}`;
  try {
    const access = admit(req, services, server);
    requireScope(access, 'ping');
    const body = await takePing({ req, res, access, name, path, query }, kind, services);
    send(res, server, 200, ['Content-Type', JSON_TYPE], JSON.stringify(body));
  } catch (error) {
    const { status, headers, body } = problemAnswer(error);
    if (status === 500) sayFailed(logger, { method: req.method, path }, error);
    send(res, server, status, Object.entries(headers).flat(), body);
  }
  sayAnswered(services, { method: req.method, path, status: res.statusCode }, startedMs);
}

function send(
  res: ServerResponse,
  { isClosing }: ServerState,
  status: number,
  headers: readonly string[],
  body: string,
): void {
  // A client that left while its ping was recorded gets no answer.
  if (res.headersSent || res.destroyed) return;
  // Without this header a client would keep its connection, and closing would have to wait for it.
  if (isClosing) res.setHeader('Connection', 'close');
  const length = ['Content-Length', String(Buffer.byteLength(body))];
  res.writeHead(status, [...HEADERS, ...headers, ...length]).end(body);
}
