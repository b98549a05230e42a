/** The columns of a state, with what is noted of the history beside it, and whether that counts; see schema 4. */
export const STATE_COLUMNS = `job_id, based_at, state, heads_from, kept, starts_with(state::text, ' ') as is_noted`;
