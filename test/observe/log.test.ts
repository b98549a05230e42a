import { describe, expect, test } from 'vitest';
import { createLogger } from '../../src/observe/log.ts';
import { createFakeClock } from '../support/fake-clock.ts';

const FIELDS = { job: 'a', detail: 'two\n"lines"', count: 3, at: 'not the time', none: undefined };

function logged(form?: 'text' | 'json'): string[] {
  const lines: string[] = [];
  const log = createLogger(createFakeClock(), 'info', (line) => lines.push(line), form);
  log.debug('too much');
  log.info('a message', FIELDS);
  log.warn('another one');
  return lines;
}

describe('the log', () => {
  test('is one line per event, of which no value can make two', () => {
    expect(logged()).toEqual([
      '2026-01-15T12:00:00.000Z info  a message job=a detail="two\\n\\"lines\\"" count=3 at="not the time"\n',
      '2026-01-15T12:00:00.000Z warn  another one\n',
    ]);
  });

  test('is JSON where JSON is asked for', () => {
    const { none: _none, ...fields } = FIELDS;
    expect(logged('json').map((line) => JSON.parse(line) as unknown)).toEqual([
      { at: '2026-01-15T12:00:00.000Z', level: 'info', message: 'a message', fields },
      { at: '2026-01-15T12:00:00.000Z', level: 'warn', message: 'another one', fields: {} },
    ]);
  });

  test.each(['text', 'json'] as const)('shows characters that are hidden or turn the text, as %s', (form) => {
    const hidden = [
      0x7f, 0x80, 0x85, 0x9b, 0x9f, 0xad, 0x61c, 0x200b, 0x200f, 0x2028, 0x2029, 0x202e, 0x2066, 0xfeff,
    ];
    const lines: string[] = [];
    const log = createLogger(createFakeClock(), 'info', (line) => lines.push(line), form);
    for (const code of [...hidden, 0xe0001]) {
      const character = String.fromCodePoint(code);
      log.warn(`m${character}`, { name: `n${character}` });
      const codes = code === 0xe0001 ? '\\udb40\\udc01' : `\\u${code.toString(16).padStart(4, '0')}`;
      const line = lines.pop()!;
      expect(line.split(codes).length).toBe(3);
      expect(line.slice(0, -1)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      if (form === 'json') expect(JSON.parse(line)).toMatchObject({ fields: { name: `n${character}` } });
    }
    log.info('Grüße', { name: 'ü 漢字 🎉' });
    expect(lines.pop()).toContain('ü 漢字 🎉');
  });
});
