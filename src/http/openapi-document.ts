import { parse } from 'yaml';
import { readAsset } from './assets.ts';

/**
 * Returns `schemas/openapi.yaml` as an object. The build replaces this by the object as JSON (`compile-schema.mjs`),
 * because to read the YAML takes a tenth of a second of every start.
 */
export function openApiDocument(): object {
  return parse(readAsset('schemas/openapi.yaml')) as object;
}
