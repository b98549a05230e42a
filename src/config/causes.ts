import type { Fault } from '../core/model/errors.ts';
import { sha256 } from './read.ts';

const CAUSES_MAX = 500;
const HASH_LENGTH = 16;

/**
 * Returns one hash for each distinct mistake, so that each is told of once, wherever it has moved to (docs/design.md
 * §5). A hash covers the file, the path and the message, and leaves out the line and the lines that the message
 * names.
 */
export function causesOf(faults: readonly Fault[]): string[] {
  const causes = [...new Set(faults.map(causeOf))];
  if (causes.length <= CAUSES_MAX) return causes;
  return [...causes.slice(0, CAUSES_MAX - 1), hash(causes.join())];
}

function causeOf({ code, file = '', path, message }: Fault): string {
  const said = message.replaceAll(/\bat \S*\d+\b/g, 'at');
  return hash([code, file, path, said].join('\n'));
}

function hash(text: string): string {
  return sha256(text).slice(0, HASH_LENGTH);
}
