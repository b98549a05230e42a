/**
 * Writes the TypeScript types of the configuration from `schemas/cronflow.schema.json`, the source of truth:
 * `src/core/declaration.ts` (what a job declares) and `src/config/schema-types.ts` (a whole file).
 * With `--check` it writes nothing and exits with 1 when a file is not what it would write.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { compile } from 'json-schema-to-typescript';
import * as prettier from 'prettier';

const HEADER =
  '/** Generated from schemas/cronflow.schema.json by scripts/generate-types.mjs. Do not edit. */';
const root = new URL('../', import.meta.url);
const schema = JSON.parse(await readFile(new URL('schemas/cronflow.schema.json', root), 'utf8'));

/** @returns {Promise<Record<string, string>>} the generated text of each file, by its path in the repository */
export async function generate() {
  const { $id: _id, patternProperties: _anchors, definitions, ...file } = schema;
  const declared = { tsType: 'Declaration' };
  return {
    'src/core/declaration.ts': await render(definitions.job, 'Declaration', HEADER, definitions),
    'src/config/schema-types.ts': await render(
      file,
      'ConfigFile',
      `${HEADER}\nimport type { Declaration } from '../core/declaration.ts';`,
      { ...definitions, job: declared, defaults: declared },
    ),
  };
}

/** The types of one part; `$ref`s are replaced first, so that no type is invented for a mere property. */
async function render(part, name, bannerComment, definitions) {
  const text = await compile({ ...inlined(part, definitions), title: name }, name, {
    bannerComment,
    format: false,
    ignoreMinAndMaxItems: true,
    additionalProperties: false,
  });
  const options = await prettier.resolveConfig(fileURLToPath(new URL('src/x.ts', root)));
  return prettier.format(text, { ...options, parser: 'typescript' });
}

function inlined(node, definitions) {
  if (Array.isArray(node)) return node.map((item) => inlined(item, definitions));
  if (node === null || typeof node !== 'object') return node;
  if (typeof node.$ref === 'string') return inlined(definitions[node.$ref.split('/').at(-1)], definitions);
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, inlined(value, definitions)]));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  let drifted = false;
  for (const [path, text] of Object.entries(await generate())) {
    const url = new URL(path, root);
    if (process.argv.includes('--check')) {
      if ((await readFile(url, 'utf8').catch(() => '')) === text) continue;
      console.error(`${path} is not what the schema says: run node scripts/generate-types.mjs`);
      drifted = true;
    } else {
      await writeFile(url, text);
    }
  }
  process.exitCode = drifted ? 1 : 0;
}
