import { LIMITS } from '../model/limits.ts';
import type { Draft } from './draft.ts';

/**
 * Notes how long after a slot the ping came that claimed it. Nothing is noted of an interval, because an interval
 * starts anew at the end of a gap, whenever its runs come (docs/design.md §3.4).
 * @param at the instant of the ping itself, which for a run reported as a whole is that of its end
 */
export function noteClaimDelay(draft: Draft, slotAt: number, at: number): void {
  if (draft.spec.schedule?.kind !== 'cron') return;
  const delays = [...(draft.job.claim_delays_ms ?? []), Math.max(0, at - slotAt)];
  draft.job.claim_delays_ms = delays.slice(-LIMITS.claimDelaysMax);
}

/** Forgets the delays, because those of another schedule say nothing of the slots to come. */
export function forgetClaimDelays(draft: Draft): void {
  delete draft.job.claim_delays_ms;
}

/**
 * Returns the last instant at which a gap can have hidden the run of a slot. By then, and a minute more, each of the
 * last ten claimed slots had been claimed. With fewer than ten, nothing is known of when the job reports.
 */
export function hiddenUntil(draft: Draft, slotAt: number): number {
  const delays = draft.job.claim_delays_ms ?? [];
  if (delays.length < LIMITS.claimDelaysMax) return Infinity;
  return slotAt + Math.max(...delays) + LIMITS.claimSlackMs;
}
