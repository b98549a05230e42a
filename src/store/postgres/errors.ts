import { CronflowError, errorText } from '../../core/model/errors.ts';

/** What became of a transaction that the database refused, and so what is to be done about it. */
export type Refusal =
  /** Another instance was faster. The same transaction can be run again at once. */
  | 'conflict'
  /** The database is away, starting, full or too slow, or it is a copy that takes no writes. */
  | 'unavailable'
  /** The data itself was refused, and would be again. */
  | 'data';

/** Is thrown where what was read was changed by another instance before it was locked. */
export class Conflict extends Error {
  override readonly name = 'Conflict';
}

const CONFLICTS: ReadonlySet<string> = new Set([
  '40001', // serialization_failure
  '40P01', // deadlock_detected
  '23505', // unique_violation: another instance made a record of this id or name
]);

/** What the database says where a pooler gives a connection to several clients in turn. */
const OF_POOLERS: ReadonlySet<string> = new Set([
  '26000', // invalid_sql_statement_name: the statement was prepared on another connection
  '42P05', // duplicate_prepared_statement: another client has prepared it on this one
]);

/** What a connection may say although another one to the same address would not. */
const OF_CONNECTIONS: ReadonlySet<string> = new Set([
  '0A000', // feature_not_supported: a statement was prepared before the type of a column changed
  '25006', // read_only_sql_transaction: it began with that setting, or leads to a server that became a copy
]);

/** The classes of errors that are about the data, the first two characters of a code. */
const DATA_CLASSES: ReadonlySet<string> = new Set(['21', '22', '23', '54']);

/** The classes of errors that are about what is not there any more, or is damaged. */
const TABLE_CLASSES: ReadonlySet<string> = new Set(['42', 'XX']);
/** Those errors of the system that a damaged table makes. Others of their class poolers give, which reach no server. */
const TABLE_CODES: ReadonlySet<string> = new Set([
  '58030', // io_error: a page cannot be read or written
  '58P01', // undefined_file: a file of a table is gone
]);

/** Tells what is to be done about an error of a transaction. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof Conflict) return 'conflict';
  const code = codeOf(error);
  if (CONFLICTS.has(code)) return 'conflict';
  return DATA_CLASSES.has(code.slice(0, 2)) ? 'data' : 'unavailable';
}

/** Tells whether a statement failed because a pooler keeps no connection for its client. */
export function isOfPooler(error: unknown): boolean {
  return OF_POOLERS.has(codeOf(error));
}

/** Tells whether a statement may have failed because of the connection alone, so that a new one is to be tried. */
export function isOfConnection(error: unknown): boolean {
  return OF_CONNECTIONS.has(codeOf(error));
}

/** Says that a transaction which is to write cannot, with the code that the database has for that. */
export class ReadOnly extends Error {
  override readonly name = 'ReadOnly';
  readonly code = '25006';
}

/** Tells whether the database found no room on its disk. */
export function isFullDisk(error: unknown): boolean {
  return codeOf(error) === '53100';
}

/**
 * Tells whether the database refused a statement because its tables are not as they were made: changed by hand, or damaged
 * on its disk. Other commits go through meanwhile.
 */
export function isOfTables(error: unknown): boolean {
  const code = codeOf(error);
  return TABLE_CLASSES.has(code.slice(0, 2)) || TABLE_CODES.has(code);
}

/** Tells whether something was locked by another for longer than it is waited for. */
export function isLocked(error: unknown): boolean {
  return codeOf(error) === '55P03';
}

/** Returns the code that the database gave an error, or the system; empty where there is none. */
export function codeOf(error: unknown): string {
  const code = error instanceof Error ? (error as Error & { code?: unknown }).code : undefined;
  return typeof code === 'string' ? code : '';
}

/** Says for people that the database refused something. No message of the driver holds a password. */
export function unavailable(error: unknown): CronflowError {
  return new CronflowError('store_unavailable', `The database took no commit: ${reasonText(error)}`, {
    cause: error,
  });
}

/** Returns what went wrong, in words. Where several addresses were tried, the error itself says nothing. */
export function reasonText(error: unknown): string {
  if (error instanceof AggregateError && error.message === '')
    return error.errors.map((each) => errorText(each)).join('; ');
  return errorText(error);
}
