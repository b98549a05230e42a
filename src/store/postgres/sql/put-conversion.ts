import type { Statement } from '../statement.ts';

/** Notes how far the rows of a table are written anew. */
export const PUT_CONVERSION: Statement = {
  text: `
insert into cronflow.conversions ("table", version, place) values ($1, $2, $3)
on conflict ("table") do update set version = excluded.version, place = excluded.place
`,
};
