import type { Ping } from '../core/model/records.ts';
import { endWithin } from '../core/text/end-within.ts';

/**
 * Returns a ping with no more of its output than its job keeps (docs/design.md §6, Outputs). Where the job keeps none,
 * the ping is one whose output was not captured, so nothing judges the run by it.
 * @param bytesMax the `output_limit` of the job
 */
export function withinOutputLimit(ping: Ping, bytesMax: number): Ping {
  const { output } = ping;
  if (output === null || output === '') return ping;
  if (bytesMax === 0) return { ...ping, output: null, output_dropped_bytes: 0, captured: false };
  const outputBytes = Buffer.byteLength(output);
  // Most outputs fit, and to count their bytes costs much less than to look for the place of a cut.
  if (outputBytes <= bytesMax) return ping;
  const kept = endWithin(output, bytesMax);
  const dropped = ping.output_dropped_bytes + outputBytes - Buffer.byteLength(kept);
  return { ...ping, output: kept, output_dropped_bytes: Math.min(Number.MAX_SAFE_INTEGER, dropped) };
}
