import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Ping } from '../../../src/core/model/records.ts';
import { BodyBudget } from '../../../src/http/request/body-budget.ts';
import { LIMITS } from '../../../src/core/model/limits.ts';
import { HTTP_LIMITS } from '../../../src/http/limits.ts';
import { isStructured, understandBody, type UnderstoodBody } from '../../../src/http/ping/ping-body.ts';
import { isToldBy, pingOf } from '../../../src/http/ping/ping.ts';
import { TailBuffer } from '../../../src/http/request/tail.ts';
import { DAY_MS } from '../../../src/schedule/units.ts';

const MEANS = {
  limits: HTTP_LIMITS,
  budget: new BodyBudget(HTTP_LIMITS.bodiesBytesMax),
  isToldByQuery: false,
};

/** @param type of the body */
async function read(query: string, body?: string | Buffer, type = 'application/json', encoding = '') {
  let understood: UnderstoodBody | null = null;
  if (body !== undefined) {
    const tail = new TailBuffer(
      isStructured(type, encoding) ? HTTP_LIMITS.pingJsonBytesMax : LIMITS.outputBytesMax,
    );
    tail.push(Buffer.from(body));
    understood = await understandBody({ tail, type, encoding }, { ...MEANS, isToldByQuery: isToldBy(query) });
  }
  return pingOf({ kind: 'success', query, body: understood, received_at: 5, limits: HTTP_LIMITS });
}

async function build(...request: Parameters<typeof read>): Promise<Ping> {
  return (await read(...request)).ping;
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
  test('are all optional', async () => {
    expect(await build('')).toEqual(EMPTY);
  });

  test('are read from the query', async () => {
    const query =
      'rid=r1&exit_code=3&signal=TERM&duration_ms=1500&delay_ms=20&host=web1&output_dropped_bytes=7&colour=red';
    expect(await build(query)).toEqual({
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

  test('are read from a JSON object, numbers also as text', async () => {
    const body = JSON.stringify({
      rid: 17,
      exit_code: '3',
      duration_ms: 1499.6,
      host: 'web1',
      output: 'text',
      x: 1,
    });
    expect(await build('', body)).toEqual({
      ...EMPTY,
      rid: '17',
      exit_code: 3,
      duration_ms: 1500,
      host: 'web1',
      output: 'text',
    });
  });

  test('of the query win over those of the body, unless they are malformed', async () => {
    expect((await build('exit_code=1', '{"exit_code":0}')).exit_code).toBe(1);
    expect((await build('exit_code=one', '{"exit_code":2}')).exit_code).toBe(2);
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
    ['exit_code=3.0', { exit_code: 3 }],
    ['exit_code=0x80070005', { exit_code: 2_147_942_405 }],
    ['exit_code=0&exit_code=0', { exit_code: 0 }],
    ['signal=SIGKILL', { signal: 'KILL' }],
    ['signal=hup', { signal: 'HUP' }],
    ['signal=9', { signal: 'KILL' }],
    ['signal=34', { signal: '34' }],
    ['signal=RTMIN%2B1', { signal: 'RTMIN+1' }],
    ['signal=0', { signal: null }],
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
  ])('are read or left out as they are spelt: ?%s', async (query, expected) => {
    expect(await build(query)).toEqual({ ...EMPTY, ...expected });
  });

  test.each([
    ['{"exit_code":null,"rid":{},"host":["a"],"delay_ms":true,"signal":null,"duration_ms":"x"}', EMPTY],
    ['{}', EMPTY],
    ['{"output":""}', EMPTY],
    ['{"output":null}', EMPTY],
  ])('that are malformed in JSON count as absent: %s', async (body, expected) => {
    expect(await build('', body)).toEqual(expected);
  });
});

const FORM = 'application/x-www-form-urlencoded';
const GZIPPED_CODE = gzipSync('{"exit_code":3}');

/** A form of several parts, as `curl -F` sends it. */
function parts(key: string, value: string): string {
  return `--b\r\nContent-Disposition: form-data; name="${key}"\r\n\r\n${value}\r\n--b--\r\n`;
}

describe('the report of a run', () => {
  test.each<[string, string, string | Buffer | undefined, string, string]>([
    ['a form, as by curl -d', '', 'exit_code=3', FORM, ''],
    ['a form with other keys', '', 'colour=red&exit_code=3', FORM, ''],
    ['JSON that curl calls a form', '', '{"exit_code":3}', FORM, ''],
    ['JSON without a type', '', '{"exit_code":3}', '', ''],
    ['JSON that PowerShell calls text', '', '{"exit_code":3}', 'text/plain; charset=utf-8', ''],
    ['JSON of another name', '', '{"exit_code":3}', 'text/json', ''],
    ['JSON of a kind of its own', '', '{"exit_code":3}', 'application/vnd.x+json; charset=utf-8', ''],
    ['JSON after spaces', '', '\r\n  {"exit_code":3}', FORM, ''],
    ['JSON with a byte order mark', '', '\uFEFF{"exit_code":3}', 'application/json', ''],
    ['JSON in UTF-16', '', Buffer.from('\uFEFF{"exit_code":3}', 'utf16le'), 'application/json', ''],
    ['a form of parts, as by curl -F', '', parts('exit_code', '3'), 'multipart/form-data; boundary=b', ''],
    ['gzip', '', GZIPPED_CODE, 'application/json', 'gzip'],
    ['gzip of another name', '', GZIPPED_CODE, 'application/json', 'x-gzip'],
    ['gzip that curl calls a form', '', GZIPPED_CODE, FORM, 'gzip'],
    ['deflate', '', deflateSync('{"exit_code":3}'), 'application/json', 'deflate'],
    ['brotli', '', brotliCompressSync('{"exit_code":3}'), 'application/json', 'br'],
    ['a form with text behind the code', '', 'exit_code=3&output=disk full', FORM, ''],
    ['a form with a space', '', 'exit_code= 3', FORM, ''],
    ['a form that ends with nothing', '', 'exit_code=3&', FORM, ''],
    ['a form that begins with nothing', '', '&exit_code=3', FORM, ''],
    ['a form without its type', '', 'exit_code=3', '', ''],
    ['JSON of a browser or of Node', '', '{"exit_code":3}', 'text/plain;charset=UTF-8', ''],
    [
      'parts without quotes',
      '',
      parts('exit_code', '3').replaceAll('"', ''),
      'multipart/form-data; boundary=b',
      '',
    ],
    ['a charset in the place of an encoding', '', '{"exit_code":3}', 'application/json', 'utf-8'],
    ['capitals', 'Exit_Code=3', undefined, '', ''],
    ['no hyphen', 'exitcode=3', undefined, '', ''],
    ['a hyphen', 'exit-code=3', undefined, '', ''],
    ['a hump', '', '{"exitCode":3}', 'application/json', ''],
  ])('is understood as a failure however it is sent: %s', async (_how, query, body, type, encoding) => {
    expect(await read(query, body, type, encoding)).toMatchObject({ ping: { exit_code: 3 }, warnings: [] });
  });

  test.each<[string, string, string | Buffer | undefined, string, string, string]>([
    ['a word', 'exit_code=banana', undefined, '', '', 'exit_code "banana" cannot be read'],
    ["PowerShell's $?", 'exit_code=False', undefined, '', '', 'exit_code "False" cannot be read'],
    ['a variable that is not set', 'exit_code=', undefined, '', '', 'exit_code "" cannot be read'],
    ['more than 32 bits', 'exit_code=4294967296', undefined, '', '', 'exit_code "4294967296" cannot be read'],
    ['a fraction', 'exit_code=1.5', undefined, '', '', 'exit_code "1.5" cannot be read'],
    ['a boolean', '', '{"exit_code":false}', '', '', 'exit_code "false" cannot be read'],
    ['a list', '', '{"exit_code":[3]}', '', '', 'exit_code a list cannot be read'],
    [
      'quotes that a shell left',
      '',
      String.raw`{\"exit_code\":3}`,
      FORM,
      '',
      'the body resembles a JSON object and is none',
    ],
    ['a map of Java', '', '{exit_code=3}', '', '', 'the body resembles a JSON object and is none'],
    [
      'single quotes of cmd.exe',
      '',
      '\'{"exit_code":3}\'',
      FORM,
      '',
      'the body resembles a JSON object and is none',
    ],
    [
      'JSON twice',
      '',
      JSON.stringify('{"exit_code":3}'),
      'application/json',
      '',
      'the body resembles a JSON object and is none',
    ],
    [
      'an object in a list',
      '',
      '[{"exit_code":3}]',
      'application/json',
      '',
      'the body resembles a JSON object and is none',
    ],
    [
      'a form that is too large',
      '',
      `exit_code=3&output=${'x'.repeat(140_000)}`,
      FORM,
      '',
      'the body is a form of 140019 bytes, which is more than is read',
    ],
    [
      'a name that every object has',
      '',
      Buffer.from([0xff]),
      '',
      'constructor',
      'the body is encoded as "constructor", which is not one of gzip, x-gzip, deflate, br',
    ],
    ['too large a number', '', '{"exit_code":1e99}', '', '', 'exit_code "1e+99" cannot be read'],
    ['a signal', 'signal=<script>', undefined, '', '', 'signal "<script>" cannot be read'],
    ['a success beside it', 'exit_code=x', '{"exit_code":0}', '', '', 'exit_code "x" cannot be read'],
    ['two codes', 'exit_code=0&exit_code=3', undefined, '', '', 'exit_code is given as 0 and as 3'],
    ['two spellings', 'exit_code=0&ExitCode=3', undefined, '', '', 'exit_code is given as 0 and as 3'],
    [
      'lost quotes',
      '',
      '{exit_code:3}',
      'application/json',
      '',
      'the body resembles a JSON object and is none',
    ],
    ['half an object', '', '{"exit_code":3', FORM, '', 'the body resembles a JSON object and is none'],
    [
      'an unknown encoding',
      '',
      Buffer.from([0x28, 0xb5, 0x2f, 0xfd]),
      'application/json',
      'zstd',
      'the body is encoded as "zstd", which is not one of gzip, x-gzip, deflate, br',
    ],
    [
      'broken gzip',
      '',
      Buffer.from('x'),
      '',
      'gzip',
      'the body is not what "gzip" says it is, or is larger than is read',
    ],
    [
      'half of a gzip',
      '',
      GZIPPED_CODE.subarray(0, -9),
      '',
      'gzip',
      'the body is not what "gzip" says it is, or is larger than is read',
    ],
    [
      'a form without its end',
      '',
      '--b\r\nContent-Disposition: form-data; name="exit_code"\r\n\r\n3',
      'multipart/form-data; boundary=b',
      '',
      'the body is a form of several parts that cannot be read',
    ],
    [
      'JSON that is too large',
      '',
      `{"exit_code":3,"output":"${'x'.repeat(140_000)}"}`,
      FORM,
      '',
      'the body is JSON of 140027 bytes, which is more than is read',
    ],
    [
      'JSON that is too large, at its end',
      '',
      `{"output":"${'x'.repeat(140_000)}","exit_code":3}`,
      FORM,
      '',
      'the body is JSON of 140027 bytes, which is more than is read',
    ],
  ])('is no success where nobody can read it: %s', async (_how, query, body, type, encoding, said) => {
    expect(await read(query, body, type, encoding)).toMatchObject({
      ping: { unreadable: said },
      warnings: [said],
    });
  });

  test.each([
    ['rid=a%20b', 'rid "a b" cannot be read'],
    ['duration_ms=soon', 'duration_ms "soon" cannot be read'],
    ['captured=maybe', 'captured "maybe" cannot be read'],
    [`host=${'h'.repeat(256)}`, `host "${'h'.repeat(40)}..." cannot be read`],
  ])('has only a warning for what does not tell how the run did: ?%s', async (query, said) => {
    const { ping, warnings } = await read(query);
    expect(ping).not.toHaveProperty('unreadable');
    expect(warnings).toEqual([said]);
  });

  test.each([
    ['brotli', brotliCompressSync, 'br'],
    ['gzip', gzipSync, 'gzip'],
  ] as const)(
    'is not read from a small body of %s that stands for gigabytes',
    async (_name, compress, encoding) => {
      const bomb = compress(Buffer.alloc(20 * 1024 * 1024));
      const { ping } = await read('', bomb, 'text/plain', encoding);
      const said = `the body is not what "${encoding}" says it is, or is larger than is read`;
      expect(ping).toMatchObject({ output: null, unreadable: said });
    },
  );

  test('has thousands of wrong values named in a few words', async () => {
    const spellings = Array.from({ length: 1_000 }, (_, at) => `"${'_'.repeat(at)}signal":"<>"`);
    const { ping, warnings } = await read('', `{${spellings.join(',')}}`);
    expect(ping.unreadable!.length).toBeLessThan(500);
    expect(warnings.length).toBeLessThan(10);
  });

  test('breaks nothing by a value of any depth', async () => {
    const deep = `${'['.repeat(9_000)}${']'.repeat(9_000)}`;
    expect((await read('', `{"rid":${deep}}`)).warnings).toEqual(['rid a list cannot be read']);
    expect((await read('', `{"output":${deep}}`)).ping.output).toContain('[[[');
  });
});

describe('output that looks like a report', () => {
  test.each([
    ['with JSON lines', '{"msg":"step","exit_code":0}\n{"msg":"done"}'],
    ['with one object', '{"signal":-71,"ssid":"x"}'],
    ['with a word for a code', '{"exit_code":"n/a"}'],
    ['with a delay', '{"delay_ms":86400000}'],
    ['with captured', '{"captured":false}'],
    ['with a form', 'signal=weak'],
  ])('is never taken for one beside a report in the query: output %s', async (_what, body) => {
    for (const type of ['text/plain', FORM, '']) {
      const { ping, warnings } = await read('rid=a&exit_code=0&duration_ms=5', body, type);
      expect(ping).toEqual({ ...EMPTY, rid: 'a', exit_code: 0, duration_ms: 5, output: body });
      expect(warnings).toEqual([]);
    }
  });

  test.each([
    ['JSON lines', '{"msg":"step","exit_code":0}\n{"msg":"done"}', FORM],
    ['an object with more than our keys', '{"signal":"strong buy","price":3}', FORM],
    ['such an object as plain text', '{"exit_code":3,"rows":5}', 'text/plain'],
    ['broken JSON as plain text', '{"exit_code":3', 'text/plain'],
  ])('is never taken for one without parameters in the query: %s', async (_what, body, type) => {
    expect(await read('', body, type)).toEqual({ ping: { ...EMPTY, output: body }, warnings: [] });
  });
});

describe('the output of a ping', () => {
  test.each([
    ['text', 'plain text', FORM],
    ['pairs in several lines', 'exit_code=3\nhost=web1', FORM],
    ['a form of unknown keys', 'rows=5', FORM],
    ['a pair that is no form', 'exit_code=3', 'text/plain'],
    ['JSON that is not an object', '[1,2]', 'application/json'],
    ['a JSON string', '"rid"', 'application/json'],
    ['JSON null', 'null', 'application/json'],
    ['broken JSON', '{"rid":', 'application/json'],
    ['an object without known keys', '{"rows":5}', 'application/json'],
    ['an empty object of another type', '{}', 'text/plain'],
  ])('is the body as it stands: %s', async (_what, body, type) => {
    expect(await read('exit_code=1', body, type)).toEqual({
      ping: { ...EMPTY, exit_code: 1, output: body },
      warnings: [],
    });
  });

  test('may be an object of another type that has more than known keys, for a job may print such', async () => {
    const body = '{"exit_code":3,"rows":5}';
    expect(await build('', body, FORM)).toEqual({ ...EMPTY, exit_code: 3, output: body });
    expect(await build('', '{"host":"db1"}', FORM)).toEqual({ ...EMPTY, host: 'db1' });
  });

  test('may be a field of a form, or a file of it', async () => {
    const file =
      '--b\r\nContent-Disposition: form-data; name="output"; filename="a.log"\r\n\r\ntext\r\n--b--\r\n';
    expect((await build('', file, 'multipart/form-data; boundary=b')).output).toBe('text');
    expect((await build('', 'output=some+text&exit_code=0', FORM)).output).toBe('some text');
  });

  test('may be compressed', async () => {
    expect((await build('', gzipSync('some text'), 'text/plain', 'gzip')).output).toBe('some text');
  });

  test('that is not text is kept as JSON', async () => {
    expect((await build('', '{"output":["a","b"]}')).output).toBe('["a","b"]');
  });

  test('is cut at the start, and what the client dropped is added', async () => {
    const text = `${'x'.repeat(200_000)}€end`;
    expect(await build('output_dropped_bytes=100', text, 'text/plain')).toMatchObject({
      output: text.slice(-99_998),
      output_dropped_bytes: 100 + 200_006 - 100_000,
    });
    const inJson = await build('', JSON.stringify({ output: text, output_dropped_bytes: 5 }));
    expect(inJson.output).toBe(text.slice(-99_998));
    expect(inJson.output_dropped_bytes).toBe(5 + 200_006 - 100_000);
  });

  test('may be a JSON body that is too large to be understood', async () => {
    const tail = new TailBuffer(500);
    for (let i = 0; i < 20; i += 1) tail.push(Buffer.from('{"rid":"a"}'.padEnd(500)));
    const body = await understandBody({ tail, type: 'application/json', encoding: '' }, MEANS);
    const { ping } = pingOf({ kind: 'log', query: '', body, received_at: 5, limits: HTTP_LIMITS });
    expect(ping.rid).toBeNull();
    expect(ping.output_dropped_bytes).toBe(10_000 - Buffer.byteLength(ping.output!));
    expect(ping).not.toHaveProperty('unreadable');
  });
});

test('nothing in a request makes a ping fail', async () => {
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
  await fc.assert(
    fc.asyncProperty(fc.dictionary(keys, value), fc.string({ unit: 'binary' }), async (json, query) => {
      const ping = await build(query, JSON.stringify(json));
      expect(ping.delay_ms).toBeGreaterThanOrEqual(0);
      expect(ping.delay_ms).toBeLessThanOrEqual(7 * DAY_MS);
      expect(Buffer.byteLength(ping.output ?? '')).toBeLessThanOrEqual(100_000);
      expect(JSON.parse(JSON.stringify(ping))).toEqual(ping);
    }),
  );
  const types = fc.constantFrom('', 'application/json', FORM, 'multipart/form-data; boundary=b', 'a;b=;c');
  const encodings = fc.constantFrom('', 'gzip', 'br', 'deflate', 'x');
  await fc.assert(
    fc.asyncProperty(fc.uint8Array(), types, encodings, async (bytes, type, encoding) => {
      await build('', Buffer.from(bytes), type, encoding);
    }),
  );
});
