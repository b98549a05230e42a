/**
 * What the row of a state notes of the history of its job, so that a ping need not look at that history; see schema 4
 * and 5. Null stands for what is not known.
 */
export interface Noted {
  /** The number from which the rows of the job are read for a ping. */
  headsFrom: number | null;
  /** The number of settled rows that are kept of the job. */
  kept: number | null;
}

export const NOTHING_NOTED: Noted = { headsFrom: null, kept: null };
