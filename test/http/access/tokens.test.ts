import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isLoopback } from '../../../src/core/text/loopback.ts';
import { checkListen, listenError, urlOf } from '../../../src/http/listen.ts';
import { TokenBook } from '../../../src/http/access/token-book.ts';
import { NO_TOKENS, readTokens } from '../../../src/http/access/tokens.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'cronflow-tokens-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

describe('readTokens', () => {
  test('reads nothing from an empty environment', () => {
    expect(readTokens({})).toEqual(NO_TOKENS);
    expect(
      readTokens({ CRONFLOW_TOKEN: '', CRONFLOW_READ_TOKEN: ' ', CRONFLOW_PING_TOKEN_FILE: '' }),
    ).toEqual(NO_TOKENS);
  });

  test('reads up to two values of each kind', () => {
    expect(
      readTokens({ CRONFLOW_TOKEN: 'new,old', CRONFLOW_READ_TOKEN: 'r', CRONFLOW_PING_TOKEN: ' p1 , p2 ' }),
    ).toEqual({ all: ['new', 'old'], read: ['r'], ping: ['p1', 'p2'] });
  });

  test('reads files, one value a line', () => {
    const path = file('token', 'new\r\nold\n');
    expect(readTokens({ CRONFLOW_TOKEN_FILE: path }).all).toEqual(['new', 'old']);
  });

  test.each([
    [{ CRONFLOW_TOKEN: 'a,b,c' }, 'CRONFLOW_TOKEN holds 3 tokens, and at most 2 are allowed'],
    [{ CRONFLOW_TOKEN: 'secret word' }, 'CRONFLOW_TOKEN holds a token that cannot be sent'],
    [{ CRONFLOW_READ_TOKEN: 'gehéim' }, 'CRONFLOW_READ_TOKEN holds a token that cannot be sent'],
    [{ CRONFLOW_TOKEN: ',' }, 'CRONFLOW_TOKEN holds no token'],
    [
      { CRONFLOW_TOKEN: 'a', CRONFLOW_TOKEN_FILE: 'b' },
      'Both CRONFLOW_TOKEN and CRONFLOW_TOKEN_FILE are set',
    ],
    [
      { CRONFLOW_PING_TOKEN_FILE: '/no/such/file' },
      'CRONFLOW_PING_TOKEN_FILE names /no/such/file, which cannot be read (ENOENT). Write the token into that file',
    ],
  ])('refuses %j', (env, message) => {
    expect(() => readTokens(env)).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringContaining(message) }),
    );
  });

  test('refuses an empty file, and never shows a value', () => {
    expect(() => readTokens({ CRONFLOW_TOKEN_FILE: file('empty', '\n') })).toThrow(
      'CRONFLOW_TOKEN_FILE holds no token',
    );
    expect(() => readTokens({ CRONFLOW_TOKEN: 'geheim!' })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('geheim') }),
    );
  });
});

test('a book of tokens finds what a token allows', () => {
  const book = new TokenBook({ all: ['a'], read: ['r', 'x'], ping: ['p', 'x'] });
  const scopesOf = (token: string): string[] => [...(book.find(token)?.scopes ?? [])];
  expect(scopesOf('a')).toEqual(['all']);
  expect(scopesOf('x')).toEqual(['read', 'ping']);
  expect(scopesOf('A')).toEqual([]);
  expect(scopesOf('')).toEqual([]);
});

test.each([
  ['127.0.0.1', true],
  ['127.255.0.1', true],
  ['localhost', true],
  ['::1', true],
  ['[::1]', true],
  ['::ffff:127.0.0.1', true],
  ['0.0.0.0', false],
  ['::', false],
  ['127.0.0.1.example.com', false],
  ['127.0.0.256', false],
  ['127.0.0.01', false],
  ['127.0.1', false],
  ['128.0.0.1', false],
  ['', false],
])('isLoopback(%j) is %j', (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});

describe('checkListen', () => {
  const all = { ...NO_TOKENS, all: ['t'] };
  const ping = { ...NO_TOKENS, ping: ['t'] };

  test.each([
    ['127.0.0.1', false, NO_TOKENS],
    ['::1', false, NO_TOKENS],
    ['localhost', false, ping],
    ['0.0.0.0', false, all],
    ['0.0.0.0', true, NO_TOKENS],
  ])('allows %s', (host, noAuth, tokens) => {
    expect(() => checkListen({ host, noAuth, tokens })).not.toThrow();
  });

  test.each([
    ['0.0.0.0', false, NO_TOKENS, 'no token is set'],
    ['::', false, NO_TOKENS, 'no token is set'],
    ['cron.example.com', false, ping, 'only tokens for reading or for pings are set'],
    ['0.0.0.0', true, ping, 'only tokens for reading or for pings are set'],
  ])('refuses %s and says what to do', (host, noAuth, tokens, reason) => {
    const message = expect.stringMatching(
      new RegExp(`Refusing to listen on .*${reason}.*Set CRONFLOW_TOKEN.*--no-auth`),
    );
    expect(() => checkListen({ host, noAuth, tokens })).toThrow(
      expect.objectContaining({ code: 'usage', message }),
    );
  });
});

test('urlOf gives an address that can be opened', () => {
  expect(urlOf('127.0.0.1', 80)).toBe('http://127.0.0.1:80');
  expect(urlOf('0.0.0.0', 80)).toBe('http://127.0.0.1:80');
  expect(urlOf('::', 80)).toBe('http://[::1]:80');
  expect(urlOf('fe80::1', 80)).toBe('http://[fe80::1]:80');
});

test.each([
  ['EACCES', 'needs rights that this user has not. Choose one above 1023'],
  ['EADDRNOTAVAIL', 'this machine has no such address'],
  ['ENOTFOUND', 'does not lead to an address'],
  ['EMFILE', 'the system said EMFILE'],
])('the error %s is explained', (code, message) => {
  const error = listenError(Object.assign(new Error('x'), { code }), '192.0.2.1', 80);
  expect(error).toMatchObject({ code: 'cannot_listen', message: expect.stringContaining(message) });
  expect(error.message).toContain('port 80 of 192.0.2.1');
});
