import type { Statement } from '../statement.ts';

/** Gives jobs that are renamed a name that no job can have, so that jobs may exchange names. */
export const FREE_NAMES: Statement = {
  name: 'free_names',
  text: `
update cronflow.jobs set name = '#' || id where id = any($1::text[])
`,
};
