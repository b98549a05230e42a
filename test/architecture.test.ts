import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const SRC = fileURLToPath(new URL('../src', import.meta.url));
const TEST = fileURLToPath(new URL('.', import.meta.url));

/** Folders whose files stand in rooms, and each room is a place of its own in the order. */
const WITH_ROOMS = new Set(['core', 'store']);

/**
 * The places of src/, and which other places each of them imports (docs/design.md §2). A place is a folder, a room of
 * `core/` or `store/`, or a file at the top. An arrow that no import needs is an error, too, so the list is the
 * drawing of the program as it is.
 */
const IMPORTS: Readonly<Record<string, readonly string[]>> = {
  clock: [],
  schedule: [],
  observe: ['schedule', 'clock'],
  'core/model': ['schedule'],
  'core/text': ['core/model', 'schedule'],
  'core/job': ['core/model', 'schedule'],
  'core/system': ['core/job', 'core/text', 'core/model', 'schedule'],
  'core/plan': ['core/text', 'core/model', 'schedule'],
  'core/replay': ['core/job', 'core/model'],
  'core/backtest': ['core/plan', 'core/replay', 'core/text', 'core/model', 'schedule'],
  'core/why': ['core/replay', 'core/job', 'core/text', 'core/model', 'schedule'],
  store: ['core/model', 'observe', 'clock'],
  'store/local': ['store', 'core/model'],
  'store/postgres': ['store/local', 'store', 'core/model', 'observe', 'schedule', 'clock'],
  'store/open': ['store/lowdb', 'store/postgres', 'store/local', 'store', 'core/model', 'observe', 'clock'],
  'store/lowdb': ['store/local', 'store', 'core/model', 'observe', 'schedule', 'clock'],
  apply: [
    'store',
    'core/backtest',
    'core/plan',
    'core/system',
    'core/why',
    'core/replay',
    'core/job',
    'core/text',
    'core/model',
    'schedule',
  ],
  ingest: ['apply', 'store', 'core/plan', 'core/text', 'core/model', 'observe', 'schedule', 'clock'],
  checker: ['apply', 'store', 'core/system', 'core/model', 'observe', 'schedule', 'clock'],
  config: ['store', 'core/plan', 'core/text', 'core/model', 'observe', 'schedule', 'clock'],
  crontab: ['config', 'core/model', 'schedule'],
  delivery: [
    'apply',
    'store/open',
    'store',
    'core/system',
    'core/job',
    'core/text',
    'core/model',
    'observe',
    'schedule',
    'clock',
  ],
  http: [
    'ingest',
    'apply',
    'store',
    'core/why',
    'core/job',
    'core/text',
    'core/model',
    'observe',
    'schedule',
    'clock',
  ],
  app: [
    'http',
    'delivery',
    'config',
    'checker',
    'ingest',
    'apply',
    'store/open',
    'store',
    'core/backtest',
    'core/plan',
    'core/text',
    'core/model',
    'observe',
    'schedule',
    'clock',
  ],
  cli: [
    'app',
    'http',
    'delivery',
    'crontab',
    'config',
    'apply',
    'store/open',
    'store',
    'core/backtest',
    'core/replay',
    'core/why',
    'core/plan',
    'core/text',
    'core/model',
    'observe',
    'schedule',
    'clock',
  ],
  main: ['cli', 'app', 'clock'],
  web: ['cli'],
};

/** The packages that the pure folders may use: none of them reads a clock or does I/O. */
const PURE_PACKAGES: Readonly<Record<string, readonly string[]>> = {
  schedule: ['cron-parser'],
  core: ['re2js'],
};

/** Matches what reads the time or sets a timer, which only clock.ts may do. */
const TIME = /\b(Date\.now|performance\.now|setTimeout|setInterval|new Date\(\))/;

/** What outlives the test file that does it: the files of a project share processes (vitest.config.ts). */
const OUTLIVES_ITS_FILE =
  /\bvi\.(mock|doMock|stub\w+|spyOn|useFakeTimers)\(|\bprocess\.(chdir|umask)\(|\bdelete process\.env\b|\bprocess\.env(\.\w+|\[[^\]]+\]) (\?\?)?=(?!=)/;

interface Import {
  from: string;
  to: string;
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => /\.tsx?$/.test(file));

const imports = files.flatMap(importsOf);

function importsOf(file: string): Import[] {
  const text = readFileSync(join(SRC, file), 'utf8');
  const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1]!);
  return specifiers.map((specifier) => ({
    from: file,
    to: specifier.startsWith('.') ? relative(SRC, join(SRC, dirname(file), specifier)) : specifier,
  }));
}

function isFile(to: string): boolean {
  return /\.tsx?$/.test(to);
}

function placeOf(file: string): string {
  const [folder, room, ...rest] = file.split('/') as [string, ...string[]];
  if (WITH_ROOMS.has(folder) && rest.length > 0) return `${folder}/${room}`;
  return folder.replace(/\.ts$/, '');
}

/** Tells whether an import of a file of the dashboard leads to a file that is none. */
function leavesWeb(file: string, specifier: string): boolean {
  return specifier.startsWith('.') && !isOfWeb(join(dirname(file), specifier));
}

function isOfWeb(file: string): boolean {
  return file.startsWith('web/');
}

/** Returns which places each place imports, by the files as they are. */
function arrows(): Record<string, string[]> {
  const found = new Map<string, Set<string>>(files.map((file) => [placeOf(file), new Set()]));
  for (const { from, to } of imports) {
    if (!isFile(to)) continue;
    const [source, target] = [placeOf(from), placeOf(to)];
    if (source !== target) found.get(source)!.add(target);
  }
  return Object.fromEntries([...found].map(([place, targets]) => [place, [...targets].toSorted()]));
}

/** Returns the first circle found among nodes, as the path that leads back to its beginning; null where none is. */
function circleIn(next: ReadonlyMap<string, readonly string[]>): string[] | null {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (node: string): string[] | null => {
    if (path.includes(node)) return [...path.slice(path.indexOf(node)), node];
    if (done.has(node)) return null;
    path.push(node);
    for (const each of next.get(node) ?? []) {
      const circle = visit(each);
      if (circle !== null) return circle;
    }
    path.pop();
    done.add(node);
    return null;
  };
  for (const node of next.keys()) {
    const circle = visit(node);
    if (circle !== null) return circle;
  }
  return null;
}

describe('the repository holds its own rules', () => {
  test('each folder and room imports what the list says, no more and no less', () => {
    const listed = Object.entries(IMPORTS).map(([place, targets]) => [place, targets.toSorted()]);
    expect(arrows()).toEqual(Object.fromEntries(listed));
  });

  test('imports of folders and rooms run one way', () => {
    expect(circleIn(new Map(Object.entries(arrows())))).toBeNull();
  });

  test('no files import each other in a circle, not even for types', () => {
    const next = new Map<string, string[]>(files.map((file) => [file, []]));
    for (const { from, to } of imports) if (isFile(to)) next.get(from)!.push(to);
    expect(circleIn(next)).toBeNull();
  });

  test('a circle of imports is found', () => {
    const next = new Map([
      ['a', ['b']],
      ['b', ['c', 'd']],
      ['c', []],
      ['d', ['b']],
    ]);
    expect(circleIn(next)).toEqual(['b', 'd', 'b']);
  });

  test('the dashboard takes nothing from the server but types', () => {
    const wrong = files.filter(isOfWeb).filter((file) => {
      const text = readFileSync(join(SRC, file), 'utf8');
      const imported = [...text.matchAll(/import (type )?[^;]*?from '([^']+)'/g)];
      return imported.some(([, type, to]) => type === undefined && leavesWeb(file, to!));
    });
    expect(wrong).toEqual([]);
  });

  test('only live/ of the dashboard reads the time or sets a timer', () => {
    const wrong = files
      .filter((file) => isOfWeb(file) && !file.startsWith('web/live/'))
      .filter((file) => TIME.test(readFileSync(join(SRC, file), 'utf8')));
    expect(wrong).toEqual([]);
  });

  test('the core and the schedule use nothing from outside that could do I/O', () => {
    const wrong = imports
      .map(({ from, to }) => ({ from, to, allowed: PURE_PACKAGES[from.split('/')[0]!] }))
      .filter(({ to, allowed }) => allowed !== undefined && !isFile(to) && !allowed.includes(to));
    expect(wrong).toEqual([]);
  });

  test('only store/open knows which stores there are', () => {
    const wrong = imports
      .filter(({ to }) => /^store\/(local|lowdb|postgres)\//.test(to))
      .filter(({ from }) => !/^store\/(local|lowdb|postgres|open)\//.test(from));
    expect(wrong).toEqual([]);
  });

  test('only clock.ts reads the time or sets a timer', () => {
    const wrong = files.filter(
      (file) => file !== 'clock.ts' && !isOfWeb(file) && TIME.test(readFileSync(join(SRC, file), 'utf8')),
    );
    expect(wrong).toEqual([]);
  });

  test('no test file changes what other files in its process see', () => {
    const wrong = readdirSync(TEST, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && file !== join('support', 'whole-run.ts'))
      .filter((file) => OUTLIVES_ITS_FILE.test(readFileSync(join(TEST, file), 'utf8')));
    expect(wrong).toEqual([]);
  });

  test('there are no barrel files: a name is imported from where it is written', () => {
    expect(files.filter((file) => /(^|\/)index\.ts$/.test(file))).toEqual([]);
  });
});
