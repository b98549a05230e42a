import { expect, test } from 'vitest';
import type { Declaration } from '../../../src/core/model/declaration.ts';
import { play } from './scenario.ts';

/** The tests of the core speak of these jobs. */
export const NIGHTLY: Declaration = { schedule: '0 2 * * *', grace: '5m', max_runtime: '2h' };
export const HOURLY: Declaration = { schedule: '0 * * * *', grace: '5m', max_runtime: '2h' };
export const MINUTELY: Declaration = { schedule: '* * * * *', grace: '5m', max_runtime: '1h' };
export const EVERY: Declaration = { every: '1h', grace: '5m', max_runtime: '3h' };
export const NONE: Declaration = { max_runtime: '1h' };

type Case = [sentence: string, declaration: Declaration, script: string, trace: string[]];

/** Makes one test for each case, named by its sentence. It holds the trace of the script, line by line (see `play`). */
export function table(cases: Case[]): void {
  test.each(cases)('%s', (_sentence, declaration, script, trace) => {
    expect(play(declaration, script)).toEqual(trace);
  });
}
