import { signal } from '@preact/signals';
import type { NamedRun, Slot } from '../../../cli/api-types.ts';
import { ask, askNext } from '../../api/client.ts';
import { keepByJob } from '../../live/keep-by-job.ts';
import { grouped } from '../../model/grouped.ts';
import { type Lane, laneOf, type Stretch } from '../../model/timeline.ts';

/** What is shown of the jobs, by their names. */
export interface Lanes {
  byJob: ReadonlyMap<string, Lane>;
  /** Runs from before this instant are too many, and are drawn together; null where all are drawn. */
  runsFromAt: number | null;
}

export const lanes = signal<Lanes | null>(null);
export const laneError = signal<Error | null>(null);

const SLOTS_PAGE = 5_000;
const RUNS_PAGE = 1_000;
const RUN_PAGES_MAX = 8;
/** Loads a stretch of time, and keeps it right until that is ended. */
export function keepLanes(stretch: Stretch): () => void {
  return keepByJob({
    loadAll: async (aborted) => {
      const loaded = await loadAll(stretch, aborted);
      if (!aborted.aborted) lanes.value = loaded;
    },
    loadSome: async (jobs, aborted) => {
      const loaded = await loadSome(jobs, stretch, aborted);
      if (aborted.aborted) return;
      const { byJob, runsFromAt } = lanes.value ?? { byJob: new Map<string, Lane>(), runsFromAt: null };
      const after = new Map(byJob);
      for (const lane of loaded) after.set(lane.job, lane);
      lanes.value = { byJob: after, runsFromAt };
    },
    tell: (error) => (laneError.value = error),
  });
}

async function loadAll(stretch: Stretch, aborted: AbortSignal): Promise<Lanes> {
  const [slots, open, runs] = await Promise.all([
    slotsIn(stretch, {}, aborted),
    ask('get_all_runs', { query: { outcome: 'open', limit: RUNS_PAGE }, signal: aborted }),
    runsIn(stretch, {}, aborted),
  ]);
  const slotsOf = grouped(slots, ({ job_name: job }) => job);
  const runsOf = grouped(once([...open.body, ...runs.items]), ({ job_name: job }) => job);
  const byJob = new Map<string, Lane>();
  for (const job of new Set([...slotsOf.keys(), ...runsOf.keys()]))
    byJob.set(job, laneOf(job, slotsOf.get(job) ?? [], runsOf.get(job) ?? []));
  return { byJob, runsFromAt: runs.fromAt };
}

/** Looks at a few jobs again. */
function loadSome(jobs: readonly string[], stretch: Stretch, aborted: AbortSignal): Promise<Lane[]> {
  return Promise.all(
    jobs.map(async (job) => {
      const [slots, open, runs] = await Promise.all([
        slotsIn(stretch, { job }, aborted),
        ask('get_all_runs', { query: { job, outcome: 'open' }, signal: aborted }),
        runsIn(stretch, { job }, aborted),
      ]);
      return laneOf(job, slots, once([...open.body, ...runs.items]));
    }),
  );
}

type OfJob = { job?: string };

async function slotsIn({ fromAt, toAt }: Stretch, filter: OfJob, aborted: AbortSignal): Promise<Slot[]> {
  const query = { from: iso(fromAt), to: iso(toAt), limit: SLOTS_PAGE, ...filter };
  let answer = await ask('get_slots', { query, signal: aborted });
  const found = [...answer.body];
  while (answer.next !== null && !aborted.aborted) {
    answer = await askNext('get_slots', answer.next);
    found.push(...answer.body);
  }
  return found;
}

async function runsIn(
  { fromAt, toAt }: Stretch,
  filter: OfJob,
  aborted: AbortSignal,
): Promise<{ items: NamedRun[]; fromAt: number | null }> {
  const query = { since: iso(fromAt), until: iso(toAt), limit: RUNS_PAGE, ...filter };
  let answer = await ask('get_all_runs', { query, signal: aborted });
  const items = [...answer.body];
  for (let page = 1; answer.next !== null && !aborted.aborted; page += 1) {
    if (page === RUN_PAGES_MAX) return { items, fromAt: Date.parse(items.at(-1)?.started_at ?? '') || null };
    answer = await askNext('get_all_runs', answer.next);
    items.push(...answer.body);
  }
  return { items, fromAt: null };
}

/** An open run may be in both lists. */
function once(runs: readonly NamedRun[]): NamedRun[] {
  return [...new Map(runs.map((run) => [run.id, run])).values()];
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
