import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { WAIT_LIMIT_MS } from '../support/limits.ts';
import { until } from '../support/until.ts';

/** A copy of the project, started and ended as the README says and as supervisors do. */
const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

let root = '';
let pids: number[] = [];

/** All that the build reads besides the sources. */
const SETTINGS = [
  'scripts',
  'schemas',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
];
const PROGRAM = ['dist', 'src', 'assets', 'cronflow.yaml'];

async function copyProject(names: readonly string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cronflow-npm-'));
  for (const name of names) await cp(join(PROJECT, name), join(folder, name), { recursive: true });
  await symlink(join(PROJECT, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

/** Ends what a test that failed may have left, so that nobody writes into what is removed next. */
async function clean(...removed: string[]): Promise<void> {
  for (const pid of pids) if (isRunning(pid)) process.kill(pid, 'SIGKILL');
  pids = [];
  for (const path of removed) await rm(path, { recursive: true, force: true });
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

interface Started {
  npm: ChildProcess;
  log(): string;
  ended: Promise<{ code: number | null; signal: string | null }>;
}

/**
 * The environment of a person who types the command. Where npm finds its packages and keeps them belongs to it; what
 * the npm that runs the tests has added does not.
 */
function environment(): Record<string, string | undefined> {
  const kept = Object.entries(process.env).filter(
    ([key]) =>
      !/^npm_|^CRONFLOW_|^NODE_ENV$/i.test(key) ||
      /^npm_config_(?:cache|registry|cafile|userconfig)$/i.test(key),
  );
  return Object.fromEntries(kept);
}

/** In a process group of its own, as below a supervisor. */
function npmStart(command = ['start', '--', '--port', '0'], cwd = root): Started {
  const npm = spawn('npm', command, {
    cwd,
    env: environment(),
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  pids.push(npm.pid!);
  let log = '';
  for (const stream of [npm.stdout, npm.stderr])
    stream.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) =>
    npm.once('close', (code, signal) => resolve({ code, signal })),
  );
  return { npm, log: () => log, ended };
}

/** The service, which is the only process below npm that has none below it. */
async function serviceOf(started: Started): Promise<number> {
  const { npm } = started;
  await until('the service to listen', () => started.log().includes('listening url='));
  const { stdout } = spawnSync('ps', ['-e', '-o', 'ppid=,pid='], { encoding: 'utf8' });
  const childOf = new Map(
    stdout.split('\n').map((line) => line.trim().split(/\s+/).map(Number) as [number, number]),
  );
  let pid = npm.pid!;
  for (let child = childOf.get(pid); child !== undefined; child = childOf.get(pid)) pid = child;
  pids.push(pid);
  expect(pid).not.toBe(npm.pid);
  expect(isRunning(pid)).toBe(true);
  return pid;
}

const gone = (pid: number): Promise<boolean> => until(`${pid} to end`, () => !isRunning(pid));

describe('npm start', () => {
  // Starting changes nothing of the program, and what the service keeps is removed. So one copy does for all.
  beforeAll(async () => {
    root = await copyProject([...SETTINGS, ...PROGRAM]);
  });
  afterEach(() => clean(join(root, 'data')));
  afterAll(() => clean(root));

  test.each(['SIGTERM', 'SIGINT'] as const)(
    '%s to npm stops the service in order, and npm waits',
    async (signal) => {
      const started = npmStart();
      const pid = await serviceOf(started);
      process.kill(started.npm.pid!, signal);
      expect(await started.ended).toEqual({ code: 0, signal: null });
      expect(isRunning(pid)).toBe(false);
      expect(started.log()).toContain(`stopping signal=${signal}`);
    },
  );

  test('Ctrl-C, which reaches npm and the service, stops the service in order', async () => {
    const started = npmStart();
    const pid = await serviceOf(started);
    process.kill(-started.npm.pid!, 'SIGINT');
    await started.ended;
    await gone(pid);
    expect(started.log()).toContain('stopping signal=SIGINT');
    // The lock is given back by a stop in order alone.
    expect(await readdir(join(root, 'data'))).not.toContainEqual(expect.stringMatching(/^lock-/));
  });

  test.each(['SIGHUP', 'SIGQUIT', 'SIGKILL'] as const)(
    '%s ends npm, and the service with it',
    async (signal) => {
      const started = npmStart();
      const pid = await serviceOf(started);
      process.kill(started.npm.pid!, signal);
      await gone(pid);
      await started.ended;
      expect(started.log()).toContain('stopping signal="none, npm has ended"');
    },
  );
});

const build = (): Started => npmStart(['run', '--silent', 'build']);
const beside = async (): Promise<string[]> =>
  (await readdir(root)).filter((name) => name.startsWith('.dist-'));
const change = (text: string): Promise<void> => writeFile(join(root, 'src', 'added.ts'), text);

describe('the build of a small program', () => {
  // What is tried here is how it is built, and the compiler reads all of it each time.
  let built = '';
  beforeAll(async () => {
    root = built = await copyProject(SETTINGS);
    await mkdir(join(root, 'src'));
    await writeFile(
      join(root, 'src', 'main.ts'),
      "import './clock.ts';\nprocess.stdout.write('1.2.3\\n');\n",
    );
    await writeFile(join(root, 'src', 'clock.ts'), 'export const clock = 1;\n');
    const first = build();
    if ((await first.ended).code !== 0) throw new Error(first.log());
  });
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'cronflow-npm-'));
    // The link to the packages is copied as a link.
    await cp(built, root, { recursive: true, verbatimSymlinks: true });
  });
  afterEach(() => clean(root));
  afterAll(() => clean(built));

  test.each(['SIGTERM', 'SIGKILL'] as const)(
    'that is ended by %s leaves the dist/ that was there',
    async (signal) => {
      await change('export const added = 1;\n');
      const started = npmStart();
      await until('the build to begin', async () => (await beside()).length > 0);
      const [name = ''] = await beside();
      const pid = Number(/-(\d+)$/.exec(name)?.[1]);
      pids.push(pid);
      process.kill(signal === 'SIGTERM' ? started.npm.pid! : pid, signal);
      await started.ended;
      await gone(pid);
      expect(await readdir(join(root, 'dist'))).not.toContain('added.js');
      const { stdout } = spawnSync(process.execPath, ['dist/main.js', '--version'], {
        cwd: root,
        encoding: 'utf8',
      });
      expect(stdout).toMatch(/^\d/);
      // The next one does it, and removes what the killed one left.
      expect(await build().ended).toEqual({ code: 0, signal: null });
      expect(await readdir(join(root, 'dist'))).toContain('added.js');
      expect(await beside()).toEqual([]);
    },
  );

  test('that finds an error says so and leaves the dist/ that was there', async () => {
    await change('export const added: number = "";\n');
    const started = build();
    expect(await started.ended).toMatchObject({ code: 1 });
    expect(started.log()).toMatch(/added\.ts.*not assignable[^]*The build failed; dist\/ is as it was\./);
    expect(await readdir(join(root, 'dist'))).not.toContain('added.js');
    expect(await beside()).toEqual([]);
  });

  test('may run twice at the same time', async () => {
    await change('export const added = 2;\n');
    const both = [build(), build()];
    for (const { ended } of both) expect(await ended).toEqual({ code: 0, signal: null });
    expect(await readFile(join(root, 'dist', 'added.js'), 'utf8')).toContain('added = 2');
    expect(await beside()).toEqual([]);
  });

  test('takes no time where dist/ is what src/ compiles to, and mends one that lacks a file', async () => {
    const marker = await readFile(join(root, 'dist', '.built'), 'utf8');
    await writeFile(join(root, 'dist', 'kept'), '');
    await build().ended;
    expect(await readdir(join(root, 'dist'))).toContain('kept');
    await rm(join(root, 'dist', 'clock.js'));
    await build().ended;
    expect(await readdir(join(root, 'dist'))).toContain('clock.js');
    expect(await readFile(join(root, 'dist', '.built'), 'utf8')).toBe(marker);
  });
});

const run = (directory: string, command: string, args: string[]): string => {
  const options = {
    cwd: directory,
    env: environment(),
    encoding: 'utf8',
    timeout: WAIT_LIMIT_MS,
  } as const;
  const { status, stdout, stderr } = spawnSync(command, args, options);
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`);
  return stdout;
};

/** Whether npm reaches its registry, asked for what is in no cache. */
function hasRegistry(): boolean {
  const args = ['view', 'koa', 'version', '--prefer-online', '--fetch-retries=0'];
  const options = { cwd: root, env: environment(), timeout: WAIT_LIMIT_MS };
  return spawnSync('npm', args, options).status === 0;
}

describe('npm', () => {
  beforeAll(async () => {
    root = await copyProject([...SETTINGS, ...PROGRAM]);
  });
  afterAll(() => clean(root));

  test('installs for production from a clone, and packs a package that runs in an empty folder', async ({
    skip,
  }) => {
    skip(!hasRegistry(), 'npm cannot reach its registry, so nothing can be installed');
    await rm(join(root, 'node_modules'));
    await rm(join(root, 'dist'), { recursive: true });
    for (const name of ['.npmrc', 'CHANGELOG.md', 'README.md', 'LICENSE'])
      await cp(join(PROJECT, name), join(root, name));
    run(root, 'npm', ['ci', '--omit=dev', '--prefer-offline']);
    expect(await readdir(join(root, 'node_modules'))).not.toContain('typescript');
    expect(run(root, process.execPath, ['dist/main.js', 'check'])).toContain('is valid');

    const packed = run(root, 'npm', ['pack', '--silent']).trim();
    const empty = join(root, 'empty');
    await mkdir(empty);
    run(empty, 'npm', ['install', '--prefer-offline', join(root, packed)]);
    run(empty, 'npx', ['cronflow', 'init']);
    const started = npmStart(['exec', '--', 'cronflow', 'serve', '--port', '0'], empty);
    const pid = await serviceOf(started);
    process.kill(pid, 'SIGTERM');
    await started.ended;
  });
});
