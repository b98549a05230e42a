import { StringDecoder } from 'node:string_decoder';

/** Stands for a line that was longer than the limit; its text is not kept. */
export const TOO_LONG = Symbol('a line that is too long');
export type Line = string | typeof TOO_LONG;

/**
 * Splits a stream into lines, without their ends. It holds one chunk and at most `lengthMax` characters of an
 * unfinished line. It yields the lines of a chunk together, so that a caller can answer them with one write.
 */
export async function* linesOf(
  input: AsyncIterable<string | Buffer>,
  lengthMax: number,
): AsyncGenerator<Line[]> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  let overflowed = false;
  const finish = (text: string): Line => {
    const line = overflowed || text.length > lengthMax ? TOO_LONG : text;
    overflowed = false;
    return line;
  };
  for await (const chunk of input) {
    const parts = (rest + (typeof chunk === 'string' ? chunk : decoder.write(chunk))).split('\n');
    rest = parts.pop() ?? '';
    const lines = parts.map(finish);
    if (rest.length > lengthMax) [rest, overflowed] = ['', true];
    if (lines.length > 0) yield lines;
  }
  rest += decoder.end();
  if (rest !== '' || overflowed) yield [finish(rest)];
}
