/** One statement of SQL. Values never stand in the text; they are its parameters. */
export interface Statement {
  /**
   * Names the statement, so that a connection parses and plans it once. Without a name it is planned for the very
   * values of each call, as a list with many filters has to be: a filter that is not used must not cost an index.
   */
  name?: string;
  text: string;
}

/** A statement with the values of its parameters. */
export interface Step {
  statement: Statement;
  values: readonly unknown[];
}

/** Returns a statement with its values. */
export function step(statement: Statement, ...values: unknown[]): Step {
  return { statement, values };
}
