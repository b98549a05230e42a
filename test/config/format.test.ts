import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { formatFaults } from '../../src/config/format.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { cellsOf, visible } from '../../src/config/secrets/visible.ts';

function told(text: string): string[] {
  const source = { path: 'c.yaml', text };
  const result = parseConfig(source, {});
  return result.ok ? [] : formatFaults(result.faults, [source]).split('\n');
}

/** The columns of a terminal that the caret below a line points at, as the text that stands there. */
function pointedAt(line = '', caret = ''): string {
  const from = caret.indexOf('^');
  const to = caret.lastIndexOf('^') + 1;
  let column = 0;
  let shown = '';
  for (const cell of cellsOf(line)) {
    if (column >= from && column < to) shown += cell.shown;
    column += cell.width;
  }
  return shown;
}

describe('a caret', () => {
  test('stands under the word, behind wide, paired and combined characters', () => {
    const text = readFileSync(new URL('../testdata/config/caret.yaml', import.meta.url), 'utf8');
    const [, wide, underWide, , family, underFamily, , combined, underCombined] = told(text);
    expect(underWide).toBe(`      | ${' '.repeat(29)}${'^'.repeat(7)}`);
    expect(underFamily).toBe(`      | ${' '.repeat(19)}${'^'.repeat(7)}`);
    expect(underCombined).toBe(`      | ${' '.repeat(20)}${'^'.repeat(7)}`);
    expect([
      pointedAt(wide, underWide),
      pointedAt(family, underFamily),
      pointedAt(combined, underCombined),
    ]).toEqual(['schedul', 'schedul', 'schedul']);
  });

  test('stands in the part of a long line that is shown, and cuts no character', () => {
    for (const before of [
      'x'.repeat(500),
      '😀'.repeat(250),
      'é'.normalize('NFD').repeat(333),
      '👩‍👩‍👧‍👦'.repeat(99),
    ]) {
      for (const shift of ['', 'a']) {
        const lines = told(`jobs: {a: {owner: "${shift}${before}", schedul: "${before}"}}`);
        const [line = '', caret] = lines.slice(lines.findIndex((each) => each.includes('unknown key')) + 1);
        expect(line.isWellFormed()).toBe(true);
        expect(pointedAt(line, caret)).toBe('schedul');
        expect(cellsOf(line).reduce((sum, { width }) => sum + width, 0)).toBeLessThanOrEqual(170);
        expect(line.slice(8)).not.toMatch(/^[\p{M}\u200D]/u);
      }
    }
  });
});

describe('an invisible character', () => {
  test.each([
    ['a no-break space', 'a\u00A0b', 'a\\u00a0b'],
    ['a byte order mark', 'a\uFEFFb', 'a\\ufeffb'],
    ['a mark of direction', 'a\u202Eb\u2066', 'a\\u202eb\\u2066'],
    ['a blank without width', 'a\u200Bb', 'a\\u200bb'],
    ['a soft hyphen', 'a\u00ADb', 'a\\u00adb'],
    ['a control character', 'a\u0007\u009Bb\u007F', 'a\\u0007\\u009bb\\u007f'],
    ['a tag', 'a\u{E0041}b', 'a\\u{e0041}b'],
    ['half a character', 'a\uD800b', 'a\\ud800b'],
    ['a joiner that joins nothing', '"\u200D"', '"\\u200d"'],
  ])('is shown: %s', (_, text, shown) => {
    expect(visible(text)).toBe(shown);
  });

  test.each(['plain text', 'Straße', 'é'.normalize('NFD'), '👩‍👩‍👧‍👦', '❤️', 'नि‍क', '中文'])(
    'is not found in %j',
    (text) => {
      expect(visible(text)).toBe(text);
    },
  );

  test('is shown in what is said, in the path and under it, with the caret in its place', () => {
    const [head, line, caret] = told('jobs:\n  a:\u00A0\u202E {schedul: x}\n');
    expect([head, line, caret].join('\n')).not.toMatch(/[\u00A0\u202E]/);
    expect(line).toContain('a:\\u00a0\\u202e {');
    expect(told('jobs: {a: {"\u202Eowner": x}}')[0]).toContain('unknown key "\\u202eowner"');
  });
});
