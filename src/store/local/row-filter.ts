import type { Row } from '../../core/model/records.ts';
import { instantOfRow } from '../../core/model/rows.ts';
import type { RowSelection } from '../store.ts';

/** Returns a function that tells whether a filter selects a row. */
export function rowMatcher(filter: RowSelection): (row: Row) => boolean {
  const { outcome, host, since_at: sinceAt = -Infinity, until_at: untilAt = Infinity } = filter;
  return (row) => {
    if (outcome !== undefined && (row.outcome ?? 'open') !== outcome) return false;
    if (host !== undefined && (row.kind === 'slots' || row.host !== host)) return false;
    if (row.kind === 'slots') return row.slot_at >= sinceAt && row.first_slot_at < untilAt;
    const at = instantOfRow(row);
    return at === null || (at >= sinceAt && at < untilAt);
  };
}

/** Returns the rows that a filter selects, in the same order. */
export function filteredRows(rows: readonly Row[], filter: RowSelection): readonly Row[] {
  const { outcome, host, since_at: sinceAt, until_at: untilAt } = filter;
  const isAll = [outcome, host, sinceAt, untilAt].every((each) => each === undefined);
  return isAll ? rows : rows.filter(rowMatcher(filter));
}
