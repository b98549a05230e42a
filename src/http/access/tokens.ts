import { readFileSync } from 'node:fs';
import { CronflowError } from '../../core/model/errors.ts';
import type { Scope } from '../../core/model/named-token.ts';

/** The accepted values of the token of each variable; all empty when none is set. */
export type Tokens = { readonly [Kind in Scope]: readonly string[] };

export const NO_TOKENS: Tokens = { all: [], read: [], ping: [] };

/** The variable that each kind of token is taken from. */
export const TOKEN_VARIABLES = {
  all: 'CRONFLOW_TOKEN',
  read: 'CRONFLOW_READ_TOKEN',
  ping: 'CRONFLOW_PING_TOKEN',
} as const;
const VALUES_MAX = 2;
/**
 * Matches a token that an `Authorization: Bearer` header may hold (RFC 6750), so that no token is set that cannot be
 * sent.
 */
const TOKEN = /^[A-Za-z0-9._~+/-]+=*$/;

/**
 * Reads `CRONFLOW_TOKEN`, `CRONFLOW_READ_TOKEN` and `CRONFLOW_PING_TOKEN`, or the files that `..._FILE` name
 * (docs/design.md §8). Each may hold two values, separated by a comma or a line break, so that a token can be
 * replaced without a moment at which either is refused. An empty variable counts as not set.
 * @throws CronflowError `usage` for a file that cannot be read or a value that cannot be sent; it never quotes the
 * value
 */
export function readTokens(env: Readonly<Record<string, string | undefined>>): Tokens {
  return {
    all: valuesOf(TOKEN_VARIABLES.all, env),
    read: valuesOf(TOKEN_VARIABLES.read, env),
    ping: valuesOf(TOKEN_VARIABLES.ping, env),
  };
}

function valuesOf(variable: string, env: Readonly<Record<string, string | undefined>>): string[] {
  const direct = env[variable] ?? '';
  const path = env[`${variable}_FILE`] ?? '';
  if (direct !== '' && path !== '') {
    throw new CronflowError('usage', `Both ${variable} and ${variable}_FILE are set. Set one of them.`);
  }
  if (path === '') return direct.trim() === '' ? [] : checked(variable, direct);
  return checked(`${variable}_FILE`, readTokenFile(`${variable}_FILE`, path));
}

function readTokenFile(variable: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
    const next = 'Write the token into that file, readable for this user, or leave the variable out.';
    const detail = `${variable} names ${path}, which cannot be read (${why}). ${next}`;
    throw new CronflowError('usage', detail, { cause });
  }
}

function checked(variable: string, text: string): string[] {
  const values = text
    .split(/[,\r\n]+/)
    .map((value) => value.trim())
    .filter((value) => value !== '');
  if (values.length === 0) throw new CronflowError('usage', `${variable} holds no token.`);
  if (values.length > VALUES_MAX) {
    throw new CronflowError(
      'usage',
      `${variable} holds ${values.length} tokens, and at most ${VALUES_MAX} are allowed: the new one and the old one.`,
    );
  }
  if (!values.every((value) => TOKEN.test(value))) {
    throw new CronflowError(
      'usage',
      `${variable} holds a token that cannot be sent in a header. ` +
        'Use letters, digits and . _ ~ + / - only, for example the output of: openssl rand -hex 32',
    );
  }
  return values;
}
