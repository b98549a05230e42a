import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { expandIncludes } from '../../src/config/include.ts';
import { loadConfig, loadStored, type LoadResult } from '../../src/config/load.ts';
import { currentFingerprint } from '../../src/config/sources.ts';
import { loadAsAnyone, makeOpenFolder } from './support/as-anyone.ts';

let directory: string;
let main: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cronflow-include-'));
  main = join(directory, 'cronflow.yaml');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function write(files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
}

async function load(env: Record<string, string> = {}): Promise<Extract<LoadResult, { ok: true }>> {
  const result = await loadConfig(main, env);
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return result;
}

async function faults(): Promise<string[]> {
  const result = await loadConfig(main, {});
  if (result.ok) return [];
  return result.faults.map(
    ({ file = '', line, column, path, message }) =>
      `${file.slice(directory.length + 1)}:${line}:${column} ${path}: ${message.replaceAll(`${directory}/`, '')}`,
  );
}

/** What the items find, relative to the directory of the including file. */
async function found(...items: string[]): Promise<string[]> {
  const { files } = await expandIncludes(main, items);
  return files.map(({ path }) => path.slice(directory.length + 1));
}

describe('include', () => {
  test('brings the jobs of further files, each with its place, filled by the including file', async () => {
    write({
      'cronflow.yaml': `
include: [conf.d/*.yaml]
defaults: {grace: 10m}
groups: {backups: {grace: 1h}}
notifiers: {ops: {type: log}}
jobs:
  own: {}
`,
      'conf.d/b.yaml': 'jobs:\n  b: {}\n',
      'conf.d/a.yaml': 'x-base: &base {notify: [ops]}\njobs:\n  a: {<<: *base, group: backups}\n',
    });
    const { config, includes } = await load();
    expect(includes).toEqual(['conf.d/*.yaml']);
    expect(config.files.map((file) => file.path)).toEqual([
      main,
      join(directory, 'conf.d/a.yaml'),
      join(directory, 'conf.d/b.yaml'),
    ]);
    expect(config.jobs).toEqual([
      { name: 'own', place: { file: main, line: 7 }, declared: {}, declaration: { grace: '10m' } },
      {
        name: 'a',
        place: { file: join(directory, 'conf.d/a.yaml'), line: 3 },
        declared: { notify: ['ops'], group: 'backups' },
        declaration: { notify: ['ops'], group: 'backups', grace: '1h' },
      },
      expect.objectContaining({ name: 'b', declaration: { grace: '10m' } }),
    ]);
  });

  test('makes jobs of the including file unnecessary, and takes variables', async () => {
    write({ 'cronflow.yaml': "include: ['${TEAM}/*.yaml']", 'red/a.yaml': 'jobs: {a: {owner: "${TEAM}"}}' });
    const { config } = await load({ TEAM: 'red' });
    expect(config.jobs).toMatchObject([{ name: 'a', declared: { owner: 'red' } }]);
  });

  test('tells every mistake of every file at once, each where it stands', async () => {
    write({
      'cronflow.yaml': 'include: [a.yaml, b.yaml, gone.yaml]\ngroups: {g: {}}\njobs:\n  own: {grace: 5}\n',
      'a.yaml': 'x-a: &a {}\njobs:\n  one: {group: h}\n  two: {}\n',
      'b.yaml': 'jobs:\n  two: {notify: [nobody]}\n  own: *a\n',
    });
    expect(await faults()).toEqual([
      'cronflow.yaml:1:27 include[2]: names gone.yaml, which does not exist',
      'cronflow.yaml:4:16 jobs.own.grace: must be a duration in whole numbers with d, h, m, s, largest first, such as 90s, 5m, 1h30m or 2d, not 5: a number needs a unit, as in 5s or 5m',
      'a.yaml:3:16 jobs.one.group: unknown group "h" (allowed: g)',
      'b.yaml:2:3 jobs.two: "two" is declared a second time; the first is at a.yaml:4:3',
      'b.yaml:2:18 jobs.two.notify[0]: unknown notifier "nobody" (allowed: slack)',
      'b.yaml:3:3 jobs.own: "own" is declared a second time; the first is at cronflow.yaml:4:3',
      // Anchors work within a file.
      'b.yaml:3:8 jobs.own: *a names no anchor before it',
    ]);
  });

  test('looks at the included files even where the main file has mistakes, unless these hide which are included', async () => {
    write({ 'cronflow.yaml': 'include: [a.yaml]\njobs: {}\njobz: {}\n', 'a.yaml': 'jobs: 1' });
    expect(await faults()).toHaveLength(2);
    write({ 'cronflow.yaml': 'include: [a.yaml]\njobs: {\n' });
    expect(await loadConfig(main, {})).toMatchObject({ ok: false, includes: [], faults: [{ file: main }] });
  });

  test('has a revision over all files, as sha256sum prints it of what sha256sum prints', async () => {
    write({ 'cronflow.yaml': 'include: [conf.d/*.yaml]\n', 'conf.d/a.yaml': 'jobs: {}\n' });
    const first = await load();
    const command = 'sha256sum cronflow.yaml conf.d/a.yaml | sha256sum';
    const printed = execFileSync('sh', ['-c', command], { cwd: directory, encoding: 'utf8' });
    expect(first.config.revision).toBe(printed.slice(0, 64));
    expect(first.fingerprint).toBe(first.config.revision);
    expect(await currentFingerprint(main, first)).toBe(first.fingerprint);
    write({ 'conf.d/b.yaml': 'jobs: {}\n' });
    expect(await currentFingerprint(main, first)).not.toBe(first.fingerprint);
    expect((await load()).config.revision).toBe(await currentFingerprint(main, first));
  });

  test('is stored with its files, and read back without them', async () => {
    write({ 'cronflow.yaml': 'include: [conf.d/*.yaml, b.yaml]\n' });
    write({ 'conf.d/a.yaml': 'jobs: {a: {}}\n', 'b.yaml': 'jobs: {b: {}}' });
    const { config } = await load();
    rmSync(directory, { recursive: true });
    const stored = await loadStored(config.files, {});
    expect(stored).toMatchObject({ ok: true, config });
  });

  test('is an error where a directory may not be searched', async () => {
    const folder = makeOpenFolder('cronflow-include-');
    const [path, included] = [join(folder, 'cronflow.yaml'), join(folder, 'conf.d')];
    writeFileSync(path, 'include: [conf.d/*.yaml]\n');
    chmodSync(path, 0o644);
    mkdirSync(included, { mode: 0o000 });
    const result = await loadAsAnyone(path);
    // A directory without any rights is removed by nobody but root.
    chmodSync(included, 0o755);
    rmSync(folder, { recursive: true });
    expect(result).toMatchObject({
      ok: false,
      faults: [{ file: included, message: 'may not be read (EACCES)' }],
    });
  });

  test('is an error where a link leads nowhere, and where there is a directory in the place of a file', async () => {
    write({ 'cronflow.yaml': 'include: [conf.d/*.yaml, conf.d]\n', 'conf.d/a.yaml': 'jobs: {}\n' });
    symlinkSync('nowhere', join(directory, 'conf.d', 'b.yaml'));
    expect(await faults()).toEqual([
      'cronflow.yaml:1:26 include[1]: names conf.d, which is a directory; a file is wanted',
      'conf.d/b.yaml:undefined:undefined : does not exist',
    ]);
  });

  test('finds at most a thousand files', async () => {
    const many = Array.from({ length: 1_001 }, (_, i) => [`conf.d/${i}.yaml`, 'jobs: {}\n']);
    write({ 'cronflow.yaml': 'include: [conf.d/*.yaml]\n', ...(Object.fromEntries(many) as object) });
    expect(await faults()).toEqual([
      'cronflow.yaml:undefined:undefined include: "include" finds more than 1000 files',
    ]);
    // What cannot be included counts as a difference, too.
    const before = await currentFingerprint(main, { includes: ['conf.d/*.yaml'], secrets: [] });
    rmSync(join(directory, 'conf.d/999.yaml'));
    expect(await currentFingerprint(main, { includes: ['conf.d/*.yaml'], secrets: [] })).not.toBe(before);
  });
});

describe('the items of include', () => {
  beforeEach(() =>
    write({
      'cronflow.yaml': '',
      'a.yaml': '',
      'b.yml': '',
      '.hidden.yaml': '',
      'b.yaml~': '',
      'conf.d/10-z.yaml': '',
      'conf.d/9-a.yaml': '',
      'conf.d/sub.yaml/x.yaml': '',
      'conf.d/.git/x.yaml': '',
      'teams/red/cron.yaml': '',
      'teams/blue/cron.yaml': '',
      'teams/green/other.yaml': '',
    }),
  );

  test.each([
    [['a.yaml'], ['a.yaml']],
    [['./missing.yaml'], ['missing.yaml']],
    [['*.yaml'], ['a.yaml']],
    [['*.y{a,}ml'], ['a.yaml', 'b.yml']],
    [
      ['?.[yz]ml', 'a.*'],
      ['b.yml', 'a.yaml'],
    ],
    [['conf.d/*'], ['conf.d/10-z.yaml', 'conf.d/9-a.yaml']],
    [
      ['conf.d/9*', 'conf.d/*'],
      ['conf.d/9-a.yaml', 'conf.d/10-z.yaml'],
    ],
    [['teams/*/cron.yaml'], ['teams/blue/cron.yaml', 'teams/red/cron.yaml']],
    [['teams/**'], ['teams/blue/cron.yaml', 'teams/green/other.yaml', 'teams/red/cron.yaml']],
    [['**/x.yaml'], ['conf.d/sub.yaml/x.yaml']],
    [['nowhere/*.yaml', 'a.yaml/*.yaml'], []],
  ])('such as %j find the files %j', async (items, files) => {
    expect(await found(...items)).toEqual(files);
  });

  test('may be absolute', async () => {
    expect(await found(join(directory, 'conf.d/9*'), join(directory, 'a.yaml'))).toEqual([
      'conf.d/9-a.yaml',
      'a.yaml',
    ]);
  });

  test('follow links, but never round in circles', async () => {
    symlinkSync('..', join(directory, 'teams', 'up'));
    symlinkSync('../a.yaml', join(directory, 'teams', 'linked.yaml'));
    expect(await found('teams/*/a.yaml')).toEqual(['teams/up/a.yaml']);
    expect(await found('teams/**/*.yaml')).toContain('teams/linked.yaml');
  });
});
