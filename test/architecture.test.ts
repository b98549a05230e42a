import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const SRC = fileURLToPath(new URL('../src', import.meta.url));

/** Which folders of src/ each folder may import besides itself (docs/design.md §2). */
const MAY_IMPORT: Record<string, readonly string[]> = {
  schedule: [],
  core: ['schedule'],
  store: ['core', 'schedule', 'clock', 'observe'],
  ingest: ['store', 'core', 'schedule', 'clock', 'observe'],
  checker: ['ingest', 'store', 'core', 'schedule', 'clock', 'observe'],
  delivery: ['ingest', 'store', 'core', 'schedule', 'clock', 'observe'],
  config: ['ingest', 'store', 'core', 'schedule', 'clock', 'observe'],
  http: ['ingest', 'store', 'core', 'schedule', 'clock', 'observe'],
  cli: [
    'app',
    'http',
    'config',
    'checker',
    'delivery',
    'ingest',
    'store',
    'core',
    'schedule',
    'clock',
    'observe',
  ],
  app: ['http', 'config', 'checker', 'delivery', 'ingest', 'store', 'core', 'schedule', 'clock', 'observe'],
  main: ['app', 'cli', 'clock', 'observe'],
  observe: ['clock'],
  clock: [],
};

/** What the pure folders may use from outside: nothing that reads a clock or does I/O. */
const PURE_PACKAGES: Record<string, readonly string[]> = { schedule: ['cron-parser'], core: ['re2js'] };

/** What reads the time or sets a timer; only clock.ts may. */
const TIME = /\b(Date\.now|performance\.now|setTimeout|setInterval|new Date\(\))/;

interface Import {
  from: string;
  to: string;
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));

function folderOf(file: string): string {
  return file.replaceAll('\\', '/').split('/')[0]!.replace(/\.ts$/, '');
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(SRC, file), 'utf8');
  const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1]!);
  return specifiers.map((specifier) => ({
    from: file,
    to: specifier.startsWith('.') ? relative(SRC, join(SRC, dirname(file), specifier)) : specifier,
  }));
}

describe('the repository holds its own rules', () => {
  test('imports run one way', () => {
    const wrong = files.flatMap(importsOf).filter(({ from, to }) => {
      if (!to.endsWith('.ts')) return false;
      const [source, target] = [folderOf(from), folderOf(to)];
      return source !== target && !(MAY_IMPORT[source] ?? []).includes(target);
    });
    expect(wrong).toEqual([]);
  });

  test('every folder has its place in the order', () => {
    expect([...new Set(files.map(folderOf))].filter((folder) => !(folder in MAY_IMPORT))).toEqual([]);
  });

  test('the core and the schedule use nothing from outside that could do I/O', () => {
    const wrong = files
      .flatMap(importsOf)
      .filter(({ from, to }) => folderOf(from) in PURE_PACKAGES && !to.endsWith('.ts'))
      .filter(({ from, to }) => !PURE_PACKAGES[folderOf(from)]!.includes(to));
    expect(wrong).toEqual([]);
  });

  test('only clock.ts reads the time or sets a timer', () => {
    const wrong = files.filter(
      (file) => file !== 'clock.ts' && TIME.test(readFileSync(join(SRC, file), 'utf8')),
    );
    expect(wrong).toEqual([]);
  });

  test('there are no barrel files: a name is imported from where it is written', () => {
    expect(files.filter((file) => /(^|\/)index\.ts$/.test(file))).toEqual([]);
  });
});
