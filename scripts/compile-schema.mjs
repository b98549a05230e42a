// Replaces DIST/config/schema-parts.js, which compiles the validators at run time, by validators that are compiled
// already:
//   node scripts/compile-schema.mjs DIST
// Compiling takes a fifth of a second, and most commands of Cronflow take less. The schema itself stays the only source,
// because the code that is replaced also makes the replacement.
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
// Keywords are called as methods of this; none of them looks at it.
const self = undefined;

${compiledText(readSchema(), standalone.default ?? standalone)}

export const compiledParts = () => ({ file, included, job, jobName });
`;
writeFileSync(join(folder, 'schema-parts.js'), text);
rmSync(join(folder, 'schema-parts.js.map'), { force: true });
