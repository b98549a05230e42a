import { describe, expect, test } from 'vitest';
import { validateDeclaration } from '../../src/config/validate.ts';

const faults = (name: unknown, input: unknown): unknown[] => {
  const result = validateDeclaration(name, input, { defaults: {} }, ['ops']);
  return Array.isArray(result) ? result.map(({ path, message }) => [path, message]) : [];
};

describe('validateDeclaration', () => {
  test('fills in the defaults and keeps what was declared apart', () => {
    const input = { schedule: '0 2 * * *', notify: ['ops'] };
    const result = validateDeclaration(
      'backup',
      input,
      { defaults: { grace: '10m', timezone: 'Europe/Berlin' } },
      ['ops'],
    );
    expect(result).toEqual({
      declared: input,
      declaration: { ...input, grace: '10m', timezone: 'Europe/Berlin' },
    });
    expect(Array.isArray(result) ? null : result.declared).not.toBe(input);
  });

  test('takes ${} as text', () => {
    const input = { description: '${HOME} costs $$5' };
    expect(validateDeclaration('a', input, { defaults: {} })).toMatchObject({ declared: input });
  });

  test('takes no variable where it takes no text, though editors must take one', () => {
    const input = { grace: '${TIME}', max_open_runs: '${N}', paused: '${YES}', overlap: '${WORD}' };
    expect(faults('a', { ...input, failure_threshold: { missed: '${N}' } })).toHaveLength(5);
  });

  test('names every fault by its path, without a place in a file', () => {
    const input = {
      schedule: '61 * * * *',
      graze: '5m',
      notify: ['opps', { to: 'ops', on: ['fail'] }],
      tags: ['a', 'a'],
    };
    expect(validateDeclaration('log', input, { defaults: {} }, ['ops'])).toEqual([
      {
        code: 'bad_name',
        path: 'name',
        message:
          'cannot be "log" (allowed: 1 to 128 letters, digits, dots, underscores and dashes, a letter or digit first; not start, fail, log or a bare number)',
      },
      expect.objectContaining({ code: 'unknown_key', path: 'graze', suggestion: 'grace' }),
      expect.objectContaining({ path: 'notify[1].on[0]', suggestion: 'failure' }),
      expect.objectContaining({ path: 'tags[1]', message: '"a" stands in the list twice' }),
      { code: 'bad_schedule', path: 'schedule', message: 'minute "61" is out of range: 0-59' },
      expect.objectContaining({ code: 'unknown_notifier', path: 'notify[0]', suggestion: 'ops' }),
    ]);
  });

  test.each([null, undefined, 'text', 5, ['a'], true])('refuses %j for a declaration', (input) => {
    expect(faults('a', input)).toHaveLength(1);
  });

  test.each([
    undefined,
    null,
    5,
    '',
    'a b',
    '-a',
    '7',
    'start',
    'fail',
    'log',
    'x'.repeat(129),
    'a/b',
    'ä',
    'a\n',
    {},
  ])('refuses %j for a name', (name) => {
    expect(faults(name, {})).toHaveLength(1);
  });

  test.each(['a', '7a', 'A.b_c-d', 'starts', 'x'.repeat(128), '0x1', '1.5'])(
    'takes %j for a name',
    (name) => {
      expect(faults(name, {})).toEqual([]);
    },
  );

  test('finds no key in the prototype, and no way into it', () => {
    expect(faults('a', JSON.parse('{"__proto__": {"schedule": "x"}}'))).toEqual([
      ['__proto__', expect.stringContaining('unknown key "__proto__"')],
    ]);
    expect(faults('a', { constructor: 1 })).toHaveLength(1);
  });

  test('asks for a schedule and a zone that exist', () => {
    expect(
      validateDeclaration('a', { schedule: '0 2 30 2 *' }, { defaults: { timezone: 'Europe/Berlin' } }),
    ).toMatchObject([{ code: 'bad_schedule', path: 'schedule' }]);
    expect(faults('a', { schedule: 'x', every: '0s', timezone: 'Nowhere' })).toHaveLength(4);
  });
});
