import type { Statement } from '../statement.ts';

/** Marks deliveries that cannot be sent next, so that claims leave them out. */
export const PUT_BEHIND: Statement = {
  name: 'put_behind',
  text: `
update cronflow.deliveries set is_behind = true where id = any($1::text[]) and status = 'pending'
`,
};
