import { expect, test } from 'vitest';
import { colouredPieces } from '../../src/web/model/coloured.ts';

const ESC = '\u001B';

test.each([
  ['plain\ntext', [['plain\ntext', '']]],
  [
    `${ESC}[31mred${ESC}[0m rest`,
    [
      ['red', 'ink-red'],
      [' rest', ''],
    ],
  ],
  [
    `${ESC}[1;32mok${ESC}[22m ok${ESC}[39m.`,
    [
      ['ok', 'ink-green strong'],
      [' ok', 'ink-green'],
      ['.', ''],
    ],
  ],
  [`${ESC}[4mlink${ESC}[24m`, [['link', 'underlined']]],
  [`${ESC}[2mfaint${ESC}[m`, [['faint', 'faint']]],
  // Bright colours, and the first 16 of 256.
  [
    `${ESC}[91ma${ESC}[38;5;12mb`,
    [
      ['a', 'ink-red'],
      ['b', 'ink-blue'],
    ],
  ],
  // Any other colour is that of ordinary text, and its numbers are no orders of their own.
  [`${ESC}[38;2;31;1;4mtrue${ESC}[48;5;31mground`, [['trueground', '']]],
  // Black and white cannot be seen in one of the themes.
  [`${ESC}[30mblack${ESC}[37mwhite`, [['blackwhite', '']]],
  [`${ESC}[31m${ESC}[0m`, []],
])('%j', (output, pieces) => {
  expect(colouredPieces(output).map(({ text, looks }) => [text, looks])).toEqual(pieces);
});

test('nothing but a colour is left of what only a terminal understands', () => {
  const output = `${ESC}[2J${ESC}[31ma${ESC}]0;title\u0007b${ESC}]8;;javascript:x\u0007c${ESC}[0m\u202Ed\u0000`;
  expect(colouredPieces(output)).toEqual([
    { text: 'abc', looks: 'ink-red' },
    { text: 'd', looks: '' },
  ]);
});

test('an output without an end of an order is shown as far as it goes', () => {
  expect(
    colouredPieces(`a${ESC}[31`)
      .map(({ text }) => text)
      .join(''),
  ).toMatch(/^a/);
  expect(colouredPieces('')).toEqual([]);
});
