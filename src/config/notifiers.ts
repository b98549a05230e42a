import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { NotifierConfig } from './config.ts';
import type { Problem } from './faults.ts';
import { type Schema, validators } from './schema.ts';
import type { ConfigFile } from './schema-types.ts';
import type { Env } from './substitute.ts';
import { pointer } from './tree.ts';

const SECRET_BYTES_MAX = 64 * 1024;
const FILE_SUFFIX = '_file';

export interface Notifiers {
  notifiers: NotifierConfig[];
  problems: Problem[];
}

/**
 * Resolves the notifiers of a file, secrets included. Without any, one named `slack` is configured by
 * `SLACK_WEBHOOK_URL` or `SLACK_WEBHOOK_URL_FILE`; with neither it logs (DESIGN.md §5).
 * @param file that declares them: relative paths of secrets start from its directory
 * @param declared as the schema wants them
 */
export function resolveNotifiers(file: string, declared: ConfigFile['notifiers'], env: Env): Notifiers {
  const problems: Problem[] = [];
  const entries = Object.entries(declared ?? {});
  if (entries.length === 0) return { notifiers: [slackOfEnvironment(file, env, problems)], problems };
  const notifiers = entries.map(([name, { type, ...keys }]) => ({
    name,
    type,
    settings: resolveSecrets(file, pointer('/notifiers', name), branchOf(type), keys, problems),
  }));
  return { notifiers, problems };
}

/** What the schema says of one kind. */
function branchOf(type: string): Schema {
  const branches = validators().schema.definitions?.['notifier']?.oneOf ?? [];
  return branches.find((branch) => branch.properties?.['type']?.const === type) ?? {};
}

/**
 * Reads the file of every `KEY_file` whose KEY the schema knows, and puts what it holds under KEY.
 * @param file to whose directory the paths of secrets are relative
 * @param path JSON pointer of the mapping that has the keys
 * @param problems to which is added what is wrong with the secrets
 */
export function resolveSecrets(
  file: string,
  path: string,
  branch: Schema,
  keys: Readonly<Record<string, unknown>>,
  problems: Problem[],
): Record<string, unknown> {
  const settings: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(keys)) {
    const secretKey = key.endsWith(FILE_SUFFIX) ? key.slice(0, -FILE_SUFFIX.length) : null;
    const secret = secretKey === null ? undefined : branch.properties?.[secretKey];
    if (secretKey === null || secret === undefined) settings[key] = value;
    else settings[secretKey] = secretOf(file, String(value), secret, pointer(path, key), problems);
  }
  return settings;
}

function slackOfEnvironment(file: string, env: Env, problems: Problem[]): NotifierConfig {
  const schema = branchOf('slack').properties?.['webhook_url'] ?? {};
  const fromFile = env['SLACK_WEBHOOK_URL_FILE'];
  let webhookUrl = env['SLACK_WEBHOOK_URL'] ?? '';
  if (webhookUrl === '' && fromFile !== undefined && fromFile !== '') {
    webhookUrl = secretOf(file, fromFile, schema, '/SLACK_WEBHOOK_URL_FILE', problems);
  } else {
    const message = webhookUrl === '' ? null : faultOf(webhookUrl, schema);
    if (message !== null) problems.push({ code: 'not_allowed', path: '/SLACK_WEBHOOK_URL', message });
  }
  return { name: 'slack', type: 'slack', settings: { webhook_url: webhookUrl } };
}

function secretOf(
  file: string,
  secretFile: string,
  schema: Schema,
  path: string,
  problems: Problem[],
): string {
  const result = readSecret(resolve(dirname(file), secretFile));
  const message = 'error' in result ? result.error : faultOf(result.secret, schema);
  if (message !== null) problems.push({ code: 'bad_secret_file', path, message });
  return 'error' in result ? '' : result.secret;
}

/** Reads a secret, without the newline at its end. What it holds is never part of an error. */
function readSecret(path: string): { secret: string } | { error: string } {
  try {
    const stat = statSync(path);
    // Anything else could be waited for, or read, without end.
    if (!stat.isFile()) return { error: 'must name a regular file' };
    if (stat.size > SECRET_BYTES_MAX) return { error: `names a file of more than ${SECRET_BYTES_MAX} bytes` };
    const secret = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
    return secret === '' ? { error: 'names an empty file' } : { secret };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    return {
      error:
        code === 'ENOENT' ? 'names a file that does not exist' : `names a file that cannot be read (${code})`,
    };
  }
}

/** Why a secret from elsewhere is not what its key takes; null when it is. */
function faultOf(secret: string, schema: Schema): string | null {
  if (schema['x-url'] === true) {
    const isUrl = /^https?:\/\/\S+$/i.test(secret) && URL.canParse(secret);
    return isUrl ? null : 'must hold an address that starts with https://';
  }
  if (schema.pattern === undefined || new RegExp(schema.pattern, 'u').test(secret)) return null;
  return `must hold ${schema.patternErrorMessage ?? 'what its key takes'}`;
}
