import type { Job, Run } from '../core/model.ts';
import { LIMITS } from '../core/limits.ts';
import { compareRuns, endedFirst } from '../core/recent-runs.ts';

/** How many settled runs are kept of a job (DESIGN.md §3.5). */
export function keepRunsOf(job: Job): number {
  return job.declaration.keep_runs ?? LIMITS.keepRunsDefault;
}

interface History {
  /** Of the snapshot that must not see later changes of `runs`. */
  generation: number;
  /** Oldest first. */
  runs: Run[];
  settledCount: number;
}

/** The runs of all jobs. A change costs the same however many jobs there are. */
export class RunTable {
  readonly #byId = new Map<string, Run>();
  readonly #byJob = new Map<string, History>();
  #generation = 0;

  get(id: string): Run | undefined {
    return this.#byId.get(id);
  }

  /** Oldest first; not to be mutated. */
  of(jobId: string): readonly Run[] {
    return this.#byJob.get(jobId)?.runs ?? [];
  }

  put(run: Run): void {
    const before = this.#byId.get(run.id);
    if (before !== undefined && before.job_id !== run.job_id) this.delete(run.id);
    const history = this.#writable(run.job_id);
    const at = position(history.runs, run);
    const replaced = history.runs[at]?.id === run.id ? history.runs[at] : undefined;
    history.runs.splice(at, replaced === undefined ? 0 : 1, run);
    history.settledCount += settled(run) - settled(replaced);
    this.#byId.set(run.id, run);
  }

  delete(id: string): void {
    const run = this.#byId.get(id);
    if (run === undefined) return;
    const history = this.#writable(run.job_id);
    history.runs.splice(position(history.runs, run), 1);
    history.settledCount -= settled(run);
    this.#byId.delete(id);
    if (history.runs.length === 0) this.#byJob.delete(run.job_id);
  }

  /** Drops the settled runs that ended first beyond `keep`, never an open one; returns the ids of those dropped. */
  trim(jobId: string, keep: number): string[] {
    const history = this.#byJob.get(jobId);
    const surplus = (history?.settledCount ?? 0) - keep;
    if (history === undefined || surplus <= 0) return [];
    const dropped = endedFirst(history.runs, surplus).map((run) => run.id);
    for (const id of dropped) this.delete(id);
    return dropped;
  }

  /** All runs as they are now, whatever changes while they are read; the call costs O(jobs), not O(runs). */
  snapshot(): Iterable<Run> {
    const histories = [...this.#byJob.values()].map((history) => history.runs);
    this.#generation += 1;
    return (function* (): Generator<Run> {
      for (const runs of histories) yield* runs;
    })();
  }

  /** The job's history, copied first if a snapshot may still be reading it. */
  #writable(jobId: string): History {
    const history = this.#byJob.get(jobId) ?? {
      generation: this.#generation,
      runs: [],
      settledCount: 0,
    };
    if (history.generation !== this.#generation) {
      history.runs = [...history.runs];
      history.generation = this.#generation;
    }
    this.#byJob.set(jobId, history);
    return history;
  }
}

function settled(run: Run | undefined): number {
  return run === undefined || run.ended_at === null ? 0 : 1;
}

/** Where `run` is or belongs in `runs`; looks from the end, where almost every change is. */
function position(runs: readonly Run[], run: Run): number {
  const last = runs.at(-1);
  if (last === undefined || compareRuns(last, run) < 0) return runs.length;
  let low = 0;
  let high = runs.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareRuns(runs[middle]!, run) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
