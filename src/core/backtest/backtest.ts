import type { Job } from '../model/records.ts';
import { type Globals, isSameSpec, type Spec, specOf } from '../model/spec.ts';
import type { Plan } from '../plan/plan.ts';
import type { ReplayedIncident } from '../replay/replay.ts';

/** A job that a configuration changes: the spec in force, and the spec that the configuration would give it. */
export interface Respecified {
  job: Job;
  running: Spec;
  /** Null for a job that would be removed. */
  next: Spec | null;
}

/** The keys in which two incidents that stand for the same trouble are compared. */
export type MovedKey = 'opened_at' | 'closed_at' | 'told_at' | 'reason' | 'told';

/**
 * An incident that would have been another one, or would not have been, under another spec (docs/design.md §10,
 * `backtest`).
 */
export type IncidentChange =
  | { change: 'new'; after: ReplayedIncident }
  | { change: 'gone'; before: ReplayedIncident }
  | { change: 'moved'; before: ReplayedIncident; after: ReplayedIncident; keys: readonly MovedKey[] };

/**
 * Compares the incidents of a job under two specs. Two incidents that overlap in time stand for the same trouble. Where
 * several overlap, the first that has no partner yet is taken.
 * @param before the incidents under the spec that runs, in the order in which they opened
 * @param after the incidents under the other spec
 * @param sinceAt incidents that were over by then under both specs are left out
 * @returns the differences, by the instant at which the incident opened
 */
export function compareIncidents(
  before: readonly ReplayedIncident[],
  after: readonly ReplayedIncident[],
  sinceAt: number,
): IncidentChange[] {
  const left = [...after];
  const changes: IncidentChange[] = [];
  for (const each of before) {
    const at = partnerOf(each, left);
    if (at === -1) {
      changes.push({ change: 'gone', before: each });
      continue;
    }
    const [other] = left.splice(at, 1) as [ReplayedIncident];
    const keys = differingKeys(each, other);
    if (keys.length > 0) changes.push({ change: 'moved', before: each, after: other, keys });
  }
  changes.push(...left.map((each): IncidentChange => ({ change: 'new', after: each })));
  return changes
    .filter((each) => Math.max(...sides(each).map((side) => endOf(side))) >= sinceAt)
    .sort((a, b) => openedAt(a) - openedAt(b));
}

function sides(change: IncidentChange): ReplayedIncident[] {
  if (change.change === 'new') return [change.after];
  return change.change === 'gone' ? [change.before] : [change.before, change.after];
}

function openedAt(change: IncidentChange): number {
  return Math.min(...sides(change).map(({ incident }) => incident.opened_at));
}

function endOf({ incident }: ReplayedIncident): number {
  return incident.closed_at ?? Infinity;
}

function partnerOf(one: ReplayedIncident, others: readonly ReplayedIncident[]): number {
  const same = others.findIndex(({ incident }) => incident.opened_at === one.incident.opened_at);
  if (same !== -1) return same;
  return others.findIndex(
    (other) => other.incident.opened_at <= endOf(one) && one.incident.opened_at <= endOf(other),
  );
}

function differingKeys(a: ReplayedIncident, b: ReplayedIncident): MovedKey[] {
  const pairs: [MovedKey, unknown, unknown][] = [
    ['opened_at', a.incident.opened_at, b.incident.opened_at],
    ['closed_at', a.incident.closed_at, b.incident.closed_at],
    ['told_at', a.told_at, b.told_at],
    ['reason', a.incident.reason, b.incident.reason],
    ['told', told(a), told(b)],
  ];
  return pairs.filter(([, left, right]) => left !== right).map(([key]) => key);
}

function told({ incident }: ReplayedIncident): string {
  return [...incident.told].sort().join(' ');
}

/**
 * Finds the jobs whose incidents a configuration could change; all others replay as they were.
 * @param plan what applying the configuration would do
 * @param running the globals in force
 * @param next the globals of the configuration
 */
export function respecified(plan: Plan, running: Globals, next: Globals): Respecified[] {
  const planned = [...plan.changed, ...plan.adopted, ...plan.unchanged, ...plan.renamed];
  const pairs = [
    ...planned.map(({ job, next: declared }) => ({ job, declaration: declared.declaration })),
    ...plan.refilled,
    // Another name alone changes no incident.
  ].map(({ job, declaration }) => ({
    job,
    running: specOf(job.name, job.declaration, running),
    next: specOf(job.name, declaration, next),
  }));
  const removed = plan.removed.map((job) => ({
    job,
    running: specOf(job.name, job.declaration, running),
    next: null,
  }));
  return [...pairs.filter((pair) => !isSameSpec(pair.running, pair.next)), ...removed];
}

/** Returns the number of jobs of a plan for which nothing that counts changes. */
export function sameCount(plan: Plan, pairs: readonly Respecified[]): number {
  const kept = plan.unchanged.length + plan.changed.length + plan.adopted.length + plan.renamed.length;
  return kept + plan.removed.length + plan.refilled.length - pairs.length;
}

/** Returns the names of the jobs that do not run before the plan, so that no log has pings of them. */
export function unloggedNames(plan: Plan): string[] {
  return [...plan.added.map(({ name }) => name), ...plan.restored.map(({ job }) => job.name)];
}
