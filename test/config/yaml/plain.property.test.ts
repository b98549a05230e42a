import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { libraryNodes } from '../../../src/config/yaml/library.ts';
import { plainNodes } from '../../../src/config/yaml/plain.ts';
import { TextLines } from '../../../src/config/yaml/text-lines.ts';
import { repetitions } from '../../support/repetitions.ts';

const ROOT = new URL('../../../', import.meta.url);

/** Both readers say the same of a text, or the fast one says nothing. Returns whether it said something. */
function isReadAlike(text: string): boolean {
  const plain = plainNodes(text);
  if (plain === null) return false;
  expect({ text, mistakes: [], root: plain }).toEqual({ text, ...libraryNodes(text) });
  return true;
}

/** Texts that mean something to YAML, or nearly. */
const PIECES = [
  'true',
  'null',
  '~',
  '0',
  '-1',
  '010',
  '0x1f',
  '0o7',
  '1e3',
  '1.5',
  '.5',
  '.inf',
  '+1',
  '1_000',
  '10m',
  'a',
  'a b',
  'a  b',
  'a: b',
  'a:b',
  'a #b',
  'a#b',
  '# c',
  'https://x.y/z?a=b#c',
  '../p',
  '...',
  '---',
  '- a',

  '"a"',
  "'a'",
  '"a b: #c"',
  "'it''s'",
  '"\\n"',
  "it's",
  '"a',
  'a"',
  '{}',
  '[]',
  '{ a: 1 }',
  '[a, b]',
  '[ a , 1 ]',

  '{a: b}',
  '{"a":1}',
  "{ 'a': [1, {b: c}] }",
  '[a: b]',
  '{a}',
  '[a,]',
  '{ a:1 }',
  '[a:b]',
  '{ a: b #c }',
  '[[]]',

  '&a',
  '*a',
  '&a b',
  '!!str 1',
  '|',
  '>-',
  '<<',
  '@daily',
  '%',
  '`',
  '? a',
  '?',
  '-',
  ':',
  ',',
  '*/5 * * * *',

  '${A}',
  '${A:-b c}',
  '$$',
  'é',
  '日本',
  'a\u00A0',
  '\u00A0a',
  'a\tb',
  '\t',
  '"a"b',
  '"a": b',
  'a:',
  'a :b',
  'a : b',

  '{ a: ${B} }',
  '[a]b',
  '{}}',
  '[a b, c]',
  '{ a: b, c }',
  '{ a: "x" , "b" : \'y\' }',
  '"" ',
  '[""]',
  'On',
  'y',
];
const KEYS = [
  'a',
  'b',
  'jobs',
  'x-y',
  '1',
  '01',
  '1e3',
  'true',
  'null',
  'on',
  '"q"',
  "'s t'",
  '- a',
  '- "k"',
  '-  n',
  '"a" ',
];

const line = fc
  .record({
    indent: fc.constantFrom(0, 0, 1, 2, 2, 3, 4, 4, 6),
    key: fc.option(fc.constantFrom(...KEYS)),
    colon: fc.constantFrom(': ', ': ', ': ', ':', ':  ', ' : '),
    value: fc.option(fc.constantFrom(...PIECES), { nil: '', freq: 3 }),
    isItem: fc.boolean(),
    end: fc.constantFrom('', '', '', ' ', ' # c', '#c', '\n', '\n  # c', '\r'),
  })
  .map(({ indent, key, colon, value, isItem, end }) => {
    const start = ' '.repeat(indent);
    if (key === null) return `${start}${isItem ? '- ' : ''}${value}${end}`;
    return `${start}${key}${value === '' ? colon.trimEnd() : colon}${value}${end}`;
  });

/** A value that is written plainly, as the lines of a block. */
const { block } = fc.letrec<{ inline: string; block: string[] }>((tie) => ({
  inline: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(
      'a',
      'a b',
      '10m',
      '0',
      '12',
      'true',
      '"* * * * *"',
      "'x: y'",
      'a/b',
      'x.y',
      '1.2.3',
      '{}',
      '[]',
    ),
    fc.array(tie('inline'), { maxLength: 3 }).map((items) => `[${items.join(', ')}]`),
    fc
      .array(tie('inline'), { maxLength: 3 })
      .map((items) => `{ ${items.map((item, i) => `k${i}: ${item}`).join(', ')} }`),
  ),
  block: fc.oneof(
    { maxDepth: 4 },
    tie('inline').map((text) => [text]),
    fc
      .array(fc.tuple(fc.stringMatching(/^[a-z][\w.-]{0,5}$/), tie('block')), { minLength: 1, maxLength: 4 })
      .map((pairs) => pairs.flatMap(([key, lines]) => below(`${key}:`, lines))),
    fc
      .array(tie('inline'), { minLength: 1, maxLength: 3 })
      .map((items) => ['', ...items.map((item) => `- ${item}`)]),
  ),
}));

function below(key: string, lines: readonly string[]): string[] {
  if (lines.length === 1 && !/^[\w.-]+:(?: |$)/.test(lines[0]!)) return [`${key} ${lines[0]!}`];
  return [key, ...lines.filter(Boolean).map((each) => `  ${each}`)];
}

const plainText = block.map((lines) => below('root:', lines).join('\n'));

describe('the fast reader of YAML', () => {
  test('says what the library says of lines of all kinds, or nothing', () => {
    let read = 0;
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 6 }), (lines) => {
        if (isReadAlike(lines.join('\n'))) read += 1;
      }),
      { numRuns: repetitions(8_000, 20_000) },
    );
    expect(read).toBeGreaterThan(100);
  }, 300_000);

  test('reads whatever is written plainly, as the library does', () => {
    fc.assert(
      fc.property(plainText, (text) => {
        expect({ text, isRead: isReadAlike(text) }).toEqual({ text, isRead: true });
      }),
      { numRuns: 2_000 },
    );
  }, 300_000);

  test('says what the library says of plain text in which a character was taken out, put in or replaced', () => {
    const runs = repetitions(8_000, 20_000);
    let read = 0;
    const characters = fc.constantFrom('', ...' :#-,{}[]"\'\n&*!|>%@?\\~.0a\t'.split(''));
    fc.assert(
      fc.property(plainText, fc.nat(), characters, fc.boolean(), (text, place, character, isReplaced) => {
        const at = place % (text.length + 1);
        if (isReadAlike(text.slice(0, at) + character + text.slice(at + (isReplaced ? 1 : 0)))) read += 1;
      }),
      { numRuns: runs },
    );
    expect(read).toBeGreaterThan(runs / 10);
  }, 300_000);

  test('says what the library says of every file of the tests, of the example, and of both with a character changed', () => {
    const bad = readdirSync(new URL('test/testdata/bad/', ROOT)).filter((name) => name.endsWith('.yaml'));
    const texts = ['cronflow.yaml', ...bad.map((name) => `test/testdata/bad/${name}`)].flatMap((name) => {
      const path = fileURLToPath(new URL(name, ROOT));
      return name.includes('directory') ? [] : [readFileSync(path, 'utf8')];
    });
    expect(texts.length).toBeGreaterThan(100);
    let read = 0;
    for (const text of texts.filter((each) => each.length < 4_000)) {
      if (isReadAlike(text)) read += 1;
      for (let at = 0; at < text.length; at += 7) isReadAlike(`${text.slice(0, at)}:${text.slice(at)}`);
      for (let at = 3; at < text.length; at += 7) isReadAlike(`${text.slice(0, at)} ${text.slice(at)}`);
      for (let at = 5; at < text.length; at += 7) isReadAlike(`${text.slice(0, at)}${text.slice(at + 1)}`);
    }
    expect(read).toBeGreaterThan(20);
  }, 300_000);

  test('leaves nesting without end to the library', () => {
    expect(plainNodes(`a: ${'['.repeat(100_000)}`)).toBeNull();
    expect(plainNodes(Array.from({ length: 1_000 }, (_, i) => `${' '.repeat(i)}a:\n`).join(''))).toBeNull();
  });
});

describe('lines of a text', () => {
  test('are told by their offsets, 1-based', () => {
    const lines = new TextLines('ab\n\ncd');
    expect([0, 1, 2, 3, 4, 5, 6].map((offset) => Object.values(lines.position(offset)))).toEqual([
      [1, 1],
      [1, 2],
      [1, 3],
      [2, 1],
      [3, 1],
      [3, 2],
      [3, 3],
    ]);
  });
});
