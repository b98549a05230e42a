/**
 * Writes the files that are made from `schemas/cronflow.schema.json`, the source of truth for configuration: the
 * types in `src/core/model/declaration.ts` (what a job declares) and `src/config/schema-types.ts` (a whole file), and
 * the tables of keys in `docs/configuration.md`. The types of the client in `src/cli/api-types.ts` are made from
 * `schemas/openapi.yaml` beside it.
 * With `--check` it writes nothing and exits with 1 when a file differs from what it would write.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { compile } from 'json-schema-to-typescript';
import * as prettier from 'prettier';
import { apiTypes } from './api-types.mjs';

const HEADER =
  '/** Generated from schemas/cronflow.schema.json by scripts/generate-types.mjs. Do not edit. */';
const root = new URL('../', import.meta.url);
const schema = withoutVariables(
  JSON.parse(await readFile(new URL('schemas/cronflow.schema.json', root), 'utf8')),
);

/** @returns {Promise<Record<string, string>>} the generated text of each file, by its path in the repository */
export async function generate() {
  const { $id: _id, anyOf: _jobsOrInclude, patternProperties: _anchors, definitions, ...file } = schema;
  const { properties: _type, ...kinds } = definitions.notifier;
  const notifier = { ...kinds, oneOf: kinds.oneOf.map(withoutCombinations) };
  const { maintenance } = definitions;
  definitions.maintenance = { ...maintenance, items: withoutCombinations(maintenance.items) };
  file.properties = { ...file.properties, heartbeat: withoutCombinations(file.properties.heartbeat) };
  const declared = { tsType: 'Declaration' };
  return {
    'docs/configuration.md': await reference(),
    'src/cli/api-types.ts': await formatted(
      await apiTypes(root, (name) =>
        inlined(withoutCombinations(schema.definitions[name]), schema.definitions),
      ),
    ),
    'src/core/model/declaration.ts': await render(definitions.job, 'Declaration', HEADER, definitions),
    'src/config/schema-types.ts': await render(
      file,
      'ConfigFile',
      `${HEADER}\nimport type { Declaration } from '../core/model/declaration.ts';`,
      { ...definitions, notifier, job: declared, defaults: declared, group_defaults: declared },
    ),
  };
}

/** Removes the rules about which keys go together, because these are checked and not typed. */
function withoutCombinations({
  anyOf: _anyOf,
  allOf: _allOf,
  not: _not,
  if: _if,
  then: _then,
  else: _else,
  ...branch
}) {
  return branch;
}

/** Returns the types of one part. `$ref`s are replaced first, so that no type is invented for a mere property. */
async function render(part, name, bannerComment, definitions) {
  const text = await compile({ ...inlined(part, definitions), title: name }, name, {
    bannerComment,
    format: false,
    ignoreMinAndMaxItems: true,
    additionalProperties: false,
  });
  return formatted(text);
}

async function formatted(text) {
  const options = await prettier.resolveConfig(fileURLToPath(new URL('src/x.ts', root)));
  return prettier.format(text, { ...options, parser: 'typescript' });
}

/** Returns the page with its tables written anew, each between `<!-- keys of PART -->` and `<!-- end -->`. */
async function reference() {
  const url = new URL('docs/configuration.md', root);
  const parts = {
    file: schema,
    job: schema.definitions.job,
    heartbeat: schema.properties.heartbeat,
    ...Object.fromEntries(
      schema.definitions.notifier.oneOf.map((branch) => [branch.properties.type.const ?? 'chat', branch]),
    ),
  };
  const page = (await readFile(url, 'utf8')).replace(
    /(<!-- keys of (\w+) -->\n)[^]*?(<!-- end -->)/g,
    (_, start, name, end) => `${start}\n${table(inlined(parts[name], schema.definitions))}\n${end}`,
  );
  return prettier.format(page, { ...(await prettier.resolveConfig(fileURLToPath(url))), parser: 'markdown' });
}

function table({ properties }) {
  const rows = Object.entries(properties).map(([key, property]) =>
    [
      `\`${key}\``,
      property.description,
      allowed(property),
      property.default === undefined ? '' : code(property.default),
      (property.examples ?? []).map(code).join('<br>'),
    ]
      .map((cell) => cell.replaceAll('|', '\\|'))
      .join(' | '),
  );
  return ['key | what it says | allowed | default | examples', '--- | --- | --- | --- | ---', ...rows]
    .map((row) => `| ${row} |\n`)
    .join('');
}

/** Says in few words what a key takes. */
function allowed(property) {
  const { minimum, maximum, minItems, maxItems, maxLength, items } = property;
  const duration = property['x-duration'];
  if (duration !== undefined) return `a duration, ${duration.minimum} to ${duration.maximum}`;
  const texts = {
    string: () =>
      property.patternErrorMessage ??
      `text${maxLength === undefined ? '' : `, at most ${maxLength} characters`}`,
    integer: () => `a whole number, ${minimum} to ${maximum}`,
    boolean: () => 'true or false',
    array: () => `a list of ${minItems ?? 0} to ${maxItems}: ${allowed(items)}`,
    object: () =>
      property.properties === undefined
        ? 'a mapping'
        : `a mapping of ${Object.keys(property.properties).join(', ')}`,
  };
  if (property.const !== undefined) return code(property.const);
  if (property.enum !== undefined) return property.enum.map(code).join(', ');
  return [property.type]
    .flat()
    .map((type) => texts[type]())
    .join('; or ');
}

function code(value) {
  return `\`${typeof value === 'string' ? (value === '' ? '""' : value) : JSON.stringify(value)}\``;
}

/** Returns the schema of values in which `${VAR}` has been resolved, as `src/core/text/without-variables.ts` does. */
function withoutVariables(node) {
  if (Array.isArray(node)) return node.map(withoutVariables);
  if (typeof node !== 'object' || node === null) return node;
  const { anyOf, ...rest } = node;
  const [taken, other] = anyOf ?? [];
  if (['#/definitions/variable', '#/definitions/short_job'].includes(other?.$ref))
    return withoutVariables({ ...rest, ...taken });
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, withoutVariables(value)]));
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
