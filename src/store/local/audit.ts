import type { AuditRecord } from '../../core/model/audit.ts';
import { forgetOldest } from '../../core/model/bounded.ts';
import type { AuditFilter } from '../store.ts';

/** The audit log in memory, in the order in which its entries were put. */
export class AuditTable {
  readonly #records = new Map<string, AuditRecord>();

  put(record: AuditRecord): void {
    this.#records.set(record.id, record);
  }

  delete(id: string): void {
    this.#records.delete(id);
  }

  has(id: string): boolean {
    return this.#records.has(id);
  }

  /** Drops the oldest entries beyond a number. */
  trim(max: number): void {
    forgetOldest(this.#records, max);
  }

  /** Lists the entries that a filter selects, in the order in which they were put. */
  matching({ since_at: since, until_at: until, who, job }: Partial<AuditFilter>): AuditRecord[] {
    return [...this.#records.values()].filter(
      (record) =>
        (since === undefined || record.at >= since) &&
        (until === undefined || record.at < until) &&
        (who === undefined || record.who === who) &&
        (job === undefined || record.jobs.includes(job)),
    );
  }

  /** Lists the ids of at most `limit` entries from before an instant. */
  before(at: number, limit: number): string[] {
    const ids: string[] = [];
    for (const record of this.#records.values()) {
      if (ids.length >= limit) break;
      if (record.at < at) ids.push(record.id);
    }
    return ids;
  }

  /** Returns all entries as they are now, whatever changes while they are read. */
  snapshot(): readonly AuditRecord[] {
    return [...this.#records.values()];
  }
}
