import type { Job } from '../model/records.ts';
import type { Plan, Planned } from './plan.ts';
import { hasHistory } from './rename.ts';

/** A plan that was made before the commit which carries it out, and the stored jobs that it was made from. */
export interface PlanAhead {
  plan: Plan;
  stored: readonly Job[];
}

/**
 * Tells whether a plan that was made ahead is the one that would be made of the jobs as they are now. It looks at all
 * of a job that a plan looks at. Pings change none of that, but for the first run of a job. Records never change, so
 * the same object says the same; a store that reads them anew has to plan anew.
 */
export function stillHolds({ stored }: PlanAhead, now: readonly Job[]): boolean {
  return (
    stored.length === now.length &&
    stored.every((before, index) => {
      const job = now[index]!;
      return (
        before === job ||
        (before.id === job.id &&
          before.name === job.name &&
          before.source === job.source &&
          before.place === job.place &&
          before.declared === job.declared &&
          before.declaration === job.declaration &&
          before.removed_at === job.removed_at &&
          before.renamed === job.renamed &&
          hasHistory(before) === hasHistory(job))
      );
    })
  );
}

/**
 * Returns a plan of jobs as they are now, where it was made of the same jobs with the states that they had before.
 * @param current finds a job as it is now
 */
export function broughtUpToDate(plan: Plan, current: (job: Job) => Job): Plan {
  const withJob = <T extends { job: Job }>(planned: T): T => ({ ...planned, job: current(planned.job) });
  return {
    ...plan,
    changed: plan.changed.map(withJob),
    adopted: plan.adopted.map(withJob),
    restored: plan.restored.map(withJob),
    refilled: plan.refilled.map(withJob),
    removed: plan.removed.map(current),
    // Nothing is done to the others, and there are many of them.
    unchanged: plan.unchanged.map((planned: Planned) => (planned.isSameRecord ? planned : withJob(planned))),
    renamed: plan.renamed.map((rename) => ({
      ...withJob(rename),
      replaced: rename.replaced === undefined ? undefined : current(rename.replaced),
    })),
  };
}
