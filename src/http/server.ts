import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { sleep } from '../clock.ts';
import type { ErrorCode } from '../core/errors.ts';
import { buildApp, type ServerState } from './app.ts';
import type { HttpDeps } from './deps.ts';
import { SECURITY_HEADERS } from './headers.ts';
import type { HttpLimits } from './limits.ts';
import { isLoopback, listenError, urlOf } from './listen.ts';
import { problem, PROBLEM_TYPE } from './problem.ts';
import { servicesOf } from './services.ts';

export interface HttpServer {
  /**
   * Binds the address; port 0 takes a free one. Call `checkListen` first.
   * @throws CronflowError `cannot_listen` that says why and what to do
   */
  listen(host: string, port: number): Promise<{ address: string; port: number; url: string }>;
  /**
   * Takes no more connections, ends idle ones, and resolves when every request that had arrived is answered,
   * or after `closeMsMax`, when what is left is cut off.
   */
  close(): Promise<void>;
}

/** Builds the HTTP server; nothing is bound before `listen`. */
export function createServer(deps: HttpDeps): HttpServer {
  const services = servicesOf(deps);
  const { limits, clock } = services;
  const state: ServerState = { isLoopback: true, isClosing: false };
  const handle = buildApp(services, state).callback();
  const connections = new Connections();
  const server = createHttpServer(serverOptions(limits));
  const onRequest = (req: IncomingMessage, res: ServerResponse): void => {
    connections.begin(req.socket, res);
    void handle(req, res);
  };
  server.on('request', onRequest);
  // Node would answer an `Expect` it does not know with an empty 417; a ping is not refused for that.
  server.on('checkExpectation', onRequest);
  server.on('connection', (socket: Socket) => connections.add(socket));
  server.on('clientError', (error: Error, socket: Duplex) => answerClientError(error, socket, connections));
  server.maxConnections = limits.connectionsMax;
  server.timeout = limits.idleSocketMsMax;

  return {
    async listen(host, port) {
      const bare = host.replace(/^\[(.*)\]$/, '$1');
      state.isLoopback = isLoopback(bare);
      await bind(server, bare, port);
      // Such as too many open files: one connection is lost, and the process must not be.
      server.on('error', (error) =>
        services.logger.error('cannot accept a connection', { error: String(error) }),
      );
      const { address, port: bound } = server.address() as AddressInfo;
      return { address, port: bound, url: urlOf(address, bound) };
    },
    async close() {
      if (!server.listening) return;
      state.isClosing = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      connections.endIdle();
      const waiting = new AbortController();
      await Promise.race([closed, sleep(clock, limits.closeMsMax, waiting.signal)]);
      waiting.abort();
      server.closeAllConnections();
      await closed;
    },
  };
}

function serverOptions(limits: HttpLimits): object {
  return {
    maxHeaderSize: limits.headerBytesMax,
    headersTimeout: limits.headersMsMax,
    requestTimeout: limits.requestMsMax,
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: limits.connectionCheckMs,
    // Its answer would have no body; the gate gives one.
    requireHostHeader: false,
  };
}

async function bind(server: Server, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const onError = (cause: Error): void => reject(listenError(cause, host, port));
    server.once('error', onError);
    server.listen({ host, port }, () => {
      server.off('error', onError);
      resolve();
    });
  });
}

/** The open connections and the answer each is working on, if any. */
class Connections {
  readonly #answers = new Map<Duplex, ServerResponse | null>();
  #isEnding = false;

  add(socket: Socket): void {
    this.#answers.set(socket, null);
    socket.once('close', () => this.#answers.delete(socket));
  }

  begin(socket: Socket, res: ServerResponse): void {
    this.#answers.set(socket, res);
    res.once('close', () => {
      if (this.#answers.get(socket) !== res) return;
      this.#answers.set(socket, null);
      // Its answer may have been written before closing began, without telling the client to leave.
      if (this.#isEnding) socket.destroySoon();
    });
  }

  /** Whether bytes of an answer are on their way, so that nothing else may be written. */
  isAnswering(socket: Duplex): boolean {
    return this.#answers.get(socket)?.headersSent === true;
  }

  /** Ends connections without a request in work; also those that never sent one, which Node would wait for. */
  endIdle(): void {
    this.#isEnding = true;
    for (const [socket, res] of this.#answers) if (res === null) socket.destroy();
  }
}

/** What Node cannot read never reaches Koa; it is answered here, in the same form. */
function answerClientError(error: Error, socket: Duplex, connections: Connections): void {
  const cause = 'code' in error ? String(error.code) : '';
  if (cause === 'ECONNRESET' || !socket.writable || connections.isAnswering(socket)) {
    socket.destroy();
    return;
  }
  const [code, detail] = clientProblem(cause);
  const answer = problem(code, detail);
  const body = JSON.stringify(answer);
  const headers = {
    ...SECURITY_HEADERS,
    'Content-Type': PROBLEM_TYPE,
    'Content-Length': String(Buffer.byteLength(body)),
    Connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(
    `HTTP/1.1 ${answer.status} ${STATUS_TEXT[answer.status] ?? 'Error'}\r\n${lines.join('')}\r\n${body}`,
    () => socket.destroy(),
  );
}

const STATUS_TEXT: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  413: 'Content Too Large',
  431: 'Request Header Fields Too Large',
};

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
