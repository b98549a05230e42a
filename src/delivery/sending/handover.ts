import type { Clock } from '../../clock.ts';
import type { LaneNote } from '../../store/store.ts';
import { WAIT_MS_MAX } from './backoff.ts';
import type { Lane } from './lane.ts';
import type { StormNote } from './storm.ts';

/**
 * Whoever takes over a lane waits this long after the last message of the instance before. That is the pace of the
 * slowest receiver, which is Slack, so several instances together are no faster than one.
 */
const PACE_MS = 1_000;

/** How a lane stands, in instants of the wall clock, which instances share. */
interface Handover {
  /** Nothing is sent before this instant; null where nothing holds the lane. */
  held_until_at: number | null;
  storm: StormNote | null;
}

/** Writes down how a lane stands, for the instance that holds it next. */
export function noteOf({ heldUntilMs, lastSentMs, storm }: Lane, clock: Clock): LaneNote {
  const offsetMs = offsetOf(clock);
  const heldMs = Math.max(heldUntilMs, lastSentMs + PACE_MS);
  return {
    held_until_at: Number.isFinite(heldMs) ? heldMs + offsetMs : null,
    storm: storm.note(offsetMs),
  } satisfies Handover;
}

/** Goes on with a lane as the last holder left it. */
export function goOn(lane: Lane, note: LaneNote, clock: Clock): void {
  if (note === undefined || note === null) return;
  const offsetMs = offsetOf(clock);
  const { held_until_at: heldUntilAt, storm } = note as Handover;
  const nowMs = clock.monotonic();
  // The clock of the last holder may have been ahead, and no message waits for an instant of a wrong clock (§7).
  if (heldUntilAt !== null)
    lane.heldUntilMs = Math.max(lane.heldUntilMs, Math.min(heldUntilAt - offsetMs, nowMs + WAIT_MS_MAX));
  if (storm !== null) lane.storm.goOn(storm, offsetMs, nowMs);
}

function offsetOf(clock: Clock): number {
  return clock.now() - clock.monotonic();
}
