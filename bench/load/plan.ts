/** The requests of one measurement, made by a process of its own so that the server has a core for itself. */
export interface LoadPlan {
  port: number;
  connections: number;
  /** How long new requests are sent. */
  durationMs: number;
  /** A connection ends after so many requests; absent, it stays. */
  requestsEach?: number;
  traffic: Traffic;
}

/**
 * The kinds of requests that are measured. The jobs are so many from `firstJob` on, by default the first of all, and the
 * first ping is for the one at `fromJob` among them.
 */
export type Traffic =
  /** A ping without a body, for one job after the other. */
  | {
      kind: 'ping';
      ping: 'start' | 'success';
      rid?: string;
      jobs: number;
      fromJob: number;
      firstJob?: number;
    }
  /** A `start` and a `success` with a run id, each pair on one connection, and the output with the end. */
  | {
      kind: 'run';
      jobs: number;
      fromJob: number;
      firstJob?: number;
      outputBytes: number;
    }
  /** The same `GET` again and again. */
  | { kind: 'get'; path: string };

/** What the client saw. */
export interface LoadResult {
  requests: number;
  elapsedMs: number;
  /** Answers other than 2xx, and connections that broke. */
  failures: number;
  /** Latencies in milliseconds. */
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
}
