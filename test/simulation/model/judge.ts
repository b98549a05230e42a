import type { Outcome, Reason } from '../../../src/core/model/reasons.ts';
import type { ScriptedPing } from '../script.ts';
import type { Terms } from './terms.ts';

/** The last 10 kB of an output are kept. */
const OUTPUT_BYTES_MAX = 10_000;

export interface Judgement {
  outcome: Outcome;
  reason: Reason;
}

/** Judges how a run went by its end ping: the exit code or else the name of the ping, its length, its output. */
export function judge(ping: ScriptedPing, durationMs: number | null, terms: Terms): Judgement {
  const good =
    ping.exit_code === undefined
      ? ping.kind === 'success'
      : terms.success_exit_codes.includes(ping.exit_code);
  if (!good) {
    if (ping.signal !== undefined) return { outcome: 'failure', reason: 'signal' };
    return { outcome: 'failure', reason: ping.exit_code === undefined ? 'reported_failure' : 'exit_code' };
  }
  if (durationMs !== null && durationMs < terms.min_runtime_ms) {
    return { outcome: 'failure', reason: 'too_fast' };
  }
  // An output that nobody captured cannot be judged.
  if (ping.captured === false) return { outcome: 'success', reason: 'succeeded' };
  const { contains, not_contains: notContains, matches } = terms.expect;
  const output = keptOf(ping.output ?? '');
  const asExpected =
    contains.every((text) => output.includes(text)) &&
    !notContains.some((text) => output.includes(text)) &&
    (matches === null || new RegExp(matches, 'u').test(output));
  return asExpected
    ? { outcome: 'success', reason: 'succeeded' }
    : { outcome: 'failure', reason: 'output_mismatch' };
}

/** Returns the last 10,000 bytes, without half a character at the front. */
function keptOf(output: string): string {
  const bytes = Buffer.from(output, 'utf8');
  if (bytes.length <= OUTPUT_BYTES_MAX) return output;
  let from = bytes.length - OUTPUT_BYTES_MAX;
  while (((bytes[from] ?? 0) & 0xc0) === 0x80) from += 1;
  return bytes.subarray(from).toString('utf8');
}
