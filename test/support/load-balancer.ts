import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A backend that has said nothing for so long is given up for a request. */
const ANSWER_MS_MAX = 8_000;
/** A backend that failed is left alone for so long, as long as others are there. */
const REST_MS = 1_000;

/**
 * A load balancer as people put one before several instances: requests go to one backend after the other. A request
 * that reached no backend goes to the next. One that may have reached a backend is never sent again, because only the
 * client knows whether that is harmless; it is answered by 502 or 504.
 */
export interface LoadBalancer {
  readonly url: string;
  close(): Promise<void>;
}

/** @param ports of the backends on 127.0.0.1, asked for each request; null for one that is not there */
export async function startLoadBalancer(ports: () => readonly (number | null)[]): Promise<LoadBalancer> {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const restUntil = new Map<number, number>();
  let turn = 0;

  const rests = (port: number): boolean => (restUntil.get(port) ?? 0) > performance.now();
  /** The backends in the order in which they are tried. */
  const order = (): number[] => {
    const there = ports().filter((port) => port !== null);
    turn += 1;
    const turned = there.map((_, index) => there[(index + turn) % there.length]!);
    return [...turned.filter((port) => !rests(port)), ...turned.filter(rests)];
  };

  const server = createServer((asked, response) => {
    void read(asked).then(
      (body) => pass(asked, body, response, order()),
      () => response.destroy(),
    );
  });

  const pass = (asked: IncomingMessage, body: Buffer, response: ServerResponse, left: number[]): void => {
    const [port, ...others] = left;
    if (port === undefined) {
      answer(response, 502);
      return;
    }
    const { method, url: path, headers } = asked;
    const passed = request({ agent, host: '127.0.0.1', port, method, path, headers, timeout: ANSWER_MS_MAX });
    let isConnected = false;
    const noteConnected = (): void => void (isConnected = true);
    passed.on('socket', (socket) => {
      if (socket.connecting) socket.once('connect', noteConnected);
      else noteConnected();
    });
    passed.on('timeout', () => passed.destroy(new Error('timeout')));
    passed.on('error', (error) => {
      restUntil.set(port, performance.now() + REST_MS);
      if (!isConnected) pass(asked, body, response, others);
      else answer(response, error.message === 'timeout' ? 504 : 502);
    });
    passed.on('response', (told) => {
      response.writeHead(told.statusCode!, told.headers);
      told.on('error', () => response.destroy());
      told.pipe(response);
    });
    passed.end(body);
  };

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      agent.destroy();
      await closed;
    },
  };
}

function answer(response: ServerResponse, status: number): void {
  if (response.headersSent) response.destroy();
  else response.writeHead(status, { 'content-length': 0 }).end();
}

async function read(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
