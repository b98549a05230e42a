import type { Respecified } from '../core/backtest/backtest.ts';
import { BothReplays } from '../core/backtest/both-replays.ts';
import type { BacktestReport } from '../core/backtest/report.ts';
import { CronflowError } from '../core/model/errors.ts';
import { readAgain } from '../store/read-again.ts';
import type { PastLimits, Store } from '../store/store.ts';
import { replayStartOf } from './replay-start.ts';

/** How far back jobs are replayed, and how much of the service that may take. */
interface BacktestLimits {
  since_at: number;
  /** Up to when the replays go on after the last event. */
  until_at: number;
  /** Returns milliseconds on a clock that never steps. */
  monotonic: () => number;
  /** No further job is begun after so long. */
  ms_max: number;
  /** Bounds the read of one job. */
  past: PastLimits;
}

/** What the replays came to. */
type Replayed = Pick<
  BacktestReport,
  'log_from_at' | 'from_at' | 'until_at' | 'jobs_replayed' | 'jobs_left_out' | 'jobs'
>;

/**
 * Replays jobs under the specs in force and under others, from the log of a store, job by job (docs/design.md §10,
 * `backtest`). Jobs for which there is no time are counted and left out.
 */
export async function backtestJobs(
  store: Pick<Store, 'past'>,
  pairs: readonly Respecified[],
  limits: BacktestLimits,
): Promise<Replayed> {
  const startedMs = limits.monotonic();
  const jobs: BacktestReport['jobs'][number][] = [];
  let logFromAt: number | null = null;
  let untilAt = limits.until_at;
  let leftOut = 0;
  for (const pair of pairs) {
    const isTimeUp = limits.monotonic() - startedMs > limits.ms_max;
    const replayed = isTimeUp ? null : await replayedOrNull(store, pair, limits);
    if (replayed === null) {
      leftOut += 1;
      continue;
    }
    logFromAt = Math.max(logFromAt ?? replayed.log_from_at, replayed.log_from_at);
    untilAt = Math.max(untilAt, replayed.last_at);
    const changes = replayed.replays.changes(limits.since_at);
    if (changes.length > 0) jobs.push({ name: pair.job.name, is_removed: pair.next === null, changes });
  }
  return {
    log_from_at: logFromAt ?? limits.since_at,
    from_at: Math.max(limits.since_at, logFromAt ?? limits.since_at),
    until_at: untilAt,
    jobs_replayed: pairs.length - leftOut,
    jobs_left_out: leftOut,
    jobs,
  };
}

async function replayedOrNull(store: Pick<Store, 'past'>, pair: Respecified, limits: BacktestLimits) {
  try {
    return await readAgain(() => replay(store, pair, limits));
  } catch (error) {
    if (error instanceof CronflowError && error.code === 'overloaded') return null;
    throw error;
  }
}

async function replay(store: Pick<Store, 'past'>, pair: Respecified, limits: BacktestLimits) {
  const past = await store.past(pair.job.id, limits.since_at, limits.past);
  const replays = new BothReplays(
    pair,
    past.begin === null ? null : replayStartOf(past.begin, past.begin_at),
  );
  let lastAt = past.begin_at;
  for await (const { at, event } of past.events()) {
    lastAt = Math.max(lastAt, at);
    replays.apply(event);
  }
  replays.pass(limits.until_at);
  return { log_from_at: past.log_from_at, last_at: lastAt, replays };
}
