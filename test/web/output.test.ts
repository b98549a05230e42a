import { expect, test } from 'vitest';
import { lastLines, plainText } from '../../src/web/model/output.ts';

test.each([
  ['colours', '\u001b[31mred\u001b[0m', 'red'],
  ['a title of the window', '\u001b]0;title\u0007text', 'text'],
  ['a line that is drawn over', '10 %\r50 %\r100 %\ndone', '100 %\ndone'],
  ['line ends of Windows', 'a\r\nb', 'a\nb'],
  ['characters that turn the direction', 'a\u202eb\u0000c\td', 'abc\td'],
])('text is read without %s', (_what, output, text) => {
  expect(plainText(output)).toBe(text);
});

test('the last lines are those that say something', () => {
  expect(lastLines('one\ntwo  \n\n\u001b[0m\n', 2)).toEqual(['one', 'two']);
  expect(lastLines('', 2)).toEqual([]);
});
