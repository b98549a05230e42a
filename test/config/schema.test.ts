import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { formatFaults } from '../../src/config/format.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { type Schema, schemaAt, validators } from '../../src/config/schema.ts';
import { validateDeclaration } from '../../src/config/validate.ts';
import { specOf } from '../../src/core/spec.ts';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const { schema } = validators();
const properties = (pointer: string[]): [string, Schema][] =>
  Object.keys(schemaAt(schema, pointer)?.properties ?? {}).map((key) => [
    key,
    schemaAt(schema, [...pointer, key]) ?? {},
  ]);
const jobKeys = properties(['jobs', 'any']);

interface Generator {
  generate: () => Promise<Record<string, string>>;
}

describe('the schema', () => {
  it('is what the types and the reference were generated from (node scripts/generate-types.mjs)', async () => {
    const url = new URL('../../scripts/generate-types.mjs', import.meta.url).href;
    const { generate } = (await import(/* @vite-ignore */ url)) as Generator;
    for (const [path, text] of Object.entries(await generate()))
      expect({ path, text: read(path) }).toEqual({ path, text });
  });

  it.each([...properties([]), ...jobKeys])('describes %s', (key, property) => {
    expect(property.description?.length).toBeGreaterThan(10);
    if (!['defaults', 'notifiers', 'jobs'].includes(key))
      expect(property.examples?.length).toBeGreaterThan(0);
  });

  it.each(jobKeys)('has examples and a default for %s that it takes itself', (key, property) => {
    for (const value of [
      ...(property.examples ?? []),
      ...(property.default === undefined ? [] : [property.default]),
    ]) {
      expect(
        validateDeclaration('a', { [key]: value }, { defaults: {} }, ['ops', 'pager']),
      ).not.toBeInstanceOf(Array);
    }
  });

  it('has the defaults of the core', () => {
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

  it('lets defaults say what a job can say, except what makes sense for one job only', () => {
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

describe('the shipped example', () => {
  it('is valid without any environment', () => {
    const source = { path: 'cronflow.yaml', text: read('cronflow.yaml') };
    const result = parseConfig(source, {});
    expect(result.ok ? '' : formatFaults(result.faults, [source])).toBe('');
    expect(result).toMatchObject({
      config: { notifiers: [{ name: 'ops', type: 'slack', settings: { webhook_url: '' } }] },
    });
    expect(source.text.split('\n')[0]).toBe('# yaml-language-server: $schema=./schemas/cronflow.schema.json');
  });
});

describe.each(['configuration', 'alerting'])('docs/%s.md', (page) => {
  it('shows YAML that is valid', () => {
    const blocks = [...read(`docs/${page}.md`).matchAll(/```yaml\n([^]*?)```/g)].map(
      (match) => match[1] ?? '',
    );
    expect(blocks.length).toBeGreaterThan(2);
    for (const text of blocks) {
      // Whatever a variable holds: an address, a key, a number.
      const names = [...text.matchAll(/\$\{(\w+)\}/g)].map((match) => match[1] ?? '');
      const values = names.map((name) => [name, /URL/.test(name) ? 'https://example.com/x' : 'x'.repeat(16)]);
      const env = { ...Object.fromEntries(values), N: '3' } as Record<string, string>;
      // The files that it names are not there.
      const here = text.replaceAll(/_file: \S+/g, '_file: package.json');
      const source = { path: 'docs', text: /^jobs:/m.test(here) ? here : `${here}\njobs: {}\n` };
      const result = parseConfig(source, env);
      const faults = result.ok ? [] : result.faults.filter(({ code }) => code !== 'bad_secret_file');
      expect(faults).toEqual([]);
    }
  });
});
