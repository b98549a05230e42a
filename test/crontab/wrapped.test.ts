import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { callsOf } from '../../src/crontab/calls.ts';
import { wrappedBy } from '../../src/crontab/wrapped.ts';

const WRAPPER = readFileSync(new URL('../../scripts/monitor.sh', import.meta.url), 'utf8');
const [, usage = ''] = /<<'USAGE'\n([^]*?)\nUSAGE\n/.exec(WRAPPER) ?? [];
const OPTIONS = [...usage.matchAll(/^ {2}(--[\w-]+)( [A-Z]+)? {2}/gm)].map(([, option = '', value]) => ({
  option,
  takesValue: value !== undefined,
}));

const jobIn = (command: string): unknown => wrappedBy(callsOf(command).calls, new Set(['monitor.sh']));

describe('a call of the wrapper', () => {
  test('has options of both kinds in its usage', () => {
    expect(OPTIONS.filter(({ takesValue }) => takesValue).length).toBeGreaterThan(5);
    expect(OPTIONS.filter(({ takesValue }) => !takesValue).length).toBeGreaterThan(5);
  });

  test.each(OPTIONS)('names its job behind $option', ({ option, takesValue }) => {
    const words = takesValue ? [option, 'value'] : [option];
    expect(jobIn(`monitor.sh ${words.join(' ')} backup -- run`)).toMatchObject({ job: 'backup' });
    if (takesValue)
      expect(jobIn(`monitor.sh ${option}=value backup -- run`)).toMatchObject({ job: 'backup' });
  });
});
