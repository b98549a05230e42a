import { type Change, concernsAll } from '../model/stream.ts';
import { followChanges } from './connection.ts';
import { isWorthRepeating } from './stale.ts';

/** Changes of so many jobs are looked at one by one; of more, everything is asked for again. */
const JOBS_ONE_BY_ONE = 20;
/** What changes within this time is looked at together. */
const GATHER_MS = 200;
/** Everything is asked for again no more often than this. */
const WHOLE_MS_MIN = 5_000;
/** After a request without an answer the next one is sent so much later. */
const RETRY_MS = 5_000;

interface ByJob {
  loadAll: (aborted: AbortSignal) => Promise<void>;
  /** Looks again at a few jobs. */
  loadSome: (jobs: readonly string[], aborted: AbortSignal) => Promise<void>;
  /** Is told what went wrong with the last load; null once one went well. */
  tell: (error: Error | null) => void;
}

/**
 * Loads something about all jobs, and keeps it right: it looks again at the jobs that changed, and at everything where
 * those are many or anything may have changed. Returns the way to end that.
 */
export function keepByJob({ loadAll, loadSome, tell }: ByJob): () => void {
  const over = new AbortController();
  const changed = new Set<string>();
  let isWholeWanted = false;
  let isRunning = false;
  let wholeAtMs = -Infinity;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const isWhole = (): boolean => isWholeWanted || changed.size > JOBS_ONE_BY_ONE;
  const run = async (): Promise<void> => {
    timer = undefined;
    if (isRunning || over.signal.aborted) return;
    isRunning = true;
    const [all, jobs] = [isWhole(), [...changed]];
    changed.clear();
    isWholeWanted = false;
    let laterMs = GATHER_MS;
    try {
      if (all) wholeAtMs = performance.now();
      await (all ? loadAll(over.signal) : loadSome(jobs, over.signal));
      if (!over.signal.aborted) tell(null);
    } catch (error) {
      if (over.signal.aborted) return;
      tell(error as Error);
      if (isWorthRepeating(error)) {
        // What changed is asked for again, since nobody tells of it a second time.
        isWholeWanted ||= all;
        for (const job of jobs) changed.add(job);
        laterMs = RETRY_MS;
      }
    }
    isRunning = false;
    plan(laterMs);
  };
  const plan = (laterMs: number): void => {
    if (over.signal.aborted || (!isWholeWanted && changed.size === 0)) return;
    const restMs = isWhole() ? WHOLE_MS_MIN - (performance.now() - wholeAtMs) : 0;
    timer ??= setTimeout(() => void run(), Math.max(laterMs, restMs));
  };
  const end = followChanges((changes) => {
    for (const change of changes) {
      if (change.job !== null && concernsJob(change)) changed.add(change.job);
      else if (concernsAll(change)) isWholeWanted = true;
    }
    // Nothing is gathered for the first load, because it asks for everything.
    plan(wholeAtMs === -Infinity ? 0 : GATHER_MS);
  });
  return () => {
    end();
    clearTimeout(timer);
    over.abort();
  };
}

function concernsJob({ type }: Change): boolean {
  return type === 'run' || type === 'job';
}
