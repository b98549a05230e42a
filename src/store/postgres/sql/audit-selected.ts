/** Entries of the audit log that a filter selects: what their list and their count share. */
export const AUDIT_SELECTED = `from cronflow.audit
where
  ($1::bigint is null or at >= $1)
  and ($2::bigint is null or at < $2)
  and ($3::text is null or who = $3)
  and ($4::text is null or $4 = any(jobs))`;
