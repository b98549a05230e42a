import type { Fault, Lint } from '../core/model/errors.ts';
import { withoutAllowed } from './allowed-lints.ts';
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

/**
 * Returns lints as a service shows them: each with its severity, and all in words with their lines, without secrets.
 * Those that a comment in the files allows are left out, as `cronflow check` leaves them out.
 */
export function shownLints(
  lints: readonly Lint[],
  files: readonly SourceFile[],
  redact: readonly string[],
): { lints: (Fault & { severity: 'warning' | 'note' })[]; text: string } {
  const shown = withoutAllowed(lints, files).lints;
  return {
    lints: shown.map((lint) => ({ ...hideInFault(lint, redact), severity: severityOf(lint) })),
    text: formatFaults(shown.map(worded), files, { redact }),
  };
}
