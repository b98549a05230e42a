import type { Row } from '../../core/model/records.ts';
import { instantOfRow } from '../../core/model/rows.ts';
import type { RunFilter } from '../store.ts';

/** Returns the rows that a filter selects, in the same order. */
export function filteredRows(rows: readonly Row[], filter: RunFilter): readonly Row[] {
  const { outcome, host, since_at: sinceAt = -Infinity, until_at: untilAt = Infinity } = filter;
  if (outcome === undefined && host === undefined && sinceAt === -Infinity && untilAt === Infinity)
    return rows;
  return rows.filter((row) => {
    if (outcome !== undefined && (row.outcome ?? 'open') !== outcome) return false;
    if (host !== undefined && (row.kind === 'slots' || row.host !== host)) return false;
    const at = instantOfRow(row);
    return at === null || (at >= sinceAt && at < untilAt);
  });
}
