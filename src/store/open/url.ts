import { CronflowError } from '../../core/model/errors.ts';
import { databaseNameOf, expectDatabaseUrl } from '../postgres/address.ts';

/**
 * A store that can be named: the embedded one in its data directory, a database that several instances share, or one
 * that is gone with the process.
 */
export type StorePlace =
  { kind: 'lowdb'; directory: string } | { kind: 'postgres'; url: string } | { kind: 'memory' };

const POSTGRES = /^postgres(ql)?:\/\//;

/**
 * Returns the URL of the store that `CRONFLOW_STORE` and the data directory name.
 * @param named the value of `CRONFLOW_STORE`; undefined or empty for the embedded store
 * @throws CronflowError `usage` for any other value than `lowdb` and the URL of a PostgreSQL database, and for one of
 * which a password would be shown as something else
 */
export function storeUrlOf(named: string | undefined, directory: string): string {
  if (named === undefined || named === '' || named === 'lowdb') return `lowdb:${directory}`;
  if (POSTGRES.test(named)) {
    expectDatabaseUrl(named);
    return named;
  }
  // The message leaves the value out, because it may hold a password.
  throw new CronflowError(
    'usage',
    'CRONFLOW_STORE: it is neither "lowdb", the store in the data directory, nor the URL of a PostgreSQL database: postgres://USER:PASSWORD@HOST/DATABASE, in which a special character of the password is written as %XX.',
  );
}

/** Tells whether several instances may use the store at a URL at the same time. */
export function isShared(url: string): boolean {
  return storePlaceOf(url).kind === 'postgres';
}

/**
 * Reads the URL of a store: `lowdb:DIRECTORY`, `postgres://...` or `memory:`.
 * @throws CronflowError `usage` for any other
 */
export function storePlaceOf(url: string): StorePlace {
  if (url === 'memory:') return { kind: 'memory' };
  const [, directory] = /^lowdb:(.+)$/s.exec(url) ?? [];
  if (directory !== undefined) return { kind: 'lowdb', directory };
  if (POSTGRES.test(url)) return { kind: 'postgres', url };
  throw new CronflowError(
    'usage',
    'The URL of a store is "lowdb:" with the path of the data directory, "postgres://USER@HOST/DATABASE", or "memory:".',
  );
}

/** Names the store at a URL for people, without the password that its URL may have. */
export function storeNameOf(url: string): string {
  const place = storePlaceOf(url);
  if (place.kind === 'memory') return 'the store in memory';
  if (place.kind === 'lowdb') return place.directory;
  return `the database ${databaseNameOf(place.url)}`;
}
