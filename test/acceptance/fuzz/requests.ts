import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';

/** What a request of a phase sends to say who it is. */
export type Credentials = readonly string[];

export interface FuzzOptions {
  random: () => number;
  /** The header lines of which each request has one; an empty one is none. */
  credentials: Credentials;
  /** The methods and paths of all routes, with `{name}` and the like for their parts. */
  routes: readonly { method: string; path: string }[];
}

/** What one connection sends. */
export interface Batch {
  requests: readonly Buffer[];
  /** True if the client is gone as soon as it has sent all, as with a body that never ends. */
  goesAway: boolean;
}

const METHODS = [
  'GET',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'HEAD',
  'OPTIONS',
  'TRACE',
  'PROPFIND',
  'get',
  'B\u0000D',
];
const NAMES = ['a', 'b', 'c', 'site', 'new-1', 'new-2', 'new-3', 'nobody', 'A', 'start', '0'];
const ODD_PARTS = [
  '%00',
  '%2f',
  '%2F..%2f',
  '..',
  '.',
  '%zz',
  '%',
  '%e2%82',
  '%F0%9F%92%A9',
  '%c0%af',
  '%ff',
  '*',
  '[token]',
  '\'"',
  '%0d%0aX-Odd:1',
  ';a=b',
  '@',
  '~',
  '$&',
  '{name}',
  'constructor',
  '__proto__',
  'toString',
  '%5c',
  'x'.repeat(300),
  'x'.repeat(9_000),
  '%41'.repeat(200),
];
const KEYS = [
  'rid',
  'exit_code',
  'Exit-Code',
  'signal',
  'duration_ms',
  'delay_ms',
  'host',
  'output',
  'output_dropped_bytes',
  'captured',
  'skip',
  'limit',
  'cursor',
  'status',
  'incident',
  'tag',
  'group',
  'q',
  'outcome',
  'since',
  'until',
  'who',
  'job',
  'from',
  'to',
  'open',
  'notifier',
  'confirm',
  'next',
  'at',
  'create',
  '__proto__',
  '',
  'a[]',
  'a[b]',
];
const VALUES = [
  '',
  '0',
  '1',
  '-1',
  '3',
  '255',
  '256',
  '4294967295',
  '4294967296',
  '1e309',
  'NaN',
  'Infinity',
  '0x80070005',
  '3.0',
  'true',
  'False',
  'null',
  'undefined',
  'TERM',
  '15',
  '24h',
  '9999999d',
  '2026-01-16T02:00:00Z',
  '2026-02-30T00:00Z',
  '+010000-01-01T00:00:00Z',
  'success',
  'failure',
  '[]',
  '{}',
  '%00',
  '%ff',
  '%',
  '&',
  '=',
  '\u00e9',
  '💩',
  '\ud800',
  'WzEsMiwzXQ',
  'WyJhdWRpdCIsMSwieCJd',
  '../../etc/passwd',
  '<script>',
  "' or 1=1 --",
  '${jndi:x}',
  'x'.repeat(5_000),
];
const TYPES = [
  '',
  'application/json',
  'application/json; charset=utf-16',
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=b',
  'multipart/form-data',
  'text/json',
  'application/octet-stream',
  ';',
  'a/b/c',
  'x'.repeat(2_000),
];
const ODD_HEADERS = [
  'X-Forwarded-For: 1.2.3.4',
  'X-Forwarded-Prefix: /evil',
  'X-Forwarded-Prefix: //evil',
  'X-Forwarded-Proto: https',
  'Origin: https://evil.example',
  'Origin: null',
  'Origin: http://127.0.0.1',
  'Sec-Fetch-Site: cross-site',
  'Sec-Fetch-Site: same-origin',
  'Accept: text/html',
  'Accept: */*;q=0',
  'Accept-Encoding: gzip',
  'Range: bytes=0-1',
  'If-None-Match: *',
  'If-None-Match: "x"',
  'If-Modified-Since: x',
  'Expect: 100-continue',
  'Expect: nonsense',
  'Upgrade: websocket',
  'Connection: upgrade',
  'Last-Event-ID: 1-1',
  'Cookie: cronflow_session=x; a',
  'Cookie: ;;;=',
  `Cookie: ${'cronflow_session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA; '.repeat(20)}`,
  'X-Odd: \u00e9',
  `X-Long: ${'y'.repeat(12_000)}`,
  'TE: trailers',
  'Trailer: X',
  'Max-Forwards: 0',
  'X-HTTP-Method-Override: DELETE',
  'Content-MD5: x',
  'Date: x',
  'Via: x',
];
/** Lines that break a request. */
const BROKEN_LINES = [
  'X',
  ': no name',
  'No Colon',
  'X : y',
  '\u0000: x',
  ' folded: x',
  'Content-Length: 5',
  'Content-Length: -1',
  'Content-Length: 1e3',
  'Content-Length: 99999999999999999999',
  'Transfer-Encoding: chunked, identity',
  'Transfer-Encoding: gzip',
  'Host: a',
  'Host:',
  'Authorization:',
  'Authorization: Bearer',
  'Content-Encoding: x, gzip',
];

/** Makes requests from good ones to nonsense. The same random numbers make the same requests. */
export class Requests {
  readonly #options: FuzzOptions;

  constructor(options: FuzzOptions) {
    this.#options = options;
  }

  /** Returns what one connection sends. Only its last request may be broken, because nothing after it would be read. */
  batch(): Batch {
    if (this.#chance(0.05)) return { requests: [this.#cutShort()], goesAway: true };
    const count = 1 + this.#below(20);
    const requests = Array.from({ length: count - 1 }, () => this.#request(false));
    const last = this.#chance(0.4) ? this.#broken() : this.#request(true);
    return { requests: [...requests, last], goesAway: false };
  }

  /** Makes a request whose end never comes. A server that waited for it would wait for 30 s. */
  #cutShort(): Buffer {
    const whole = this.#request(true);
    if (this.#chance(0.5)) return whole.subarray(0, this.#below(whole.length));
    const length = this.#pick(['4', '99999', '67108865']);
    const lines = ['POST /jobs/a/log HTTP/1.1', 'Host: 127.0.0.1', this.#pick(this.#options.credentials)];
    return Buffer.concat([this.#text([...lines, `Content-Length: ${length}`]), Buffer.from('abc')]);
  }

  #request(isLast: boolean): Buffer {
    const { method, path } = this.#pick(this.#options.routes);
    // The answer of a good one would never end.
    const isEvents = path.startsWith('/events');
    const target = `${this.#path(path)}${isEvents ? `?job=${'x'.repeat(300)}` : this.#query()}`;
    const used = this.#chance(0.85) || isEvents ? method : this.#pick(METHODS.slice(0, 7));
    const lines = [`${used} ${target} HTTP/1.1`, 'Host: 127.0.0.1', this.#pick(this.#options.credentials)];
    if (this.#chance(0.3)) lines.push(this.#pick(ODD_HEADERS));
    if (isLast) lines.push('Connection: close');
    if (used === 'GET' || used === 'HEAD' || used === 'OPTIONS' || this.#chance(0.1))
      return this.#text(lines);
    return this.#withBody(lines);
  }

  #withBody(lines: string[]): Buffer {
    const { type, bytes } = this.#body();
    if (type !== '') lines.push(`Content-Type: ${type}`);
    const [encoding, encoded] = this.#encoded(bytes);
    if (encoding !== '') lines.push(`Content-Encoding: ${encoding}`);
    if (this.#chance(0.2)) {
      lines.push('Transfer-Encoding: chunked');
      return Buffer.concat([this.#text(lines), ...this.#chunks(encoded)]);
    }
    lines.push(`Content-Length: ${encoded.length}`);
    return Buffer.concat([this.#text(lines), encoded]);
  }

  #chunks(bytes: Buffer): Buffer[] {
    const size = 1 + this.#below(Math.max(1, bytes.length));
    const chunks: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += size) {
      const chunk = bytes.subarray(at, at + size);
      chunks.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n'));
    }
    return [...chunks, Buffer.from('0\r\n\r\n')];
  }

  /** Makes a request that nothing can read, or that says something else of itself than it is. */
  #broken(): Buffer {
    const whole = this.#request(true);
    switch (this.#below(6)) {
      case 0: {
        const bytes = Buffer.from(whole);
        for (let i = 0; i < 1 + this.#below(8); i += 1) bytes[this.#below(bytes.length)] = this.#below(256);
        return bytes;
      }
      case 1:
        return Buffer.from(Array.from({ length: this.#below(400) }, () => this.#below(256)));
      case 2: {
        const at = whole.indexOf('\r\n') + 2;
        return Buffer.concat([
          whole.subarray(0, at),
          this.#latin(`${this.#pick(BROKEN_LINES)}\r\n`),
          whole.subarray(at),
        ]);
      }
      case 3:
        return this.#latin(
          `${this.#pick(METHODS)} ${this.#pick(['/', '*', 'http://x/', '//', '', 'x', 'http://@:0'])} ${this.#pick(['HTTP/1.0', 'HTTP/2.0', 'HTTP/1.1', 'HTTP/0.9', 'http/1.1', ''])}\r\n\r\n`,
        );
      case 4:
        return this.#latin(
          `POST /jobs/a/log HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${this.#pick(['zz\r\n', '5\r\nab', '-1\r\n', 'fffffffffffffffff\r\n', '3;x=y\r\nabc\r\n0\r\nX: y\r\n\r\n', `${'0'.repeat(500)}\r\n`])}`,
        );
      default:
        return this.#latin(
          `GET /${'a'.repeat(this.#below(20_000))} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`,
        );
    }
  }

  #path(path: string): string {
    const filled = path.replaceAll(/\{\w+\}/g, () =>
      this.#chance(0.8) ? this.#pick(NAMES) : this.#pick(ODD_PARTS),
    );
    if (this.#chance(0.9)) return filled;
    return this.#pick([
      `/${filled}`,
      `${filled}/`,
      `${filled}/${this.#pick(ODD_PARTS)}`,
      filled.toUpperCase(),
      `/x${filled}`,
    ]);
  }

  #query(): string {
    if (this.#chance(0.4)) return '';
    const count = this.#chance(0.02) ? 300 : 1 + this.#below(4);
    const pairs = Array.from({ length: count }, () => {
      const value = this.#pick(VALUES).slice(0, count > 10 ? 10 : 5_000);
      const safe = this.#chance(0.8)
        ? encodeURIComponent(value.toWellFormed())
        : value.replaceAll(/[\s\u0080-\uffff]/g, '%');
      return `${encodeURIComponent(this.#pick(KEYS))}=${safe}`;
    });
    return `?${pairs.join('&')}`;
  }

  #body(): { type: string; bytes: Buffer } {
    const type = this.#chance(0.6) ? 'application/json' : this.#pick(TYPES);
    switch (this.#below(9)) {
      case 0:
        return { type, bytes: Buffer.alloc(0) };
      case 1:
        return { type, bytes: Buffer.from('['.repeat(20_000)) };
      case 2:
        return {
          type,
          bytes: Buffer.from(Array.from({ length: this.#below(2_000) }, () => this.#below(256))),
        };
      case 3:
        return { type, bytes: Buffer.from('z'.repeat(this.#below(70_000))) };
      case 4:
        return { type: 'application/x-www-form-urlencoded', bytes: Buffer.from(this.#query().slice(1)) };
      case 5:
        return { type: 'multipart/form-data; boundary=b', bytes: this.#multipart() };
      case 6: {
        const text = JSON.stringify(this.#value(0));
        return { type, bytes: Buffer.from(text.slice(0, this.#below(text.length + 1))) };
      }
      case 7:
        return { type, bytes: Buffer.from(JSON.stringify(this.#value(0))) };
      default:
        return { type, bytes: Buffer.from(JSON.stringify(this.#declaration())) };
    }
  }

  #multipart(): Buffer {
    const parts = Array.from({ length: this.#below(5) }, () => {
      const head = `--b\r\nContent-Disposition: form-data; name="${this.#pick(KEYS)}"`;
      return `${head}\r\n\r\n${this.#pick(VALUES).toWellFormed()}\r\n`;
    });
    return Buffer.from(`${parts.join('')}${this.#pick(['--b--\r\n', '--b', '', '--c--\r\n'])}`);
  }

  #encoded(bytes: Buffer): [encoding: string, bytes: Buffer] {
    if (this.#chance(0.85)) return ['', bytes];
    switch (this.#below(6)) {
      case 0:
        return ['gzip', gzipSync(bytes)];
      case 1:
        return ['deflate', deflateSync(bytes)];
      case 2:
        return ['br', brotliCompressSync(bytes)];
      case 3:
        return ['gzip', gzipSync(Buffer.alloc(9 * 2 ** 20))];
      case 4:
        return ['gzip', gzipSync(bytes).subarray(0, 8)];
      default:
        return [this.#pick(['gzip', 'br', 'zstd', 'identity', 'GZIP', 'x']), bytes];
    }
  }

  /** Makes a declaration of a job in which now and then a value or a key is not what it should be. */
  #declaration(): Record<string, unknown> {
    const good: Record<string, unknown> = {
      name: this.#pick(NAMES),
      schedule: this.#pick(['0 2 * * *', '@daily', '*/5 * * * *']),
      grace: '5m',
      tags: ['x'],
      description: 'made by chance',
      failure_threshold: 2,
      paused: false,
      token: this.#pick(VALUES),
      until: '4h',
    };
    const kept = Object.entries(good).filter(([key]) => key === 'name' || this.#chance(0.4));
    const mutated = kept.map(([key, value]) => [key, this.#chance(0.15) ? this.#value(0) : value]);
    if (this.#chance(0.2)) mutated.push([this.#pick(KEYS), this.#value(0)]);
    return Object.fromEntries(mutated) as Record<string, unknown>;
  }

  #value(depth: number): unknown {
    if (depth > 4) return null;
    switch (this.#below(7)) {
      case 0:
        return this.#pick(VALUES);
      case 1:
        return this.#pick([0, -0, 1.5, 1e308, -1, 2 ** 53, 4_294_967_296]);
      case 2:
        return this.#chance(0.5);
      case 3:
        return null;
      case 4:
        return Array.from({ length: this.#below(4) }, () => this.#value(depth + 1));
      case 5:
        return this.#declaration();
      default:
        return Object.fromEntries(
          Array.from({ length: this.#below(4) }, () => [this.#pick(KEYS), this.#value(depth + 1)]),
        );
    }
  }

  #text(lines: readonly string[]): Buffer {
    return this.#latin(`${lines.filter((line) => line !== '').join('\r\n')}\r\n\r\n`);
  }

  #latin(text: string): Buffer {
    return Buffer.from(text, 'latin1');
  }

  #pick<T>(items: readonly T[]): T {
    return items[this.#below(items.length)]!;
  }

  #below(max: number): number {
    return Math.floor(this.#options.random() * max);
  }

  #chance(part: number): boolean {
    return this.#options.random() < part;
  }
}
