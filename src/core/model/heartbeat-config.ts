/** The address that Cronflow asks for to show that it lives, and how often (docs/design.md §7). */
export interface HeartbeatConfig {
  /** The address is a secret: whoever knows it can keep Cronflow's death hidden. */
  url: string;
  everyMs: number;
}

/** The state of the heartbeats, as Cronflow shows it. */
export interface HeartbeatStatus {
  /** The number of heartbeats that were taken since the start. */
  taken: number;
  /** The number of heartbeats that were not. */
  failed: number;
  /** The reason why none arrives at the moment, for people; null when all is well. */
  trouble: string | null;
}
