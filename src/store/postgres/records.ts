import { CronflowError } from '../../core/model/errors.ts';
import type { Job, JobIncident, JobState, Row } from '../../core/model/records.ts';
import type { LivedState, Records, TableName } from '../local/changes.ts';
import { formatOf, type RecordFormat } from '../local/migrations.ts';

/** A record says under this key which version of records wrote it. */
const VERSION_KEY = '$version';
/** Records that do not say it were written under this version, which was the first in a database. */
export const FIRST_VERSION = 8;

/** The records of a job in the log, from which its later events can be told. */
export interface BaseRecords {
  job: Job;
  runs: Row[];
  incident: JobIncident | null;
}

/**
 * The records in rows of the database, of whatever version. A row says of its record under which version it was written,
 * so that rows of several versions can stand side by side while they are written anew, some at a time.
 */
export class RecordsInRows {
  readonly format: RecordFormat;

  constructor(format: RecordFormat = formatOf()) {
    this.format = format;
  }

  /** The version of the records that are written. */
  get version(): number {
    return this.format.version;
  }

  /** Returns a record as a row holds it. */
  written(record: object): string {
    const text = JSON.stringify(record);
    if (this.version === FIRST_VERSION) return text;
    const version = `"${VERSION_KEY}":${this.version}`;
    return text === '{}' ? `{${version}}` : `{${version},${text.slice(1)}`;
  }

  /**
   * Returns the record of a row as the present version has it.
   * @throws CronflowError `store_unavailable` for one that a newer version has written
   */
  read<T extends TableName>(table: T, row: unknown): Records[T] {
    const version = versionOf(row);
    if (version === undefined && this.version === FIRST_VERSION) return row as Records[T];
    const { [VERSION_KEY]: _version, ...record } = row as Record<string, unknown>;
    return this.format.migrate(this.#known(version), table, record) as Records[T];
  }

  /** Returns the state of a job in a row, which is a part of a record, as the present version has it. */
  readState(jobId: string, row: unknown): JobState {
    const version = versionOf(row);
    if (version === undefined && this.version === FIRST_VERSION) return row as JobState;
    const { [VERSION_KEY]: _version, ...state } = row as Record<string, unknown>;
    const lived = { job_id: jobId, state };
    return (this.format.migrate(this.#known(version), 'states', lived) as LivedState).state;
  }

  /** Returns the records of a job that stand in the log, which were written at once, as the present version has them. */
  readBase(row: unknown): BaseRecords {
    const base = row as BaseRecords;
    const version = versionOf(row);
    if (version === undefined && this.version === FIRST_VERSION) return base;
    const read = <T>(table: TableName, record: T): T =>
      this.format.migrate(this.#known(version), table, record) as T;
    return {
      job: read('jobs', base.job),
      runs: base.runs.map((run) => read('runs', run)),
      incident: base.incident === null ? null : read('incidents', base.incident),
    };
  }

  /** Tells whether a row was written under an older version. */
  isOlder(row: unknown): boolean {
    return this.#known(versionOf(row)) < this.version;
  }

  /** Returns a value that belongs to no job as the present version has it. Rows of those do not say their version. */
  readMeta(version: number, meta: { key: string; value: unknown }): { key: string; value: unknown } {
    return this.format.migrate(version, 'meta', meta) as { key: string; value: unknown };
  }

  #known(version = FIRST_VERSION): number {
    if (version <= this.version) return version;
    throw outdated(
      `It has records of version ${version}, and this version of Cronflow knows up to ${this.version}.`,
    );
  }
}

function versionOf(row: unknown): number | undefined {
  return (row as { [VERSION_KEY]?: number })[VERSION_KEY];
}

/** Says that a newer Cronflow has brought the database to something that this one does not know. */
export function outdated(what: string): CronflowError {
  return new CronflowError(
    'store_unavailable',
    `The database was brought to a newer version while this Cronflow ran. ${what} Replace it by the newer version.`,
  );
}
