// Builds dist/ from src/, unless dist/ is what src/ comes to already:
//   node scripts/build.mjs [--no-check]
// There are two parts: the program, which the compiler makes, and the dashboard in dist/web, which
// scripts/build-web.mjs makes of src/web. A part whose sources are as they were is taken over from the dist/ that is
// there. All is written into a folder of its own, which takes the place of dist/ once it is whole. So a build that is
// killed leaves the dist/ that was there, and two builds at the same time do not mix. With --no-check the types are not
// checked, so that tests can run in the middle of a change.
//
// An installation without development packages (`npm ci --omit=dev`) has neither the compiler nor what the dashboard is
// made with. Then those that package-lock.json names are fetched into a temporary folder, and removed again. Types are
// not checked there, because the packages that hold them are development packages as well.
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
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const lockFile = join(root, 'package-lock.json');
const schemaCompiler = join(root, 'scripts', 'compile-schema.mjs');
const webBuilder = join(root, 'scripts', 'build-web.mjs');
/** The packages that the dashboard is made with and of. */
const WEB_PACKAGES = ['vite', 'preact', '@preact/signals', 'cronstrue'];
/** What each part is made of besides its sources and packages. */
const PROGRAM_SETTINGS = [
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'scripts/build.mjs',
  'scripts/compile-schema.mjs',
  'schemas/cronflow.schema.json',
  'schemas/openapi.yaml',
];
const WEB_SETTINGS = ['package.json', 'scripts/build-web.mjs'];
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
  const { program, web } = partsOf(sources);
  const missing = [program, web].flatMap((part) => part.packages).filter((name) => !isInstalled(name));
  const isChecked = wantsCheck && isInstalled('typescript');
  const before = builtBefore();
  const isProgramBuilt = isWhole(program) && before.hash === program.hash && (before.isChecked || !isChecked);
  const isWebBuilt = isWhole(web) && before.webHash === web.hash;
  if (isProgramBuilt && isWebBuilt) return 0;

  const packages = missing.length === 0 ? root : await fetchPackages([...program.packages, ...web.packages]);
  const beside = join(root, `${besidePrefix}new-${owner}`);
  temporary.push(beside);
  // The folder is made before the compiler starts, so that the one of a killed build can be recognized and removed at
  // any time.
  mkdirSync(beside);
  const isProgramTaken = isProgramBuilt && takeOver(beside, before, (path) => path !== join(dist, 'web'));
  if (!isProgramTaken && !(await compile(beside, { packages, isChecked, sources }))) return failed();
  const isWebTaken = web.files.length === 0 || (isWebBuilt && takeOver(beside, before, isBuiltWeb));
  if (!isWebTaken && (await run(process.execPath, [webBuilder, beside, packages])) !== 0) return failed();
  const built = {
    hash: program.hash,
    isChecked: isProgramTaken ? before.isChecked : isChecked,
    webHash: web.hash,
  };
  writeFileSync(join(beside, '.built'), JSON.stringify(built));
  swapIn(beside);
  return 0;
}

/** Compiles the program, and tells whether that succeeded. */
async function compile(beside, { packages, isChecked, sources }) {
  const tsc = join(packages, 'node_modules', 'typescript', 'bin', 'tsc');
  const options = ['-p', join(root, 'tsconfig.build.json'), '--outDir', beside];
  const code = await run(process.execPath, [
    tsc,
    ...options,
    ...(isChecked ? [] : ['--noCheck', '--types', '']),
  ]);
  if (code !== 0) return false;
  const hasSchema = sources.includes(join('config', 'schema-parts.ts'));
  if (hasSchema && (await run(process.execPath, [schemaCompiler, beside])) !== 0) return false;
  chmodSync(join(beside, 'main.js'), 0o755);
  return true;
}

/**
 * Copies a part of the dist/ that is there, and tells whether that succeeded. It does not where another build puts its
 * own dist/ there meanwhile.
 */
function takeOver(beside, before, isWanted) {
  return (
    ignoring(['ENOENT'], () => cpSync(dist, beside, { recursive: true, filter: isWanted })) &&
    JSON.stringify(builtBefore()) === JSON.stringify(before)
  );
}

function failed() {
  process.stderr.write('The build failed; dist/ is as it was.\n');
  return 1;
}

/** Returns all sources, relative to src/. */
function sourceFiles() {
  return readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(join(root, 'src'), join(entry.parentPath, entry.name)))
    .sort();
}

function isOfWeb(source) {
  return source.startsWith(`web${sep}`);
}

/** Tells whether a path is in dist/web, or leads there. */
function isBuiltWeb(path) {
  return path === dist || path.startsWith(join(dist, 'web'));
}

/** Returns of each part what it is made of, which files of dist/ it has, and with which packages it is made. */
function partsOf(sources) {
  const compiled = sources.filter((source) => !isOfWeb(source) && source.endsWith('.ts'));
  const shown = sources.filter(isOfWeb);
  const program = {
    packages: ['typescript'],
    files: compiled.map((source) => source.replace(/\.ts$/, '.js')),
    hash: hashOf([...PROGRAM_SETTINGS, ...inSrc(compiled)], ['typescript', 'ajv']),
  };
  const web = {
    packages: shown.length === 0 ? [] : WEB_PACKAGES,
    files: shown.length === 0 ? [] : [join('web', 'page.html')],
    hash: hashOf([...WEB_SETTINGS, ...inSrc(shown)], shown.length === 0 ? [] : WEB_PACKAGES),
  };
  return { program, web };
}

function inSrc(sources) {
  return sources.map((source) => join('src', source));
}

function hashOf(files, packages) {
  const hash = createHash('sha256');
  hash.update(JSON.stringify(locked(packages)));
  for (const file of files) hash.update(`\0${file}\0`).update(readFileSync(join(root, file)));
  return hash.digest('hex');
}

function builtBefore() {
  try {
    return JSON.parse(readFileSync(join(dist, '.built'), 'utf8'));
  } catch {
    return {};
  }
}

function isWhole({ files }) {
  return files.every((file) => existsSync(join(dist, file)));
}

function isInstalled(name) {
  return existsSync(join(root, 'node_modules', name, 'package.json'));
}

/**
 * Returns packages and all that they need, as package-lock.json pins them: by version and checksum. What is there for
 * one system alone is among them, and npm takes what fits.
 */
function locked(names) {
  const { packages } = JSON.parse(readFileSync(lockFile, 'utf8'));
  const found = new Map();
  const add = (name, from) => {
    const path = placesFrom(from, name).find((each) => packages[each] !== undefined);
    if (path === undefined || found.has(path)) return;
    const pinned = packages[path];
    found.set(path, pinned);
    const needed = { ...pinned.dependencies, ...pinned.optionalDependencies, ...requiredPeers(pinned) };
    for (const each of Object.keys(needed)) add(each, path);
  };
  for (const name of names) add(name, '');
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1));
}

function requiredPeers({ peerDependencies = {}, peerDependenciesMeta = {} }) {
  return Object.fromEntries(
    Object.entries(peerDependencies).filter(([name]) => peerDependenciesMeta[name]?.optional !== true),
  );
}

/** Returns where a package may be that another one needs: beside what is its own, and further out. */
function placesFrom(path, name) {
  const places = [`node_modules/${name}`];
  const parts = path === '' ? [] : path.split('/node_modules/');
  for (let length = 1; length <= parts.length; length += 1)
    places.unshift(`${parts.slice(0, length).join('/node_modules/')}/node_modules/${name}`);
  return places;
}

/** Fetches packages into a folder of their own, and returns it. */
async function fetchPackages(names) {
  process.stderr.write('Packages for the build are missing; fetching those that package-lock.json names.\n');
  const folder = mkdtempSync(join(tmpdir(), 'cronflow-build-'));
  temporary.push(folder);
  const packages = Object.fromEntries(
    locked(names).map(([path, pinned]) => [path, { ...pinned, dev: false, devOptional: false }]),
  );
  const versions = names.map((name) => [name, packages[`node_modules/${name}`].version]);
  const needs = { name: 'packages', version: '1.0.0', dependencies: Object.fromEntries(versions) };
  const lock = { ...needs, lockfileVersion: 3, requires: true, packages: { '': needs, ...packages } };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(needs));
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lock));
  if (existsSync(join(root, '.npmrc'))) cpSync(join(root, '.npmrc'), join(folder, '.npmrc'));
  const options = ['--prefix', folder, '--ignore-scripts', '--prefer-offline', '--loglevel=error'];
  if ((await run('npm', ['ci', ...options], folder)) !== 0) {
    process.stderr.write(
      'The packages cannot be fetched. Run `npm ci` without --omit=dev, or install a package made by `npm pack`.\n',
    );
    removeAll();
    process.exit(1);
  }
  return folder;
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
