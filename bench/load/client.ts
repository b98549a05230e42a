import { connect, type Socket } from 'node:net';
import type { LoadPlan, LoadResult, Traffic } from './plan.ts';

/**
 * This program sends the requests of a plan that its parent names, and answers with what it saw. Each connection has one
 * request under way. It writes and reads HTTP by itself, because a general client takes more processor time than the
 * server that is measured, and would be the limit.
 */

process.on('message', (plan: LoadPlan) => void load(plan).then((result) => process.send?.(result)));

async function load(plan: LoadPlan): Promise<LoadResult> {
  const next = requestsOf(plan.traffic, `127.0.0.1:${plan.port}`);
  const latencies: number[] = [];
  // What can be made ready before the time counts takes nothing from the server that is measured.
  const firsts = Array.from({ length: plan.connections }, next);
  const startedMs = performance.now();
  const untilMs = startedMs + plan.durationMs;
  const failures = await Promise.all(
    firsts.map((first) => converse(plan, { first, next }, untilMs, latencies)),
  );
  const elapsedMs = performance.now() - startedMs;
  const sorted = Float64Array.from(latencies).sort();
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return {
    requests: sorted.length,
    elapsedMs,
    failures: failures.reduce((sum, each) => sum + each, 0),
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    maxMs: at(1),
  };
}

/**
 * Sends one request after the other over one connection until the time is up, the first ones first. Returns how many
 * failed.
 */
function converse(
  { port, requestsEach = Infinity }: LoadPlan,
  { first, next }: { first: Buffer[]; next: () => Buffer[] },
  untilMs: number,
  latencies: number[],
): Promise<number> {
  return new Promise((resolve) => {
    // A client that makes a connection for each ping waits for that, too.
    let sentMs = performance.now();
    // The only request of a connection never waits for another one to be acknowledged.
    const noDelay = requestsEach > 1;
    const socket: Socket = connect({ port, host: '127.0.0.1', noDelay });
    let failures = 0;
    let sent = 0;
    let left = first;
    let isOwed = true;
    const answers = new Answers();
    const send = (): void => {
      const nowMs = performance.now();
      if ((nowMs >= untilMs && left.length === 0) || sent === requestsEach) {
        socket.end();
        return;
      }
      if (left.length === 0) left = next();
      isOwed = true;
      if (sent > 0) sentMs = nowMs;
      sent += 1;
      socket.write(left.shift()!);
    };
    socket.on('connect', send);
    socket.on('data', (chunk) => {
      const status = answers.read(chunk);
      if (status === null) return;
      isOwed = false;
      latencies.push(performance.now() - sentMs);
      if (status >= 300) failures += 1;
      send();
    });
    socket.on('error', () => {});
    // A connection that ends before its answer is a failure, however it ends.
    socket.on('close', () => resolve(failures + (isOwed ? 1 : 0)));
  });
}

/** Reads answers that come one at a time, each with a `Content-Length`. */
class Answers {
  #text: Buffer = Buffer.alloc(0);

  /** Returns the status of the answer once it is whole, else null. */
  read(chunk: Buffer): number | null {
    this.#text = this.#text.length === 0 ? chunk : Buffer.concat([this.#text, chunk]);
    const headEnd = this.#text.indexOf('\r\n\r\n');
    if (headEnd === -1) return null;
    const head = this.#text.toString('latin1', 0, headEnd);
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
    if (this.#text.length < headEnd + 4 + length) return null;
    this.#text = Buffer.alloc(0);
    return Number(head.slice(9, 12));
  }
}

/** Returns a function that makes the requests that one connection sends next, in order. */
function requestsOf(traffic: Traffic, host: string): () => Buffer[] {
  let count = 0;
  if (traffic.kind === 'get') {
    const request = requestOf('GET', traffic.path, host);
    return () => [request];
  }
  const { jobs, fromJob, firstJob = 0 } = traffic;
  const nameOf = (): string => `job-${firstJob + ((fromJob + count++) % jobs)}`;
  if (traffic.kind === 'ping') {
    const query = traffic.rid === undefined ? '' : `?rid=${traffic.rid}`;
    return () => [requestOf('POST', `/jobs/${nameOf()}/${traffic.ping}${query}`, host)];
  }
  const output = outputOf(traffic.outputBytes);
  const tag = Math.random().toString(36).slice(2, 8);
  return () => {
    const rid = `${tag}-${count}`;
    const name = nameOf();
    return [
      requestOf('POST', `/jobs/${name}/start?rid=${rid}`, host),
      requestOf('POST', `/jobs/${name}/success?rid=${rid}&exit_code=0`, host, output),
    ];
  };
}

function requestOf(method: string, path: string, host: string, body = ''): Buffer {
  const length = method === 'GET' ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
  const type = body === '' ? '' : 'Content-Type: text/plain\r\n';
  return Buffer.from(`${method} ${path} HTTP/1.1\r\nHost: ${host}\r\n${type}${length}\r\n${body}`);
}

/** Returns text such as jobs print: lines that differ a little. */
function outputOf(bytes: number): string {
  if (bytes === 0) return '';
  const lines: string[] = [];
  for (let length = 0, line = 0; length < bytes; line += 1) {
    lines.push(
      `2026-01-01T02:00:${String(line % 60).padStart(2, '0')}Z dumped table customers_${line} rows=${line * 37}`,
    );
    length += lines.at(-1)!.length + 1;
  }
  return `${lines.join('\n').slice(0, bytes - 1)}\n`;
}
