import type { Day } from '../../core/model/daily.ts';
import type { Delivery, Incident, Job, Row } from '../../core/model/records.ts';
import type { TableName } from '../local/changes.ts';
import type { Tables } from '../local/tables.ts';
import { type Migration, migrate, schemaVersion } from '../local/migrations.ts';

/** The records as they are before a commit, against which its line holds what it changes. */
export interface Before {
  job: (id: string) => Job | undefined;
  row: (id: string) => Row | undefined;
  day: (jobId: string, date: string) => Day | undefined;
  incident: (id: string) => Incident | undefined;
  delivery: (id: string) => Delivery | undefined;
}

export function beforeIn(tables: Tables): Before {
  return {
    job: (id) => tables.jobById(id),
    row: (id) => tables.runs.get(id),
    day: (jobId, date) => tables.days.get(jobId, date),
    incident: (id) => tables.incident(id),
    delivery: (id) => tables.outbox.get(id),
  };
}

/**
 * The records of tables as earlier versions knew them. A line of an earlier version says what it changes in a record of
 * that version. So while such lines are read, each migrated record is remembered with what it was migrated from.
 */
export class Versions {
  readonly #migrations: readonly Migration[];
  readonly #originals = new WeakMap<object, { version: number; record: object }>();

  constructor(migrations: readonly Migration[]) {
    this.#migrations = migrations;
  }

  /** The version to which records are brought. */
  get present(): number {
    return schemaVersion(this.#migrations);
  }

  /** Brings a record that a version wrote to the present one, and remembers it. */
  migrated<T extends object>(version: number, table: TableName, record: T): T {
    if (version === this.present) return record;
    const now = migrate(this.#migrations, version, table, record) as T;
    // Every migration gave back what it got, so all versions know the record as it is.
    if (now === record) return record;
    this.#originals.set(now, { version, record });
    return now;
  }

  /** Returns the records of tables as a version knew them. */
  asOf(version: number, tables: Tables): Before {
    const now = beforeIn(tables);
    if (version === this.present) return now;
    const then = <T extends object>(table: TableName, record: T | undefined): T | undefined => {
      const original = record === undefined ? undefined : this.#originals.get(record);
      if (original === undefined) return record;
      const between = this.#migrations.slice(0, version - 1);
      return migrate(between, original.version, table, original.record) as T;
    };
    return {
      job: (id) => then('jobs', now.job(id)),
      row: (id) => then('runs', now.row(id)),
      day: (jobId, date) => then('days', now.day(jobId, date)),
      incident: (id) => then('incidents', now.incident(id)),
      delivery: (id) => then('deliveries', now.delivery(id)),
    };
  }
}
