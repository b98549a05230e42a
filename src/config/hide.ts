import type { Fault } from '../core/model/errors.ts';
import { redact, redactPatterns } from '../core/text/redact.ts';
import { maskCredentials } from './mask.ts';
import { visible } from './visible.ts';

/**
 * A text that quotes a configuration, without what is surely a secret: what the patterns of `redact` match, what stands
 * before the @ of an address, and what looks like a password, key or token.
 * @param patterns of `redact` in a configuration that is valid
 */
export function hideSecrets(text: string, patterns: readonly string[] = []): string {
  // The patterns see the text as it was written: stars in it would keep them from matching.
  return redact(maskCredentials(redactPatterns(text, patterns)));
}

/** A fault that may be shown, whatever stood in the file: without secrets, and without what cannot be seen. */
export function hideInFault<F extends Fault>(fault: F, patterns: readonly string[] = []): F {
  const shown = (text: string): string => visible(hideSecrets(text, patterns));
  return { ...fault, path: shown(fault.path), message: shown(fault.message) };
}
