import fc from 'fast-check';
import { expect, test } from 'vitest';
import { endWithin } from '../../../src/core/text/end-within.ts';

test('the end of a text never starts inside a character', () => {
  expect(endWithin('aé€😀', 10)).toBe('aé€😀');
  expect(endWithin('aé€😀', 9)).toBe('é€😀');
  expect(endWithin('aé€😀', 8)).toBe('€😀');
  expect(endWithin('aé€😀', 6)).toBe('😀');
  expect(endWithin('aé€😀', 3)).toBe('');
  expect(endWithin('abc', 0)).toBe('');
});

test('the end of any text is the longest that fits', () => {
  const text = fc.string({ unit: fc.oneof(fc.constantFrom('a', 'é', '€', '😀'), fc.string()) });
  fc.assert(
    fc.property(text, fc.nat(40), (whole, bytesMax) => {
      const end = endWithin(whole, bytesMax);
      expect(whole.endsWith(end)).toBe(true);
      expect(Buffer.byteLength(end)).toBeLessThanOrEqual(bytesMax);
      const before = Array.from(whole.slice(0, whole.length - end.length)).at(-1);
      if (before !== undefined) expect(Buffer.byteLength(before + end)).toBeGreaterThan(bytesMax);
    }),
  );
});
