/** Environment variables by name. */
export type Env = Readonly<Record<string, string | undefined>>;

/**
 * Stands for an environment of which nothing is known, as when a file is checked without its secrets. A value from a
 * variable, or from the file of a secret, is then taken for whatever its key wants.
 */
export const NO_ENV: Env = Object.freeze({});

export type Substitution =
  | {
      text: string;
      /** The variables whose values are part of the text. */
      variables: readonly string[];
      /**
       * Set where nothing is known of the environment; then the text holds the defaults of variables that may be set.
       */
      isByDefault?: true;
    }
  | { error: string; code: 'unset_variable' | 'bad_substitution' }
  /** Nothing is known of the environment, and the text depends on it. */
  | { unknown: readonly string[] };

const PATTERN = /\$\$|\$\{([^}]*)(\}?)/g;
const REFERENCE = /^([A-Za-z_][A-Za-z0-9_]*)(?:(:[-?])([^]*))?$/;
const ALLOWED = 'allowed: ${VAR}, ${VAR:-default}, ${VAR:?message}, and $$ for a $';

/**
 * Resolves `${VAR}`, `${VAR:-default}` and `${VAR:?message}` (unset or empty, as in a shell) and `$$` in one parsed
 * scalar (docs/design.md §5). The value of a variable is not resolved again. Any other `$` stands for itself. Returns
 * an error that names the variable, never its value.
 */
export function substitute(text: string, env: Env): Substitution {
  const variables: string[] = [];
  const unknown: string[] = [];
  let isByDefault = false;
  let error: Extract<Substitution, { error: string }> | undefined;
  const result = text.replace(PATTERN, (whole, inner: string | undefined, end: string | undefined) => {
    if (whole === '$$') return '$';
    const value =
      inner === undefined || end !== '}'
        ? malformed(whole)
        : resolve(inner, whole, env, { variables, unknown });
    isByDefault ||= env === NO_ENV && inner !== undefined;
    if (typeof value === 'string') return value;
    error ??= value;
    return '';
  });
  if (error !== undefined) return error;
  if (unknown.length > 0) return { unknown };
  return { text: result, variables, ...(isByDefault ? { isByDefault } : {}) };
}

function resolve(
  inner: string,
  whole: string,
  env: Env,
  { variables, unknown }: { variables: string[]; unknown: string[] },
): string | Extract<Substitution, { error: string }> {
  const match = REFERENCE.exec(inner);
  if (match === null) return malformed(whole);
  const [, name = '', operator, rest = ''] = match;
  if (rest.includes('${')) return malformed(whole);
  if (env === NO_ENV && (operator !== ':-' || rest === '')) {
    unknown.push(name);
    return '';
  }
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  if (value !== undefined && (value !== '' || operator === undefined)) {
    variables.push(name);
    return value;
  }
  if (operator === ':-') return rest;
  const state = value === undefined ? 'not set' : 'empty';
  const code = 'unset_variable';
  if (operator === ':?') {
    return { code, error: `environment variable ${name} is ${state}${rest === '' ? '' : `: ${rest}`}` };
  }
  return {
    code,
    error: `environment variable ${name} is not set; write \${${name}:-} where it may be unset`,
  };
}

function malformed(whole: string): Extract<Substitution, { error: string }> {
  // The rest is not shown, because a default may be a secret.
  const start = whole.slice(0, 40).replace(/:[^]*/, ':...');
  return { code: 'bad_substitution', error: `${JSON.stringify(start)} is not a substitution (${ALLOWED})` };
}
