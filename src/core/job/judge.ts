import { formatDuration } from '../../schedule/duration.ts';
import { outputMismatch } from '../model/output.ts';
import type { Reason, RunOutcome } from '../model/reasons.ts';
import type { Ping } from '../model/records.ts';
import type { ExpectedOutput, Spec } from '../model/spec.ts';

/** The verdict on a run by its own report. */
export interface Judgement {
  outcome: RunOutcome;
  reason: Reason;
  /** The expectation that was not met, for people; null where the reason says it all. */
  detail: string | null;
}

/**
 * Judges the end of a run (docs/design.md §3.2). `exit_code`, where present, alone decides whether the command did
 * well, whatever the ping was called. A run that did well can still have been too fast or have said the wrong thing.
 * @param durationMs how long the run took; null when that is not known, and then it is not too fast
 */
export function judge(spec: Spec, ping: Ping, durationMs: number | null): Judgement {
  const good =
    ping.exit_code === null ? ping.kind === 'success' : spec.successExitCodes.includes(ping.exit_code);
  if (!good) return { outcome: 'failure', reason: badReason(ping), detail: null };
  // Nobody knows whether what cannot be read was a failure, and a failure must not pass in silence.
  if (ping.unreadable !== undefined)
    return { outcome: 'failure', reason: 'unreadable_report', detail: ping.unreadable };
  if (spec.minRuntimeMs !== null && durationMs !== null && durationMs < spec.minRuntimeMs) {
    const detail = `at least ${formatDuration(spec.minRuntimeMs)} is expected`;
    return { outcome: 'failure', reason: 'too_fast', detail };
  }
  return judgeOutput(spec.expectedOutput, ping);
}

/**
 * Judges the output. Output that nobody captured, because it went to a terminal, says nothing for or against the run;
 * empty output does.
 */
function judgeOutput(expected: ExpectedOutput | null, ping: Ping): Judgement {
  const good: Judgement = { outcome: 'success', reason: 'succeeded', detail: null };
  if (expected === null) return good;
  if (ping.captured === false)
    return { ...good, detail: 'its output was not captured, so it was not judged' };
  const mismatch = outputMismatch(expected, ping.output ?? '');
  return mismatch === null ? good : { outcome: 'failure', reason: 'output_mismatch', detail: mismatch };
}

function badReason(ping: Ping): Reason {
  if (ping.signal !== null) return 'signal';
  return ping.exit_code === null ? 'reported_failure' : 'exit_code';
}
