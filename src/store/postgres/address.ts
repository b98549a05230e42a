import { CronflowError } from '../../core/model/errors.ts';

const URL_PARTS = /^postgres(?:ql)?:\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?(#.*)?$/s;
const HOST = /^(\[[^\]]*\]|[^:]*)(?::(\d*))?$/;
const DEFAULT_PORT = '5432';

const HOW =
  'It is postgres://USER:PASSWORD@HOST:PORT/DATABASE, in which a special character of the password is written as %XX: ' +
  '@ as %40, / as %2F, : as %3A, # as %23, ? as %3F and % as %25.';

/** The parameters of a URL that are about encryption, as the driver knows them. It passes over any other one. */
const TLS_PARAMETERS: ReadonlySet<string> = new Set([
  'ssl',
  'sslmode',
  'sslrootcert',
  'sslcert',
  'sslkey',
  'sslnegotiation',
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
  const parts = URL_PARTS.exec(url);
  const [, authority = '', path = '', query = '', fragment] = parts ?? [];
  if (parts === null) return 'it does not begin with postgres://';
  if (fragment !== undefined) return 'it has the character "#"';
  if (path.includes('@')) return 'it has the character "@" after the host';
  if (query.includes('@') && authority !== '' && /^\/?$/.test(path))
    return 'it has the character "@" after a "?", and no name of a database before that';
  if (/%(?![0-9a-f]{2})/i.test(url)) return 'it has a "%" that no two hexadecimal digits follow';
  if (authority.slice(authority.lastIndexOf('@') + 1).includes(','))
    return 'it names several hosts, and Cronflow takes one, which should be an address that follows the primary';
  if (partsOf(url) === null) return 'its host and port cannot be read';
  return tlsFaultOf(new URLSearchParams(query));
}

/** Refuses a slip in what is to encrypt the connection. The driver would connect without encryption. */
function tlsFaultOf(query: URLSearchParams): string | null {
  for (const name of query.keys())
    if (/^(?:ssl|tls)/i.test(name) && !TLS_PARAMETERS.has(name))
      return `it has a parameter about encryption that does not exist; there are ${[...TLS_PARAMETERS].join(', ')}`;
  const mode = query.get('sslmode');
  if (mode !== null && !TLS_MODES.has(mode)) return `its sslmode is none of ${[...TLS_MODES].join(', ')}`;
  return null;
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
 * Names the database of a URL for people: `cronflow at db.example.com:5432`. It has nothing that may be secret.
 */
export function databaseNameOf(url: string): string {
  const parts = partsOf(url);
  if (parts === null) return 'of CRONFLOW_STORE';
  const query = new URLSearchParams(parts.query);
  const user = query.get('user') ?? decoded(/^[^:]*/.exec(parts.credentials)![0]);
  const host = query.get('host') ?? (parts.host === '' ? 'localhost' : decoded(parts.host));
  const port = query.get('port') ?? (parts.port === '' ? DEFAULT_PORT : parts.port);
  const name = parts.path.length > 1 ? decoded(parts.path.slice(1)) : user;
  return `${name === '' ? 'of this user' : name} at ${host}:${port}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
