import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { HttpLimits } from './limits.ts';

interface Exchange {
  req: IncomingMessage;
  res: ServerResponse;
}

interface Connection {
  /** The request that is being answered. */
  current: Exchange | null;
  /** The requests that have arrived meanwhile, in order. */
  queue: Exchange[];
  /** True if no more requests are taken; the connection ends after those in the queue. */
  isFull: boolean;
  /** True if the client has gone. */
  isGone: boolean;
  /** Called when the client goes. */
  onGone: () => void;
}

/**
 * The open connections. Each answers one request at a time, so that no client has more of the server than another by
 * asking for much at once. There are never more of them than allowed, and the one that waits longest for its client
 * gives way, so that no client keeps others out by holding many.
 */
export class Connections {
  readonly #limits: HttpLimits;
  readonly #handle: (req: IncomingMessage, res: ServerResponse) => Promise<void>;
  /** All connections, in the order in which they last became busy or were opened. */
  readonly #open = new Map<Duplex, Connection>();
  /** The connections without a request in work, the longest idle one first. */
  readonly #idle = new Set<Socket>();
  #isEnding = false;

  /** @param handle answers a request; never rejects */
  constructor(limits: HttpLimits, handle: (req: IncomingMessage, res: ServerResponse) => Promise<void>) {
    this.#limits = limits;
    this.#handle = handle;
  }

  /**
   * Adds a connection that was opened. Where there is no room, it ends the one that has waited longest for its
   * client.
   */
  add(socket: Socket): void {
    if (this.#open.size >= this.#limits.connectionsMax && !this.#makeRoom()) {
      socket.destroy();
      return;
    }
    const connection = { current: null, queue: [], isFull: false, isGone: false, onGone: () => {} };
    this.#open.set(socket, connection);
    this.#idle.add(socket);
    socket.once('close', () => this.#forget(socket, connection));
  }

  /** Takes a request that has arrived, and answers it after those before it on the same connection. */
  take(req: IncomingMessage, res: ServerResponse): void {
    const connection = this.#open.get(req.socket);
    if (connection === undefined || connection.isFull) {
      // Nothing more that this client sends is read.
      req.socket.pause();
      return;
    }
    if (connection.current === null) {
      void this.#answer(req.socket, connection, { req, res });
      return;
    }
    connection.queue.push({ req, res });
    if (connection.queue.length < this.#limits.pipelinedRequestsMax) return;
    this.#endAfter(connection, res);
  }

  /**
   * Tells whether answers to earlier requests are on their way or owed, so that nothing else may be written. The
   * connection then ends after them.
   */
  endIfOwing(socket: Duplex): boolean {
    const connection = this.#open.get(socket);
    const { current = null, queue = [] } = connection ?? {};
    const isOwing = current !== null && (current.req.complete || current.res.headersSent);
    if (connection === undefined || !isOwing) return false;
    this.#endAfter(connection, (queue.at(-1) ?? current).res);
    return true;
  }

  /**
   * Ends connections without a request in work, also those that never sent one, because Node would wait for these.
   */
  endIdle(): void {
    this.#isEnding = true;
    for (const socket of this.#idle) socket.destroy();
  }

  /** Makes this answer the last, which tells the client to leave. */
  #endAfter(connection: Connection, res: ServerResponse): void {
    connection.isFull = true;
    res.shouldKeepAlive = false;
  }

  async #answer(socket: Socket, connection: Connection, exchange: Exchange): Promise<void> {
    this.#idle.delete(socket);
    // The connection moves to the end of the order. So of those that wait for a body, the one that has waited longest
    // comes first.
    if (this.#open.delete(socket)) this.#open.set(socket, connection);
    for (let next: Exchange | undefined = exchange; next !== undefined; next = connection.queue.shift()) {
      connection.current = next;
      const { req, res } = next;
      const sent = new Promise<void>((resolve) => {
        res.once('close', resolve);
        // An answer that waits for its turn on a connection that is gone never emits `close`.
        connection.onGone = resolve;
        if (connection.isGone) resolve();
      });
      await this.#handle(req, res);
      await sent;
      // The next request is answered in a later turn, so that requests on other connections are read first.
      if (connection.queue.length > 0) await new Promise(setImmediate);
    }
    connection.current = null;
    if (connection.isGone) return;
    this.#idle.add(socket);
    // The answer may have been written before the end was asked for, without telling the client to leave.
    if (this.#isEnding || connection.isFull) socket.destroySoon();
  }

  #forget(socket: Socket, connection: Connection): void {
    connection.isGone = true;
    connection.onGone();
    this.#open.delete(socket);
    this.#idle.delete(socket);
  }

  /** Ends the connection that has waited longest for its client: for a request, else for the rest of one. */
  #makeRoom(): boolean {
    const [idle] = this.#idle;
    const longest = idle ?? this.#waiting();
    if (longest === undefined) return false;
    longest.destroy();
    // It is removed at once, because more connections may come before its `close` event.
    if (idle !== undefined) this.#idle.delete(idle);
    this.#open.delete(longest);
    return true;
  }

  #waiting(): Duplex | undefined {
    for (const [socket, { current }] of this.#open) if (current?.req.complete === false) return socket;
    return undefined;
  }
}
