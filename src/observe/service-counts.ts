import { HistogramCounts } from './histogram.ts';

/** What became of a ping: recorded, come again, for no job, not allowed, or refused because it could not be stored. */
export const PING_RESULTS = ['recorded', 'duplicate', 'unknown_job', 'forbidden', 'unavailable'] as const;
export type PingResultWord = (typeof PING_RESULTS)[number];

/** What became of an attempt to read the configuration. */
export const RELOAD_RESULTS = ['applied', 'unchanged', 'refused'] as const;

/** Bounds for commits: from a disk that keeps a cache to one that hangs. */
const SYNC_BOUNDS_S = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
/** Bounds for runs of jobs: from a second to a day. */
const RUN_BOUNDS_S = [1, 5, 15, 60, 300, 900, 3_600, 10_800, 21_600, 43_200, 86_400];
/** So many jobs have a histogram of their own, where they may have one, because each is a dozen series. */
const JOBS_MAX = 1_000;

/** A run or slots that ended, as a commit has it. */
export interface Ended {
  job: string;
  outcome: string;
  reason: string;
  /** The number of slots that a row stands for more than before; 1 for a run. */
  count: number;
  /** Null where nobody knows how long a run took. */
  durationMs: number | null;
}

/**
 * What the service has done since its start, counted for metrics. Counting costs a ping a few additions; everything that
 * is named is one of a closed set, but for jobs, whose number is bounded.
 */
export class ServiceCounts {
  readonly sync = new HistogramCounts(SYNC_BOUNDS_S);
  readonly runs = new HistogramCounts(RUN_BOUNDS_S);
  /** The durations of runs by job; empty unless `metrics.per_job` allows them. */
  readonly runsOfJobs = new Map<string, HistogramCounts>();
  /** The counts of pings, by kind and result. */
  readonly pings = new Map<string, Map<PingResultWord, number>>();
  /** The counts of what ended, by outcome and reason. */
  readonly ended = new Map<string, Map<string, number>>();
  /** The counts of incidents that opened, by kind and reason. */
  readonly opened = new Map<string, Map<string, number>>();
  readonly reloads = new Map<string, number>();
  /** The time that the last reload took, and its instant; null before the first. */
  lastReload: { durationMs: number; at: number } | null = null;
  /** The instant of the last run that succeeded; null before the first. */
  lastSuccessAt: number | null = null;
  /** Tells whether jobs may have histograms of their own. */
  isPerJob: () => boolean = () => false;

  notePing(kind: string, result: PingResultWord): void {
    add(this.pings, kind, result, 1);
  }

  noteSync(durationMs: number): void {
    this.sync.observe(durationMs / 1000);
  }

  noteEnded({ job, outcome, reason, count, durationMs }: Ended, at: number): void {
    add(this.ended, outcome, reason, count);
    if (outcome === 'success') this.lastSuccessAt = at;
    if (durationMs === null) return;
    this.runs.observe(durationMs / 1000);
    if (this.isPerJob()) this.#histogramOf(job)?.observe(durationMs / 1000);
  }

  noteOpened(kind: string, reason: string): void {
    add(this.opened, kind, reason, 1);
  }

  noteReload(result: (typeof RELOAD_RESULTS)[number], durationMs: number, at: number): void {
    this.reloads.set(result, (this.reloads.get(result) ?? 0) + 1);
    this.lastReload = { durationMs, at };
  }

  #histogramOf(job: string): HistogramCounts | undefined {
    const known = this.runsOfJobs.get(job);
    if (known !== undefined || this.runsOfJobs.size >= JOBS_MAX) return known;
    const counts = new HistogramCounts(RUN_BOUNDS_S);
    this.runsOfJobs.set(job, counts);
    return counts;
  }
}

function add<K extends string>(counts: Map<string, Map<K, number>>, of: string, key: K, more: number): void {
  let inner = counts.get(of);
  if (inner === undefined) counts.set(of, (inner = new Map<K, number>()));
  inner.set(key, (inner.get(key) ?? 0) + more);
}
