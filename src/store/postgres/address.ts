import { CronflowError } from '../../core/model/errors.ts';

const URL_PARTS = /^postgres(?:ql)?:\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?(#.*)?$/s;
const HOST = /^(\[[^\]]*\]|[^:]*)(?::(\d*))?$/;
const DEFAULT_PORT = '5432';
const PORT_MAX = 65_535;

const HOW =
  'It is postgres://USER:PASSWORD@HOST:PORT/DATABASE, in which a special character of the password is written as %XX: ' +
  '@ as %40, / as %2F, : as %3A, # as %23, ? as %3F and % as %25.';

/** The seconds that a connection may take to be made. */
const CONNECT_TIMEOUT = 'connect_timeout';
/**
 * The parameters of a URL that mean something here. The driver passes over most others, such as one that names a server
 * or asks for more safety, and takes some for settings of its own.
 */
const PARAMETERS: readonly string[] = [
  'host',
  'port',
  'user',
  'password',
  'application_name',
  'options',
  CONNECT_TIMEOUT,
];
/** Those that other programs know, as hosts of databases write them. They are named, since none is of a password. */
const OF_OTHERS: ReadonlySet<string> = new Set([
  'channel_binding',
  'client_encoding',
  'connection_limit',
  'fallback_application_name',
  'gssencmode',
  'hostaddr',
  'keepalives',
  'keepalives_count',
  'keepalives_idle',
  'keepalives_interval',
  'load_balance_hosts',
  'pgbouncer',
  'pool_timeout',
  'require_auth',
  'statement_cache_size',
  'target_session_attrs',
  'tcp_user_timeout',
]);
/** Those about encryption. */
const TLS_PARAMETERS: ReadonlySet<string> = new Set([
  'ssl',
  'sslmode',
  'sslrootcert',
  'sslcert',
  'sslkey',
  'sslnegotiation',
  'uselibpqcompat',
]);
const TLS_MODES: ReadonlySet<string> = new Set([
  'disable',
  'no-verify',
  'prefer',
  'require',
  'verify-ca',
  'verify-full',
]);

interface Parts {
  /** User and password as they are written; empty where there are none. */
  credentials: string;
  host: string;
  port: string;
  path: string;
  query: string;
}

/**
 * Refuses a URL that names no single database, or that is read otherwise than it is meant, because its password has a
 * character that means something in a URL. Else a part of the password would be taken for the name of a host, and be
 * shown and looked up as such. The message quotes nothing of the URL.
 * @throws CronflowError `usage`
 */
export function expectDatabaseUrl(url: string): void {
  const fault = faultOf(url);
  if (fault !== null) throw new CronflowError('usage', `CRONFLOW_STORE: ${fault}. ${HOW}`);
}

function faultOf(url: string): string | null {
  const read = URL_PARTS.exec(url);
  const [, authority = '', path = '', query = '', fragment] = read ?? [];
  if (read === null) return 'it does not begin with postgres://';
  if (fragment !== undefined) return 'it has the character "#"';
  if (path.includes('@')) return 'it has the character "@" after the host';
  if (query.includes('@') && authority !== '' && /^\/?$/.test(path))
    return 'it has the character "@" after a "?", and no name of a database before that';
  if (/%(?![0-9a-f]{2})/i.test(url)) return 'it has a "%" that no two hexadecimal digits follow';
  // The driver would read only some of the escapes of such a URL.
  if (/\s/.test(url.trim()) && url.includes('%'))
    return 'it has a space and a "%"; a space is written as %20';
  const known = parametersOf(query);
  const hosts = authority.slice(authority.lastIndexOf('@') + 1) + (known.get('host') ?? '');
  if (hosts.includes(','))
    return 'it names several hosts, and Cronflow takes one, which should be an address that follows the primary';
  const parts = partsOf(url);
  if (parts === null) return 'its host and port cannot be read';
  const port = known.get('port') ?? parts.port;
  if (port !== '' && !isPort(port)) return `its port is no number from 1 to ${PORT_MAX}`;
  return parameterFaultOf(known);
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= PORT_MAX;
}

/** Returns the parameters of a URL, which may end with the line break of a file. */
function parametersOf(query: string): URLSearchParams {
  return new URLSearchParams(query.trimEnd());
}

/**
 * Refuses a parameter that would be passed over, and a slip in what is to encrypt the connection. The driver would
 * connect otherwise than the URL says, without a word. One that nobody knows is not shown, because it may be the rest of
 * a password.
 */
function parameterFaultOf(query: URLSearchParams): string | null {
  for (const [index, name] of [...query.keys()].entries()) {
    if (TLS_PARAMETERS.has(name) || PARAMETERS.includes(name)) continue;
    if (/^(?:ssl|tls)/i.test(name))
      return `it has a parameter about encryption that does not exist; there are ${[...TLS_PARAMETERS].join(', ')}`;
    const shown = OF_OTHERS.has(name) ? `"${name}"` : `number ${index + 1}`;
    return `its parameter ${shown} means nothing to Cronflow; take it out. There are ${[...PARAMETERS, ...TLS_PARAMETERS].join(', ')}`;
  }
  const timeout = query.get(CONNECT_TIMEOUT);
  if (timeout !== null && !/^\d{1,9}$/.test(timeout)) return `its ${CONNECT_TIMEOUT} is no number of seconds`;
  const mode = query.get('sslmode');
  if (mode !== null && !TLS_MODES.has(mode)) return `its sslmode is none of ${[...TLS_MODES].join(', ')}`;
  return null;
}

/**
 * Returns how long a connection may take to be made. The URL can make that shorter, and not longer, because nobody waits
 * for a commit for so long; 0 leaves it as it is.
 */
export function connectMsOf(url: string, msMax: number): number {
  const seconds = Number(parametersOf(URL_PARTS.exec(url)?.[3] ?? '').get(CONNECT_TIMEOUT) ?? 0);
  return seconds > 0 ? Math.min(seconds * 1_000, msMax) : msMax;
}

/** Returns the parts of a URL; null where its host and port cannot be told. */
function partsOf(url: string): Parts | null {
  const [, authority = '', path = '', query = ''] = URL_PARTS.exec(url) ?? [];
  // A password may hold the character unescaped. So the host is what comes after the last one.
  const at = authority.lastIndexOf('@');
  const [, host, port = ''] = HOST.exec(authority.slice(at + 1)) ?? [];
  return host === undefined
    ? null
    : { credentials: authority.slice(0, Math.max(0, at)), host, port, path, query };
}

/**
 * Names the database of a URL for people: `cronflow at db.example.com:5432`. It has nothing that may be secret. What the
 * URL leaves out the driver takes from the variables that PostgreSQL's own programs know.
 */
export function databaseNameOf(url: string, env: NodeJS.ProcessEnv = process.env): string {
  const parts = partsOf(url);
  if (parts === null) return 'of CRONFLOW_STORE';
  const query = parametersOf(parts.query);
  const user = firstOf(query.get('user'), decoded(/^[^:]*/.exec(parts.credentials)![0]), env['PGUSER']);
  const host = firstOf(query.get('host'), decoded(parts.host), env['PGHOST'], 'localhost');
  const port = firstOf(query.get('port'), parts.port, env['PGPORT'], DEFAULT_PORT);
  const name = firstOf(decoded(parts.path.trimEnd().slice(1)), env['PGDATABASE'], user, 'of this user');
  return `${name} at ${/^[^[/].*:/.test(host) ? `[${host}]` : host}:${port}`;
}

/** Returns the first of these texts that says anything. */
function firstOf(...texts: (string | null | undefined)[]): string {
  return texts.find((text) => text !== undefined && text !== null && text !== '') ?? '';
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
