import { describe, expect, test } from 'vitest';
import { NO_TOKENS, type Tokens } from '../../../src/http/access/tokens.ts';
import { parseRaw, startServer } from '../support.ts';

const TOKENS: Tokens = { all: ['all-1'], read: [], ping: [] };
const END = 'Authorization: Bearer all-1\r\nConnection: close\r\n\r\n';

describe('the target of a request', () => {
  test.each([
    ['CONNECT example.com:443', 'Host: localhost', 405, 'method_not_allowed'],
    ['CONNECT localhost:8000', 'Host: localhost', 405, 'method_not_allowed'],
    ['GET /healthz', 'Host: localhost\r\nHost: evil.example', 400, 'bad_request'],
    ['GET /healthz', 'Host: localhost\r\nhOST: localhost', 400, 'bad_request'],
    ['GET http://localhost:b/healthz', 'Host: localhost', 400, 'bad_request'],
    ['GET http://u:p@localhost/healthz', 'Host: localhost', 400, 'bad_request'],
    ['GET http:///healthz', 'Host: localhost', 400, 'bad_request'],
    ['GET ftp://localhost/healthz', 'Host: localhost', 400, 'bad_request'],
    ['GET http://localhost/healthz', 'X: y', 400, 'bad_request'],
    ['GET http://localhost/nothing', 'Host: localhost', 404, 'not_found'],
  ])('is a problem: %s with %j', async (line, host, status, code) => {
    for (const tokens of [NO_TOKENS, TOKENS]) {
      const { raw } = await startServer({ tokens });
      const answer = parseRaw(
        await raw(
          `${line} HTTP/1.1\r\n${host}\r\n${END.slice(tokens.all.length === 0 ? END.indexOf('Conn') : 0)}`,
        ),
      );
      expect(answer.head).toContain('content-type: application/problem+json');
      expect([answer.status, JSON.parse(answer.body)]).toMatchObject([status, { code, status }]);
      expect(answer.head.includes('allow: ')).toBe(status === 405);
    }
  });

  test('has a host that counts before that of the header', async () => {
    const { raw } = await startServer();
    const ask = async (target: string, host: string, more = ''): Promise<unknown> => {
      const { body } = parseRaw(
        await raw(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\n${more}Connection: close\r\n\r\n`),
      );
      return (JSON.parse(body) as { code?: string }).code;
    };
    expect(await ask('http://evil.example/healthz', 'localhost')).toBe('foreign_host');
    expect(await ask('http://localhost/healthz', 'evil.example')).toBeUndefined();
    expect(await ask('HTTPS://LOCALHOST/healthz?x', 'localhost')).toBeUndefined();
    expect(await ask('http://localhost', 'localhost')).toBeUndefined();
    expect(await ask('http://localhost?x=1', 'localhost')).toBeUndefined();
    const origin = 'Origin: http://127.0.0.1:8000\r\n';
    expect(await ask('http://localhost:8000/healthz', '127.0.0.1:8000', origin)).toBe('foreign_origin');
  });
});
