import { setImmediate } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Globals } from '../core/model/spec.ts';
import { broughtUpToDate, type PlanAhead, stillHolds } from '../core/plan/ahead.ts';
import { Comparisons } from '../core/plan/comparisons.ts';
import { COMPARED_AT_ONCE, currentByName, isEmptyPlan, type Plan, planChanges } from '../core/plan/plan.ts';
import { closeRemoved } from '../core/system/incidents.ts';
import { APPLYING_KEY, type Store, type Tx } from '../store/store.ts';
import { type Author, putPlanAudit } from './audit.ts';
import { faulty, othersOf, specsBefore, stepsOf } from './carry-out.ts';
import { readGlobals, writeGlobals } from './events.ts';
import { applyInPieces, lookAhead, readApplying } from './pieces.ts';
import {
  type AppliedConfiguration,
  DECLARING_META,
  putConfiguration,
  readRevision,
  readStanding,
  STANDING_KEY,
} from './stored-configuration.ts';
import { putSystemChange } from './system-change.ts';

/** Tells whether this very configuration stands already, so that there is nothing to apply. */
export async function isStanding(
  store: Store,
  { revision, globals }: AppliedConfiguration,
  plan: Plan,
): Promise<boolean> {
  if (!isEmptyPlan(plan)) return false;
  return store.view({ meta: [STANDING_KEY, APPLYING_KEY, ...DECLARING_META] }, (view) => {
    if (readApplying(view) !== undefined) return false;
    return readStanding(view)?.revision === revision && isDeepStrictEqual(readGlobals(view), globals);
  });
}

/**
 * Plans what applying a configuration would do, beside the traffic: jobs are compared a few at a time, and the plan is
 * then made with what came of that. So a large file holds up no ping.
 */
export async function planAhead(store: Store, config: AppliedConfiguration): Promise<PlanAhead> {
  if (store.isShared === true) return lookAhead(store, config);
  const comparisons = new Comparisons();
  const byName = currentByName(await store.view({ all: true }, (view) => view.jobs()));
  for (const [index, next] of config.jobs.entries()) {
    if (index % COMPARED_AT_ONCE === 0) await setImmediate();
    const job = byName.get(next.name);
    if (job !== undefined) comparisons.of(job, next);
  }
  await setImmediate();
  const ahead = await store.view({ all: true }, (view) => {
    const stored = view.jobs();
    return { stored, plan: planChanges(stored, config.jobs, config, comparisons) };
  });
  await setImmediate();
  return ahead;
}

/** Returns the plan that is to be carried out now: the one that was made ahead, if it still holds. */
function planNow(tx: Tx, config: AppliedConfiguration, ahead: PlanAhead | undefined): Plan {
  const stored = tx.jobs();
  if (ahead === undefined || !stillHolds(ahead, stored)) return planChanges(stored, config.jobs, config);
  return broughtUpToDate(ahead.plan, (job) => tx.jobById(job.id) ?? job);
}

/** How a configuration is applied; all of it may be left out. */
export interface ApplyOptions {
  /** The plan of `planAhead`, so that the commit need not plan unless something has changed since. */
  ahead?: PlanAhead | undefined;
  /** Whoever changed the file, as far as that is known; without one, the audit log says nothing. */
  author?: Author | undefined;
  /** Returns the present, where the change may take a while; by default that is the instant at which it was seen. */
  now?: () => number;
}

/**
 * Applies a validated configuration (docs/design.md §5, plan and swap). A store of one process does so in one commit, all
 * of it or none; of one that instances share see `applyInPieces`.
 * @param at the instant at which the change was seen, from which new expectations count
 * @throws CronflowError `config_invalid` with the faults of a plan that cannot be carried out; `config_held` where
 *   another instance was faster
 */
export function applyConfiguration(
  store: Store,
  config: AppliedConfiguration,
  at: number,
  { ahead, author, now = () => at }: ApplyOptions = {},
): Promise<Plan> {
  if (store.isShared === true) return applyInPieces(store, config, { now, ahead, author });
  return store.transact({ all: true }, (tx) => {
    const plan = planNow(tx, config, ahead);
    if (plan.faults.length > 0) throw faulty(plan);
    if (author !== undefined)
      putPlanAudit(tx, author, { plan, at, revisions: [readRevision(tx), config.revision] });
    putConfiguration(tx, config, at);
    // The spec that a job had depends on the globals that were in force then.
    const before = leftByOthers(tx) ?? readGlobals(tx);
    writeGlobals(tx, config.globals);
    const { spec, areGlobalsChanged } = specsBefore(before, config.globals);
    putSystemChange(tx, closeRemoved(tx.openSystemIncidents(), config.globals.notifiers, at));
    const others = areGlobalsChanged ? othersOf(plan, tx.jobs()).map(({ id }) => id) : [];
    for (const each of stepsOf(plan, { spec, others, areGlobalsChanged })) each.run(tx, at);
    return plan;
  });
}

/**
 * Takes away what a store has that was carried over from one which instances share. It may be carried back.
 * @returns the globals of which some jobs were not told yet that there are others
 */
function leftByOthers(tx: Tx): Globals | undefined {
  const applying = readApplying(tx);
  if (tx.meta(STANDING_KEY) !== undefined) tx.putMeta(STANDING_KEY, undefined);
  if (applying !== undefined) tx.putMeta(APPLYING_KEY, undefined);
  return applying?.globals_before;
}
