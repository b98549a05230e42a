import { readdirSync, readFileSync } from 'node:fs';
import standalone from 'ajv/dist/standalone/index.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { readSchema } from '../../src/config/schema.ts';
import { compiledParts, compiledText, type SchemaParts } from '../../src/config/schema-parts.ts';
import { repetitions } from '../support/repetitions.ts';

const DIST = new URL('../../dist/config/schema-parts.js', import.meta.url);
const BAD = new URL('../testdata/bad/', import.meta.url);

const built = ((await import(DIST.href)) as { compiledParts: () => SchemaParts }).compiledParts();
const compiled = compiledParts(readSchema());
const PARTS = ['file', 'included', 'job', 'jobName'] as const;

/** What both say of a value, which is the same down to the last property of the last error. */
function errorsOf(value: unknown): number {
  let count = 0;
  for (const part of PARTS) {
    const isValid = compiled[part](value);
    expect({ part, isValid: built[part](value), errors: built[part].errors }).toEqual({
      part,
      isValid,
      errors: compiled[part].errors,
    });
    count += compiled[part].errors?.length ?? 0;
  }
  return count;
}

const files = readdirSync(BAD)
  .filter((name) => name.endsWith('.yaml') && !name.includes('directory'))
  .flatMap((name): unknown[] => {
    try {
      return [parse(readFileSync(new URL(name, BAD), 'utf8'), { maxAliasCount: 100, logLevel: 'error' })];
    } catch {
      return [];
    }
  });

describe('the schema that the build compiles ahead', () => {
  test('is in dist/, and loads no compiler', () => {
    const text = readFileSync(DIST, 'utf8');
    expect(text).not.toMatch(/from 'ajv'|require\("ajv"\)/);
    expect(text).toContain(compiledText(readSchema(), standalone.default));
  });

  test('finds what the schema finds, in every file with a mistake', () => {
    expect(files.length).toBeGreaterThan(100);
    let errors = 0;
    for (const file of files) errors += errorsOf(file);
    expect(errors).toBeGreaterThan(500);
  });

  test('finds what the schema finds, in every job, notifier and window by itself', () => {
    let errors = 0;
    for (const file of files) {
      const { jobs, notifiers } = (file ?? {}) as Record<string, unknown>;
      for (const job of Object.values(jobs ?? {})) errors += errorsOf(job);
      for (const notifier of Object.values(notifiers ?? {}))
        errors += errorsOf({ notifiers: { it: notifier }, jobs: {} });
    }
    expect(errors).toBeGreaterThan(1_000);
  });

  test('finds what the schema finds in values of any shape', () => {
    const keys = fc.constantFrom(
      'jobs',
      'defaults',
      'notifiers',
      'a',
      'schedule',
      'grace',
      'notify',
      'to',
      'type',
    );
    const words = fc.constantFrom(
      '10m',
      '* * * * *',
      'slack',
      'webhook',
      'http://',
      '',
      '0s',
      'a b',
      'email',
      '{{x}}',
    );
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 5 },
        words,
        fc.constantFrom(null, 0, 1, -1, 1.5, true, 1e9),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(keys, tie('value'), { maxKeys: 5 }),
      ),
    }));
    let errors = 0;
    fc.assert(
      fc.property(value, (each) => {
        errors += errorsOf(each);
      }),
      { numRuns: repetitions(700, 2_000) },
    );
    expect(errors).toBeGreaterThan(2_000);
  });
});
