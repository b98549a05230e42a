import type { Duplex } from 'node:stream';
import { SECURITY_HEADERS } from './headers.ts';
import { type Problem, PROBLEM_TYPE } from './problem.ts';

const STATUS_TEXT: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  413: 'Content Too Large',
  431: 'Request Header Fields Too Large',
};

/** Writes a problem to a connection on which no request can be answered, and ends it. */
export function answerRaw(
  socket: Duplex,
  answer: Problem,
  more: Readonly<Record<string, string>> = {},
): void {
  const body = JSON.stringify(answer);
  const headers = {
    ...SECURITY_HEADERS,
    ...more,
    'Content-Type': PROBLEM_TYPE,
    'Content-Length': String(Buffer.byteLength(body)),
    Connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(
    `HTTP/1.1 ${answer.status} ${STATUS_TEXT[answer.status] ?? 'Error'}\r\n${lines.join('')}\r\n${body}`,
    () => socket.destroy(),
  );
}
