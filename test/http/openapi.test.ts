import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { SLOT_STATES } from '../../src/core/job/timeline.ts';
import { ERROR_CODES } from '../../src/core/model/errors.ts';
import { BAD_KINDS, CLOSE_REASONS, OUTCOMES, REASONS, STATUSES } from '../../src/core/model/reasons.ts';
import type { HttpDeps } from '../../src/http/deps.ts';
import { HTTP_LIMITS } from '../../src/http/limits.ts';
import { allRoutes } from '../../src/http/routes/routes.ts';
import { servicesOf } from '../../src/http/services.ts';
import { NO_TOKENS } from '../../src/http/access/tokens.ts';
import { type OpenApi, openApi, type Operation } from './openapi.ts';
import { startServer } from './support.ts';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/** Of codes that only commands and the start end with. */
const NOT_OVER_HTTP = new Set([
  'cannot_listen',
  'store_damaged',
  'store_locked',
  'lease_lost',
  'store_missing',
  'store_unusable',
  'unreachable',
  'usage',
]);
const codes = Object.keys(ERROR_CODES).filter((code) => !NOT_OVER_HTTP.has(code));

function enumOf(...path: string[]): unknown {
  let node: unknown = openApi.components.schemas;
  for (const key of path) node = (node as Record<string, unknown>)[key];
  return (node as { enum: unknown }).enum;
}

/** Returns the codes that a response allows. */
function codesOf(reference: string): unknown {
  const response = openApi.components.responses[reference.split('/').at(-1)!];
  const schema = response?.content?.['application/problem+json']?.schema as {
    allOf: [unknown, { properties: { code: { enum: string[] } } }];
  };
  return schema.allOf[1].properties.code.enum;
}

describe('the description of the API', () => {
  test('has every route, and nothing more', async () => {
    const routes = allRoutes(servicesOf({ version: '1', tokens: NO_TOKENS, store: {} } as HttpDeps));
    const served = routes.map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`);
    const described = Object.entries(openApi.paths).flatMap(([path, item]) =>
      Object.keys(item)
        .filter((key) => key !== 'parameters')
        .map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described.sort()).toEqual(served.sort());
  });

  test('is served as JSON, with the version that runs', async () => {
    const { request } = await startServer();
    const { json } = await request('/openapi.json');
    expect(json).toEqual(JSON.parse(JSON.stringify(openApi)));
    expect(json).toMatchObject({ openapi: '3.1.0', info: { version: '1.2.3' } });
  });

  test('names its operations once, each under a tag there is', () => {
    const operations = Object.values(openApi.paths).flatMap((item) =>
      Object.entries(item).flatMap(([key, operation]) => (key === 'parameters' ? [] : [operation])),
    );
    const ids = operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    const tags = new Set(openApi.tags.map(({ name }) => name));
    expect(operations.filter((operation) => !operation.tags.every((tag) => tags.has(tag)))).toEqual([]);
  });

  test('has an example of every answer, body and parameter', () => {
    type Node = Record<string, unknown>;
    const resolved = (node: Node): Node =>
      typeof node['$ref'] === 'string'
        ? node['$ref']
            .slice(2)
            .split('/')
            .reduce((part, key) => part[key] as Node, openApi as unknown as Node)
        : node;
    const lacking: string[] = [];
    const look = (where: string, node: unknown): void => {
      const { content = {} } = resolved((node ?? {}) as Node) as { content?: Record<string, Node> };
      for (const [type, media] of Object.entries(content))
        if (!('example' in media || 'examples' in media)) lacking.push(`${where} ${type}`);
    };
    for (const [path, item] of Object.entries(openApi.paths)) {
      for (const [method, operation] of Object.entries(item)) {
        const { parameters = [], requestBody } = operation as Operation & {
          parameters?: Node[];
          requestBody?: Node;
        };
        for (const each of method === 'parameters' ? (operation as unknown as Node[]) : parameters) {
          const { name, schema, ...parameter } = resolved(each);
          // One of few words, or what counts without it, is an example of itself.
          const itself = resolved(schema as Node);
          if (!('example' in parameter || 'enum' in itself || 'default' in itself))
            lacking.push(`${path} ${String(name)}`);
        }
        if (method === 'parameters') continue;
        look(`${method} ${path}`, requestBody);
        for (const [status, answer] of Object.entries(operation.responses))
          look(`${method} ${path} ${status}`, answer);
      }
    }
    expect(lacking).toEqual([]);
  });

  test('names the codes of each status, and for every operation a status with which it is refused', () => {
    const byStatus = new Map<string, string[]>();
    for (const code of codes) {
      const status = String(ERROR_CODES[code as keyof typeof ERROR_CODES].status);
      byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
    }
    for (const [path, item] of Object.entries(openApi.paths)) {
      for (const [method, operation] of Object.entries(item)) {
        if (method === 'parameters') continue;
        const refused = Object.entries(operation.responses).filter(([status]) => /^[45]/.test(status));
        expect([path, refused.length > 1]).toEqual([path, true]);
        expect(operation.responses['default']?.$ref).toBe('#/components/responses/Problem');
        for (const [status, { $ref }] of refused) {
          if ($ref === undefined || $ref.endsWith('/PingUnknown')) continue;
          expect([path, status, codesOf($ref)]).toEqual([path, status, byStatus.get(status)]);
        }
      }
    }
  });

  test('has no reference that leads nowhere, and none to another file', () => {
    const references = [...JSON.stringify(openApi).matchAll(/"\$ref":"([^"]+)"/g)].map((match) => match[1]!);
    const lost = references.filter((reference) => {
      if (!reference.startsWith('#/')) return true;
      let node: unknown = openApi;
      for (const key of reference.slice(2).split('/'))
        node = (node as Record<string, unknown> | undefined)?.[key];
      return node === undefined;
    });
    expect(lost).toEqual([]);
  });

  test('has no component that nothing uses', () => {
    const text = JSON.stringify(openApi);
    const unused = Object.entries(openApi.components)
      .filter(([kind]) => kind !== 'securitySchemes')
      .flatMap(([kind, items]) => Object.keys(items).map((name) => `#/components/${kind}/${name}`))
      .filter((reference) => !text.includes(`"${reference}"`));
    expect(unused).toEqual([]);
  });

  test('takes the keys of a job from the schema of the configuration', () => {
    const schema = JSON.parse(read('schemas/cronflow.schema.json')) as {
      definitions: { job: { properties: object } };
    };
    const keys = Object.keys(schema.definitions.job.properties).sort();
    const { Declaration, Job } = openApi.components.schemas as Record<string, { properties: object }>;
    expect(Object.keys(Declaration!.properties).sort()).toEqual(keys);
    expect(Object.keys(Job!.properties)).toEqual(expect.arrayContaining(keys));
  });

  test('knows the words of the core', () => {
    expect(enumOf('Status')).toEqual([...STATUSES]);
    expect(enumOf('Outcome')).toEqual([...OUTCOMES, null]);
    expect(enumOf('Reason')).toEqual([...REASONS]);
    expect(enumOf('SlotState')).toEqual([...SLOT_STATES]);
    expect(enumOf('BadKind')).toEqual([...BAD_KINDS]);
    expect(enumOf('Incident', 'properties', 'close_reason')).toEqual([...CLOSE_REASONS, null]);
    expect(enumOf('Problem', 'properties', 'code')).toEqual(codes);
  });

  test('knows the limits of a list', () => {
    const { limit } = (
      parse(read('schemas/openapi.yaml')) as OpenApi & {
        components: { parameters: Record<string, { schema: object }> };
      }
    ).components.parameters;
    expect(limit!.schema).toMatchObject({
      maximum: HTTP_LIMITS.pageItemsMax,
      default: HTTP_LIMITS.pageItemsDefault,
    });
  });
});

describe('docs/api.md', () => {
  const text = read('docs/api.md');

  test('explains every error code with its status, and no code that is none', () => {
    const rows = [...text.matchAll(/^\| `(\w+)` +\| (\d{3}) +\|/gm)].map(
      ([, code, status]) => `${code} ${status}`,
    );
    const known = Object.entries(ERROR_CODES).filter(([code]) => codes.includes(code));
    expect(rows.sort()).toEqual(known.map(([code, { status }]) => `${code} ${status}`).sort());
  });

  test('names every path', () => {
    const missing = Object.keys(openApi.paths)
      .filter((path) => !path.startsWith('/docs/'))
      .map((path) => path.replaceAll(/\{(\w+)\}/g, ':$1'))
      .filter(
        (path) => !text.includes(path) && !/^\/jobs\/:name\/(start|success|failure|log|skip)$/.test(path),
      );
    expect(missing).toEqual([]);
  });
});
