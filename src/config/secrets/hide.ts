import type { Fault } from '../../core/model/errors.ts';
import { redact, redactPatterns } from '../../core/text/redact.ts';
import { maskCredentials } from './mask.ts';
import { visible } from './visible.ts';

/**
 * Hides in a text that quotes a configuration whatever is surely a secret: matches of the `redact` patterns, the part
 * of an address before its @, and text that looks like a password, key or token.
 * @param patterns the `redact` of a configuration that is valid
 */
export function hideSecrets(text: string, patterns: readonly string[] = []): string {
  // The patterns are matched against the text as it was written, because stars in it would keep them from matching.
  return redact(maskCredentials(redactPatterns(text, patterns)));
}

/**
 * Returns a fault that may be shown, whatever stood in the file: secrets are hidden, and invisible characters are
 * escaped.
 */
export function hideInFault<F extends Fault>(fault: F, patterns: readonly string[] = []): F {
  const shown = (text: string): string => visible(hideSecrets(text, patterns));
  return { ...fault, path: shown(fault.path), message: shown(fault.message) };
}
