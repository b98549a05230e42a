import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer, type NetConnectOpts, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A network between a client and a server that tests make worse. It stands on a free port of 127.0.0.1. */
export interface TcpProxy {
  readonly port: number;
  /** The number of connections that are open. */
  readonly connections: number;
  /** Resets every connection that is open. New ones are taken. */
  cut(): void;
  /** Resets new connections at once, and cuts those that are open, as a server that is not there. */
  refuse(): void;
  /** Takes connections, and passes nothing on in either direction, as a network that loses packets. */
  swallow(): void;
  /**
   * Passes nothing on any more over the connections that are open, and closes none, as a firewall that forgets them.
   * New ones work.
   */
  forget(): void;
  /**
   * Cuts the connection over which a PostgreSQL server is next told to commit, and returns when that is done. The server
   * hears the word and its answer is lost, or the word is lost. The client cannot tell which.
   */
  cutAtCommit(lost: 'answer' | 'word'): Promise<void>;
  /** Passes everything on that much later, in either direction. */
  delay(ms: number): void;
  /** Passes everything on at once, also what was swallowed, as TCP does when packets are sent again. */
  flow(): void;
  /** Connects to another server from now on. Connections that are open stay with theirs. */
  pointTo(target: NetConnectOpts): void;
  close(): Promise<void>;
}

type Mode = { kind: 'flow'; ms: number } | { kind: 'refuse' } | { kind: 'swallow' };

/** Starts a proxy before a server. */
export async function startTcpProxy(target: NetConnectOpts): Promise<TcpProxy> {
  let to = target;
  let mode: Mode = { kind: 'flow', ms: 0 };
  const sockets = new Set<Socket>();
  const forgotten = new WeakSet<Socket>();
  let woken = new Set<() => void>();
  let watch: Watch | null = null;

  /** Waits until something may pass. */
  const passed = async (): Promise<void> => {
    while (mode.kind === 'swallow') await new Promise<void>((resolve) => woken.add(resolve));
    if (mode.kind === 'flow' && mode.ms > 0) await sleep(mode.ms);
  };
  const become = (next: Mode): void => {
    mode = next;
    const waiting = woken;
    woken = new Set();
    for (const wake of waiting) wake();
  };
  const cut = (): void => {
    for (const socket of sockets) reset(socket);
  };
  /** Passes on what one side says, in order. */
  const carry = (from: Socket, other: Socket): void => {
    let line: Promise<void> = Promise.resolve();
    const inLine = (act: () => void): void => {
      line = line.then(passed).then(() => (forgotten.has(from) ? undefined : act()));
    };
    from.on('data', (chunk: Buffer) =>
      inLine(() => {
        const isCut = watch?.sees(chunk, from, other) ?? false;
        if (!isCut && !other.destroyed) other.write(chunk);
      }),
    );
    from.on('end', () => inLine(() => other.end()));
    from.on('close', () => inLine(() => other.destroy()));
    from.on('error', () => inLine(() => other.destroy()));
  };
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    client.on('error', () => undefined);
    if (mode.kind === 'refuse') {
      reset(client);
      return;
    }
    const upstream = createConnection({ ...to, allowHalfOpen: true, noDelay: true } as NetConnectOpts);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    }
    carry(client, upstream);
    carry(upstream, client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return sockets.size / 2;
    },
    cut,
    refuse() {
      become({ kind: 'refuse' });
      cut();
    },
    forget() {
      for (const socket of sockets) forgotten.add(socket);
    },
    swallow: () => become({ kind: 'swallow' }),
    async cutAtCommit(lost) {
      watch = new Watch(lost);
      await watch.done;
      watch = null;
    },
    delay: (ms) => become({ kind: 'flow', ms }),
    flow: () => become({ kind: 'flow', ms: 0 }),
    pointTo: (next) => void (to = next),
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      become({ kind: 'flow', ms: 0 });
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Watches connections for the next commit, which it cuts. */
class Watch {
  readonly done: Promise<void>;
  readonly #lost: 'answer' | 'word';
  #resolve: () => void = () => {};
  #server: Socket | null = null;

  constructor(lost: 'answer' | 'word') {
    this.#lost = lost;
    this.done = new Promise((resolve) => (this.#resolve = resolve));
  }

  /** Looks at what one side says to the other. Returns true if it is not passed on. */
  sees(chunk: Buffer, from: Socket, to: Socket): boolean {
    const isWord = this.#server === null && chunk.includes('\ncommit\n');
    if (isWord && this.#lost === 'answer') this.#server = to;
    const isOver = isWord ? this.#lost === 'word' : from === this.#server && chunk.includes('COMMIT');
    if (!isOver) return false;
    reset(from);
    reset(to);
    this.#resolve();
    return true;
  }
}

/** Ends a connection at once. Only TCP knows a reset; a Unix socket is closed. */
function reset(socket: Socket): void {
  if (socket.remoteAddress === undefined) socket.destroy();
  else socket.resetAndDestroy();
}
