import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TailBuffer, tailOf } from '../../../src/http/request/tail.ts';

const whole = (bytes: Buffer, max: number) => tailOf(bytes, bytes.length, max);

test('a buffer keeps less from when it is told to', () => {
  const tail = new TailBuffer(1_000);
  for (let i = 0; i < 40; i += 1) tail.push(Buffer.from(String(i).padStart(20, '.')));
  tail.keepLess(50);
  expect(tail.bytes().toString()).toBe(
    `${'37'.padStart(10, '.')}${'38'.padStart(20, '.')}${'39'.padStart(20, '.')}`,
  );
  for (let i = 40; i < 80; i += 1) tail.push(Buffer.from(String(i).padStart(20, '.')));
  expect(tail.totalBytes).toBe(1_600);
  expect(tail.isWhole).toBe(false);
  expect(tail.bytes().toString()).toMatch(/\.77\.+78\.+79$/);
  expect(tail.bytes().length).toBeLessThan(120);
});

describe('the kept tail of an output', () => {
  test('is the whole of a short one', () => {
    expect(whole(Buffer.from('héllo'), 6)).toEqual({ text: 'héllo', dropped_bytes: 0 });
  });

  test('never starts inside a character', () => {
    expect(whole(Buffer.from('aé€😀'), 9)).toEqual({ text: 'é€😀', dropped_bytes: 1 });
    expect(whole(Buffer.from('aé€😀'), 8)).toEqual({ text: '€😀', dropped_bytes: 3 });
    expect(whole(Buffer.from('aé€😀'), 6)).toEqual({ text: '😀', dropped_bytes: 6 });
    expect(whole(Buffer.from('aé€😀'), 3)).toEqual({ text: '', dropped_bytes: 10 });
  });

  test('counts what came before what it was given', () => {
    expect(tailOf(Buffer.from('end'), 1_000_003, 10)).toEqual({ text: 'end', dropped_bytes: 1_000_000 });
  });

  test('never starts inside a character that was cut before it came', () => {
    expect(tailOf(Buffer.from('é!').subarray(1), 3, 10)).toEqual({ text: '!', dropped_bytes: 2 });
    const bytes = Buffer.from([0, 0x80, 0x80, 0x80, 0x80]);
    expect(tailOf(bytes.subarray(1), 5, 4)).toEqual(whole(bytes, 4));
  });

  test('replaces what is not UTF-8, and NUL', () => {
    expect(whole(Buffer.from([0x61, 0xff, 0x00, 0x62]), 10).text).toBe('a\ufffd\ufffdb');
  });

  test('stays within its size although replaced bytes grow', () => {
    const tail = whole(Buffer.alloc(10_000, 0xff), 10_000);
    expect(Buffer.byteLength(tail.text)).toBe(9_999);
    expect(tail.dropped_bytes).toBe(10_000 - 3_333);
  });

  test('is the end of the output, whatever the bytes and the chunks', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 12 })),
        fc.integer({ min: 1, max: 20 }),
        (chunks, max) => {
          const bytes = Buffer.concat(chunks);
          const buffer = new TailBuffer(max);
          for (const chunk of chunks) buffer.push(Buffer.from(chunk));
          const tail = tailOf(buffer.bytes(), buffer.totalBytes, max);
          expect(tail).toEqual(whole(bytes, max));
          expect(Buffer.byteLength(tail.text)).toBeLessThanOrEqual(max);
          const kept = bytes.subarray(tail.dropped_bytes).toString().replaceAll('\0', '\ufffd');
          expect(tail.text).toBe(kept);
        },
      ),
    );
  });

  test('of a text is a text that ends it', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 30 }),
        fc.integer({ min: 4, max: 40 }),
        (text, max) => {
          const clean = Buffer.from(text).toString().replaceAll('\0', '');
          const tail = whole(Buffer.from(clean), max);
          expect(clean.endsWith(tail.text)).toBe(true);
          expect(tail.dropped_bytes).toBe(Buffer.byteLength(clean) - Buffer.byteLength(tail.text));
          // No more than one character that did not fit.
          expect(tail.dropped_bytes === 0 || Buffer.byteLength(tail.text) > max - 4).toBe(true);
        },
      ),
    );
  });
});

describe('a buffer that keeps the end of a stream', () => {
  test('knows whether it is whole', () => {
    const buffer = new TailBuffer(4);
    buffer.push(Buffer.from('abcd'));
    expect(buffer.isWhole).toBe(true);
    buffer.push(Buffer.from('efgh'));
    expect(buffer.isWhole).toBe(false);
    expect(buffer.bytes().toString()).toBe('efgh');
    expect(buffer.totalBytes).toBe(8);
  });

  test.each([
    [1, 3_000],
    [7, 1_000],
    [600, 20],
    [5_000, 3],
  ])('keeps the right bytes in chunks of %i, and little more', (size, count) => {
    const bytes = Buffer.from(Array.from({ length: size * count }, (_, i) => i % 251));
    const buffer = new TailBuffer(1_000);
    for (let at = 0; at < bytes.length; at += size) {
      buffer.push(bytes.subarray(at, at + size));
      expect(buffer.bytes().length).toBeLessThanOrEqual(3_000);
    }
    expect(buffer.totalBytes).toBe(bytes.length);
    expect(buffer.bytes().subarray(-1_000).equals(bytes.subarray(-1_000))).toBe(true);
  });
});
