import { describe, expect, test } from 'vitest';
import type { Fault } from '../../src/cli/api-types.ts';
import { countText, lintsWithPlaces, othersText, placeOf, shortPlaceOf } from '../../src/web/model/faults.ts';

const nobody = (job: string): Fault => ({
  code: 'nobody_told',
  path: `jobs.${job}.notify`,
  message: 'nobody is told of this job',
  severity: 'warning',
  job,
});
const SKIPPED: Fault = {
  code: 'skipped',
  path: 'jobs.b',
  message: 'does not exist',
  severity: 'note',
  job: 'b',
};
const MORE: Fault = { code: 'more', path: '', message: 'and 90 more' };

describe('lints', () => {
  test('that say the same come once, with all places in their order, and warnings come first', () => {
    const lints = lintsWithPlaces([SKIPPED, nobody('a'), nobody('c'), MORE]);
    expect(lints.map(({ code, severity, places }) => [code, severity, places.map(({ job }) => job)])).toEqual(
      [
        ['nobody_told', 'warning', ['a', 'c']],
        ['skipped', 'note', ['b']],
      ],
    );
  });

  test('of one name that say other things are told apart', () => {
    const lints = lintsWithPlaces([nobody('a'), { ...nobody('b'), message: 'other' }]);
    expect(lints.map(({ message }) => message)).toEqual(['nobody is told of this job', 'other']);
  });

  test('that an answer leaves out are counted and are none themselves', () => {
    expect(othersText([nobody('a'), MORE])).toBe('and 90 more');
    expect(othersText([nobody('a')])).toBeNull();
    expect([countText([nobody('a'), MORE]), countText([nobody('a')])]).toEqual(['more than 1', '1']);
  });
});

test.each([
  [{ file: '/etc/jobs/a.yaml', line: 3, column: 5 }, '/etc/jobs/a.yaml:3:5', 'a.yaml:3'],
  [{ file: 'a.yaml' }, 'a.yaml', 'a.yaml'],
  [{}, '', ''],
])('the place %j is %j, in short %j', (place, text, short) => {
  expect([placeOf({ ...SKIPPED, ...place }), shortPlaceOf({ ...SKIPPED, ...place })]).toEqual([text, short]);
});
