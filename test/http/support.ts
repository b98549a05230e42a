import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, expect } from 'vitest';
import { NO_PUBLIC_BADGES } from '../../src/core/model/badge.ts';
import type { Declaration } from '../../src/core/model/declaration.ts';
import type { Fault } from '../../src/core/model/errors.ts';
import type { PingKind } from '../../src/core/model/reasons.ts';
import type { ConfigStatus, HttpDeps, ValidDeclaration } from '../../src/http/deps.ts';
import { createServer } from '../../src/http/server.ts';
import { NO_TOKENS } from '../../src/http/access/tokens.ts';
import { silentLogger } from '../../src/observe/log.ts';
import { MessageCounts } from '../../src/observe/message-counts.ts';
import { DEFAULT_GLOBALS } from '../../src/core/model/spec.ts';
import { DEFAULT_START_AT } from '../support/fake-clock.ts';
import { startMemoryService } from '../support/memory-service.ts';
import { faultsOfAnswer } from './openapi.ts';

export const CONFIG_STATUS: ConfigStatus = {
  revision: 'a'.repeat(64),
  disk_revision: 'a'.repeat(64),
  source: 'cronflow.yaml',
  files: ['cronflow.yaml'],
  applied_at: DEFAULT_START_AT,
  last_error: null,
  held: null,
};

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  /** The body as JSON. */
  json: Record<string, unknown> & Record<string, unknown>[];
}

/** A server on a free loopback port over the memory store, on a clock that only the test moves. */
export async function startServer(changes: Partial<HttpDeps> = {}, host = '127.0.0.1', freePort = 0) {
  const service = await startMemoryService(DEFAULT_START_AT);
  const unknownPings: [string, PingKind][] = [];
  const server = createServer({
    store: service.store,
    ingest: service.ingest,
    clock: service.clock,
    logger: silentLogger,
    tokens: NO_TOKENS,
    version: '1.2.3',
    validateDeclaration,
    configStatus: () => CONFIG_STATUS,
    reload: async () => CONFIG_STATUS,
    configLints: () => ({ lints: [], text: '', is_too_long: false }),
    tryConfig: async (text) => ({
      ok: true,
      errors: [],
      lints: [],
      text: `of ${text.length} characters`,
      plan: null,
      backtest: null,
      job_count: 0,
      not_read: [],
    }),
    notices: () => [],
    heartbeat: () => null,
    tellingNobody: () => [],
    messages: new MessageCounts(),
    globals: () => DEFAULT_GLOBALS,
    publicBadges: () => NO_PUBLIC_BADGES,
    onUnknownPing: (name, kind) => unknownPings.push([name, kind]),
    unknownPings: () => [],
    onFormerName: () => {},
    ...changes,
  });
  const { port, url, address } = await server.listen(host, freePort);
  cleanups.push(() => server.close());

  /** Every answer is held against the description of the API. */
  const request = async (path: string, init: RequestInit = {}): Promise<Answer> => {
    const response = await fetch(`${url}${path}`, init);
    const text = await response.text();
    const method = init.method ?? 'GET';
    const type = response.headers.get('content-type') ?? '';
    if (method !== 'HEAD' && method !== 'OPTIONS') {
      expect(faultsOfAnswer(method, new URL(response.url).pathname, response.status, type, text)).toEqual([]);
    }
    return {
      status: response.status,
      headers: response.headers,
      text,
      get json() {
        return JSON.parse(text) as Answer['json'];
      },
    };
  };
  return {
    ...service,
    server,
    port,
    url,
    address,
    unknownPings,
    request,
    post: (path: string, body?: unknown) =>
      request(path, {
        method: 'POST',
        ...(body === undefined
          ? {}
          : { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
      }),
    /** Sends bytes as they are and returns everything that comes back until the server hangs up. */
    raw: (...parts: (string | Buffer)[]) => exchange(port, host, parts),
  };
}

const notHere = (): Promise<never> => Promise.reject(new Error('not here'));
/** The rest of an `Ingest` that only takes pings. */
export const PINGS_ONLY = {
  register: notHere,
  declare: notHere,
  change: notHere,
  remove: notHere,
  pause: notHere,
  resume: notHere,
  acknowledge: notHere,
};

export type TestServer = Awaited<ReturnType<typeof startServer>>;

async function exchange(port: number, host: string, parts: readonly (string | Buffer)[]): Promise<string> {
  const socket = connect(port, host);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => {});
  await once(socket, 'connect');
  for (const part of parts) socket.write(part);
  if (!socket.closed) await once(socket, 'close');
  return Buffer.concat(chunks).toString();
}

/** What an answer that was read raw says. */
export function parseRaw(answer: string): { status: number; head: string; body: string } {
  const [head = '', body = ''] = answer.split('\r\n\r\n', 2);
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]), head: head.toLowerCase(), body };
}

/** Resolves when `isTrue` is; for what another process, or the network, has to do first. */
export async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** Stands in for the configuration's own: as strict, and no wiser than these tests need. */
function validateDeclaration(input: unknown): ValidDeclaration | readonly Fault[] {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    return [{ code: 'wrong_type', path: '', message: 'must be an object' }];
  }
  const { name, ...declared } = input as { name?: unknown } & Declaration;
  const faults: Fault[] = [];
  if (typeof name !== 'string' || !/^[\w.-]{1,128}$/.test(name)) {
    faults.push({ code: 'invalid_value', path: 'name', message: 'must be a name' });
  }
  if ('schedul' in declared) {
    faults.push({ code: 'unknown_key', path: 'schedul', message: 'unknown key', suggestion: 'schedule' });
  }
  return faults.length > 0 ? faults : { name: String(name), declared };
}
