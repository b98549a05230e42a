import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { sleep } from '../clock.ts';
import { type ErrorCode, errorText } from '../core/model/errors.ts';
import { isLoopback } from '../core/text/loopback.ts';
import { buildApp, type ServerState } from './app.ts';
import { Connections } from './connections.ts';
import type { HttpDeps } from './deps.ts';
import type { HttpLimits } from './limits.ts';
import { listenError, urlOf } from './listen.ts';
import { pingLane } from './ping/ping-lane.ts';
import { problem } from './answer/problem.ts';
import { answerRaw } from './answer/raw-answer.ts';
import { servicesOf } from './services.ts';
import { takePathOfTarget } from './request/target.ts';

export interface HttpServer {
  /**
   * Binds the address; port 0 takes a free one. Call `checkListen` first.
   * @throws CronflowError `cannot_listen` that says why and what to do
   */
  listen(host: string, port: number): Promise<{ address: string; port: number; url: string }>;
  /**
   * Takes no more connections and ends idle ones. It resolves when every request that had arrived is answered, or
   * after `closeMsMax`, when the rest is cut off.
   */
  close(): Promise<void>;
}

/** Builds the HTTP server; nothing is bound before `listen`. */
export function createServer(deps: HttpDeps): HttpServer {
  const services = servicesOf(deps);
  const { limits, clock } = services;
  const state: ServerState = { isLoopback: true, isClosing: false };
  const handle = pingLane(services, state, buildApp(services, state).callback());
  const connections = new Connections(limits, handle);
  const server = createHttpServer(serverOptions(limits));
  const onRequest = (req: IncomingMessage, res: ServerResponse): void => {
    takePathOfTarget(req);
    connections.take(req, res);
  };
  server.on('request', onRequest);
  // Node would answer an unknown `Expect` with an empty 417, and a ping must not be refused for that.
  server.on('checkExpectation', onRequest);
  server.on('connection', (socket: Socket) => connections.add(socket));
  server.on('clientError', (error: Error, socket: Duplex) => answerClientError(error, socket, connections));
  // Node would end the connection without an answer.
  server.on('connect', (_req: IncomingMessage, socket: Duplex) => {
    if (!connections.endIfOwing(socket))
      answerRaw(
        socket.on('error', () => {}),
        NO_TUNNEL,
        ALLOWED_METHODS,
      );
  });
  server.timeout = limits.idleSocketMsMax;

  return {
    async listen(host, port) {
      const bare = host.replace(/^\[(.*)\]$/, '$1');
      state.isLoopback = isLoopback(bare);
      await bind(server, { host: bare, port, backlog: limits.backlogMax });
      // An error such as too many open files must cost one connection and not the process.
      server.on('error', (error) =>
        services.logger.error('cannot accept a connection', { error: errorText(error) }),
      );
      const { address, port: bound } = server.address() as AddressInfo;
      return { address, port: bound, url: urlOf(address, bound) };
    },
    async close() {
      if (!server.listening) return;
      state.isClosing = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      services.events.close();
      connections.endIdle();
      const waiting = new AbortController();
      await Promise.race([closed, sleep(clock, limits.closeMsMax, waiting.signal)]);
      waiting.abort();
      server.closeAllConnections();
      await closed;
    },
  };
}

const NO_TUNNEL = problem('method_not_allowed', 'CONNECT is not allowed here: Cronflow is no proxy.');
const ALLOWED_METHODS = { Allow: 'DELETE, GET, HEAD, PATCH, POST, PUT, OPTIONS' };

function serverOptions(limits: HttpLimits): object {
  return {
    maxHeaderSize: limits.headerBytesMax,
    headersTimeout: limits.headersMsMax,
    requestTimeout: limits.requestMsMax,
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: limits.connectionCheckMs,
    // Node's answer to a missing host would have no body, so the gate answers instead.
    requireHostHeader: false,
  };
}

async function bind(server: Server, options: { host: string; port: number; backlog: number }): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const onError = (cause: Error): void => reject(listenError(cause, options.host, options.port));
    server.once('error', onError);
    server.listen(options, () => {
      server.off('error', onError);
      resolve();
    });
  });
}

/** Answers a request that Node cannot read. It never reaches Koa, so it is answered here, in the same form. */
function answerClientError(error: Error, socket: Duplex, connections: Connections): void {
  const cause = 'code' in error ? String(error.code) : '';
  if (cause === 'ECONNRESET' || !socket.writable) socket.destroy();
  else if (!connections.endIfOwing(socket)) answerRaw(socket, problem(...clientProblem(cause)));
}

function clientProblem(cause: string): [ErrorCode, string] {
  switch (cause) {
    case 'HPE_HEADER_OVERFLOW':
      return ['headers_too_large', 'The request line and headers are longer than allowed.'];
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return ['body_too_large', 'The chunk extensions of the body are longer than allowed.'];
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return ['request_timeout', 'The request did not arrive in time.'];
    default:
      return ['bad_request', 'This is not an HTTP request that can be read.'];
  }
}
