/**
 * Makes the types of the client that the commands use from `schemas/openapi.yaml`: of each operation its parameters, its
 * body and its answer, and a table of methods and paths. `scripts/generate-types.mjs` writes the file.
 */
import { readFile } from 'node:fs/promises';
import { compile } from 'json-schema-to-typescript';
import { parse } from 'yaml';

const HEADER = '/** Generated from schemas/openapi.yaml by scripts/generate-types.mjs. Do not edit. */';
const CONFIG_REF = 'cronflow.schema.json#/definitions/';

/**
 * @param {URL} root the repository
 * @param {(name: string) => object} definition returns a definition of the schema of the configuration
 * @returns {Promise<string>} the text of the file, not yet formatted
 */
export async function apiTypes(root, definition) {
  const document = parse(await readFile(new URL('schemas/openapi.yaml', root), 'utf8'));
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item)
      .filter(([method]) => method !== 'parameters')
      .map(([method, operation]) => ({ path, method, operation, shared: item.parameters ?? [] })),
  );
  const properties = Object.fromEntries(
    operations.map((each) => [each.operation.operationId, schemaOf(each, document)]),
  );
  const schema = {
    ...objectOf(properties),
    description: 'The parameters, the body and the answer of each operation of the HTTP API.',
    definitions: document.components.schemas,
  };
  const types = await compile(named(schema, definition), 'Operations', {
    bannerComment: HEADER,
    format: false,
    additionalProperties: false,
    ignoreMinAndMaxItems: true,
    unreachableDefinitions: false,
  });
  const table = operations.map(
    ({ path, method, operation }) =>
      `${operation.operationId}: { method: '${method.toUpperCase()}', path: '${path}' },`,
  );
  return `${types}
/** The method and the path of each operation. */
export const OPERATIONS = {
${table.join('\n')}
} as const satisfies Record<keyof Operations, { method: string; path: string }>;
`;
}

/** Returns the schema of what goes to an operation and what comes from it. What it does not take has no key. */
function schemaOf({ operation, shared }, document) {
  const parameters = [...shared, ...(operation.parameters ?? [])].map((each) => resolved(each, document));
  const [, answer] = Object.entries(operation.responses).find(([status]) => status.startsWith('2'));
  const body = resolved(operation.requestBody, document);
  return objectOf({
    ...parts('params', parameters, 'path'),
    ...parts('query', parameters, 'query'),
    ...(body === undefined ? {} : { body: jsonOf(body) }),
    answer: jsonOf(resolved(answer, document)),
  });
}

function parts(name, parameters, place) {
  const of = parameters.filter((each) => each.in === place);
  if (of.length === 0) return {};
  const properties = of.map(({ name: key, schema, description }) => [key, { ...schema, description }]);
  return { [name]: objectOf(Object.fromEntries(properties), place === 'path' ? undefined : []) };
}

/** Returns the schema of a body that is JSON, and that of a text where there is no JSON. */
function jsonOf({ content = {} }) {
  return (
    content['application/json']?.schema ??
    (Object.keys(content).length === 0 ? { type: 'null' } : { type: 'string' })
  );
}

function objectOf(properties, required = Object.keys(properties)) {
  return { type: 'object', properties, required };
}

function resolved(node, document) {
  if (node?.$ref === undefined) return node;
  return node.$ref
    .slice(2)
    .split('/')
    .reduce((part, key) => part[key], document);
}

/** Returns a copy whose references lead to definitions of one schema, with those of the configuration put in place. */
function named(node, definition) {
  if (Array.isArray(node)) return node.map((item) => named(item, definition));
  if (typeof node !== 'object' || node === null) return node;
  const { $ref } = node;
  if (typeof $ref === 'string') {
    if ($ref.startsWith(CONFIG_REF)) return definition($ref.slice(CONFIG_REF.length));
    return { $ref: $ref.replace('#/components/schemas/', '#/definitions/') };
  }
  const { example: _example, examples: _examples, ...rest } = node;
  return Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, named(value, definition)]));
}
