// Puts validators that are compiled ahead in the place of DIST/config/schema-parts.js, which compiles them when it runs:
//   node scripts/compile-schema.mjs DIST
// Compiling takes a fifth of a second, and most of what Cronflow's commands do takes less. The schema itself stays the
// only source: what is made here is made of it by the code that it replaces.
import { rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import standalone from 'ajv/dist/standalone/index.js';

const folder = join(resolve(process.argv[2] ?? ''), 'config');
const load = (name) => import(pathToFileURL(join(folder, name)).href);
const { compiledText } = await load('schema-parts.js');
const { readSchema } = await load('schema.js');

const text = `/** Made from schemas/cronflow.schema.json by scripts/compile-schema.mjs. */
import { createRequire } from 'node:module';
import * as keywords from './schema-keywords.js';

const require = createRequire(import.meta.url);
// What keywords are called on; none of them looks at it.
const self = undefined;

${compiledText(readSchema(), standalone.default ?? standalone)}

export const compiledParts = () => ({ file, included, job, jobName });
`;
writeFileSync(join(folder, 'schema-parts.js'), text);
rmSync(join(folder, 'schema-parts.js.map'), { force: true });
