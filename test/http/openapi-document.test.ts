import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openApiDocument } from '../../src/http/openapi-document.ts';

const BUILT = new URL('../../dist/http/openapi-document.js', import.meta.url);

test('the built program reads the document as JSON, and it is the one of the YAML', async () => {
  const built = (await import(/* @vite-ignore */ BUILT.href)) as { openApiDocument: () => object };
  expect(built.openApiDocument()).toEqual(openApiDocument());
  expect(readFileSync(BUILT, 'utf8')).not.toContain("from 'yaml'");
});
