import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { substitute } from '../../src/config/substitute.ts';

const env = { SET: 'value', EMPTY: '', DOLLAR: '${SET} $$' };

describe('substitute', () => {
  test.each([
    ['plain', 'plain'],
    ['${SET}', 'value'],
    ['a ${SET} b ${SET}', 'a value b value'],
    ['${EMPTY}', ''],
    ['${SET:-other}', 'value'],
    ['${EMPTY:-other}', 'other'],
    ['${UNSET:-other}', 'other'],
    ['${UNSET:-}', ''],
    ['${UNSET:-a:b-c?d}', 'a:b-c?d'],
    ['${SET:?must be set}', 'value'],
    ['$${SET}', '${SET}'],
    ['$$$${SET}', '$${SET}'],
    ['$$${SET}', '$value'],
    ['costs $5 or $SET', 'costs $5 or $SET'],
    // What a variable holds is not looked at again.
    ['${DOLLAR}', '${SET} $$'],
  ])('resolves %j to %j', (text, expected) => {
    expect(substitute(text, env)).toMatchObject({ text: expected });
  });

  test.each([
    [
      '${UNSET}',
      'unset_variable',
      'environment variable UNSET is not set; write ${UNSET:-} where it may be unset',
    ],
    ['${UNSET:?ask ops}', 'unset_variable', 'environment variable UNSET is not set: ask ops'],
    ['${EMPTY:?ask ops}', 'unset_variable', 'environment variable EMPTY is empty: ask ops'],
    ['${UNSET:?}', 'unset_variable', 'environment variable UNSET is not set'],
    // An object's own properties only: a variable of this name is not set.
    ['${constructor}', 'unset_variable', 'environment variable constructor is not set'],
    ['${SET', 'bad_substitution', '"${SET" is not a substitution'],
    ['${}', 'bad_substitution', '"${}" is not a substitution'],
    ['${1ST}', 'bad_substitution', '"${1ST}" is not a substitution'],
    ['${SET:+x}', 'bad_substitution', '"${SET:..." is not a substitution'],
    ['${SET-x}', 'bad_substitution', '"${SET-x}" is not a substitution'],
    ['${UNSET:-${SET}}', 'bad_substitution', '"${UNSET:..." is not a substitution'],
  ])('refuses %j', (text, code, error) => {
    expect(substitute(text, env)).toMatchObject({ code, error: expect.stringContaining(error) as string });
  });

  test('names the variables that it took, not those that it fell back from', () => {
    expect(substitute('${SET} ${UNSET:-x}', env)).toEqual({ text: 'value x', variables: ['SET'] });
  });

  test('leaves any text as it is once each $ is doubled', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(substitute(text.replaceAll('$', '$$$$'), {})).toEqual({ text, variables: [] });
      }),
    );
  });
});
