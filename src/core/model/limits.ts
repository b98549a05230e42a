import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../schedule/units.ts';

/**
 * The limits of the machine of one job, and the defaults of its spec: queues, history, durations (docs/design.md §3).
 * Other limits of the core stand in the files that keep them.
 */
export const LIMITS = {
  /** A ping may come before its slot by at most this and still claim it (§3.1). */
  earlyMsMax: 2 * MINUTE_MS,
  /** A run that came earlier than this before a slot does not count as a run of that slot that was too early. */
  tooEarlyMsMax: 2 * HOUR_MS,
  /** `delay_ms` is clamped to this (§3.2). */
  delayMsMax: 7 * DAY_MS,
  /** A start that arrives late cannot time out sooner than this after arriving (§3.2). */
  delayedStartMsMin: 60 * SECOND_MS,
  /** A ping that arrives no later than this was on its way; a later one was kept and sent again. */
  onItsWayMsMax: 10 * SECOND_MS,
  /**
   * This many slots that ended `missed` or `unknown` are remembered, because a late report may still replace them
   * (§3.2).
   */
  unclaimedSlotsMax: 32,
  /** This many `skip` pings in a row, with no run open, make a `stuck_lock` (§3.2). */
  skipsInARowMax: 3,
  /** A job remembers this many gaps. Of more, those that are nearest to each other become one. */
  gapsMax: 32,
  /** The latest claimed slots, this many, show by when the job reports, and so what a gap can have hidden (§3.4). */
  claimDelaysMax: 10,
  /** A gap that begins this long after the latest of these slots was claimed can have hidden nothing. */
  claimSlackMs: MINUTE_MS,
  /** This many bad outcomes of one kind since the last good one are remembered, so it is also the largest threshold. */
  thresholdMax: 100,
  /** An incident remembers this many outcomes. Earlier ones are only counted. */
  incidentOutcomesMax: 50,
  /** A client that got no answer sends its ping again within this time (§3.2). */
  retriedMsMax: 60 * SECOND_MS,
  /** A start that comes this long after the end of a run with its run id is a new run (§3.2). */
  ridReusedMsMin: 60 * SECOND_MS,
  /** The core looks at this many settled runs for idempotence and corrections. */
  recentRunsMax: 100,
  /** This many runs are known by their run id when their pings come again, however few `keep_runs` leaves. */
  rememberedRunsMax: 10,
  /** These are the defaults of a spec (§5). */
  graceMsDefault: 5 * MINUTE_MS,
  maxRuntimeMsDefault: 24 * HOUR_MS,
  /**
   * Where an open run hides that the next one does not come, the limit is this many periods, but no less than
   * `hidingRuntimeMsMin` (§3.2).
   */
  hidingRuntimePeriods: 4,
  hidingRuntimeMsMin: HOUR_MS,
  openRunsMaxDefault: 10,
  keepRunsDefault: 100,
  replayWindowMsDefault: 15 * MINUTE_MS,
  heartbeatMsDefault: MINUTE_MS,
  /** These limit the lengths of the texts that a ping carries. */
  ridLengthMax: 128,
  hostLengthMax: 255,
  signalLengthMax: 16,
  outputBytesMaxDefault: 10_000,
  /** The greatest `output_limit`. */
  outputBytesMax: 100_000,
} as const;
