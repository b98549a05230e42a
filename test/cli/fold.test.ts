import { expect, test } from 'vitest';
import { cronflow } from '../../src/cli/cronflow.ts';
import { folded } from '../../src/cli/fold.ts';
import type { ServeHost } from '../../src/cli/serve.ts';
import { runIn } from './support/io.ts';

const host = {} as ServeHost;

async function helpOf(words: readonly string[], columns?: number): Promise<string> {
  const { stdout } = await runIn('/', 0, (io) =>
    cronflow(words, columns === undefined ? io : { ...io, terminal: { columns } }, host),
  );
  return stdout;
}

const TEXT = `Usage: cronflow a [OPTIONS]

Says much that is written over two lines, since
it is long.

  --url URL   where it is, and more of it than fits,
              so that it goes on below
  --json

Exit codes: 0 done, 1 not done, and that is all there is.
`;

const optionsOf = (text: string): string[] => text.match(/^ {2}--?[\w-]+/gm) ?? [];

test('a folded help keeps every word, and what stands beside an option beside it', () => {
  expect(folded(TEXT, 40)).toBe(`Usage: cronflow a [OPTIONS]

Says much that is written over two
lines, since it is long.

  --url URL   where it is, and more of
              it than fits, so that it
              goes on below
  --json

Exit codes: 0 done, 1 not done, and that
is all there is.
`);
  expect(folded(TEXT, 80)).toBe(TEXT);
  expect(folded(TEXT, undefined)).toBe(TEXT);
});

test.each([
  'init',
  'serve',
  'check',
  'plan',
  'backtest',
  'next',
  'import',
  'status',
  'runs',
  'ping',
  'test-notify',
])('the help of %s fits a terminal of 80 columns, with every word', async (name) => {
  const whole = await helpOf([name, '--help']);
  const narrow = await helpOf(['help', name], 80);
  expect(narrow.split('\n').filter((line) => line.length > 80)).toEqual([]);
  expect(narrow.split(/\s+/)).toEqual(whole.split(/\s+/));
  // An option stands at the beginning of its line, as before.
  expect(optionsOf(narrow)).toEqual(optionsOf(whole));
});
