import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { NotifierConfig } from './config.ts';
import type { Problem } from './faults.ts';
import type { ConfigFile } from './schema-types.ts';
import type { Env } from './substitute.ts';
import { pointer } from './tree.ts';

const SECRET_BYTES_MAX = 64 * 1024;

type Declared = NonNullable<ConfigFile['notifiers']>[string];

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
  const notifiers = entries.map(([name, notifier]) => resolveOne(file, name, notifier, problems));
  return { notifiers, problems };
}

function resolveOne(file: string, name: string, declared: Declared, problems: Problem[]): NotifierConfig {
  if (declared.type === 'log') return { name, type: 'log' };
  const path = pointer('/notifiers', name);
  if (declared.webhook_url_file !== undefined) {
    const at = pointer(path, 'webhook_url_file');
    return { name, type: 'slack', webhookUrl: secretUrl(file, declared.webhook_url_file, at, problems) };
  }
  if (declared.webhook_url === undefined) {
    const message = 'lacks webhook_url or webhook_url_file; an empty webhook_url logs every notification';
    problems.push({ code: 'missing_key', path, message, atKey: true });
  }
  return { name, type: 'slack', webhookUrl: declared.webhook_url ?? '' };
}

function slackOfEnvironment(file: string, env: Env, problems: Problem[]): NotifierConfig {
  const fromFile = env['SLACK_WEBHOOK_URL_FILE'];
  const webhookUrl = env['SLACK_WEBHOOK_URL'] ?? '';
  if (webhookUrl === '' && fromFile !== undefined && fromFile !== '') {
    const webhook = secretUrl(file, fromFile, '/SLACK_WEBHOOK_URL_FILE', problems);
    return { name: 'slack', type: 'slack', webhookUrl: webhook };
  }
  if (webhookUrl !== '' && !isWebUrl(webhookUrl)) {
    problems.push({ code: 'not_allowed', path: '/SLACK_WEBHOOK_URL', message: NOT_AN_ADDRESS });
  }
  return { name: 'slack', type: 'slack', webhookUrl };
}

const NOT_AN_ADDRESS = 'must hold an address that starts with https://';

function secretUrl(file: string, secretFile: string, path: string, problems: Problem[]): string {
  const result = readSecret(resolve(dirname(file), secretFile));
  if ('error' in result) problems.push({ code: 'bad_secret_file', path, message: result.error });
  else if (!isWebUrl(result.secret))
    problems.push({ code: 'bad_secret_file', path, message: NOT_AN_ADDRESS });
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

function isWebUrl(text: string): boolean {
  return /^https?:\/\/\S+$/i.test(text) && URL.canParse(text);
}
