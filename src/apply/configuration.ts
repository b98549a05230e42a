import { setImmediate } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Declaration } from '../core/model/declaration.ts';
import type { Fill, Groups } from '../core/model/defaults.ts';
import { CronflowError } from '../core/model/errors.ts';
import type { Job } from '../core/model/records.ts';
import { type Globals, type Spec, specOf } from '../core/model/spec.ts';
import { broughtUpToDate, type PlanAhead, stillHolds } from '../core/plan/ahead.ts';
import { Comparisons } from '../core/plan/comparisons.ts';
import { currentByName, isEmptyPlan, type Plan, type Planned, planChanges } from '../core/plan/plan.ts';
import type { PlannedJob } from '../core/plan/planned-job.ts';
import { type Standing, standingAfter } from '../core/plan/standing.ts';
import { closeRemoved } from '../core/system/incidents.ts';
import { CONFIGURATION_KEY, type Store, type Tx, type View } from '../store/store.ts';
import { type Author, putPlanAudit } from './audit.ts';
import { applyEvent, EVENT_META, readGlobals, writeGlobals } from './events.ts';
import { addJob, removeJob } from './jobs.ts';
import { keptSpecOf } from './specs.ts';
import { renameJob } from './renames.ts';
import { putSystemChange } from './system-change.ts';

/** The part of a configuration that is stored and applied. It does not say where messages go. */
export interface AppliedConfiguration {
  revision: string;
  /** The text that was read, so that a start with a broken file can go on with this revision. */
  files: readonly { path: string; text: string }[];
  defaults: Declaration;
  groups?: Groups;
  jobs: readonly PlannedJob[];
  globals: Globals;
  /** The settings that belong to no job, by path, without secrets. Plans compare them. */
  written?: Readonly<Record<string, string>>;
  /** Tells whether another instance was faster, so that this configuration is not applied. */
  isOvertaken?: (standing: Standing) => boolean;
}

interface StoredConfiguration {
  revision: string;
  files: readonly { path: string; text: string }[];
  defaults: Declaration;
  /** Absent in a configuration that was stored before there were groups. */
  groups?: Groups;
  /** Absent in a configuration that was stored before plans compared it. */
  written?: Readonly<Record<string, string>>;
  applied_at: number;
}

/** The meta keys that the scope of a transaction names which declares a job anew. */
export const DECLARING_META: readonly string[] = [...EVENT_META, CONFIGURATION_KEY];

/**
 * The meta key of what stands, where instances share the store. It is small, so that each of them can look at it often.
 */
const STANDING_KEY = 'standing';

/** Returns which configuration stands; null where none was ever applied. */
export async function standingConfiguration(store: Store): Promise<Standing | null> {
  const standing = (await store.meta(STANDING_KEY)) as Standing | undefined;
  if (standing !== undefined) return standing;
  // The store was carried over from one that no instances share.
  const stored = await storedConfiguration(store);
  return stored === undefined ? null : standingOf(stored);
}

function readStanding(tx: Pick<View, 'meta'>): Standing | null {
  const stored = tx.meta(CONFIGURATION_KEY) as StoredConfiguration | undefined;
  const standing = tx.meta(STANDING_KEY) as Standing | undefined;
  return standing ?? (stored === undefined ? null : standingOf(stored));
}

function standingOf({ revision, applied_at: appliedAt }: StoredConfiguration): Standing {
  return { revision, applied_at: appliedAt, replaced: [] };
}

/** Tells whether this very configuration stands already, so that there is nothing to apply. */
export async function isStanding(
  store: Store,
  { revision, globals }: AppliedConfiguration,
  plan: Plan,
): Promise<boolean> {
  if (!isEmptyPlan(plan)) return false;
  return store.view({ meta: [STANDING_KEY, ...DECLARING_META] }, (view) => {
    return readStanding(view)?.revision === revision && isDeepStrictEqual(readGlobals(view), globals);
  });
}

/** Returns the revision and the text of the last good configuration, or undefined when none was ever applied. */
export async function storedConfiguration(store: Store): Promise<StoredConfiguration | undefined> {
  return (await store.meta(CONFIGURATION_KEY)) as StoredConfiguration | undefined;
}

/** Returns what the applied configuration says that belongs to no job, by path, or undefined where it is not known. */
export function readWritten(tx: Pick<View, 'meta'>): Readonly<Record<string, string>> | undefined {
  return (tx.meta(CONFIGURATION_KEY) as StoredConfiguration | undefined)?.written;
}

function readRevision(tx: Pick<View, 'meta'>): string | undefined {
  return (tx.meta(CONFIGURATION_KEY) as StoredConfiguration | undefined)?.revision;
}

/** Returns the `defaults` in force. */
export function readDefaults(tx: Pick<View, 'meta'>): Declaration {
  return readFill(tx).defaults;
}

/** Returns the `defaults` and `groups` that fill jobs now, also those registered over the API (docs/design.md §5). */
export function readFill(tx: Pick<View, 'meta'>): Fill {
  return (tx.meta(CONFIGURATION_KEY) as StoredConfiguration | undefined) ?? { defaults: {} };
}

/** So many jobs are compared before pings get their turn. It takes a few milliseconds. */
const COMPARED_AT_ONCE = 500;

/**
 * Plans what applying a configuration would do, beside the traffic: jobs are compared a few at a time, and the plan is
 * then made with what came of that. So a large file holds up no ping.
 */
export async function planAhead(store: Store, config: AppliedConfiguration): Promise<PlanAhead> {
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

/**
 * Applies a validated configuration in one commit, all of it or none (docs/design.md §5, plan and swap).
 * @param at the instant at which the change was seen, from which new expectations count
 * @param ahead the plan of `planAhead`, so that the commit need not plan unless something has changed since
 * @param author whoever changed the file, as far as that is known; without one, the audit log says nothing
 * @throws CronflowError `config_invalid` with the faults of a plan that cannot be carried out; `config_held` where
 *   another instance was faster
 */
export function applyConfiguration(
  store: Store,
  config: AppliedConfiguration,
  at: number,
  ahead?: PlanAhead,
  author?: Author,
): Promise<Plan> {
  return store.transact({ all: true }, (tx) => {
    if (store.isShared === true) putStanding(tx, config, at);
    // The store was carried over from one that instances share, and may be carried back.
    else if (tx.meta(STANDING_KEY) !== undefined) tx.putMeta(STANDING_KEY, undefined);
    const plan = planNow(tx, config, ahead);
    if (plan.faults.length > 0) {
      const detail = plan.faults.map((fault) => `${fault.path}: ${fault.message}`).join('\n');
      throw new CronflowError('config_invalid', detail, { faults: plan.faults });
    }
    const { revision, files, defaults, groups = {}, written } = config;
    if (author !== undefined) putPlanAudit(tx, author, { plan, at, revisions: [readRevision(tx), revision] });
    tx.putMeta(CONFIGURATION_KEY, {
      revision,
      files,
      defaults,
      groups,
      ...(written === undefined ? {} : { written }),
      applied_at: at,
    } satisfies StoredConfiguration);
    // The spec that a job had depends on the globals that were in force then.
    const before = readGlobals(tx);
    writeGlobals(tx, config.globals);
    const areGlobalsSame = isDeepStrictEqual(before, config.globals);
    // Specs are kept under the globals in force, and others would drive them all out.
    const specUnder = areGlobalsSame ? keptSpecOf : specOf;
    const specBefore = (job: Job): Spec => specUnder(job.name, job.declaration, before);
    const change = (job: Job, next: Job): void => {
      applyEvent(tx, next, { type: 'spec_changed', at, previous: specBefore(job) });
    };
    putSystemChange(tx, closeRemoved(tx.openSystemIncidents(), config.globals.notifiers, at));
    for (const job of plan.removed) removeJob(tx, job, at);
    for (const { job, next, replaced } of plan.renamed) {
      const fields = { ...declaredAs({ job, next }, at), name: next.name };
      renameJob(tx, { job, next: fields, replaced }, specBefore(job), at);
    }
    for (const next of plan.added) {
      addJob(tx, { ...declaredBy(next), name: next.name, created_at: at, updated_at: at, removed_at: null });
    }
    for (const planned of [...plan.changed, ...plan.adopted]) change(planned.job, declaredAs(planned, at));
    for (const planned of plan.restored) restoreJob(tx, planned, at);
    for (const { job, declaration } of plan.refilled) change(job, { ...job, declaration, updated_at: at });
    for (const planned of plan.unchanged) if (!planned.isSameRecord) tx.putJob(declaredAs(planned, at));
    if (!areGlobalsSame) {
      // A new notifier, for example, belongs to every job that does not choose its own, and jobs in trouble tell it.
      const others = plan.unchanged.map(({ job }) => job.id);
      for (const id of [...others, ...untouchedApiJobIds(tx, plan)]) {
        const job = tx.jobById(id);
        if (job !== undefined) change(job, job);
      }
    }
    return plan;
  });
}

/**
 * Writes down what stands from now on.
 * @throws CronflowError `config_held` where another instance was faster
 */
function putStanding(tx: Tx, { revision, isOvertaken }: AppliedConfiguration, at: number): void {
  const standing = readStanding(tx);
  if (standing !== null && isOvertaken?.(standing) === true)
    throw new CronflowError('config_held', `Revision ${revision} was replaced by ${standing.revision}.`);
  tx.putMeta(STANDING_KEY, standingAfter(standing, revision, at));
}

/** Lists the jobs of the API that the new configuration leaves as they are. */
function untouchedApiJobIds(tx: Tx, plan: Plan): string[] {
  const touched = new Set([...plan.adopted, ...plan.refilled].map(({ job }) => job.id));
  return tx
    .jobs()
    .filter((job) => job.removed_at === null && job.source === 'api' && !touched.has(job.id))
    .map((job) => job.id);
}

function restoreJob(tx: Tx, planned: Planned, at: number): void {
  applyEvent(tx, { ...declaredAs(planned, at), removed_at: null }, { type: 'restored', at });
}

function declaredAs({ job, next }: Pick<Planned, 'job' | 'next'>, at: number): Job {
  return { ...job, ...declaredBy(next), updated_at: at };
}

function declaredBy(next: PlannedJob): Pick<Job, 'source' | 'place' | 'declared' | 'declaration'> {
  const { place, declared, declaration } = next;
  return { source: 'file', place, declared, declaration };
}
