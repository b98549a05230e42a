import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { afterAll, describe, expect, test } from 'vitest';
import { invalidConfigError, loadConfig, loadStored } from '../../src/config/load.ts';
import { revisionOf } from '../../src/config/parse.ts';
import { loadAsAnyone, makeOpenFolder } from './support/as-anyone.ts';

const directory = mkdtempSync(join(tmpdir(), 'cronflow-load-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const MISSING =
  'does not exist; put it there, write a first one with cronflow init, or name another with --config or CRONFLOW_CONFIG';

function write(name: string, content: string | Uint8Array): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

/** The built program's loader: only there is there a worker. */
async function built(): Promise<typeof loadConfig> {
  const url = new URL('../../dist/config/load.js', import.meta.url).href;
  const module = (await import(/* @vite-ignore */ url)) as { loadConfig: typeof loadConfig };
  return module.loadConfig;
}

describe('loadConfig', () => {
  test('loads a file', async () => {
    const path = write('good.yaml', 'jobs: {a: {owner: "${WHO}"}}\n');
    const result = await loadConfig(path, { WHO: 'me' });
    expect(result).toMatchObject({ ok: true, config: { jobs: [{ name: 'a', declared: { owner: 'me' } }] } });
    expect(result.ok && result.config.revision).toBe(result.fingerprint);
  });

  test('keeps a byte order mark, so that the stored text has the revision of the file', async () => {
    const result = await loadConfig(write('bom.yaml', '\uFEFFjobs: {}\n'), {});
    expect(result.ok && result.config.revision).toBe(result.fingerprint);
  });

  test.each([
    ['missing.yaml', () => {}, MISSING],
    ['good.yaml/cronflow.yaml', () => write('good.yaml', 'jobs: {}'), MISSING],
    ['directory', (path: string) => mkdirSync(path), 'is a directory; a file is wanted'],
    ['pipe', (path: string) => execFileSync('sh', ['-c', 'mkfifo "$0"', path]), 'is not a regular file'],
    ['loop', (path: string) => symlinkSync('loop', path), 'cannot be read (ELOOP)'],
    ['empty.yaml', () => write('empty.yaml', ''), 'is empty; write "jobs: {}" for no jobs'],
    ['blank.yaml', () => write('blank.yaml', ' \n\n'), 'is empty; write "jobs: {}" for no jobs'],
    [
      'latin1.yaml',
      () => write('latin1.yaml', Buffer.from('# gr\xfcn\njobs: {}', 'latin1')),
      'is not encoded in UTF-8; save it as such, or convert it, such as with iconv -f latin1 -t utf8',
      ':1:5',
    ],
    [
      'cut.yaml',
      () => write('cut.yaml', Buffer.concat([Buffer.from('jobs: {}\n# grü'), Buffer.from([0xe2, 0x82])])),
      'is not encoded in UTF-8; save it as such, or convert it, such as with iconv -f latin1 -t utf8',
      ':2:6',
    ],
    [
      'utf16.yaml',
      () => write('utf16.yaml', Buffer.from('\uFEFFjobs: {}', 'utf16le')),
      'is encoded in UTF-16; save it as UTF-8',
    ],
    [
      'huge.yaml',
      () => write('huge.yaml', `jobs: {} #${'x'.repeat(50 * 1024 * 1024)}`),
      'has 52428810 bytes; at most 33554432 are allowed',
    ],
  ])('refuses %s', async (name, prepare, message, place = '') => {
    const path = join(directory, name);
    prepare(path);
    const result = await loadConfig(path, {});
    expect(result).toMatchObject({ ok: false, faults: [{ path: '', message, file: path }] });
    if (!result.ok)
      expect(invalidConfigError(result)).toMatchObject({
        code: 'config_invalid',
        message: `${path}${place} ${message}`,
      });
  });

  test('refuses a file that it may not read', async () => {
    const folder = makeOpenFolder('cronflow-secret-');
    const path = join(folder, 'secret.yaml');
    writeFileSync(path, 'jobs: {}');
    chmodSync(path, 0o644);
    const before = await loadAsAnyone(path);
    chmodSync(path, 0o000);
    const after = await loadAsAnyone(path);
    rmSync(folder, { recursive: true });
    expect(before).toMatchObject({ ok: true });
    expect(after).toMatchObject({
      ok: false,
      faults: [{ code: 'file_unreadable', message: 'may not be read (EACCES)', file: path }],
    });
  });

  test('has an error that shows every fault under its line', async () => {
    const path = write('bad.yaml', 'jobs:\n  a: {grace: 5}\n  b: {ever: 5m}\n');
    const result = await loadConfig(path, {});
    const error = result.ok ? new Error('valid') : invalidConfigError(result);
    expect(error.message.match(/\^+/g)).toHaveLength(2);
    expect(error).toMatchObject({
      faults: [{ path: 'jobs.a.grace' }, { path: 'jobs.b.ever', suggestion: 'every' }],
    });
  });
});

describe('loadStored', () => {
  test('validates a stored text against the environment of now', async () => {
    const files = [{ path: 'cronflow.yaml', text: 'jobs: {a: {owner: "${WHO}"}}' }];
    expect(await loadStored(files, { WHO: 'me' })).toMatchObject({
      ok: true,
      config: { files, revision: revisionOf(files[0]?.text ?? '') },
    });
    expect(await loadStored(files, {})).toMatchObject({ ok: false, faults: [{ code: 'unset_variable' }] });
    expect(await loadStored([], {})).toMatchObject({ ok: false });
  });
});

/** Loads a file, and counts the threads that were begun for it and the jobs that came from them at a time. */
async function loadedBeside(path: string) {
  const load = await built();
  let threads = 0;
  const jobsAtOnce: number[] = [];
  const listen = (worker: Worker): void => {
    threads += 1;
    worker.on('message', ({ jobs = [] }: { jobs?: readonly unknown[] }) => jobsAtOnce.push(jobs.length));
  };
  process.on('worker', listen);
  const result = await load(path, { WHO: 'me' });
  process.off('worker', listen);
  return { result, threads, jobsAtOnce };
}

const job = (i: number): string =>
  `  job-${i}:\n    schedule: "${i % 60} 2 * * *"\n    owner: \${WHO}\n    description: Number ${i}\n`;

describe('a large file', () => {
  const count = 10_000;
  const text = `defaults: {timezone: Europe/Berlin}\njobs:\n${Array.from({ length: count }, (_, i) => job(i)).join('')}`;

  test('of 10,000 jobs is parsed in another thread, from which the jobs come a few at a time', async () => {
    const { result, threads, jobsAtOnce } = await loadedBeside(write('large.yaml', text));
    expect(result.ok && result.config.jobs.length).toBe(count);
    expect(result).toMatchObject({
      config: { jobs: { 9_999: { place: { line: 40_000 - 1 }, declared: { owner: 'me' } } } },
    });
    expect(threads).toBe(1);
    expect(Math.max(...jobsAtOnce)).toBeLessThanOrEqual(500);
    expect(jobsAtOnce.reduce((sum, jobs) => sum + jobs)).toBe(count);
  });

  test('of few jobs that includes many is parsed in another thread, too, and a short one is not', async () => {
    write('many.yaml', `jobs:\n${Array.from({ length: count }, (_, i) => job(i)).join('')}`);
    const path = write('includes.yaml', 'include: [many.yaml]\ndefaults: {timezone: Europe/Berlin}\n');
    const { result, threads } = await loadedBeside(path);
    expect(result).toMatchObject({ ok: true, includes: ['many.yaml'], config: { jobs: { length: count } } });
    expect(threads).toBe(1);
    expect((await loadedBeside(write('short.yaml', 'jobs: {a: {every: 1h}}\n'))).threads).toBe(0);
  });

  test('says what is wrong with it just as a small one', async () => {
    const load = await built();
    const result = await load(write('large-bad.yaml', `${text}  last: {schedul: x}\n`), { WHO: 'me' });
    expect(result).toMatchObject({
      ok: false,
      faults: [{ path: 'jobs.last.schedul', line: 40_003, column: 10 }],
    });
  });

  test.each([
    ['deep lists', `jobs: ${'['.repeat(200_000)}`],
    ['many jobs twice', `jobs:\n${'  a: {}\n'.repeat(50_000)}`],
    ['a long line', `jobs: {a: {description: "${'x'.repeat(5_000_000)}"}}`],
    ['many keys', `jobs:\n${Array.from({ length: 200_001 }, (_, i) => `  j${i}: {}\n`).join('')}`],
  ])('of %s made to do harm is an error', async (name, hostile) => {
    const load = await built();
    const path = write(`${name}.yaml`, hostile);
    expect(await load(path, {})).toMatchObject({ ok: false });
  });
});
