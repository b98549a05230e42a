import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Ping } from '../../src/core/model/records.ts';
import { HTTP_LIMITS } from '../../src/http/limits.ts';
import { pingOf } from '../../src/http/ping.ts';
import { TailBuffer } from '../../src/http/tail.ts';
import { DAY_MS } from '../../src/schedule/units.ts';

function build(query: string, body?: string | Buffer, isJson = body !== undefined): Ping {
  let buffer: TailBuffer | null = null;
  if (body !== undefined) {
    buffer = new TailBuffer(isJson ? HTTP_LIMITS.pingJsonBytesMax : 10_000);
    buffer.push(Buffer.from(body));
  }
  return pingOf({ kind: 'success', query, isJson, body: buffer, received_at: 5, limits: HTTP_LIMITS });
}

const EMPTY: Ping = {
  kind: 'success',
  received_at: 5,
  delay_ms: 0,
  rid: null,
  exit_code: null,
  signal: null,
  duration_ms: null,
  host: null,
  output: null,
  output_dropped_bytes: 0,
};

describe('the parameters of a ping', () => {
  test('are all optional', () => {
    expect(build('')).toEqual(EMPTY);
  });

  test('are read from the query', () => {
    const query =
      'rid=r1&exit_code=3&signal=TERM&duration_ms=1500&delay_ms=20&host=web1&output_dropped_bytes=7&colour=red';
    expect(build(query)).toEqual({
      ...EMPTY,
      rid: 'r1',
      exit_code: 3,
      signal: 'TERM',
      duration_ms: 1500,
      delay_ms: 20,
      host: 'web1',
      output_dropped_bytes: 7,
    });
  });

  test('are read from a JSON object, numbers also as text', () => {
    const body = JSON.stringify({
      rid: 17,
      exit_code: '3',
      duration_ms: 1499.6,
      host: 'web1',
      output: 'text',
      x: 1,
    });
    expect(build('', body)).toEqual({
      ...EMPTY,
      rid: '17',
      exit_code: 3,
      duration_ms: 1500,
      host: 'web1',
      output: 'text',
    });
  });

  test('of the query win, unless they are malformed', () => {
    expect(build('exit_code=1', '{"exit_code":0}').exit_code).toBe(1);
    expect(build('exit_code=one', '{"exit_code":2}').exit_code).toBe(2);
  });

  test.each<[string, Partial<Ping>]>([
    ['rid=', { rid: null }],
    ['rid=a%20b', { rid: null }],
    ['rid=%00', { rid: null }],
    ['rid=%C3%A9', { rid: null }],
    [`rid=${'x'.repeat(129)}`, { rid: null }],
    [`rid=${'x'.repeat(128)}`, { rid: 'x'.repeat(128) }],
    ['rid=manual__2026-01-01T00:00:00%2B00:00', { rid: 'manual__2026-01-01T00:00:00+00:00' }],
    ['rid=a&rid=b', { rid: 'a' }],
    ['exit_code=0', { exit_code: 0 }],
    ['exit_code=-0', { exit_code: 0 }],
    ['exit_code=-15', { exit_code: -15 }],
    ['exit_code=3221225786', { exit_code: 3221225786 }],
    ['exit_code=4294967296', { exit_code: null }],
    ['exit_code=1.5', { exit_code: null }],
    ['exit_code=0x1', { exit_code: null }],
    ['exit_code=', { exit_code: null }],
    ['exit_code=banana', { exit_code: null }],
    ['signal=SIGKILL', { signal: 'KILL' }],
    ['signal=hup', { signal: 'HUP' }],
    ['signal=9', { signal: 'KILL' }],
    ['signal=34', { signal: '34' }],
    ['signal=RTMIN%2B1', { signal: 'RTMIN+1' }],
    ['signal=0', { signal: null }],
    ['signal=<script>', { signal: null }],
    ['signal=', { signal: null }],
    ['duration_ms=-1', { duration_ms: null }],
    ['duration_ms=12.6', { duration_ms: 13 }],
    ['duration_ms=1e3', { duration_ms: null }],
    [`duration_ms=${400 * DAY_MS}`, { duration_ms: null }],
    ['delay_ms=-5', { delay_ms: 0 }],
    [`delay_ms=${8 * DAY_MS}`, { delay_ms: 7 * DAY_MS }],
    ['delay_ms=soon', { delay_ms: 0 }],
    ['host=%20web1%20', { host: 'web1' }],
    ['host=a%0Ab', { host: null }],
    [`host=${'h'.repeat(256)}`, { host: null }],
    ['output_dropped_bytes=-1', { output_dropped_bytes: 0 }],
    ['captured=false', { captured: false }],
    ['captured=False', { captured: false }],
    ['captured=0', { captured: false }],
    ['host=%zz&exit_code=1', { exit_code: 1, host: '%zz' }],
  ])('?%s', (query, expected) => {
    expect(build(query)).toEqual({ ...EMPTY, ...expected });
  });

  test.each([
    ['{"exit_code":null,"rid":{},"host":["a"],"delay_ms":true,"signal":1.5,"duration_ms":"x"}', EMPTY],
    ['{"exit_code":1e99}', EMPTY],
    ['{}', EMPTY],
    ['{"output":""}', EMPTY],
    ['{"output":null}', EMPTY],
  ])('malformed in JSON count as absent: %s', (body, expected) => {
    expect(build('', body)).toEqual(expected);
  });
});

describe('the output of a ping', () => {
  test.each([
    ['text', 'plain text', false],
    ['JSON that is not an object', '[1,2]', true],
    ['a JSON string', '"rid"', true],
    ['JSON null', 'null', true],
    ['broken JSON', '{"rid":', true],
    ['an object without known keys', '{"rows":5}', true],
    ['an object of another type', '{"rid":"a"}', false],
  ])('is the body as it stands: %s', (_what, body, isJson) => {
    expect(build('exit_code=1', body, isJson)).toEqual({ ...EMPTY, exit_code: 1, output: body });
  });

  test('that is not text is kept as JSON', () => {
    expect(build('', '{"output":["a","b"]}').output).toBe('["a","b"]');
  });

  test('is cut at the start, and what the client dropped is added', () => {
    const text = `${'x'.repeat(20_000)}€end`;
    expect(build('output_dropped_bytes=100', text, false)).toMatchObject({
      output: text.slice(-9_998),
      output_dropped_bytes: 100 + 20_006 - 10_000,
    });
    const inJson = build('', JSON.stringify({ output: text, output_dropped_bytes: 5 }));
    expect(inJson.output).toBe(text.slice(-9_998));
    expect(inJson.output_dropped_bytes).toBe(5 + 20_006 - 10_000);
  });

  test('is a JSON body that is too large to be understood', () => {
    const buffer = new TailBuffer(500);
    for (let i = 0; i < 20; i += 1) buffer.push(Buffer.from('{"rid":"a"}'.padEnd(500)));
    const ping = pingOf({
      kind: 'log',
      query: '',
      isJson: true,
      body: buffer,
      received_at: 5,
      limits: HTTP_LIMITS,
    });
    expect(ping.rid).toBeNull();
    expect(ping.output_dropped_bytes).toBe(10_000 - Buffer.byteLength(ping.output!));
  });
});

test('nothing in a request makes a ping fail', () => {
  const value = fc.oneof(fc.string({ unit: 'binary' }), fc.double(), fc.jsonValue());
  const keys = fc.constantFrom(
    'rid',
    'exit_code',
    'signal',
    'duration_ms',
    'delay_ms',
    'host',
    'output',
    'x',
  );
  fc.assert(
    fc.property(fc.dictionary(keys, value), fc.string({ unit: 'binary' }), (json, query) => {
      const ping = build(query, JSON.stringify(json));
      expect(ping.delay_ms).toBeGreaterThanOrEqual(0);
      expect(ping.delay_ms).toBeLessThanOrEqual(7 * DAY_MS);
      expect(Buffer.byteLength(ping.output ?? '')).toBeLessThanOrEqual(10_000);
      expect(JSON.parse(JSON.stringify(ping))).toEqual(ping);
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array(), fc.boolean(), (bytes, isJson) => void build('', Buffer.from(bytes), isJson)),
  );
});
