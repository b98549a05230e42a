/** Deliveries that a filter selects: what their list and their count share. */
export const DELIVERIES_SELECTED = `from cronflow.deliveries
where
  ($1::text is null or status = $1)
  and ($2::text is null or notifier = $2)
  and ($3::text is null or incident_id = $3)`;
