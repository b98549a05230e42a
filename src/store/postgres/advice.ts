import { CronflowError } from '../../core/model/errors.ts';
import { databaseNameOf } from './address.ts';
import { codeOf, reasonText } from './errors.ts';

const RIGHTS =
  'Its user lacks a right. Run "cronflow store migrate" as the user who owns the schema "cronflow", or who may ' +
  'create it, and give this one the rights that docs/postgresql.md lists.';
const TLS_ASKED_FOR =
  'If it takes only encrypted connections, add ?sslmode=verify-full&sslrootcert=/etc/ssl/db.pem.';
const UNTRUSTED =
  'Name the file with the certificate of whoever signed that of the database: ' +
  '?sslmode=verify-full&sslrootcert=/etc/ssl/db.pem.';
const LOGIN =
  'Check the user and the password in CRONFLOW_STORE, where a special character of the password is written as %XX, ' +
  'and that this user may log in.';
const FOREIGN =
  'Its schema "cronflow" is not as Cronflow makes it: somebody else made it, or changed it by hand. Name another ' +
  'database in CRONFLOW_STORE, or restore this one from a backup.';
const HOST = 'Check the name of the host in CRONFLOW_STORE.';

/** What to do, by the code that the database or the system gives an error. */
const BY_CODE: Readonly<Record<string, string>> = {
  '28000': LOGIN,
  '28P01': LOGIN,
  '3D000':
    'Create it as docs/postgresql.md says, or name another one at the end of the address in CRONFLOW_STORE.',
  '42501': RIGHTS,
  '42703': FOREIGN,
  '42723': FOREIGN,
  '42P01': FOREIGN,
  '42P07': FOREIGN,
  '53100': 'Make room on the disk of the database.',
  '53300':
    'An instance opens at most 7. Raise max_connections, or the limit of the user or of the database, or end those of others.',
  '57P03': 'Wait until it takes connections, and start again.',
  EACCES: 'Check the host of a Unix socket, and the files that sslrootcert, sslcert and sslkey name.',
  EAI_AGAIN: HOST,
  ENOENT: 'Check the host of a Unix socket, and the files that sslrootcert, sslcert and sslkey name.',
  ENOTFOUND: HOST,
  ERR_TLS_CERT_ALTNAME_INVALID:
    'Write the host in CRONFLOW_STORE as the certificate of the database names it.',
  // What Node says of a certificate that nobody vouches for.
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
};

/** What to do, by a text, where a code says less or there is none. */
const BY_TEXT: readonly (readonly [text: RegExp, advice: string])[] = [
  [/no encryption|SSL off/, TLS_ASKED_FOR],
  [
    /does not support SSL/,
    'Turn on TLS at the database (ssl = on), or leave sslmode out where the network can be trusted.',
  ],
  [/no pg_hba\.conf entry/, 'Let pg_hba.conf of the database take this user from this machine.'],
  [
    /password must be a (?:non-empty )?string/,
    'The database asks for a password, and CRONFLOW_STORE has none.',
  ],
  [/statement pooling mode/, 'Let PgBouncer pool by transaction or by session (pool_mode).'],
  [/it is a copy of another server/, 'Name the server that takes writes in CRONFLOW_STORE.'],
  [
    /default_transaction_read_only is on/,
    'Turn it off: ALTER ROLE USER RESET default_transaction_read_only, or the same for the database or the server.',
  ],
];

/** Says for people why a database cannot be used at all, and what to do. */
export function unusable(url: string, error: unknown): CronflowError {
  const why = reasonText(error).replace(/\.$/, '');
  return new CronflowError(
    'store_unavailable',
    `The database ${databaseNameOf(url)} (CRONFLOW_STORE) cannot be used: ${why}. ${adviceOn(error)}`,
    { cause: error },
  );
}

function adviceOn(error: unknown): string {
  const text = reasonText(error);
  const [, byText] = BY_TEXT.find(([pattern]) => pattern.test(text)) ?? [];
  return byText ?? BY_CODE[codeOf(error)] ?? 'Check that it runs, its address and the rights of its user.';
}
