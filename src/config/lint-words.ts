import type { Fault, Lint } from '../core/model/errors.ts';

/** Returns the severity of a lint: a note is worth knowing with nothing to mend, and any other is a warning. */
export function severityOf(lint: Lint): 'warning' | 'note' {
  return lint.severity ?? 'warning';
}

/** Words a lint for people, with its severity and the name by which it can be allowed. */
export function worded(lint: Lint): Fault {
  return { ...lint, message: `${severityOf(lint)}: ${lint.message} [${lint.code}]` };
}
