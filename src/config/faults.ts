import type { ErrorObject } from 'ajv';
import type { Fault, FaultCode } from '../core/model/errors.ts';
import type { TemplateFault } from '../core/text/body-template.ts';
import { nearest } from '../core/text/nearest.ts';
import { durationsMeant } from './duration-hint.ts';
import { maskUrls } from './secrets/mask.ts';
import { type Schema, typesOfBranch } from './schema.ts';
import { withoutSecretsWithin } from './secrets/secrets.ts';
import { dotted, pointer, type Spot } from './yaml/tree.ts';

/** A fault by JSON pointer, before its place in a file is known. */
export interface Finding {
  code: FaultCode;
  path: string;
  message: string;
  suggestion?: string;
  /** The fault is about the key of the path, not its value. */
  atKey?: boolean;
}

/** The spots of values read from a file; the map is empty for a declaration that came over the API. */
export type Spots = ReadonlyMap<string, Spot>;

/** Words that people use for our keys. */
const SYNONYMS: Readonly<Record<string, string>> = {
  cron: 'schedule',
  interval: 'every',
  period: 'every',
  tz: 'timezone',
  zone: 'timezone',
  grace_period: 'grace',
  timeout: 'max_runtime',
  max_duration: 'max_runtime',
  url: 'webhook_url',
  webhook: 'webhook_url',
  notifications: 'notify',
  channels: 'notifiers',
  base_url: 'public_url',
  webhook_url: 'url',
  user: 'username',
  pass: 'password',
  recipients: 'to',
  sender: 'from',
  tls: 'security',
  body: 'template',
  service: 'preset',
};

const KINDS: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
};

/**
 * Says in the words of docs/design.md §5 what ajv found. Each value has one problem at most, so that one mistake is
 * one error. A secret is never quoted, nor is the value of a variable.
 */
export function findingsOf(errors: readonly ErrorObject[], spots: Spots): Finding[] {
  const problems = new Map<string, Finding>();
  for (const error of errors) {
    const problem = problemOf(error, spots);
    if (problem === null) continue;
    // Each key that a mapping lacks is a mistake of its own. At the top of the file `jobs` speaks for `include`, too.
    const isOneOfMany = problem.code === 'missing_key' && problem.path !== '';
    const about = isOneOfMany ? problem.message : problem.code;
    const id = `${problem.atKey === true ? about : 'value'} ${problem.path}`;
    if (!problems.has(id)) problems.set(id, problem);
  }
  // A value that the schema refuses must never pass for valid, even where no better message is known.
  const [first] = errors;
  if (problems.size === 0 && first !== undefined) {
    const message = `is refused by the rule "${first.keyword}" of the schema`;
    problems.set('', { code: 'not_allowed', path: first.instancePath, message });
  }
  return [...problems.values()];
}

/** Adds the place in the file, if there is one, and turns the pointer into a path for people. */
export function toFault(
  problem: Finding,
  spots: Spots,
  place?: (offset: number) => { file: string; line: number; column: number },
): Fault {
  const spot = spots.get(problem.path);
  const offset = problem.atKey === true ? (spot?.keyAt ?? spot?.at) : spot?.at;
  return {
    code: problem.code,
    path: dotted(problem.path),
    message: problem.message,
    ...(problem.suggestion === undefined ? {} : { suggestion: problem.suggestion }),
    ...(place === undefined || offset === undefined ? {} : place(offset)),
  };
}

/**
 * Returns the message `unknown WORD "schedul", did you mean "schedule"? (allowed: ...)`, and the suggestion in it.
 */
export function unknown(
  what: string,
  word: string,
  known: readonly string[],
  shown = quoted(word),
): Pick<Finding, 'message' | 'suggestion'> {
  const synonym = SYNONYMS[word.toLowerCase()];
  const suggestion = synonym !== undefined && known.includes(synonym) ? synonym : nearest(word, known);
  const hint = suggestion === undefined ? '' : `, did you mean ${quoted(suggestion)}?`;
  const allowed = known.length === 0 ? 'none' : known.join(', ');
  return {
    message: `unknown ${what} ${shown}${hint} (allowed: ${allowed})`,
    ...(suggestion === undefined ? {} : { suggestion }),
  };
}

/** Shows a value in a message: short, on one line, and without anything that may be a secret. */
export function shownValue(value: unknown, spot: Spot | undefined, schema?: Schema): string {
  if (schema?.writeOnly === true || spot?.secrets?.isAt(spot.at) === true) return 'what is given';
  if (spot?.variables !== undefined) return `the value of ${spot.variables.join(' and ')}`;
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  if (typeof value === 'string') return quoted(value);
  return typeof value === 'number' ? String(value) : JSON.stringify(value);
}

function quoted(text: string): string {
  const shown = maskUrls(withoutSecretsWithin(text));
  return JSON.stringify(shown.length > 80 ? `${shown.slice(0, 80)}...` : shown);
}

function problemOf(error: ErrorObject, spots: Spots): Finding | null {
  const path = error.instancePath;
  const schema = error.parentSchema as Schema;
  // The address of a webhook may stand anywhere among the notifiers: where it belongs, or in place of the whole
  // entry.
  const secret = path.startsWith('/notifiers/') && !path.endsWith('/type');
  const isRootText = path === '' && typeof error.data === 'string';
  const shown = isRootText
    ? 'text'
    : secret
      ? 'what is given'
      : shownValue(error.data, spots.get(path), schema);
  const params = error.params as Record<string, unknown>;
  if (error.propertyName !== undefined) return nameProblem(error, schema);
  switch (error.keyword) {
    case 'additionalProperties':
      return unknownKey(path, String(params['additionalProperty']), Object.keys(schema.properties ?? {}));
    case 'required':
      // The error of `anyOf` speaks for all keys of which one is needed.
      if (path !== '' && /\/anyOf\/\d+\/required$/.test(error.schemaPath)) return null;
      return missingKey(path, String(params['missingProperty']));
    case 'discriminator':
      return discriminator(path, params, schema, spots);
    case 'anyOf':
      return noneOf(path, schema);
    case 'not':
      return conflict(path, error.schema as Schema);
    case 'type':
      return { code: 'wrong_type', path, message: wrongType(error.data, shown, schema) };
    case 'enum':
      return enumProblem(path, error.data, shown, schema);
    case 'uniqueItems':
      return duplicate(path, error.data, params, spots);
    case 'x-url':
      return { code: 'not_allowed', path, message: `must be a valid address, not ${shown}` };
    case 'x-template':
      return templateProblem(path, error.params as TemplateParams, spots);
    default:
      return limitProblem(
        error,
        path,
        shown,
        schema,
        isHidden(spots.get(path)) && !isNameOfVariable(error.data),
      );
  }
}

/**
 * Tells whether a value is `$NAME`, as people write it who forget the braces. The name of a variable is no secret.
 */
function isNameOfVariable(value: unknown): boolean {
  return typeof value === 'string' && /^\$[A-Z][A-Z0-9_]*$/.test(value);
}

/** Tells whether nothing about a value may be shown. */
function isHidden(spot: Spot | undefined): boolean {
  return spot?.variables !== undefined || spot?.secrets?.isAt(spot.at) === true;
}

function limitProblem(
  error: ErrorObject,
  path: string,
  shown: string,
  schema: Schema,
  isOfVariable: boolean,
): Finding | null {
  const limit = (error.params as { limit?: number }).limit;
  const size = (): number => (error.data as string | readonly unknown[]).length;
  const outOfRange = (message: string): Finding => ({ code: 'out_of_range', path, message });
  switch (error.keyword) {
    case 'pattern':
      return patternProblem(path, isOfVariable ? null : error.data, shown, schema);
    case 'minimum':
    case 'maximum':
      return outOfRange(`must be ${kindOf(schema)}, not ${shown}`);
    case 'x-duration': {
      const { minimum, maximum } = schema['x-duration'] ?? { minimum: '', maximum: '' };
      return outOfRange(`must be from ${minimum} to ${maximum}, not ${shown}`);
    }
    case 'minLength':
    case 'minItems':
      return outOfRange('must not be empty');
    case 'minProperties':
      return outOfRange(`must not be empty (allowed: ${Object.keys(schema.properties ?? {}).join(', ')})`);
    case 'maxLength':
      return outOfRange(`has ${size()} characters; at most ${limit} are allowed`);
    case 'maxItems':
      return outOfRange(`has ${size()} items; at most ${limit} are allowed`);
    case 'maxProperties':
      return outOfRange(`has more than the ${limit} entries that are allowed`);
    // The keywords that remain (propertyNames, oneOf) only sum up other errors.
    default:
      return null;
  }
}

/** @param text the refused text; null where a guess at its meaning would give away what it holds */
function patternProblem(path: string, text: unknown, shown: string, schema: Schema): Finding {
  const problem: Finding = {
    code: 'not_allowed',
    path,
    message: `must be ${schema.patternErrorMessage}, not ${shown}`,
  };
  if (typeof text !== 'string') return problem;
  const variable = /^\$([A-Za-z_]\w*)$/.exec(text)?.[1];
  if (variable !== undefined) {
    return { ...problem, message: `${problem.message}; for the environment variable write \${${variable}}` };
  }
  const [first, second] = (schema['x-duration'] === undefined ? null : durationsMeant(text)) ?? [];
  if (first === undefined) return problem;
  if (second === undefined)
    return { ...problem, message: `${problem.message}, did you mean ${quoted(first)}?`, suggestion: first };
  return { ...problem, message: `${problem.message}: write ${first} or ${second}` };
}

function nameProblem(error: ErrorObject, schema: Schema): Finding | null {
  const name = error.propertyName ?? '';
  const allowed = allowedName(error, schema);
  if (allowed === null) return null;
  const message = `${quoted(name)} cannot be a name (allowed: ${allowed})`;
  return { code: 'bad_name', path: pointer(error.instancePath, name), message, atKey: true };
}

function allowedName({ keyword, params }: ErrorObject, schema: Schema): string | null {
  const { limit } = params as { limit?: number };
  if (keyword === 'maxLength') return `at most ${limit} characters`;
  if (keyword === 'minLength') return `at least ${limit} characters`;
  return keyword === 'pattern' ? (schema.patternErrorMessage ?? 'other characters') : null;
}

function unknownKey(path: string, key: string, known: readonly string[]): Finding {
  return { code: 'unknown_key', path: pointer(path, key), ...unknown('key', key, known), atKey: true };
}

function missingKey(path: string, key: string): Finding {
  const hint = path === '' && key === 'jobs' ? '; write "jobs: {}" for no jobs' : '';
  return { code: 'missing_key', path, message: `lacks the key ${quoted(key)}${hint}`, atKey: true };
}

function discriminator(
  path: string,
  params: Record<string, unknown>,
  schema: Schema,
  spots: Spots,
): Finding | null {
  const value = params['tagValue'];
  if (value === undefined) return null;
  const types = (schema.oneOf ?? []).flatMap(typesOfBranch);
  const at = pointer(path, 'type');
  const shown = shownValue(value, spots.get(at));
  if (typeof value !== 'string') {
    return { code: 'wrong_type', path: at, message: `must be one of ${types.join(', ')}, not ${shown}` };
  }
  return { code: 'not_allowed', path: at, ...unknown('type', value, types, shown) };
}

/**
 * Tells that a mapping has none of the keys, or sets of keys, of which the schema wants one: `anyOf` holds a
 * `required` for each.
 */
function noneOf(path: string, { anyOf = [], errorMessage }: Schema): Finding | null {
  const sets = anyOf.map(({ required = [] }) => required.join(' with '));
  if (path === '' || sets.length === 0 || sets.includes('')) return null;
  const hint = errorMessage === undefined ? '' : `; ${errorMessage}`;
  return { code: 'missing_key', path, message: `lacks ${listed(sets)}${hint}`, atKey: true };
}

/** Joins words to `a or b`, or to `a, b, or c`. */
function listed(words: readonly string[]): string {
  if (words.length < 3) return words.join(' or ');
  return `${words.slice(0, -1).join(', ')}, or ${words.at(-1)}`;
}

/**
 * Tells of keys that exclude each other, and of a key for which other keys leave no room. The schema says both by
 * `not`.
 */
function conflict(path: string, { required = [], errorMessage }: Schema): Finding {
  const message =
    errorMessage === undefined
      ? `has both ${required.join(' and ')}; keep one of them`
      : `has ${required.join(' and ')}, ${errorMessage}`;
  return { code: 'conflict', path, message, atKey: true };
}

type TemplateParams = TemplateFault & { known: readonly string[] };

function templateProblem(path: string, fault: TemplateParams, spots: Spots): Finding {
  const isOfVariable = isHidden(spots.get(path));
  switch (fault.kind) {
    case 'unknown_placeholder': {
      const shown = isOfVariable ? 'in the template' : `{{${fault.path}}}`;
      return { code: 'not_allowed', path, ...unknown('placeholder', fault.path, fault.known, shown) };
    }
    case 'bad_placeholder': {
      const shown = isOfVariable ? 'its {{' : JSON.stringify(fault.shown);
      return {
        code: 'not_allowed',
        path,
        message: `${shown} is no placeholder; they are written {{job.name}}`,
      };
    }
    case 'bad_json': {
      const line = fault.line === null ? '' : `, and fails at its line ${fault.line}`;
      const message =
        `must be valid JSON once its placeholders are filled in${line}; put a placeholder within quotes for text ` +
        'and without quotes for any other value; for a body that is no JSON, set content_type';
      return { code: 'not_allowed', path, message };
    }
  }
}

/** Words that people use for our values. */
const VALUE_SYNONYMS: Readonly<Record<string, string>> = {
  failed: 'failure',
  fail: 'failure',
  error: 'failure',
  late: 'missed',
  miss: 'missed',
  timed_out: 'timeout',
  hung: 'timeout',
  deny: 'forbid',
};

function wordMeant(value: string, known: readonly string[]): string | undefined {
  const synonym = VALUE_SYNONYMS[value.toLowerCase()];
  return synonym !== undefined && known.includes(synonym) ? synonym : nearest(value, known);
}

function enumProblem(path: string, value: unknown, shown: string, schema: Schema): Finding {
  const known = (schema.enum ?? []).map(String);
  const suggestion = typeof value === 'string' ? wordMeant(value, known) : undefined;
  const hint = suggestion === undefined ? '' : `, did you mean ${quoted(suggestion)}?`;
  const message = `must be one of ${known.join(', ')}, not ${shown}${hint}`;
  return { code: 'not_allowed', path, message, ...(suggestion === undefined ? {} : { suggestion }) };
}

function duplicate(path: string, data: unknown, params: Record<string, unknown>, spots: Spots): Finding {
  const indices = [Number(params['i']), Number(params['j'])];
  const at = pointer(path, Math.max(...indices));
  const shown = shownValue((data as unknown[])[Math.max(...indices)], spots.get(at));
  return { code: 'duplicate', path: at, message: `${shown} stands in the list twice` };
}

function wrongType(value: unknown, shown: string, schema: Schema): string {
  const wanted = kindOf(schema);
  if (value === null) return `has no value; it must be ${wanted}`;
  return `must be ${wanted}, not ${shown}${typeHint(value, schema)}`;
}

function typeHint(value: unknown, schema: Schema): string {
  const types = new Set([schema.type ?? []].flat());
  if (types.has('string') && (typeof value === 'number' || typeof value === 'boolean')) {
    if (schema['x-duration'] === undefined) return `: put it in quotes`;
    return typeof value === 'number' ? `: a number needs a unit, as in ${value}s or ${value}m` : '';
  }
  if (types.has('integer') && typeof value === 'string' && /^\d+$/.test(value)) return ': remove the quotes';
  if (types.has('boolean') && typeof value === 'string') return ': write true or false, without quotes';
  if (types.has('array') && typeof value !== 'object') return ': put it in brackets';
  return '';
}

function kindOf(schema: Schema & { minimum?: number; maximum?: number }): string {
  if (schema['x-duration'] !== undefined && schema.patternErrorMessage !== undefined) {
    return schema.patternErrorMessage;
  }
  const range = schema.minimum === undefined ? '' : ` from ${schema.minimum} to ${schema.maximum}`;
  return [schema.type ?? 'object']
    .flat()
    .map((type) => `${KINDS[type] ?? type}${type === 'integer' ? range : ''}`)
    .join(' or ');
}
