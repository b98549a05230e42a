import { isDeepStrictEqual } from 'node:util';
import { CronflowError } from '../core/model/errors.ts';
import type { Job } from '../core/model/records.ts';
import { type Globals, type Spec, specOf } from '../core/model/spec.ts';
import type { Plan, Planned } from '../core/plan/plan.ts';
import type { PlannedJob } from '../core/plan/planned-job.ts';
import { hasHistory } from '../core/plan/rename.ts';
import type { Tx } from '../store/store.ts';
import { applyEvent } from './events.ts';
import { addJob, removeJob } from './jobs.ts';
import { renameJob } from './renames.ts';
import { keptSpecOf } from './specs.ts';

/** What a plan does to one job. No step needs another one, so they can be carried out in any order and in several commits. */
export interface PlanStep {
  /** The ids of the jobs that it is about. */
  ids: readonly string[];
  /** The names that it gives. */
  names: readonly string[];
  /** @returns false where the job is not what the plan was made from any more, so that this step is left undone */
  run: (tx: Tx, at: number) => boolean;
}

interface Before {
  /** Returns the spec that a job had under the globals before this configuration. */
  spec: (job: Job) => Spec;
  /** The ids of other jobs that are told of changed globals. */
  others: readonly string[];
  /** Says that the globals are changed, of which every job is told. */
  areGlobalsChanged: boolean;
}

/** Returns how to find the spec that a job had under the globals before a configuration, and whether these are changed. */
export function specsBefore(before: Globals, now: Globals): Pick<Before, 'spec' | 'areGlobalsChanged'> {
  const areGlobalsChanged = !isDeepStrictEqual(before, now);
  // Specs are kept under the globals in force, and others would drive them all out.
  const specUnder = areGlobalsChanged ? specOf : keptSpecOf;
  return { spec: (job) => specUnder(job.name, job.declaration, before), areGlobalsChanged };
}

/** Returns the error for a plan that cannot be carried out. */
export function faulty({ faults }: Plan): CronflowError {
  const detail = faults.map((fault) => `${fault.path}: ${fault.message}`).join('\n');
  return new CronflowError('config_invalid', detail, { faults });
}

/** Makes the steps of a plan, one after the other, because there may be many. */
export function* stepsOf(plan: Plan, before: Before): Generator<PlanStep, undefined> {
  const change = (tx: Tx, job: Job, next: Job, at: number): void => {
    applyEvent(tx, next, { type: 'spec_changed', at, previous: before.spec(job) });
  };
  /** Returns a step about a job that is stored. */
  const stored = (
    job: Job,
    run: (tx: Tx, current: Job, at: number) => void,
    more: { ids?: readonly string[]; names?: readonly string[]; isFree?: (tx: Tx) => boolean } = {},
  ): PlanStep => ({
    ids: [job.id, ...(more.ids ?? [])],
    names: more.names ?? [],
    run: (tx, at) => {
      const current = tx.jobById(job.id);
      if (current === undefined) return false;
      const isSame = isSameJob(job, current) && more.isFree?.(tx) !== false;
      if (isSame) run(tx, current, at);
      else if (before.areGlobalsChanged && current.removed_at === null) change(tx, current, current, at);
      return isSame;
    },
  });
  // Renames come first. A configuration that comes in the middle may rename the same jobs once more.
  for (const { job, next, replaced } of plan.renamed) {
    const rename = (tx: Tx, current: Job, at: number): void => {
      const fields = { ...declaredAs({ job: current, next }, at), name: next.name };
      renameJob(tx, { job: current, next: fields, replaced }, before.spec(current), at);
    };
    yield stored(job, rename, {
      ids: replaced === undefined ? [] : [replaced.id],
      names: [next.name],
      isFree: (tx) => makesWay(tx.jobByName(next.name), replaced),
    });
  }
  for (const job of plan.removed) yield stored(job, removeJob);
  for (const next of plan.added)
    yield { ids: [], names: [next.name], run: (tx, at) => add(tx, next, at) } satisfies PlanStep;
  for (const { job, next } of both(plan.changed, plan.adopted))
    yield stored(job, (tx, current, at) => change(tx, current, declaredAs({ job: current, next }, at), at));
  for (const { job, next } of plan.restored)
    yield stored(job, (tx, current, at) => {
      const restored = { ...declaredAs({ job: current, next }, at), removed_at: null };
      applyEvent(tx, restored, { type: 'restored', at });
    });
  for (const { job, declaration } of plan.refilled)
    yield stored(job, (tx, current, at) =>
      change(tx, current, { ...current, declaration, updated_at: at }, at),
    );
  for (const { job, next, isSameRecord } of plan.unchanged)
    if (!isSameRecord)
      yield stored(job, (tx, current, at) => tx.putJob(declaredAs({ job: current, next }, at)));
  // A new notifier, for example, belongs to every job that does not choose its own, and jobs in trouble tell it.
  for (const id of before.others) {
    const tell = (tx: Tx, at: number): boolean => {
      const job = tx.jobById(id);
      if (job !== undefined && job.removed_at === null) change(tx, job, job, at);
      return true;
    };
    yield { ids: [id], names: [], run: tell } satisfies PlanStep;
  }
}

function* both<T>(first: Iterable<T>, second: Iterable<T>): Generator<T> {
  yield* first;
  yield* second;
}

/** Lists the jobs that a plan leaves as they are, and that are told of changed globals all the same. */
export function othersOf(plan: Plan, stored: readonly Job[]): Job[] {
  const touched = new Set([...plan.adopted, ...plan.refilled].map(({ job }) => job.id));
  const ofApi = stored.filter(
    (job) => job.removed_at === null && job.source === 'api' && !touched.has(job.id),
  );
  return [...plan.unchanged.map(({ job }) => job), ...ofApi];
}

/** Tells whether a job still is what a plan was made from. Pings change none of what it looks at. */
function isSameJob(planned: Job, current: Job): boolean {
  return (
    planned.name === current.name &&
    planned.source === current.source &&
    planned.removed_at === current.removed_at &&
    isDeepStrictEqual(planned.declared, current.declared) &&
    isDeepStrictEqual(planned.declaration, current.declaration)
  );
}

/** Tells whether whoever has the new name of a job may be replaced: nobody, or the one of the plan while it has no history. */
function makesWay(owner: Job | undefined, replaced: Job | undefined): boolean {
  return owner === undefined ? replaced === undefined : owner.id === replaced?.id && !hasHistory(owner);
}

function add(tx: Tx, next: PlannedJob, at: number): boolean {
  if (tx.jobByName(next.name) !== undefined) return false;
  addJob(tx, { ...declaredBy(next), name: next.name, created_at: at, updated_at: at, removed_at: null });
  return true;
}

function declaredAs({ job, next }: Pick<Planned, 'job' | 'next'>, at: number): Job {
  return { ...job, ...declaredBy(next), updated_at: at };
}

function declaredBy(next: PlannedJob): Pick<Job, 'source' | 'place' | 'declared' | 'declaration'> {
  const { place, declared, declaration } = next;
  return { source: 'file', place, declared, declaration };
}
