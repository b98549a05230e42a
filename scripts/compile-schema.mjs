// Replaces DIST/config/schema-parts.js, which compiles the validators at run time, by validators that are compiled
// already, and DIST/http/openapi-document.js, which reads YAML, by one that reads JSON:
//   node scripts/compile-schema.mjs DIST
// Compiling takes a fifth of a second, and most commands of Cronflow take less. The schemas themselves stay the only
// source, because the code that is replaced also makes the replacement.
import { rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import standalone from 'ajv/dist/standalone/index.js';

const dist = resolve(process.argv[2] ?? '');
const load = (name) => import(pathToFileURL(join(dist, name)).href);
const { compiledText } = await load('config/schema-parts.js');
const { readSchema } = await load('config/schema.js');

const text = `/** Made from schemas/cronflow.schema.json by scripts/compile-schema.mjs. */
import { createRequire } from 'node:module';
import * as keywords from './schema-keywords.js';

const require = createRequire(import.meta.url);
// Keywords are called as methods of this; none of them looks at it.
const self = undefined;

${compiledText(readSchema(), standalone.default ?? standalone)}

export const compiledParts = () => ({ file, included, job, jobName });
`;
replace('config/schema-parts.js', text);

const { openApiDocument } = await load('http/openapi-document.js');
writeFileSync(join(dist, 'http', 'openapi.json'), JSON.stringify(openApiDocument()));
replace(
  'http/openapi-document.js',
  `/** Made by scripts/compile-schema.mjs, which made openapi.json from schemas/openapi.yaml. */
import { readFileSync } from 'node:fs';

export function openApiDocument() {
  return JSON.parse(readFileSync(new URL('openapi.json', import.meta.url), 'utf8'));
}
`,
);

function replace(name, code) {
  writeFileSync(join(dist, name), code);
  rmSync(join(dist, `${name}.map`), { force: true });
}
