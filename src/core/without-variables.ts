const VARIABLE = '#/definitions/variable';

/**
 * The schema of the configuration as it holds once `${VAR}` has been resolved. As it is shipped it serves editors,
 * which see such a value before: there, `anyOf` gives what a key takes and, as its last choice, a variable.
 * @param schema any part of the schema, as JSON
 */
export function withoutVariables(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutVariables);
  if (typeof schema !== 'object' || schema === null) return schema;
  const { anyOf, ...rest } = schema as { anyOf?: unknown };
  const [taken, variable] = Array.isArray(anyOf) ? (anyOf as [object?, { $ref?: string }?]) : [];
  if (variable?.$ref === VARIABLE) return withoutVariables({ ...rest, ...taken });
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, withoutVariables(value)]));
}
