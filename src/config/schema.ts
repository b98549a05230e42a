import { readFileSync } from 'node:fs';
import { withoutVariables } from '../core/text/without-variables.ts';
import { compiledParts, type SchemaParts } from './schema-parts.ts';

/** The part of JSON Schema that `schemas/cronflow.schema.json` uses. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  items?: Schema;
  oneOf?: Schema[];
  anyOf?: Schema[];
  required?: string[];
  pattern?: string;
  definitions?: Record<string, Schema>;
  default?: unknown;
  examples?: unknown[];
  description?: string;
  /** Says for people what is allowed; editors show it too. */
  patternErrorMessage?: string;
  /** Says for people what to do where none of `anyOf` holds; editors show it too. */
  errorMessage?: string;
  /** The bounds of a duration. */
  'x-duration'?: { minimum: string; maximum: string };
  /** Set on addresses, which must parse as a URL unless they are empty. */
  'x-url'?: boolean;
  /** Set on addresses of notifiers; says what anybody on the way can read if the address is not encrypted. */
  'x-reveals'?: string;
  /** Set on bodies that people write; lists the paths that their placeholders may name. */
  'x-template'?: string[];
  /** Set on secrets, whose values are never shown. */
  writeOnly?: boolean;
}

interface Validators extends SchemaParts {
  schema: Schema;
}

let compiled: Validators | undefined;

/**
 * Returns the schema and its validators, which are read and compiled once. The same path serves `src/` and `dist/`.
 */
export function validators(): Validators {
  if (compiled === undefined) {
    const schema = readSchema();
    compiled = Object.assign(compiledParts(schema), { schema });
  }
  return compiled;
}

/** Reads the schema; the build uses this, too. */
export function readSchema(): Schema & { $id: string } {
  const url = new URL('../../schemas/cronflow.schema.json', import.meta.url);
  const schema = withoutVariables(JSON.parse(readFileSync(url, 'utf8'))) as Schema & { $id: string };
  // This `anyOf` says for editors which keys of a window belong together. It is taken out because `maintenance.ts`
  // has better words for it.
  delete schema.definitions?.['maintenance']?.items?.anyOf;
  return schema;
}

/** Returns the types of notifier that a branch of the schema is for: one, or several that have the same keys. */
export function typesOfBranch({ properties }: Schema): string[] {
  const { const: only, enum: several = [only] } = properties?.['type'] ?? {};
  return several.map(String);
}

/** Returns the schema that a value at this JSON pointer is validated by, or undefined where none is known. */
export function schemaAt(root: Schema, path: readonly string[]): Schema | undefined {
  let at = resolved(root, root);
  for (const step of path) {
    if (at === undefined) return undefined;
    at = resolved(root, stepInto(at, step));
  }
  return at;
}

function stepInto(schema: Schema, step: string): Schema | undefined {
  const branch = schema.oneOf?.find((candidate) => candidate.properties?.[step] !== undefined);
  if (branch !== undefined) return branch.properties?.[step];
  if (schema.properties !== undefined && Object.hasOwn(schema.properties, step))
    return schema.properties[step];
  if (typeof schema.additionalProperties === 'object') return schema.additionalProperties;
  return /^\d+$/.test(step) ? schema.items : undefined;
}

function resolved(root: Schema, schema: Schema | undefined): Schema | undefined {
  const name = schema?.$ref?.split('/').at(-1);
  return name === undefined ? schema : root.definitions?.[name];
}
