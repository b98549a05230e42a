import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { AuditRecord } from '../core/model/audit.ts';
import { CronflowError } from '../core/model/errors.ts';
import type { Job } from '../core/model/records.ts';
import { type Globals, type Spec, specOf } from '../core/model/spec.ts';
import type { PlanAhead } from '../core/plan/ahead.ts';
import { COMPARED_AT_ONCE, type Plan, planInParts } from '../core/plan/plan.ts';
import type { Standing } from '../core/plan/standing.ts';
import { closeRemoved } from '../core/system/incidents.ts';
import { APPLYING_KEY, type Scope, type Store, type Tx, type View } from '../store/store.ts';
import { type Author, planAuditInParts } from './audit.ts';
import { byAndBy, listedByAndBy } from '../store/by-and-by.ts';
import { faulty, othersOf, type PlanStep, specsBefore, stepsOf } from './carry-out.ts';
import { EVENT_META, readGlobals, writeGlobals } from './events.ts';
import { RENAMES_KEY } from './renames.ts';
import { isLeft } from './signed.ts';
import {
  type AppliedConfiguration,
  DECLARING_META,
  putConfiguration,
  putStanding,
  readFill,
  readStanding,
  STANDING_KEY,
} from './stored-configuration.ts';
import { putSystemChange } from './system-change.ts';
import { tellInstead } from './told-instead.ts';

/** One commit changes so many jobs. Pings wait for no longer than it takes. */
const CHANGED_AT_ONCE = 200;
/** Where others change jobs all the time, or configurations, it is given up after so many looks. */
const ROUNDS_MAX = 10;

/** What says that a configuration is being applied, in several commits. */
export interface Applying {
  revision: string;
  /** Names whoever applies it. */
  by: string;
  signed_at: number;
  /** The globals before it. Some jobs were not told yet that there are others now. */
  globals_before: Globals;
  /**
   * The instant since which some jobs were not told of it. Absent where a version applies it that does not look for
   * trouble of which only notifiers heard that it removes.
   */
  begun_at?: number;
  /** The notifiers of the configurations that were begun since then and replaced in the middle. Some jobs told these. */
  notifiers_between?: readonly string[];
}

/** A plan, and what it was made from. */
interface Looked extends PlanAhead {
  globals: Globals;
  standing: Standing | null;
  applying: Applying | undefined;
}

export interface ApplyInPieces {
  /** Returns the instant at which a part of the change is made, from which new expectations count. */
  now: () => number;
  /** The plan of `lookAhead`; absent where none was made. */
  ahead?: PlanAhead | undefined;
  author?: Author | undefined;
}

export function readApplying(tx: Pick<View, 'meta'>): Applying | undefined {
  return tx.meta(APPLYING_KEY) as Applying | undefined;
}

function beginOf({ begun_at: begunAt, signed_at: signedAt }: Applying): number {
  return begunAt ?? signedAt;
}

function between({ notifiers_between: known = [] }: Applying, { notifiers }: Globals): string[] {
  return [...new Set([...known, ...notifiers])];
}

/** Plans what applying a configuration would do. Pings have their turn meanwhile, however many jobs there are. */
export async function lookAhead(store: Store, config: AppliedConfiguration): Promise<Looked> {
  const seen = await store.view({ all: true }, (view) => ({
    stored: view.jobs(),
    globals: readGlobals(view),
    standing: readStanding(view),
    applying: readApplying(view),
  }));
  return { ...seen, plan: await byAndBy(planInParts(seen.stored, config.jobs, config)) };
}

/**
 * Applies a validated configuration to a store that instances share. A change of few jobs is one commit. A change of
 * many is several, so that pings come through in between: the first one says what stands from now on and who applies
 * it, and each of them changes some jobs. Each job is changed by one of them, so none is ever half changed. Whoever
 * dies in the middle is followed by another instance, which finds what is left by planning anew.
 * @throws CronflowError `config_invalid` with the faults of a plan that cannot be carried out; `config_held` where
 *   another configuration was faster
 */
export async function applyInPieces(
  store: Store,
  config: AppliedConfiguration,
  options: ApplyInPieces,
): Promise<Plan> {
  const applier = new Applier(store, config, options);
  const isLooked = options.ahead !== undefined && 'applying' in options.ahead;
  let looked = isLooked ? (options.ahead as Looked) : await lookAhead(store, config);
  const { plan } = looked;
  for (let round = 1; round <= ROUNDS_MAX; round += 1) {
    if (await applier.carryOut(looked)) return plan;
    looked = await lookAhead(store, config);
  }
  throw new CronflowError('store_unavailable', 'Jobs were changed all the time.');
}

/**
 * Goes on with a configuration whose jobs were changed in part, where whoever applied it is gone, or where a Cronflow
 * that applies all in one commit has put another one in its place. That one knows nothing of jobs that were not told of
 * changed globals.
 * @param config the configuration that this instance runs on; nothing is done unless it stands
 */
export async function finishLeft(
  store: Store,
  config: AppliedConfiguration,
  now: () => number,
): Promise<void> {
  const { revision } = config;
  const [applying, standing] = await store.view(
    { meta: [APPLYING_KEY, STANDING_KEY] },
    (view) => [readApplying(view), view.meta(STANDING_KEY) as Standing | undefined] as const,
  );
  if (applying === undefined || standing?.revision !== revision) return;
  if (applying.revision === revision && !isLeft(applying, now())) return;
  // To plan takes a while, and a newer configuration may come meanwhile.
  const isOvertaken = (by: Standing): boolean => by.revision !== revision;
  await applyInPieces(store, { ...config, isOvertaken }, { now });
}

/** Tells whether a configuration was begun already, so that what is planned is the rest of it. */
function isBegunBefore({ standing, applying }: Looked, { revision }: AppliedConfiguration): boolean {
  return standing?.revision === revision && applying?.revision === revision;
}

/** A part of a change that is not committed, because a job is not what the plan was made from any more. */
class Outdated extends Error {}

class Applier {
  readonly #store: Store;
  readonly #config: AppliedConfiguration;
  readonly #options: ApplyInPieces;
  readonly #by = randomUUID();
  /** Says that the first commit is made, and more are to come. */
  #isBegun = false;
  /** The jobs that were told of changed globals, by id, and those that were added under these, by name. */
  readonly #told = new Set<string>();

  constructor(store: Store, config: AppliedConfiguration, options: ApplyInPieces) {
    this.#store = store;
    this.#config = config;
    this.#options = options;
  }

  /**
   * Carries a plan out, as far as the jobs are still what it was made from.
   * @returns whether nothing is left to do, at least for this instance; otherwise it has to look again
   */
  async carryOut(looked: Looked): Promise<boolean> {
    const before = looked.applying?.globals_before ?? looked.globals;
    const steps = await this.#stepsOf(looked, before);
    if (this.#isBegun && steps.length === 0) return this.#end(looked);
    let done = 0;
    if (!this.#isBegun) {
      // A job may have got a history since the change was begun. It keeps it then, and what was to take its place goes.
      if (looked.plan.faults.length > 0 && !isBegunBefore(looked, this.#config)) throw faulty(looked.plan);
      const began = await this.#begin(looked, before, steps);
      if (began !== 'begun') return began !== 'again';
      done = CHANGED_AT_ONCE;
    }
    for (let from = done; from < steps.length; from += CHANGED_AT_ONCE) {
      const isMine = await this.#change(steps.slice(from, from + CHANGED_AT_ONCE));
      if (!isMine) return true;
    }
    return false;
  }

  async #stepsOf(looked: Looked, before: Globals): Promise<PlanStep[]> {
    const { spec, areGlobalsChanged } = specsBefore(before, this.#config.globals);
    const others = areGlobalsChanged ? await this.#affected(looked, spec) : [];
    return listedByAndBy(stepsOf(looked.plan, { spec, others, areGlobalsChanged }), COMPARED_AT_ONCE);
  }

  /** Finds the jobs that a plan leaves as they are, and to which the changed globals make a difference. */
  async #affected({ plan, stored }: Looked, spec: (job: Job) => Spec): Promise<string[]> {
    const affected: string[] = [];
    for (const [index, job] of othersOf(plan, stored).entries()) {
      if (index % COMPARED_AT_ONCE === 0) await setImmediate();
      if (this.#told.has(job.id) || this.#told.has(job.name)) continue;
      const now = specOf(job.name, job.declaration, this.#config.globals);
      if (!isDeepStrictEqual(spec(job), now)) affected.push(job.id);
    }
    return affected;
  }

  /**
   * Commits what stands from now on, with the first steps, which are all of them where the change is small.
   * @returns `followed` where another instance applies the same
   */
  async #begin(
    looked: Looked,
    before: Globals,
    steps: readonly PlanStep[],
  ): Promise<'done' | 'begun' | 'again' | 'followed'> {
    const config = this.#config;
    const audit = await this.#auditOf(looked);
    const at = this.#options.now();
    const first = steps.slice(0, CHANGED_AT_ONCE);
    const meta = [...DECLARING_META, STANDING_KEY, APPLYING_KEY, RENAMES_KEY];
    const begun = this.#store.transact({ ...scopeOf(first), meta, system_incidents: true }, (tx) => {
      const applying = readApplying(tx);
      const isSame = applying?.revision === config.revision && readStanding(tx)?.revision === config.revision;
      if (isSame && !isLeft(applying, at)) return 'followed';
      if (!isSameAs(tx, looked)) return 'again';
      putStanding(tx, config, at);
      if (audit !== null) tx.putAudit({ ...audit, at });
      // A job that the API made since the plan was filled by what stood then, and told those who were notifiers then.
      const isFillChanged = !isDeepStrictEqual(fillOf(readFill(tx)), fillOf(config));
      const isMore = isFillChanged || !isDeepStrictEqual(before, config.globals);
      const isWhole = steps.length <= CHANGED_AT_ONCE && applying === undefined && !isMore;
      putConfiguration(tx, config, at);
      writeGlobals(tx, config.globals);
      putSystemChange(tx, closeRemoved(tx.openSystemIncidents(), config.globals.notifiers, at));
      const sign: Applying = {
        revision: config.revision,
        by: this.#by,
        signed_at: at,
        globals_before: before,
        begun_at: applying === undefined ? at : beginOf(applying),
        ...(applying === undefined ? {} : { notifiers_between: between(applying, looked.globals) }),
      };
      if (!isWhole) tx.putMeta(APPLYING_KEY, sign);
      if (!run(tx, first, at)) throw new Outdated();
      return isWhole ? 'done' : 'begun';
    });
    const began = await begun.catch((error: unknown) => {
      if (error instanceof Outdated) return 'again' as const;
      throw error;
    });
    if (began === 'begun') this.#noteTold(first);
    this.#isBegun = began === 'begun';
    return began;
  }

  /** Returns the entry of the audit log about a plan; null where there is none, or the first commit has it already. */
  async #auditOf(looked: Looked): Promise<AuditRecord | null> {
    const { author, now } = this.#options;
    if (author === undefined || isBegunBefore(looked, this.#config)) return null;
    const { plan, standing } = looked;
    const revisions: [string | undefined, string] = [standing?.revision, this.#config.revision];
    const entry = await byAndBy(planAuditInParts(author, { plan, at: now(), revisions }));
    return entry === null ? null : { id: randomUUID(), ...entry };
  }

  /** @returns false where another instance applies the configuration by now */
  async #change(steps: readonly PlanStep[]): Promise<boolean> {
    const at = this.#options.now();
    const isRename = steps.some(({ ids, names }) => ids.length > 0 && names.length > 0);
    const meta = [...EVENT_META, STANDING_KEY, APPLYING_KEY, ...(isRename ? [RENAMES_KEY] : [])];
    const isMine = await this.#store.transact({ ...scopeOf(steps), meta }, (tx) => {
      const applying = this.#mine(tx);
      if (applying === null) return false;
      run(tx, steps, at);
      tx.putMeta(APPLYING_KEY, { ...applying, signed_at: at } satisfies Applying);
      return true;
    });
    this.#noteTold(steps);
    return isMine;
  }

  async #end({ applying }: Looked): Promise<true> {
    if (applying !== undefined) await this.#tellInstead(applying);
    await this.#store.transact({ meta: [STANDING_KEY, APPLYING_KEY] }, (tx) => {
      if (this.#mine(tx) !== null) tx.putMeta(APPLYING_KEY, undefined);
    });
    return true;
  }

  /** Every job names its new notifiers by now. What was told to removed ones in the meantime is told to these. */
  #tellInstead(applying: Applying): Promise<void> {
    const { notifiers } = this.#config.globals;
    const known = between(applying, applying.globals_before);
    const removed = known.filter((name) => !notifiers.includes(name));
    return tellInstead(
      this.#store,
      { notifiers: removed, since_at: beginOf(applying) },
      { isMine: (tx) => this.#mine(tx) !== null, meta: [STANDING_KEY, APPLYING_KEY], now: this.#options.now },
    );
  }

  #noteTold(steps: readonly PlanStep[]): void {
    for (const { ids, names } of steps) for (const each of [...ids, ...names]) this.#told.add(each);
  }

  /**
   * Returns the sign of this instance; null where another one applies the same configuration.
   * @throws CronflowError `config_held` where another configuration stands by now
   */
  #mine(tx: Tx): Applying | null {
    const { revision } = this.#config;
    // It stands there since the change was begun. The text of the configuration, which is large, is not read.
    const standing = tx.meta(STANDING_KEY) as Standing | undefined;
    if (standing?.revision !== revision)
      throw new CronflowError('config_held', `Revision ${revision} was replaced by ${standing?.revision}.`);
    const applying = readApplying(tx);
    return applying?.by === this.#by ? applying : null;
  }
}

/**
 * Carries out steps. What each of them lacks is noted before any of them ends the transaction, so that all of it is
 * loaded at once.
 * @returns whether all of them were carried out
 */
function run(tx: Tx, steps: readonly PlanStep[], at: number): boolean {
  const failures: unknown[] = [];
  let isAllDone = true;
  for (const each of steps) {
    try {
      if (!tx.attempt(() => each.run(tx, at))) isAllDone = false;
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  return isAllDone;
}

function scopeOf(steps: readonly PlanStep[]): Scope {
  return { ids: steps.flatMap(({ ids }) => ids), names: steps.flatMap(({ names }) => names) };
}

/** Tells whether nothing that a plan rests on has changed since it was made, but jobs. */
function isSameAs(tx: Tx, { globals, standing, applying }: Looked): boolean {
  return (
    readStanding(tx)?.revision === standing?.revision &&
    readApplying(tx)?.by === applying?.by &&
    isDeepStrictEqual(readGlobals(tx), globals)
  );
}

function fillOf({ defaults, groups = {} }: Pick<AppliedConfiguration, 'defaults' | 'groups'>): object {
  return { defaults, groups };
}
