// Makes the dashboard, DIST/web, of src/web:
//   node scripts/build-web.mjs DIST PACKAGES
// PACKAGES is the folder whose node_modules has the packages for it: that of the project, or a temporary one
// (scripts/build.mjs). The names of scripts and styles have a hash of what is in them, so that a browser may keep them for
// ever. Each is there compressed as well, since the server compresses nothing itself.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';

const source = fileURLToPath(new URL('../src/web', import.meta.url));
const [dist = '', packages = ''] = process.argv.slice(2).map((path) => resolve(path));
const web = join(dist, 'web');
const { build } = await import(
  pathToFileURL(join(packages, 'node_modules', 'vite', 'dist', 'node', 'index.js')).href
);

await build({
  configFile: false,
  root: source,
  // Addresses within the built files are relative, because a proxy may show Cronflow under any path.
  base: './',
  logLevel: 'warn',
  publicDir: false,
  cacheDir: join(web, '.cache'),
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  plugins: [packagesFrom(packages)],
  build: {
    outDir: web,
    emptyOutDir: false,
    target: 'es2022',
    // These know `light-dark()`, in which all colours are written.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    assetsInlineLimit: 0,
    // One style sheet comes with the page, so that no part of it is ever shown without its style.
    cssCodeSplit: false,
    modulePreload: false,
    rolldownOptions: { input: join(source, 'page.html') },
  },
});
for (const name of readdirSync(join(web, 'assets'))) compress(join(web, 'assets', name));

/** Resolves packages from the folder that has them, which need not be one above src/web. */
function packagesFrom(folder) {
  const importer = join(folder, 'package.json');
  return {
    name: 'packages',
    enforce: 'pre',
    resolveId(id, from) {
      const isOfSource = from !== undefined && from.startsWith(source);
      return isOfSource && /^[@a-z]/.test(id) ? this.resolve(id, importer, { skipSelf: true }) : null;
    },
  };
}

function compress(file) {
  const bytes = readFileSync(file);
  writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
  writeFileSync(`${file}.br`, brotliCompressSync(bytes));
}
