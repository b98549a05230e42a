import type { Fault, Lint } from '../core/model/errors.ts';
import { formatFaults } from './format.ts';
import { hideInFault } from './secrets/hide.ts';
import type { SourceFile } from './config.ts';

/** Returns the severity of a lint: a note is worth knowing with nothing to mend, and any other is a warning. */
export function severityOf(lint: Lint): 'warning' | 'note' {
  return lint.severity ?? 'warning';
}

/** Words a lint for people, with its severity and the name by which it can be allowed. */
export function worded(lint: Lint): Fault {
  return { ...lint, message: `${severityOf(lint)}: ${lint.message} [${lint.code}]` };
}

/** Returns lints as a service shows them: each with its severity, and all in words with their lines, without secrets. */
export function shownLints(
  lints: readonly Lint[],
  files: readonly SourceFile[],
  redact: readonly string[],
): { lints: (Fault & { severity: 'warning' | 'note' })[]; text: string } {
  return {
    lints: lints.map((lint) => ({ ...hideInFault(lint, redact), severity: severityOf(lint) })),
    text: formatFaults(lints.map(worded), files, { redact }),
  };
}
