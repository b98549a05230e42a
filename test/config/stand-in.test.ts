import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import type { Schema } from '../../src/config/schema.ts';
import { standInFor } from '../../src/config/stand-in.ts';

type Part = Schema & { [keyword: string]: unknown };
const url = new URL('../../schemas/cronflow.schema.json', import.meta.url);
const whole = JSON.parse(readFileSync(url, 'utf8')) as Part;

/** What a key takes besides a variable, for every key that may be one, by where it stands. */
function takenBelow(part: unknown, at: string): [string, Part][] {
  if (typeof part !== 'object' || part === null) return [];
  const { anyOf, ...rest } = part as Part;
  const [taken, variable] = anyOf ?? [];
  const own: [string, Part][] =
    variable?.$ref === '#/definitions/variable' ? [[at, { ...rest, ...taken }]] : [];
  return [...own, ...Object.entries(part).flatMap(([key, value]) => takenBelow(value, `${at}/${key}`))];
}

test.each(takenBelow(whole, ''))(
  'the stand-in for a variable at %s is a value that the key takes',
  (_, part) => {
    const isValid = new Ajv({ strict: false }).compile({ ...part, definitions: whole.definitions });
    const value = standInFor(part);
    expect({ value, isValid: isValid(value) }).toEqual({ value, isValid: true });
  },
);
