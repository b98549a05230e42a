/** What a token allows: everything, or reading only, or pings only. */
export type Scope = 'all' | 'read' | 'ping';

/** The jobs that a token may ping, where it may not ping every job. */
export interface PingLimits {
  groups: readonly string[];
  jobs: readonly string[];
}

/** A token of `CRONFLOW_TOKENS_FILE` (docs/design.md §8). The token itself is not kept. */
export interface NamedToken {
  /** What the log and the audit call whoever sends the token. */
  name: string;
  /** The SHA-256 of the token, in hexadecimal. */
  sha256: string;
  allows: Scope;
  /** The jobs that it may ping; null for all. */
  only: PingLimits | null;
  /** The instant from which on it counts no more; null for never. */
  expires_at: number | null;
}
