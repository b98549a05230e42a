import { isIPv6 } from 'node:net';
import { CronflowError } from '../core/model/errors.ts';
import { isLoopback } from '../core/text/loopback.ts';
import type { NamedToken } from '../core/model/named-token.ts';
import type { Tokens } from './access/tokens.ts';

interface ListenOptions {
  host: string;
  /** True if the person said `--no-auth`. */
  noAuth: boolean;
  tokens: Tokens;
  /** The tokens of the file of tokens; null without one. */
  named?: readonly NamedToken[] | null;
}

/**
 * Refuses to listen where others can reach the port, unless they need a token (docs/design.md §8): whoever can ping
 * can also hide a failure.
 * @throws CronflowError `usage` that says what to do
 */
export function checkListen({ host, noAuth, tokens, named = null }: ListenOptions): void {
  const scopes = (['all', 'read', 'ping'] as const).filter((scope) => tokens[scope].length > 0);
  const allowed = new Set([...scopes, ...(named ?? []).map(({ allows }) => allows)]);
  if (isLoopback(host) || allowed.has('all')) return;
  const isAny = allowed.size > 0 || named !== null;
  if (noAuth && !isAny) return;
  const reason = isAny ? 'only tokens for reading or for pings are set' : 'no token is set';
  throw new CronflowError(
    'usage',
    `Refusing to listen on ${host}, where other machines can reach it: ${reason}. ` +
      'Set CRONFLOW_TOKEN (or CRONFLOW_TOKEN_FILE) to a secret such as the output of "openssl rand -hex 32", ' +
      'listen on 127.0.0.1, or say --no-auth, without any token set, ' +
      'to let everyone who can reach the port read and change everything.',
  );
}

/** Returns a URL under which a bound address can be reached from this machine. */
export function urlOf(address: string, port: number): string {
  const reachable = { '0.0.0.0': '127.0.0.1', '::': '::1' }[address] ?? address;
  return `http://${isIPv6(reachable) ? `[${reachable}]` : reachable}:${port}`;
}

/** Returns the error for an address that could not be bound, for the person who started Cronflow. */
export function listenError(cause: unknown, host: string, port: number): CronflowError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
  return new CronflowError(
    'cannot_listen',
    `Cannot listen on port ${port} of ${host}: ${whyNot(code, port)}`,
    {
      cause,
    },
  );
}

function whyNot(code: string, port: number): string {
  switch (code) {
    case 'EADDRINUSE':
      return `port ${port} is in use. Stop the program that has it (is Cronflow running already?), or choose another with --port or CRONFLOW_PORT.`;
    case 'EACCES':
      return `port ${port} needs rights that this user has not. Choose one above 1023 with --port or CRONFLOW_PORT.`;
    case 'EADDRNOTAVAIL':
      return 'this machine has no such address. Choose another with --host or CRONFLOW_HOST.';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the name does not lead to an address. Choose another with --host or CRONFLOW_HOST.';
    default:
      return `the system said ${code}. Choose another address with --host and --port.`;
  }
}
