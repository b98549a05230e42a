import { createHash } from 'node:crypto';
import {
  appendFile,
  mkdir,
  mkdtemp,
  open,
  rename,
  rm,
  symlink,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { directoriesOf } from '../../src/config/directories.ts';
import { readConfigFile } from '../../src/config/read.ts';
import { type ConfigWatcher, watchConfig } from '../../src/config/watch.ts';
import { silentLogger } from '../../src/observe/log.ts';
import { WAIT_LIMIT_MS } from '../support/limits.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

let directory: string;
let watcher: ConfigWatcher | undefined;
let changes: string[];
let wake: () => void;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cronflow-watch-'));
  changes = [];
  wake = () => {};
});
afterEach(async () => {
  await watcher?.close();
  watcher = undefined;
  await rm(directory, { recursive: true, force: true });
});

/** Watches by events alone: the poll would come after the deadline. */
async function start(
  path: string,
  options: { pollMs?: number; stableMs?: number; useEvents?: boolean } = {},
): Promise<void> {
  const { fingerprint } = await readConfigFile(path);
  watcher = watchConfig({
    path,
    clock: systemClock,
    logger: silentLogger,
    seen: fingerprint,
    pollMs: 600_000,
    stableMs: 300,
    onChange: () => void report(path),
    ...options,
  });
}

async function report(path: string): Promise<void> {
  changes.push((await readConfigFile(path)).fingerprint);
  wake();
}

/** Resolves once the content was reported. */
function seen(fingerprint: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const cancel = systemClock.after(WAIT_LIMIT_MS, () =>
      reject(new Error(`not seen; seen were ${changes.join(', ')}`)),
    );
    wake = () => {
      if (changes.at(-1) !== fingerprint) return;
      cancel();
      resolve(true);
    };
    wake();
  });
}

/** The styles of saving, each from a file that holds `one` to one that holds the text. */
const STYLES: Record<string, (path: string, text: string) => Promise<void>> = {
  'in place (nano, cp)': (path, text) => writeFile(path, text),
  'by renaming a temporary file over it (vim, sed -i)': async (path, text) => {
    await writeFile(`${path}~`, text);
    await rename(`${path}~`, path);
  },
  'by moving the old one away first (vim with backupcopy=no)': async (path, text) => {
    await rename(path, `${path}.bak`);
    await writeFile(path, text);
  },
  'by deleting and creating it (git checkout)': async (path, text) => {
    await unlink(path);
    await writeFile(path, text);
  },
  'by recreating its directory (git checkout of another branch)': async (path, text) => {
    await rm(dirname(path), { recursive: true });
    await mkdir(dirname(path));
    await writeFile(path, text);
  },
  'with an unchanged time and size': async (path, text) => {
    await writeFile(path, text);
    await utimes(path, 1_000, 1_000);
  },
};

describe.each(Object.entries(STYLES))('a file saved %s', (_, save) => {
  test('is seen, once for each content, again and again', async () => {
    const path = join(directory, 'etc', 'cronflow.yaml');
    await mkdir(dirname(path));
    await writeFile(path, 'one');
    await start(path);
    for (const text of ['two', 'three', 'two']) {
      await save(path, text);
      expect(await seen(sha256(text))).toBe(true);
    }
    expect(changes).toEqual(['two', 'three', 'two'].map(sha256));
  });
});

describe('a file behind links', () => {
  test('is seen when Kubernetes swaps the link of a ConfigMap', async () => {
    const mount = join(directory, 'config');
    await mkdir(join(mount, '..2026_01'), { recursive: true });
    await writeFile(join(mount, '..2026_01', 'cronflow.yaml'), 'one');
    await symlink('..2026_01', join(mount, '..data'));
    await symlink('..data/cronflow.yaml', join(mount, 'cronflow.yaml'));
    await start(join(mount, 'cronflow.yaml'));
    for (const [version, text] of [
      ['..2026_02', 'two'],
      ['..2026_03', 'three'],
    ] as const) {
      await mkdir(join(mount, version));
      await writeFile(join(mount, version, 'cronflow.yaml'), text);
      await symlink(version, join(mount, '..data_tmp'));
      await rename(join(mount, '..data_tmp'), join(mount, '..data'));
      expect(await seen(sha256(text))).toBe(true);
    }
  });

  test('is seen when the directory that a link leads to is replaced as a whole', async () => {
    const [releases, etc] = [join(directory, 'releases'), join(directory, 'etc')];
    const release = async (name: string, text: string): Promise<void> => {
      await mkdir(join(releases, name, 'conf'), { recursive: true });
      await writeFile(join(releases, name, 'conf', 'cronflow.yaml'), text);
    };
    await release('now', 'one');
    await symlink('releases/now', etc);
    await start(join(etc, 'conf', 'cronflow.yaml'));
    // The watch is in place once a change was seen.
    await release('now', 'one again');
    expect(await seen(sha256('one again'))).toBe(true);
    for (const text of ['two', 'three']) {
      await release('next', text);
      await rename(join(releases, 'now'), join(releases, `before-${text}`));
      await rename(join(releases, 'next'), join(releases, 'now'));
      expect(await seen(sha256(text))).toBe(true);
    }
  });

  test('is seen when it changes in the directory that it is linked from', async () => {
    await mkdir(join(directory, 'repository'));
    await mkdir(join(directory, 'etc'));
    await writeFile(join(directory, 'repository', 'jobs.yaml'), 'one');
    await symlink('../repository/jobs.yaml', join(directory, 'etc', 'cronflow.yaml'));
    await start(join(directory, 'etc', 'cronflow.yaml'));
    await writeFile(join(directory, 'repository', 'jobs.yaml'), 'two');
    expect(await seen(sha256('two'))).toBe(true);
  });
});

describe('a file that goes away', () => {
  test('is seen to be missing, and to come back with its directory', async () => {
    const path = join(directory, 'etc', 'cronflow.yaml');
    await mkdir(dirname(path));
    await writeFile(path, 'one');
    await start(path);
    await rm(dirname(path), { recursive: true });
    expect(await seen('file_missing: does not exist')).toBe(true);
    await mkdir(dirname(path));
    await writeFile(path, 'two');
    expect(await seen(sha256('two'))).toBe(true);
  });

  test('is waited for although it was never there', async () => {
    const path = join(directory, 'a', 'b', 'c', 'cronflow.yaml');
    await start(path);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, 'one');
    expect(await seen(sha256('one'))).toBe(true);
  });
});

describe('a file that is being written', () => {
  test('is reported once it rests, not in between', async () => {
    const path = join(directory, 'cronflow.yaml');
    await writeFile(path, 'one');
    await start(path, { stableMs: 2_000 });
    const file = await open(path, 'w');
    const parts = Array.from({ length: 10 }, (_, i) => `part ${i}\n`);
    for (const part of parts) {
      await file.write(part);
      await new Promise((resolve) => systemClock.after(50, () => resolve(null)));
    }
    await file.close();
    expect(await seen(sha256(parts.join('')))).toBe(true);
    expect(changes).toHaveLength(1);
  });

  test('is not reported when it comes to rest as it was', async () => {
    const path = join(directory, 'cronflow.yaml');
    await writeFile(path, 'one');
    await start(path, { stableMs: 1_000 });
    await writeFile(path, 'two');
    await writeFile(path, 'one');
    await appendFile(join(directory, 'other.yaml'), 'x');
    // The next change comes through alone, so the ones before were not reported.
    await writeFile(path, 'three');
    expect(await seen(sha256('three'))).toBe(true);
    expect(changes).toEqual([sha256('three')]);
  });
});

describe('directoriesOf', () => {
  test('tells a directory from another of the same name', async () => {
    const path = join(directory, 'etc', 'cronflow.yaml');
    await mkdir(dirname(path));
    const before = await directoriesOf(path);
    await writeFile(path, 'one');
    const filled = await directoriesOf(path);
    await rename(dirname(path), join(directory, 'old'));
    await mkdir(dirname(path));
    await writeFile(path, 'one');
    const after = await directoriesOf(path);
    expect(
      new Set([before, filled, after].map((found) => [...found.directories].sort().join())),
    ).toHaveProperty('size', 1);
    expect(after.identity).not.toBe(filled.identity);
    expect((await directoriesOf(path)).identity).toBe(after.identity);
  });

  test('ends on links that go round', async () => {
    await symlink('b', join(directory, 'a'));
    await symlink('a', join(directory, 'b'));
    const found = await directoriesOf(join(directory, 'a'));
    expect([...found.directories]).toContain(directory);
  });
});

describe('a change that events miss', () => {
  test('is found by the poll', async () => {
    const path = join(directory, 'cronflow.yaml');
    await writeFile(path, 'one');
    await start(path, { useEvents: false, pollMs: 50 });
    await writeFile(path, 'two');
    expect(await seen(sha256('two'))).toBe(true);
    await writeFile(path, 'three');
    expect(await seen(sha256('three'))).toBe(true);
  });

  test('is found when the watcher is asked to look', async () => {
    const path = join(directory, 'cronflow.yaml');
    await writeFile(path, 'one');
    await start(path, { useEvents: false });
    await writeFile(path, 'two');
    watcher?.check();
    expect(await seen(sha256('two'))).toBe(true);
  });
});

test('a watcher says nothing after it was closed', async () => {
  const path = join(directory, 'cronflow.yaml');
  await writeFile(path, 'one');
  await start(path);
  await writeFile(path, 'two');
  watcher?.check();
  await watcher?.close();
  watcher?.check();
  expect(changes).toEqual([]);
});
