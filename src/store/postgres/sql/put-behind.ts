import type { Statement } from '../statement.ts';

/**
 * Marks deliveries that cannot be sent next, so that claims leave them out. One that another transaction has locked is
 * marked by a later claim: to wait for it could be to wait in a circle.
 */
export const PUT_BEHIND: Statement = {
  name: 'put_behind',
  text: `
with free as materialized (
  select id from cronflow.deliveries where id = any($1::text[]) and status = 'pending' for update skip locked
)
update cronflow.deliveries d set is_behind = true from free f where d.id = f.id
`,
};
