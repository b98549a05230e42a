/**
 * Every error that Cronflow tells anyone, with its HTTP status. The codes are stable, so that clients and scripts may
 * rely on them.
 */
export const ERROR_CODES = {
  bad_request: { status: 400, title: 'The request cannot be read' },
  unauthorized: { status: 401, title: 'A valid token is needed' },
  forbidden: { status: 403, title: 'Not allowed' },
  foreign_host: { status: 403, title: 'Served under a loopback name only' },
  foreign_origin: { status: 403, title: 'Requests from other sites are refused' },
  not_found: { status: 404, title: 'No such resource' },
  unknown_job: { status: 404, title: 'No job of this name' },
  method_not_allowed: { status: 405, title: 'Method not allowed here' },
  request_timeout: { status: 408, title: 'The request took too long to arrive' },
  name_taken: { status: 409, title: 'A job of this name exists' },
  job_in_file: { status: 409, title: 'The job is declared in a file' },
  incident_closed: { status: 409, title: 'The incident is closed' },
  config_held: { status: 409, title: 'The change is held until it is confirmed' },
  body_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'The body is of a type not understood here' },
  invalid: { status: 422, title: 'The input is not valid' },
  config_invalid: { status: 422, title: 'The configuration is not valid' },
  too_many_jobs: { status: 422, title: 'No more jobs can be registered' },
  rate_limited: { status: 429, title: 'Too many requests' },
  headers_too_large: { status: 431, title: 'The headers are too large' },
  internal: { status: 500, title: 'Cronflow failed' },
  store_unavailable: { status: 503, title: 'Nothing can be stored at the moment' },
  overloaded: { status: 503, title: 'Too much is asked for at once' },
  stopping: { status: 503, title: 'Cronflow is stopping' },
  // Commands and the start have these. They never travel over HTTP.
  cannot_listen: { status: 500, title: 'The address cannot be listened on' },
  store_missing: { status: 500, title: 'There is no store' },
  store_damaged: { status: 500, title: 'The store is damaged' },
  store_unusable: { status: 500, title: 'The data directory cannot be used' },
  store_locked: { status: 500, title: 'Another process uses the data directory' },
  lease_lost: { status: 500, title: 'Another instance has taken over' },
  unreachable: { status: 500, title: 'No Cronflow can be asked' },
  usage: { status: 500, title: 'The command cannot be understood' },
} as const;
export type ErrorCode = keyof typeof ERROR_CODES;

/** The names of all lints, in alphabetical order. */
export const LINTS = [
  'empty_secret',
  'endless_maintenance',
  'grace_over_period',
  'max_runtime_over_period',
  'name_near_unknown',
  'nobody_told',
  'renames_nothing',
  'skipped_by_clock_change',
  'unencrypted_address',
  'unused_notifier',
] as const;
/** The code of a lint. Its type keeps a lint that `LINTS` lacks, and so `--allow` would refuse, from being built. */
export type LintCode = (typeof LINTS)[number];

/** The codes of faults, which are mistakes, and then those of lints, which are valid and probably not meant. */
const FAULT_CODES = [
  'bad_character',
  'bad_instant',
  'bad_name',
  'bad_pattern',
  'bad_schedule',
  'bad_secret_file',
  'bad_substitution',
  'bad_timezone',
  'config_held',
  'conflict',
  'duplicate',
  'duplicate_job',
  'duplicate_key',
  'file_empty',
  'file_missing',
  'file_not_utf8',
  'file_too_large',
  'file_unreadable',
  'include_limit',
  'internal',
  'invalid_value',
  'missing_key',
  'more',
  'not_allowed',
  'out_of_range',
  'rename_onto_history',
  'store_unavailable',
  'unknown_group',
  'unknown_job',
  'unknown_key',
  'unknown_notifier',
  'unset_variable',
  'wrong_type',
  'yaml_limit',
  'yaml_syntax',
  ...LINTS,
] as const;
export type FaultCode = (typeof FAULT_CODES)[number];

/** One mistake in an input: where it is, what is wrong, what is allowed and what to do. */
export interface Fault {
  code: FaultCode;
  /** The path in the input, e.g. `jobs.backup.schedule`; empty for the whole input. */
  path: string;
  /** One sentence that says what is wrong and what is allowed, without the place. */
  message: string;
  /** The nearest known word, if one is near enough to be meant. */
  suggestion?: string;
  file?: string;
  /** The line, counted from 1. */
  line?: number;
  /** The column, counted from 1. */
  column?: number;
}

/** A lint is valid and probably not meant. It has the shape of a fault and stops nothing. */
export interface Lint extends Fault {
  code: LintCode;
  /** A note is worth knowing, with nothing to mend. Without one it is a warning. */
  severity?: 'warning' | 'note';
  /** The name of the job that it is about, if it is about one. */
  job?: string;
}

/** An error for people. Its `detail` says what went wrong, where, what is allowed and what to do next. */
export class CronflowError extends Error {
  override readonly name = 'CronflowError';
  readonly code: ErrorCode;
  readonly faults: readonly Fault[];
  constructor(code: ErrorCode, detail: string, options: { faults?: readonly Fault[]; cause?: unknown } = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.faults = options.faults ?? [];
  }
}

/** Returns the message of an error, for the log and for people, whatever was thrown. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
