import { describe, expect, test } from 'vitest';
import { openApi } from './openapi.ts';

interface Linter {
  findings: (document: object) => Promise<string[]>;
}

const { findings } = (await import(
  /* @vite-ignore */ new URL('../../scripts/lint-openapi.mjs', import.meta.url).href
)) as Linter;

describe('a public linter', () => {
  test('finds nothing in the description of the API', async () => {
    expect(await findings(openApi)).toEqual([]);
  });

  test('would find an operation without a name, an example that its schema refuses and a path that is not described', async () => {
    const document = structuredClone(openApi) as unknown as {
      paths: { '/jobs': { get: { operationId?: string } }; '/jobs/{name}': { parameters: unknown[] } };
      components: { examples: { Run: { value: { count: unknown } } } };
    };
    delete document.paths['/jobs'].get.operationId;
    document.paths['/jobs/{name}'].parameters = [];
    document.components.examples.Run.value.count = 'many';
    const found = (await findings(document)).join('\n');
    for (const rule of ['operation-operationId', 'no-invalid-media-type-examples', 'path-parameters-defined'])
      expect(found).toContain(`(${rule})`);
  });
});
