import { describe, expect, test } from 'vitest';
import { LINTS } from '../../src/core/model/errors.ts';
import { PING_KINDS } from '../../src/core/model/reasons.ts';
import { KINDS } from '../../src/delivery/registry.ts';
import type { HttpDeps } from '../../src/http/deps.ts';
import { allRoutes } from '../../src/http/routes/routes.ts';
import { servicesOf } from '../../src/http/services.ts';
import { NO_TOKENS } from '../../src/http/access/tokens.ts';
import { firstCells, inCode, read } from './tables.ts';

/**
 * The lists that the documentation has of what the code has. A failure names what a page lacks, or what only the page
 * has.
 */
interface SchemaFile {
  properties: object;
  definitions: {
    job: { properties: object };
    notifier: { oneOf: { properties: { type: { const?: string; enum?: string[] } } }[] };
  };
}
const schema = JSON.parse(read('schemas/cronflow.schema.json')) as SchemaFile;
const design = read('docs/design.md');

/** The sentences of the design that begin with these words, up to others. */
function designFrom(start: string, end: string): string {
  const from = design.indexOf(start);
  if (from < 0) throw new Error(`docs/design.md does not say "${start}"`);
  return design.slice(from + start.length, design.indexOf(end, from));
}

describe('docs/changes.md', () => {
  test('lists every lint', () => {
    expect(firstCells('docs/changes.md', 'lint').flatMap(inCode).sort()).toEqual([...LINTS].sort());
  });
});

describe('docs/design.md', () => {
  test('lists every key of a job in §5', () => {
    const keys = inCode(designFrom('**Job keys** are ', '. A job that is a text')).flatMap((word) =>
      word.split(' | '),
    );
    expect(keys.sort()).toEqual(Object.keys(schema.definitions.job.properties).sort());
  });

  test('lists every key of the file in §5', () => {
    const keys = inCode(designFrom('**Top level** are ', '. Top-level keys').replaceAll(/\(.*?\)/g, ''));
    expect(keys.sort()).toEqual(Object.keys(schema.properties).sort());
  });

  test('lists every route in §8, but for the parts of /docs', () => {
    const routes = allRoutes(servicesOf({ version: '1', tokens: NO_TOKENS, store: {} } as HttpDeps))
      .map(({ method, path }) => `${method} ${path}`)
      .filter((route) => !route.includes('/docs/'));
    expect(firstCells('docs/design.md', 'route').flatMap(inCode).flatMap(routesIn).sort()).toEqual(
      routes.sort(),
    );
  });

  test('names every kind of ping in §1', () => {
    const [, row] = /^\| ping +\| (.*)$/m.exec(design)!;
    expect(inCode(row!)).toEqual([...PING_KINDS]);
  });
});

/** The routes that a text such as `GET PUT /jobs/:name/{runs,days}?skip` stands for; none where it has no path. */
function routesIn(text: string): string[] {
  const [, methods, path] = /^([A-Z ]*)(\/[^?]*)/.exec(text) ?? [];
  if (path === undefined) return [];
  const [, before, choices, after] = /^(.*)\{(.*)\}(.*)$/.exec(path) ?? [];
  const paths = choices?.split(',').map((choice) => `${before}${choice}${after}`) ?? [path];
  const words = methods?.trim() === '' ? ['GET'] : methods!.trim().split(' ');
  return paths.flatMap((each) => words.map((method) => `${method} ${each}`));
}

describe('the kinds of ping', () => {
  test('have a row each in docs/api.md', () => {
    const paths = firstCells('docs/api.md', 'path').flatMap(inCode);
    expect(paths).toEqual(PING_KINDS.map((kind) => `/jobs/:name/${kind}`));
  });

  test('stand in the row of `cronflow ping` in docs/commands.md', () => {
    const [, row] = /^\| `ping JOB KIND` +\| (.*?) \|/m.exec(read('docs/commands.md'))!;
    expect(inCode(row!)).toEqual([...PING_KINDS]);
  });
});

describe('the types of notifier', () => {
  const branches = schema.definitions.notifier.oneOf.map(({ properties }) => properties.type);
  const types = branches.flatMap((type) => type.enum ?? [type.const!]);

  test('include every kind that is registered', () => {
    expect(types).toEqual(expect.arrayContaining(Object.keys(KINDS)));
  });

  test.each(types)('%s is named in §7 of the design, in the README and in docs/alerting.md', (type) => {
    const told = /\*\*5\. Get told\.\*\*[^]*?\n## /.exec(read('README.md'))?.[0] ?? '';
    const pages = { design: designFrom('## 7. ', '## 8. '), told, alerting: read('docs/alerting.md') };
    const missing = Object.entries(pages).filter(([, text]) => !new RegExp(`\\b${type}`, 'i').test(text));
    expect(missing.map(([page]) => page)).toEqual([]);
  });

  test('have a table of their keys in docs/configuration.md, where there is more than the type', () => {
    const wanted = branches.map((type) => type.const ?? 'chat').filter((name) => name !== 'log');
    const page = read('docs/configuration.md');
    expect(wanted.filter((name) => !page.includes(`<!-- keys of ${name} -->`))).toEqual([]);
  });
});

describe('the options of the wrapper', () => {
  const [, usage = ''] = /<<'USAGE'\n([^]*?)\nUSAGE\n/.exec(read('scripts/monitor.sh')) ?? [];
  const options = [...usage.matchAll(/^ {2}(--[\w-]+)/gm)].map((match) => match[1]!);
  const told = options.filter((option) => option !== '--help');

  test('stand in the usage that it prints', () => {
    expect(options.length).toBeGreaterThan(10);
  });

  test('have a row each in docs/wrapper.md', () => {
    const rows = firstCells('docs/wrapper.md', 'option').flatMap(inCode);
    expect(rows.map((row) => row.split(' ')[0])).toEqual(options);
  });

  test('stand in §9 of the design', () => {
    const named = inCode(designFrom('**Options**, ', '. A mistake in an option'));
    expect(named.sort()).toEqual(told.sort());
  });
});
