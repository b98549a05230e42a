import { readFileSync } from 'node:fs';
import { Ajv, type ErrorObject, type SchemaValidateFunction, type ValidateFunction } from 'ajv';
import { formatOf, templateFault } from '../core/body-template.ts';
import type { Declaration } from '../core/declaration.ts';
import { withoutVariables } from '../core/without-variables.ts';
import { parseDuration } from '../schedule/duration.ts';
import type { ConfigFile } from './schema-types.ts';

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
  /** What is allowed, for people; editors show it too. */
  patternErrorMessage?: string;
  /** What to do where none of `anyOf` holds, for people; editors show it too. */
  errorMessage?: string;
  /** The bounds of a duration. */
  'x-duration'?: { minimum: string; maximum: string };
  /** Set on addresses: they must parse as a URL unless empty. */
  'x-url'?: boolean;
  /** Set on bodies that people write: the paths that their placeholders may name. */
  'x-template'?: string[];
  /** Set on secrets: their values are never shown. */
  writeOnly?: boolean;
}

export type Validator<T> = ValidateFunction<T> & { errors?: null | ErrorObject[] };

interface Validators {
  schema: Schema;
  file: Validator<ConfigFile>;
  included: Validator<Pick<ConfigFile, 'jobs'>>;
  job: Validator<Declaration>;
  jobName: Validator<string>;
}

let compiled: Validators | undefined;

/** The schema and its validators, read and compiled once. The same path serves `src/` and `dist/`. */
export function validators(): Validators {
  compiled ??= compileSchema();
  return compiled;
}

function compileSchema(): Validators {
  const url = new URL('../../schemas/cronflow.schema.json', import.meta.url);
  const schema = withoutVariables(JSON.parse(readFileSync(url, 'utf8'))) as Schema & { $id: string };
  // Which keys of a window belong together the schema says for editors; `maintenance.ts` has better words for it.
  delete schema.definitions?.['maintenance']?.items?.anyOf;
  const ajv = new Ajv({
    strict: true,
    allErrors: true,
    code: { optimize: false },
    verbose: true,
    discriminator: true,
    allowUnionTypes: true,
  });
  ajv.addVocabulary(['patternErrorMessage', 'errorMessage']);
  ajv.addKeyword({ keyword: 'x-duration', type: 'string', validate: isWithin });
  ajv.addKeyword({ keyword: 'x-url', type: 'string', validate: isUrl });
  ajv.addKeyword({ keyword: 'x-template', type: 'string', validate: isTemplate });
  // The library compares every item with every other.
  ajv.removeKeyword('uniqueItems');
  ajv.addKeyword({ keyword: 'uniqueItems', type: 'array', schemaType: 'boolean', validate: isUnique });
  ajv.addSchema(schema);
  const parts = new Map<string, Validator<unknown>>();
  // Each is compiled when it is first used: most of a start would be spent on them.
  const part = <T>(pointer: string): Validator<T> => {
    const known = parts.get(pointer) ?? ajv.compile({ $ref: `${schema.$id}${pointer}` });
    parts.set(pointer, known);
    return known as Validator<T>;
  };
  return {
    schema,
    get file() {
      return part<ConfigFile>('');
    },
    get included() {
      return part<Pick<ConfigFile, 'jobs'>>('#/definitions/included');
    },
    get job() {
      return part<Declaration>('#/definitions/job');
    },
    get jobName() {
      return part<string>('#/definitions/job_name');
    },
  };
}

/** Lets through what is no duration at all: the pattern beside it has already said so. */
function isWithin({ minimum, maximum }: { minimum: string; maximum: string }, text: string): boolean {
  if (!/^\d/.test(text)) return true;
  try {
    const durationMs = parseDuration(text);
    return durationMs >= parseDuration(minimum) && durationMs <= parseDuration(maximum);
  } catch {
    // Too long to be read, or refused by the pattern already, which knows what to say.
    return !/^[\ddhms]+$/.test(text);
  }
}

function isUrl(_: boolean, text: string): boolean {
  return text === '' || !/^https?:\/\//i.test(text) || URL.canParse(text);
}

/** Says what is wrong in the way ajv wants it: as a property of the function. */
const isTemplate: SchemaValidateFunction = (
  known: readonly string[],
  text: string,
  _schema?: unknown,
  at?: { parentData: unknown },
): boolean => {
  const { content_type: type } = (at?.parentData ?? {}) as { content_type?: unknown };
  const format = formatOf(typeof type === 'string' ? type : 'application/json');
  const fault = templateFault(text, format, known);
  isTemplate.errors = fault === null ? [] : [{ keyword: 'x-template', params: { ...fault, known } }];
  return fault === null;
};

/** The same items twice, by the numbers of the two, as the library says it. */
const isUnique: SchemaValidateFunction = (isWanted: boolean, items: readonly unknown[]): boolean => {
  const first = new Map<string, number>();
  isUnique.errors = [];
  if (!isWanted) return true;
  for (const [i, item] of items.entries()) {
    const id = identityOf(item);
    const j = first.get(id);
    if (j !== undefined) {
      isUnique.errors = [{ keyword: 'uniqueItems', params: { i, j } }];
      return false;
    }
    first.set(id, i);
  }
  return true;
};

/** A text that two values have in common if they are the same, whatever the order of their keys. */
function identityOf(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? ['mapping', ...Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))]
      : part,
  );
}

/** The kinds of notifier that a branch of the schema is for: one, or those that have the same keys. */
export function typesOfBranch({ properties }: Schema): string[] {
  const { const: only, enum: several = [only] } = properties?.['type'] ?? {};
  return several.map(String);
}

/** The schema that a value at this JSON pointer is validated by, or undefined where none is known. */
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
