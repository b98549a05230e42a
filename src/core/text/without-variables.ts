const VARIABLE = '#/definitions/variable';
/** A job that is only its schedule. It has been written out in full before this schema is used. */
const SHORT_JOB = '#/definitions/short_job';

/**
 * Returns the schema of the configuration as it holds once `${VAR}` has been resolved. The schema that is shipped
 * serves editors, which see a value before that: there, `anyOf` holds the value that a key takes and, as its last
 * choice, a variable.
 * @param schema any part of the schema, as JSON
 */
export function withoutVariables(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutVariables);
  if (typeof schema !== 'object' || schema === null) return schema;
  const { anyOf, ...rest } = schema as { anyOf?: unknown };
  const [taken, other] = Array.isArray(anyOf) ? (anyOf as [object?, { $ref?: string }?]) : [];
  if (other?.$ref === VARIABLE || other?.$ref === SHORT_JOB) return withoutVariables({ ...rest, ...taken });
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, withoutVariables(value)]));
}
