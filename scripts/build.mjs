// Compiles src/ to dist/, unless dist/ is what src/ compiles to already:
//   node scripts/build.mjs [--no-check]
// The compiler writes into a folder of its own, which takes the place of dist/ once it is whole. So a build that is
// killed leaves the dist/ that was there, and two builds at the same time do not mix. With --no-check the types are not
// checked, so that tests can run in the middle of a change.
//
// An installation without development packages (`npm ci --omit=dev`) has no compiler. Then the one that
// package-lock.json names is fetched into a temporary folder, and removed again. Types are not checked there, because
// the packages that hold them are development packages as well.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const lockFile = join(root, 'package-lock.json');
const schemaCompiler = join(root, 'scripts', 'compile-schema.mjs');
/** The prefix of folders beside dist/, because a folder can only be renamed within its file system. */
const besidePrefix = '.dist-';
const owner = `${hostname()}-${process.pid}`;
/** The folders to remove when the build ends in any way; `running` is the child to end when a signal comes. */
const temporary = [];
let running = null;

for (const [signal, number] of [
  ['SIGINT', 2],
  ['SIGTERM', 15],
  ['SIGHUP', 1],
]) {
  process.on(signal, () => {
    if (running !== null) end(running);
    removeAll();
    process.exit(128 + number);
  });
}

try {
  process.exitCode = await build(!process.argv.includes('--no-check'));
} finally {
  removeAll();
}

async function build(wantsCheck) {
  const sources = existsSync(join(root, 'src')) ? sourceFiles() : [];
  // A package that was made by `npm pack` holds dist/ and no sources.
  if (sources.length === 0) return 0;
  removeLeftovers();
  const hash = hashOf(sources);
  const installed = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const isInstalled = existsSync(installed);
  const isChecked = wantsCheck && isInstalled;
  if (isBuiltFrom(hash, sources, isChecked)) return 0;

  const tsc = isInstalled ? installed : await fetchCompiler();
  const beside = join(root, `${besidePrefix}new-${owner}`);
  temporary.push(beside);
  // The folder is made before the compiler starts, so that the one of a killed build can be recognized and removed at
  // any time.
  mkdirSync(beside);
  const options = ['-p', join(root, 'tsconfig.build.json'), '--outDir', beside];
  const code = await run(process.execPath, [
    tsc,
    ...options,
    ...(isChecked ? [] : ['--noCheck', '--types', '']),
  ]);
  if (code !== 0) return failed();
  const hasSchema = sources.includes(join('config', 'schema-parts.ts'));
  if (hasSchema && (await run(process.execPath, [schemaCompiler, beside])) !== 0) return failed();
  chmodSync(join(beside, 'main.js'), 0o755);
  writeFileSync(join(beside, '.built'), JSON.stringify({ hash, isChecked }));
  swapIn(beside);
  return 0;
}

function failed() {
  process.stderr.write('The build failed; dist/ is as it was.\n');
  return 1;
}

/** Returns the sources of dist/, relative to src/. */
function sourceFiles() {
  return readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .sort();
}

function hashOf(sources) {
  const hash = createHash('sha256');
  hash.update(JSON.stringify(locked((path) => isOfCompiler(path) || path === 'node_modules/ajv')));
  const settings = [
    'package.json',
    'tsconfig.json',
    'tsconfig.build.json',
    'scripts/build.mjs',
    'scripts/compile-schema.mjs',
    'schemas/cronflow.schema.json',
    'schemas/openapi.yaml',
  ];
  for (const file of [...settings, ...sources.map((source) => join('src', source))])
    hash.update(`\0${file}\0`).update(readFileSync(join(root, file)));
  return hash.digest('hex');
}

function isBuiltFrom(hash, sources, isChecked) {
  try {
    const built = JSON.parse(readFileSync(join(dist, '.built'), 'utf8'));
    const isWhole = sources.every((source) => existsSync(join(dist, source.replace(/\.ts$/, '.js'))));
    return isWhole && built.hash === hash && (built.isChecked || !isChecked);
  } catch {
    return false;
  }
}

function isOfCompiler(path) {
  return path === 'node_modules/typescript' || path.startsWith('node_modules/@typescript/');
}

/** Returns packages as package-lock.json pins them: by version and checksum. */
function locked(isWanted) {
  const { packages } = JSON.parse(readFileSync(lockFile, 'utf8'));
  return Object.entries(packages).filter(([path]) => isWanted(path));
}

async function fetchCompiler() {
  process.stderr.write('No compiler is installed; fetching the one that package-lock.json names.\n');
  const folder = mkdtempSync(join(tmpdir(), 'cronflow-compiler-'));
  temporary.push(folder);
  const packages = Object.fromEntries(
    locked(isOfCompiler).map(([path, pinned]) => [path, { ...pinned, dev: false }]),
  );
  const { version } = packages['node_modules/typescript'];
  const needs = { name: 'compiler', version: '1.0.0', dependencies: { typescript: version } };
  const lock = { ...needs, lockfileVersion: 3, requires: true, packages: { '': needs, ...packages } };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(needs));
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lock));
  if (existsSync(join(root, '.npmrc'))) cpSync(join(root, '.npmrc'), join(folder, '.npmrc'));
  const options = ['--prefix', folder, '--ignore-scripts', '--prefer-offline', '--loglevel=error'];
  if ((await run('npm', ['ci', ...options], folder)) !== 0) {
    process.stderr.write(
      'The compiler cannot be fetched. Run `npm ci` without --omit=dev, or install a package made by `npm pack`.\n',
    );
    removeAll();
    process.exit(1);
  }
  return join(folder, 'node_modules', 'typescript', 'bin', 'tsc');
}

/**
 * Puts the new folder in the place of dist/. A folder cannot be renamed over one that holds something, so dist/ is
 * moved away first.
 */
function swapIn(beside) {
  const old = join(root, `${besidePrefix}old-${owner}`);
  temporary.push(old);
  for (;;) {
    rmSync(old, { recursive: true, force: true });
    ignoring(['ENOENT'], () => renameSync(dist, old));
    // Another build may have put its own dist/ there in between.
    if (ignoring(['ENOTEMPTY', 'EEXIST'], () => renameSync(beside, dist))) return;
  }
}

/** Tells whether the action was done; false where one of these errors prevented it. */
function ignoring(codes, action) {
  try {
    action();
    return true;
  } catch (error) {
    if (codes.includes(error.code)) return false;
    throw error;
  }
}

/** Removes the folders that killed builds left behind. */
function removeLeftovers() {
  for (const name of readdirSync(root)) {
    const match = /^\.dist-(?:new|old)-(.+)-(\d+)$/.exec(name);
    if (match === null || match[1] !== hostname() || isRunning(Number(match[2]))) continue;
    rmSync(join(root, name), { recursive: true, force: true });
  }
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/**
 * Runs a command in a process group of its own, so that all of it can be ended. Its output goes to stderr, because it
 * is no result.
 */
function run(command, args, cwd = root) {
  return new Promise((resolve, reject) => {
    running = spawn(command, args, { cwd, detached: true, stdio: ['ignore', 2, 2] });
    running.once('error', reject);
    running.once('close', (code) => {
      running = null;
      resolve(code ?? 1);
    });
  });
}

function end(child) {
  ignoring(['ESRCH'], () => process.kill(-child.pid, 'SIGKILL'));
}

function removeAll() {
  for (const path of temporary.splice(0)) rmSync(path, { recursive: true, force: true });
}
