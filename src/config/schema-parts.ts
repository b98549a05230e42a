/**
 * The validators of the parts of `schemas/cronflow.schema.json`. The build puts a module in the place of this one that
 * exports the same `compiledParts`, compiled ahead (`scripts/compile-schema.mjs`): compiling takes longer than reading
 * most files.
 */
import { _, Ajv, type ErrorObject, Name, type ValidateFunction } from 'ajv';
import type { Declaration } from '../core/model/declaration.ts';
import { isTemplate, isUnique, isUrl, isWithin } from './schema-keywords.ts';
import type { ConfigFile } from './schema-types.ts';

export type Validator<T> = ValidateFunction<T> & { errors?: null | ErrorObject[] };

export interface SchemaParts {
  file: Validator<ConfigFile>;
  included: Validator<Pick<ConfigFile, 'jobs'>>;
  job: Validator<Declaration>;
  jobName: Validator<string>;
}

/** The JSON pointer of each part of the schema. */
const POINTERS: Record<keyof SchemaParts, string> = {
  file: '',
  included: '#/definitions/included',
  job: '#/definitions/job',
  jobName: '#/definitions/job_name',
};

/**
 * Makes the validators of all parts.
 * @param schema the whole schema, as `schema.ts` reads it
 */
export function compiledParts(schema: { $id: string }): SchemaParts {
  const ajv = newAjv(schema, false);
  const parts = new Map<string, Validator<unknown>>();
  // A part is compiled when it is first used, because compiling all of them would take most of a start.
  const part = <T>(pointer: string): Validator<T> => {
    const known = parts.get(pointer) ?? ajv.compile({ $ref: `${schema.$id}${pointer}` });
    parts.set(pointer, known);
    return known as Validator<T>;
  };
  return {
    get file() {
      return part<ConfigFile>(POINTERS.file);
    },
    get included() {
      return part<Pick<ConfigFile, 'jobs'>>(POINTERS.included);
    },
    get job() {
      return part<Declaration>(POINTERS.job);
    },
    get jobName() {
      return part<string>(POINTERS.jobName);
    },
  };
}

/**
 * Compiles all parts to the text of a module: its declarations and exports. The text calls its keywords `keywords`.
 * @param standalone the function of `ajv/dist/standalone`
 */
export function compiledText(
  schema: { $id: string },
  standalone: (ajv: Ajv, parts: Record<string, string>) => string,
): string {
  const ajv = newAjv(schema, true);
  for (const [part, pointer] of Object.entries(POINTERS))
    ajv.addSchema({ $ref: `${schema.$id}${pointer}` }, part);
  return standalone(ajv, Object.fromEntries(Object.keys(POINTERS).map((part) => [part, part])));
}

function newAjv(schema: { $id: string }, isText: boolean): Ajv {
  const ajv = new Ajv({
    strict: true,
    allErrors: true,
    code: { optimize: false, source: isText, esm: isText },
    verbose: true,
    discriminator: true,
    allowUnionTypes: true,
  });
  // The library looks up each function here to find its name in the generated text. So each must be registered before
  // its first use.
  for (const keyword of [isWithin, isUrl, isTemplate, isUnique]) {
    ajv.scope.value('keyword', { ref: keyword, code: _`keywords.${new Name(keyword.name)}` });
  }
  ajv.addVocabulary(['patternErrorMessage', 'errorMessage', 'x-reveals']);
  ajv.addKeyword({ keyword: 'x-duration', type: 'string', validate: isWithin });
  ajv.addKeyword({ keyword: 'x-url', type: 'string', validate: isUrl });
  ajv.addKeyword({ keyword: 'x-template', type: 'string', validate: isTemplate });
  // The keyword of the library compares every item with every other.
  ajv.removeKeyword('uniqueItems');
  ajv.addKeyword({ keyword: 'uniqueItems', type: 'array', schemaType: 'boolean', validate: isUnique });
  ajv.addSchema(schema);
  return ajv;
}
