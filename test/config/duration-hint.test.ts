import { describe, expect, test } from 'vitest';
import { durationsMeant } from '../../src/config/duration-hint.ts';
import { parseConfig } from '../../src/config/parse.ts';

const faultsOf = (text: string): readonly unknown[] => {
  const result = parseConfig({ path: 'cronflow.yaml', text }, { TIME: '5 min' });
  return result.ok ? [] : result.faults;
};

describe('the meaning of a text that is no duration', () => {
  test.each([
    ['5 min', ['5m']],
    ['5min', ['5m']],
    ['1 hour, 30 minutes', ['1h30m']],
    ['30m1h', ['1h30m']],
    ['2 Weeks', ['14d']],
    ['1w 1d', ['8d']],
    ['90', ['90s', '90m']],
    ['1:30', ['1h30m', '1m30s']],
    ['0:05', ['5m', '5s']],
    ['500ms', null],
    ['1.5h', null],
    ['5 min or so', null],
    ['', null],
    ['soon', null],
    ['99999999999999999999 days', null],
  ])('is guessed of %j', (text, meant) => {
    expect(durationsMeant(text)).toEqual(meant);
  });

  test('is not guessed of what a variable holds', () => {
    expect(faultsOf('jobs: {a: {grace: 5 min}}\n')).toMatchObject([{ suggestion: '5m' }]);
    const [fault] = faultsOf('jobs: {a: {grace: "${TIME}"}}\n');
    expect(fault).toMatchObject({ message: expect.stringMatching(/, not the value of TIME$/) as string });
    expect(fault).not.toHaveProperty('suggestion');
  });
});
