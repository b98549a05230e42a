import type { IncomingMessage, ServerResponse } from 'node:http';
import { LocalServer } from '../local-server.ts';
import type { MonitorState } from './table.ts';

/** A ping as it came. */
export interface Ping {
  job: string;
  kind: string;
  path: string;
  query: Readonly<Record<string, string>>;
  body: string;
  authorization: string | undefined;
  atMs: number;
  /** What it was answered with; 0 for nothing at all. */
  status: number;
}

/** What a ping is answered with; `hang` is no answer. */
export interface Answer {
  status: number;
  type: string;
  body: string;
}

export const ACCEPTED: Answer = {
  status: 200,
  type: 'application/json; charset=utf-8',
  body: '{"ok":true,"job":"job","run_id":"1","reason":"started"}',
};

/** What a proxy says that has lost its backend. */
export const FOREIGN: Answer = {
  status: 404,
  type: 'text/html',
  body: '<html><title>404 Not Found</title><body>default backend - 404</body></html>',
};

/** A monitor on a port of this machine that writes down every ping. */
export class Monitor extends LocalServer {
  readonly pings: Ping[] = [];
  answer: (ping: Ping) => Answer | 'hang' | Promise<Answer> = () => ACCEPTED;
  private readonly waiting = new Set<() => void>();

  of(job: string): Ping[] {
    return this.pings.filter((ping) => ping.job === job);
  }

  /** Waits for a ping; fails after a time that only something that never comes needs. */
  async until(what: string, found: () => Ping | undefined): Promise<Ping> {
    const giveUpAtMs = performance.now() + 60_000;
    for (;;) {
      const ping = found();
      if (ping !== undefined) return ping;
      const leftMs = giveUpAtMs - performance.now();
      if (leftMs <= 0) throw new Error(`no ping came: ${what}`);
      await this.next(leftMs);
    }
  }

  private async next(leftMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const woken = (): void => {
        clearTimeout(timer);
        this.waiting.delete(woken);
        resolve();
      };
      const timer = setTimeout(woken, leftMs);
      this.waiting.add(woken);
    });
  }

  protected override async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return;
    }
    const url = new URL(request.url ?? '/', 'http://monitor');
    const [kind = '', job = ''] = url.pathname
      .split('/')
      .map((part) => decodeURIComponent(part))
      .reverse();
    const ping: Ping = {
      job,
      kind,
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      body: Buffer.concat(chunks).toString('latin1'),
      authorization: request.headers.authorization,
      atMs: performance.now(),
      status: 0,
    };
    const answer = this.answer(ping);
    if (answer === 'hang') {
      this.record(ping);
      return;
    }
    const { status, type, body } = await answer;
    ping.status = status;
    this.record(ping);
    response.writeHead(status, { 'Content-Type': type }).end(body);
  }

  private record(ping: Ping): void {
    this.pings.push(ping);
    for (const wake of this.waiting) wake();
  }
}

/** One monitor for each way that a monitor may behave. */
export class Monitors {
  readonly up = new Monitor();
  private readonly hanging = new Monitor();
  private readonly foreign = new Monitor();
  private refusingPort = 0;

  async listen(): Promise<void> {
    this.hanging.answer = () => 'hang';
    this.foreign.answer = () => FOREIGN;
    await Promise.all([this.up.listen(), this.hanging.listen(), this.foreign.listen()]);
    const gone = new Monitor();
    await gone.listen();
    this.refusingPort = gone.port;
    await gone.close();
  }

  urlOf(state: MonitorState): string {
    switch (state) {
      case 'up':
        return this.up.url;
      case 'hanging':
        return this.hanging.url;
      case 'foreign':
        return this.foreign.url;
      case 'refusing':
        return `http://127.0.0.1:${this.refusingPort}`;
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.up.close(), this.hanging.close(), this.foreign.close()]);
  }
}
