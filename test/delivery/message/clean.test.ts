import { describe, expect, test } from 'vitest';
import { cleanLine, cleanText, lastLines, shorten } from '../../../src/delivery/message/clean.ts';

describe('cleanText', () => {
  test('keeps letters of every writing, tabs and line feeds', () => {
    expect(cleanText('Grüße\tالسلام 你好 🚨\nx')).toBe('Grüße\tالسلام 你好 🚨\nx');
  });

  test('drops colours, window titles and cursor movements', () => {
    expect(cleanText('\u001b[1;31mred\u001b[0m \u001b]0;title\u0007ok\u001b[2K\u001b(B')).toBe('red ok');
  });

  test('loses no line to a sequence that never ends', () => {
    expect(cleanText('a\u001b]0;never ended\nthe error')).toContain('the error');
  });

  test('keeps what remained of an overwritten line', () => {
    expect(cleanText('1%\r50%\r100%\nnext\r\nlast\r')).toBe('100%\nnext\nlast');
  });

  test('drops what turns the direction of writing or is not seen', () => {
    expect(cleanText('a\u202Eb\u2066c\u200Bd\uFEFFe\u0000f\u009Bg')).toBe('abcdefg');
  });

  test('makes lone surrogates well-formed', () => {
    expect(cleanText('a\ud800b\udc00c').isWellFormed()).toBe(true);
  });
});

describe('cleanLine', () => {
  test('makes one line with a bounded number of characters', () => {
    expect(cleanLine('  a\n\n b\t c ', 100)).toBe('a b c');
    expect(cleanLine('abcdef', 4)).toBe('abc…');
  });
});

describe('shorten', () => {
  test('cuts no character in two', () => {
    expect(shorten('ab🚨cd', 4)).toBe('ab…');
    expect(shorten('ab🚨', 4)).toBe('ab🚨');
  });
});

describe('lastLines', () => {
  test('counts no empty lines at the end, and begins with none', () => {
    expect(lastLines('a\n\nb\nc\n\n\n', 3, 100)).toEqual(['b', 'c']);
    expect(lastLines('\n\n', 3, 100)).toEqual([]);
  });
});
