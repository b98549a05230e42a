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

  test('is JSON where that is asked for', () => {
    const { none: _none, ...fields } = FIELDS;
    expect(logged('json').map((line) => JSON.parse(line) as unknown)).toEqual([
      { at: '2026-01-15T12:00:00.000Z', level: 'info', message: 'a message', fields },
      { at: '2026-01-15T12:00:00.000Z', level: 'warn', message: 'another one', fields: {} },
    ]);
  });
});
