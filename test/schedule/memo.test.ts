import { describe, expect, test } from 'vitest';
import { memoised } from '../../src/schedule/memo.ts';

describe('memoised', () => {
  test('reads a text once, and forgets all texts before it keeps more than it may', () => {
    const read: string[] = [];
    const lengthOf = memoised(2, (text) => read.push(text) && text.length);
    expect([lengthOf('a'), lengthOf('bb'), lengthOf('a'), lengthOf('bb')]).toEqual([1, 2, 1, 2]);
    expect(read).toEqual(['a', 'bb']);
    expect([lengthOf('ccc'), lengthOf('ccc'), lengthOf('a')]).toEqual([3, 3, 1]);
    expect(read).toEqual(['a', 'bb', 'ccc', 'a']);
  });

  test('throws each time what the function throws', () => {
    let calls = 0;
    const refuse = memoised<number>(2, () => {
      throw new Error(String((calls += 1)));
    });
    expect(() => refuse('a')).toThrow('1');
    expect(() => refuse('a')).toThrow('2');
  });
});
