import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { formatFaults } from '../../src/config/format.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { type Schema, schemaAt, validators } from '../../src/config/schema.ts';
import { validateDeclaration } from '../../src/config/validate.ts';
import { specOf } from '../../src/core/model/spec.ts';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const { schema } = validators();
const properties = (pointer: string[]): [string, Schema][] =>
  Object.keys(schemaAt(schema, pointer)?.properties ?? {}).map((key) => [
    key,
    schemaAt(schema, [...pointer, key]) ?? {},
  ]);
const jobKeys = properties(['jobs', 'any']);

/** As it stands, before anything is resolved. */
type Raw = Schema & {
  $ref?: string;
  $id?: string;
  anyOf?: Raw[];
  oneOf?: Raw[];
  const?: unknown;
  [keyword: string]: unknown;
};
const raw = JSON.parse(read('schemas/cronflow.schema.json')) as Raw;
/** All that is strict; keys that take one kind of value or another have a list of types. */
const ajv = new Ajv({ strict: true, allowUnionTypes: true, discriminator: true });
ajv.addVocabulary(['patternErrorMessage', 'errorMessage', 'x-duration', 'x-url', 'x-reveals', 'x-template']);
ajv.addSchema(raw);

/** What a schema says, with what it refers to below it. */
function resolved(part: Raw): Raw {
  if (part.$ref === undefined) return part;
  const target = part.$ref
    .slice('#/'.length)
    .split('/')
    .reduce<unknown>((at, step) => (at as Record<string, unknown>)[step], raw);
  return { ...resolved(target as Raw), ...part };
}

/** Every key that any mapping of the schema has, at any depth, by where it stands. */
function keysBelow(part: unknown, at: string): [string, Raw, (value: unknown) => boolean][] {
  if (typeof part !== 'object' || part === null) return [];
  return Object.entries(part).flatMap(([word, value]) => {
    // A condition names keys that stand elsewhere, and so does what is `true`.
    if (word === 'if') return [];
    const below = `${at}/${word.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    const own =
      word === 'properties'
        ? Object.entries(value as Record<string, Raw | true>)
            .filter((entry): entry is [string, Raw] => entry[1] !== true)
            .map(([key, found]): ReturnType<typeof keysBelow>[number] => {
              const check = ajv.compile({ $ref: `${raw.$id}#${below}/${key}` });
              return [`${below}/${key}`, resolved(found), (data) => check(data)];
            })
        : [];
    return [...own, ...keysBelow(value, below)];
  });
}
const everyKey = keysBelow(raw, '');

/** Kinds of value that a key takes without a limit to how much. */
function unlimitedOf(key: Raw): string[] {
  const part = resolved(key);
  if (part.const !== undefined || part.enum !== undefined) return [];
  const branches = [...(part.anyOf ?? []), ...(part.oneOf ?? [])].flatMap(unlimitedOf);
  const types = [part.type ?? []].flat();
  const isLimited = (type: string): boolean => {
    if (type === 'string') return part['maxLength'] !== undefined || part['pattern'] !== undefined;
    if (type === 'integer') return part['minimum'] !== undefined && part['maximum'] !== undefined;
    if (type === 'object')
      return part['maxProperties'] !== undefined || part['additionalProperties'] === false;
    if (type !== 'array') return true;
    const items = part['items'] as Raw | undefined;
    return part['maxItems'] !== undefined || items?.anyOf?.[0]?.enum !== undefined;
  };
  return [...branches, ...types.filter((type) => !isLimited(type))];
}

interface Generator {
  generate: () => Promise<Record<string, string>>;
}

describe('the schema', () => {
  test('is what the types and the reference were generated from (node scripts/generate-types.mjs)', async () => {
    const url = new URL('../../scripts/generate-types.mjs', import.meta.url).href;
    const { generate } = (await import(/* @vite-ignore */ url)) as Generator;
    for (const [path, text] of Object.entries(await generate()))
      expect({ path, text: read(path) }).toEqual({ path, text });
  });

  test.each(everyKey)('describes %s, with examples that it takes', (_, key, isValid) => {
    expect(key.description?.length).toBeGreaterThan(10);
    // A word that is the only one needs no example of itself.
    if (key.const === undefined) expect(key.examples?.length).toBeGreaterThan(0);
    for (const value of [...(key.examples ?? []), ...(key.default === undefined ? [] : [key.default])])
      expect({ value, isValid: isValid(value) }).toEqual({ value, isValid: true });
  });

  test('says of every address of a notifier what shows where the address is not encrypted', () => {
    const addresses = everyKey
      .filter(([at]) => at.startsWith('/definitions/notifier/'))
      .flatMap(([at, key]) => {
        const [taken] = key.anyOf ?? [];
        return taken?.['x-url'] === true ? [{ at, reveals: taken['x-reveals'] }] : [];
      });
    expect(addresses.length).toBeGreaterThan(3);
    expect(addresses.filter(({ reveals }) => typeof reveals !== 'string')).toEqual([]);
  });

  test.each(everyKey)('limits the value of %s', (_, key) => {
    expect(unlimitedOf(key)).toEqual([]);
  });

  test.each(jobKeys)('has examples and a default for %s that it takes itself', (key, property) => {
    for (const value of [
      ...(property.examples ?? []),
      ...(property.default === undefined ? [] : [property.default]),
    ]) {
      expect(
        validateDeclaration('a', { [key]: value }, { defaults: {} }, ['ops', 'pager']),
      ).not.toBeInstanceOf(Array);
    }
  });

  test('has the defaults of the core', () => {
    const written = Object.fromEntries(
      jobKeys
        .filter(([, property]) => property.default !== undefined)
        .map(([key, property]) => [key, property.default]),
    );
    const result = validateDeclaration('a', { schedule: '@daily', ...written }, { defaults: {} });
    const globals = { notifiers: [], replayWindowMs: 0 };
    if (Array.isArray(result)) throw new Error(JSON.stringify(result));
    expect(specOf('a', result.declaration, globals)).toEqual(specOf('a', { schedule: '@daily' }, globals));
  });

  test('lets a group say what defaults say, except to which group its jobs belong', () => {
    const inDefaults = properties(['defaults']).map(([key]) => key);
    expect(properties(['groups', 'any']).map(([key]) => key)).toEqual(
      inDefaults.filter((key) => key !== 'group'),
    );
  });

  test('lets defaults say what a job can say, except what makes sense for one job only', () => {
    const all = jobKeys.map(([key]) => key);
    const inDefaults = properties(['defaults']).map(([key]) => key);
    expect(all.filter((key) => !inDefaults.includes(key))).toEqual([
      'schedule',
      'every',
      'paused',
      'description',
      'renamed_from',
    ]);
    expect(inDefaults.filter((key) => !all.includes(key))).toEqual([]);
  });
});

test('passes the strict mode of ajv, as it is shipped', () => {
  expect(() => ajv.compile({ $ref: raw.$id })).not.toThrow();
});

describe('the schema of a maintenance window', () => {
  const isWindow = ajv.compile({ $ref: `${raw.$id}#/definitions/maintenance/items` });
  test.each([
    [{ schedule: '0 3 * * 0', duration: '2h' }, true],
    [{ schedule: '0 3 * * 0', duration: '${LONG}', timezone: 'UTC' }, true],
    [{ from: '2026-12-24 18:00', to: '2026-12-27 06:00' }, true],
    [{ schedule: '0 3 * * 0' }, false],
    [{ duration: '2h' }, false],
    [{ from: '2026-12-24 18:00' }, false],
    [{ to: '2026-12-24 18:00' }, false],
    [{ timezone: 'UTC' }, false],
    [{ schedule: '0 3 * * 0', to: '2026-12-24 18:00' }, false],
    [{ schedule: '0 3 * * 0', duration: '2h', from: '2026-12-24 18:00' }, false],
    [{ schedule: '0 3 * * 0', duration: '2h', from: '2026-12-24 18:00', to: '2026-12-27 06:00' }, false],
  ])('judges %j: %s', (window, isOne) => {
    expect(isWindow(window)).toBe(isOne);
  });
});

test('knows a job in short from a key of a job that is not indented', () => {
  const [words = ''] = Object.keys(
    (raw['definitions'] as Record<string, Raw>)['jobs']?.['patternProperties'] ?? {},
  );
  expect(words).toBe(`^(${jobKeys.map(([key]) => key).join('|')})$`);
});

test.each(['cronflow', 'webhook'])(
  'the id of %s.schema.json is a name of ours and no address of others',
  (name) => {
    const { $id } = JSON.parse(read(`schemas/${name}.schema.json`)) as { $id: string };
    expect($id).toMatch(/^urn:cronflow:schema:[a-z]+$/);
  },
);

describe('the shipped example', () => {
  test('is valid without any environment', () => {
    const source = { path: 'cronflow.yaml', text: read('cronflow.yaml') };
    const result = parseConfig(source, {});
    expect(result.ok ? '' : formatFaults(result.faults, [source])).toBe('');
    expect(result).toMatchObject({
      config: { notifiers: [{ name: 'ops', type: 'slack', settings: { webhook_url: '' } }] },
    });
    expect(source.text.split('\n')[0]).toBe('# yaml-language-server: $schema=./schemas/cronflow.schema.json');
  });
});

function valueOf(variable: string): string {
  if (variable.includes('URL')) return 'https://example.com/x';
  return variable.includes('BOT_TOKEN') ? 'xoxb-1234567890' : 'x'.repeat(32);
}

describe.each(['configuration', 'alerting'])('the page docs/%s.md', (page) => {
  test('shows YAML that is valid', () => {
    const blocks = [...read(`docs/${page}.md`).matchAll(/```yaml\n([^]*?)```/g)].map(
      (match) => match[1] ?? '',
    );
    expect(blocks.length).toBeGreaterThan(2);
    for (const text of blocks) {
      // Whatever a variable holds: an address, a key, a number.
      const names = [...text.matchAll(/\$\{(\w+)\}/g)].map((match) => match[1] ?? '');
      const values = names.map((name) => [name, valueOf(name)]);
      const env = { ...Object.fromEntries(values), N: '3' } as Record<string, string>;
      // The files that it names are not there; nor are notifiers that other examples declare.
      const here = text.replaceAll(/_file: \S+/g, '_file: package.json');
      const source = { path: 'docs', text: /^jobs:/m.test(here) ? here : `${here}\njobs: {}\n` };
      const result = parseConfig(source, env);
      const elsewhere = new Set(['bad_secret_file', 'unknown_notifier']);
      const faults = result.ok ? [] : result.faults.filter(({ code }) => !elsewhere.has(code));
      expect(faults).toEqual([]);
    }
  });
});
