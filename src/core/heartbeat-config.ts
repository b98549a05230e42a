/** Whom Cronflow tells that it lives, and how often (docs/design.md §7). */
export interface HeartbeatConfig {
  /** A secret: whoever knows it can keep Cronflow's death hidden. */
  url: string;
  everyMs: number;
}

/** What becomes of heartbeats, for those who look. */
export interface HeartbeatStatus {
  /** How many were taken since the start, and were not. */
  taken: number;
  failed: number;
  /** Why none arrives at the moment, for people; null when all is well. */
  trouble: string | null;
}
