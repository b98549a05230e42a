import { expect, test } from 'vitest';
import { keptSpecOf } from '../../src/apply/specs.ts';
import type { Declaration } from '../../src/core/model/declaration.ts';
import { specOf } from '../../src/core/model/spec.ts';

const GLOBALS = { notifiers: ['ops'], replayWindowMs: 900_000 };
const DECLARATION: Declaration = { schedule: '0 2 * * *', timezone: 'UTC', tags: ['db'] };

test('a spec is kept for all that say the same, whichever objects say it', () => {
  const spec = keptSpecOf('backup', DECLARATION, GLOBALS);
  expect(spec).toEqual(specOf('backup', DECLARATION, GLOBALS));
  expect(keptSpecOf('backup', structuredClone(DECLARATION), structuredClone(GLOBALS))).toBe(spec);
});

test('a spec is another for another name, declaration or globals, and for those before it again', () => {
  const later = { ...DECLARATION, schedule: '0 3 * * *' };
  const all: [string, Declaration, typeof GLOBALS][] = [
    ['backup', DECLARATION, GLOBALS],
    ['other', DECLARATION, GLOBALS],
    ['backup', later, GLOBALS],
    ['backup', DECLARATION, { ...GLOBALS, notifiers: ['ops', 'pager'] }],
    ['backup', DECLARATION, { ...GLOBALS, replayWindowMs: 1 }],
  ];
  for (const each of [...all, ...all]) expect(keptSpecOf(...each)).toEqual(specOf(...each));
});
