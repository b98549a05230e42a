import { dirname, resolve } from 'node:path';
import type { NotifierConfig } from './config.ts';
import type { Finding } from './faults.ts';
import { type Schema, typesOfBranch, validators } from './schema.ts';
import type { ConfigFile } from './schema-types.ts';
import { fingerprintOfSecret, readSecret, type SecretFiles } from './secrets/secret-files.ts';
import { standInFor } from './stand-in.ts';
import { type Env, NO_ENV } from './substitute.ts';
import { pointer } from './yaml/tree.ts';

const FILE_SUFFIX = '_file';

export interface Notifiers {
  notifiers: NotifierConfig[];
  problems: Finding[];
  /** The files that hold the secrets of the notifiers. */
  secrets: SecretFiles;
}

/** Collects the results as secrets are resolved. */
export interface Resolved {
  /** The mistakes that were found in secrets. */
  problems: Finding[];
  /** The files that were read. */
  secrets: SecretFiles;
  /** True where no file and no variable is read; then each secret is taken for whatever its key wants. */
  isBlind: boolean;
}

/**
 * Resolves the notifiers of a file, secrets included. Without any, one named `slack` is configured by
 * `SLACK_WEBHOOK_URL` or `SLACK_WEBHOOK_URL_FILE`; with neither of these it logs (docs/design.md §5).
 * @param file the file that declares them: relative paths of secrets start from its directory
 * @param declared the notifiers, valid by the schema
 */
export function resolveNotifiers(file: string, declared: ConfigFile['notifiers'], env: Env): Notifiers {
  const resolved: Resolved = { problems: [], secrets: new Map(), isBlind: env === NO_ENV };
  const entries = Object.entries(declared ?? {});
  if (entries.length === 0) return { notifiers: [slackOfEnvironment(file, env, resolved)], ...resolved };
  const notifiers = entries.map(([name, { type, ...keys }]) => ({
    name,
    ...kindOf(type, resolveSecrets(file, pointer('/notifiers', name), branchOf(type), keys, resolved)),
  }));
  return { notifiers, ...resolved };
}

/** Returns the type and settings of a notifier; `type: discord` is short for a webhook with this preset. */
function kindOf(type: string, settings: Record<string, unknown>): Omit<NotifierConfig, 'name'> {
  const presets = branchOf('webhook').properties?.['preset']?.enum ?? [];
  return presets.includes(type)
    ? { type: 'webhook', settings: { ...settings, preset: type } }
    : { type, settings };
}

/** Returns the branch of the schema for one type of notifier. */
export function branchOf(type: string): Schema {
  const branches = validators().schema.definitions?.['notifier']?.oneOf ?? [];
  return branches.find((branch) => typesOfBranch(branch).includes(type)) ?? {};
}

/**
 * Reads the file of every `KEY_file` whose KEY the schema knows, and puts its content under KEY.
 * @param file the file to whose directory the paths of secrets are relative
 * @param path JSON pointer of the mapping that has the keys
 * @param resolved gains the problems of the secrets, and the files that were read
 */
export function resolveSecrets(
  file: string,
  path: string,
  branch: Schema,
  keys: Readonly<Record<string, unknown>>,
  resolved: Resolved,
): Record<string, unknown> {
  const settings: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(keys)) {
    const secretKey = key.endsWith(FILE_SUFFIX) ? key.slice(0, -FILE_SUFFIX.length) : null;
    const secret = secretKey === null ? undefined : branch.properties?.[secretKey];
    if (secretKey === null || secret === undefined) settings[key] = value;
    else settings[secretKey] = secretOf(file, String(value), secret, pointer(path, key), resolved);
  }
  return settings;
}

function slackOfEnvironment(file: string, env: Env, resolved: Resolved): NotifierConfig {
  const schema = branchOf('slack').properties?.['webhook_url'] ?? {};
  const fromFile = env['SLACK_WEBHOOK_URL_FILE'];
  let webhookUrl = resolved.isBlind ? String(standInFor(schema)) : (env['SLACK_WEBHOOK_URL'] ?? '');
  if (webhookUrl === '' && fromFile !== undefined && fromFile !== '') {
    webhookUrl = secretOf(file, fromFile, schema, '/SLACK_WEBHOOK_URL_FILE', resolved);
  } else {
    const message = webhookUrl === '' ? null : faultOf(webhookUrl, schema);
    if (message !== null)
      resolved.problems.push({ code: 'not_allowed', path: '/SLACK_WEBHOOK_URL', message });
  }
  return { name: 'slack', type: 'slack', settings: { webhook_url: webhookUrl } };
}

function secretOf(
  file: string,
  secretFile: string,
  schema: Schema,
  path: string,
  { problems, secrets, isBlind }: Resolved,
): string {
  if (isBlind) return String(standInFor(schema));
  const from = resolve(dirname(file), secretFile);
  const result = readSecret(from);
  secrets.set(from, fingerprintOfSecret(result));
  const message = 'error' in result ? result.error : faultOf(result.secret, schema);
  if (message !== null) problems.push({ code: 'bad_secret_file', path, message });
  return 'error' in result ? '' : result.secret;
}

/** Says why a secret from a file or the environment does not fit its key; returns null where it fits. */
function faultOf(secret: string, schema: Schema): string | null {
  if (schema['x-url'] === true) {
    const isUrl = /^https?:\/\/\S+$/i.test(secret) && URL.canParse(secret);
    return isUrl ? null : 'must hold an address that starts with https:// or http://';
  }
  if (schema.pattern === undefined || new RegExp(schema.pattern, 'u').test(secret)) return null;
  return `must hold ${schema.patternErrorMessage ?? 'what its key takes'}`;
}
