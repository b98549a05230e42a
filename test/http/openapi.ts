import { Ajv2020 } from 'ajv/dist/2020.js';
import { readOpenApi } from '../../src/http/openapi.ts';

export interface Operation {
  operationId: string;
  tags: string[];
  responses: Record<string, { $ref?: string; content?: Record<string, { schema?: object }> }>;
}

export interface OpenApi {
  info: { version: string };
  tags: { name: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { responses: Record<string, Operation['responses'][string]>; schemas: Record<string, object> };
}

export const openApi = readOpenApi('1.2.3') as OpenApi;

const ajv = new Ajv2020({ strict: false, allErrors: true });
ajv.addFormat('date-time', (text: string) => new Date(text).toISOString() === text);
ajv.addFormat('date', (text: string) => new Date(text).toISOString() === `${text}T00:00:00.000Z`);
// Clients are told that keys may be added; the answers of today have exactly those described.
ajv.addSchema(closed(openApi) as object, 'openapi');

/** The description with every object closed whose keys are listed. */
function closed(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(closed);
  if (typeof node !== 'object' || node === null) return node;
  const copy = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, closed(value)]));
  const isSchema = copy['type'] === 'object' && 'properties' in copy;
  return isSchema && !('unevaluatedProperties' in copy) ? { ...copy, additionalProperties: false } : copy;
}

/** What is wrong with an answer by the description: nothing, or one line each. */
export function faultsOfAnswer(
  method: string,
  path: string,
  status: number,
  type: string,
  body: string,
): string[] {
  const found = operationOf(method, path);
  // What no operation stands for is still a problem in the one form there is.
  const responses = found?.operation.responses ?? { default: { $ref: '#/components/responses/Problem' } };
  const key = String(status) in responses ? String(status) : 'default';
  let pointer = found === undefined ? '#/components/responses/Problem' : `${found.pointer}/responses/${key}`;
  let response = responses[key];
  if (response?.$ref !== undefined) {
    pointer = response.$ref;
    response = openApi.components.responses[response.$ref.split('/').at(-1)!];
  }
  const media = type.split(';')[0]!;
  if (response?.content === undefined) return body === '' ? [] : [`${status} should have no body`];
  if (response.content[media] === undefined) return [`${status} is not described as ${media}`];
  if (!media.endsWith('json')) return [];
  const schema = `openapi${pointer}/content/${media.replaceAll('/', '~1')}/schema`;
  const isValid = ajv.validate({ $ref: schema }, JSON.parse(body));
  return isValid
    ? []
    : ajv.errors!.map((error) => `${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`);
}

function operationOf(method: string, path: string): { operation: Operation; pointer: string } | undefined {
  const verb = (method === 'HEAD' ? 'GET' : method).toLowerCase();
  const plain = path.replace(/(.)\/$/, '$1');
  const paths = Object.entries(openApi.paths).filter(([template]) =>
    new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(plain),
  );
  // A path written out wins over one with a parameter in its place.
  const [template, item] = paths.sort(([a], [b]) => a.split('{').length - b.split('{').length)[0] ?? [];
  const operation = item?.[verb];
  if (template === undefined || operation === undefined) return undefined;
  const escaped = template.replaceAll('/', '~1').replaceAll('{', '%7B').replaceAll('}', '%7D');
  return { operation, pointer: `#/paths/${escaped}/${verb}` };
}
