import { hostname } from 'node:os';
import { applyConfiguration, isStanding, planAhead } from '../apply/configuration.ts';
import { finishLeft } from '../apply/pieces.ts';
import { standingConfiguration, storedConfiguration } from '../apply/stored-configuration.ts';
import { reportMended, reportTrouble } from '../apply/system.ts';
import type { Config } from '../config/config.ts';
import type { LoadResult } from '../config/load.ts';
import type { ConfigProblem } from '../config/problem.ts';
import { ConfigReloader } from '../config/reloader.ts';
import type { ReloadCause, SharedConfiguration } from '../config/reloading.ts';
import { hideSecrets } from '../config/secrets/hide.ts';
import { validateDeclaration } from '../config/validate.ts';
import { CronflowError, errorText, type Fault } from '../core/model/errors.ts';
import type { PlanAhead } from '../core/plan/ahead.ts';
import type { Plan } from '../core/plan/plan.ts';
import type { ConfigStatus, ValidDeclaration } from '../http/deps.ts';
import type { AppOptions, Parts } from './parts.ts';

/** An instance looks at what stands at least so often, in case it did not hear that another one has changed it. */
const LOOK_EVERY_MS = 10_000;
/**
 * People hear that an instance does not run on its own file only if that lasts. A new version reaches all instances
 * within this time, if it is not stuck.
 */
const LAG_MS_MAX = 10 * 60_000;

/** The name of the work in the backlog that tells of the configuration. */
const CONFIG_NEWS = 'news of the configuration';

/**
 * Builds the reloader, which reads the configuration, watches it, and applies a new one.
 * @param reading the configuration as it is being read already
 */
export async function buildReloader(
  options: AppOptions,
  parts: Parts,
  reading: Promise<LoadResult>,
): Promise<ConfigReloader> {
  const { store } = parts;
  const { clock, logger, env, configPath, strict } = options;
  const stored = await storedConfiguration(store);
  // The reloader applies what it has just planned, except where it goes back to a configuration from before.
  const planned = new WeakMap<Config, PlanAhead>();
  return new ConfigReloader({
    path: configPath,
    env,
    clock,
    logger,
    strict,
    reading,
    stored: stored?.files ?? [],
    ...(store.isShared === true ? { shared: sharedBy(options, parts) } : {}),
    onUnstored: (config) => follow(config, parts),
    plan: async (config): Promise<Plan> => {
      const ahead = await planAhead(store, config);
      planned.set(config, ahead);
      return ahead.plan;
    },
    apply: (config, cause) => {
      const ahead = planned.get(config);
      // It holds every job as it was, and the configuration lives on.
      planned.delete(config);
      return applyConfig(config, cause, { options, parts, ahead });
    },
    onProblem: async (problem) => {
      if (problem.isLag) reportIfItLasts(problem, options, parts);
      else await reportProblem(problem, options, parts);
    },
    onReloaded: (result, durationMs) => parts.counts.noteReload(result, durationMs, clock.now()),
    onResolved: async (problem) => {
      const isUntold = problem.isLag && problem !== parts.lagTold;
      if (!isUntold) await configMended(options, parts);
    },
  });
}

/** Returns what the reloader needs where instances share the store. */
function sharedBy(options: AppOptions, parts: Parts): SharedConfiguration {
  const { store, worker } = parts;
  return {
    standing: () => standingConfiguration(store),
    files: async () => (await storedConfiguration(store))?.files ?? [],
    onAdopted: (config) => {
      follow(config, parts);
      // Whoever applied it has ended the incident about a mistake that may still be in the file here.
      const problem = parts.reloader?.problem ?? null;
      if (problem !== null) reportIfItLasts(problem, options, parts);
    },
    onBehind: (isBehind) => worker.standAside(isBehind),
  };
}

/** Makes this instance follow the configurations that others apply to the store that they share. */
export function followOthers({ clock, logger }: AppOptions, parts: Parts, reloader: ConfigReloader): void {
  const { store } = parts;
  if (store.isShared !== true) return;
  const look = async (): Promise<void> => {
    await reloader.follow().catch((error: unknown) => {
      logger.warn('could not look which configuration is applied', { error: errorText(error) });
    });
  };
  let wasForgotten = false;
  /** Twice, because an instance that has just told of trouble may not have signed since its start. */
  const lookAfterTrouble = async (): Promise<void> => {
    const isForgotten = await isTroubleForgotten(parts, reloader);
    if (isForgotten && wasForgotten) await configMended({ clock }, parts);
    wasForgotten = isForgotten;
  };
  const finishForOthers = async (): Promise<void> => {
    const { current } = reloader;
    if (current !== null) await finishLeft(store, current, () => clock.now()).catch(nullIfLate);
  };
  const lookAtAll = async (): Promise<void> => {
    await look();
    await finishForOthers().catch((error: unknown) => {
      logger.warn('could not go on with the configuration that another instance applied', {
        error: errorText(error),
      });
    });
    await lookAfterTrouble().catch((error: unknown) => {
      logger.warn('could not look who told of the configuration', { error: errorText(error) });
    });
  };
  const lookAgain = (): void => {
    if (parts.isStopping) return;
    clock.after(LOOK_EVERY_MS, () => void lookAtAll().then(lookAgain));
  };
  store.watch((changes) => {
    if (changes.some(({ type }) => type === 'configuration' || type === 'fresh')) void look();
  });
  // One may have been applied since this instance read what stands.
  void look().then(lookAgain);
}

/**
 * Tells whether this instance has to end the incident about the configuration, because whoever told of it is gone, or has
 * started again with a file that is right. One instance does that for all.
 */
async function isTroubleForgotten(parts: Parts, reloader: ConfigReloader): Promise<boolean> {
  const { tellers, liveness } = parts;
  const isMine = reloader.problem === null && liveness.isFirst && liveness.doubt === null;
  return isMine && tellers !== null && (await tellers.isForgotten());
}

async function reportProblem(
  { code, text, causes }: ConfigProblem,
  { clock }: AppOptions,
  { store, backlog, tellers }: Parts,
): Promise<void> {
  // A store that takes no commit takes no report of it either. The log has it.
  if (code === 'store_unavailable') return;
  const reason = code === 'config_held' ? 'config_held' : 'config_invalid';
  await backlog.do(CONFIG_NEWS, async () => {
    await tellers?.add();
    await reportTrouble(store, { kind: 'config', reason, detail: text, causes }, clock.now());
  });
}

function reportIfItLasts(problem: ConfigProblem, options: AppOptions, parts: Parts): void {
  options.clock.after(LAG_MS_MAX, () => {
    if (parts.reloader?.problem !== problem || parts.isStopping) return;
    parts.lagTold = problem;
    void reportProblem(problem, options, parts).catch((error: unknown) => {
      options.logger.error('cannot report the configuration', { error: errorText(error) });
    });
  });
}

/** Ends the incident about the configuration. */
export function configMended(
  { clock }: Pick<AppOptions, 'clock'>,
  { store, backlog, tellers }: Parts,
): Promise<void> {
  return backlog.do(CONFIG_NEWS, async () => {
    await reportMended(store, 'config', clock.now());
    await tellers?.remove();
  });
}

/** Applies a configuration; the parts outside the store then follow it. */
async function applyConfig(
  config: Config,
  { because, by, isOvertaken }: ReloadCause,
  { options, parts, ahead }: { options: AppOptions; parts: Parts; ahead: PlanAhead | undefined },
): Promise<Plan | null> {
  const { store } = parts;
  // Another instance has applied the same.
  if (store.isShared === true && ahead !== undefined && (await isStanding(store, config, ahead.plan))) {
    follow(config, parts);
    return ahead.plan;
  }
  const at = options.clock.now();
  // The entry shows old values, too, so the patterns of the configuration before count as well.
  const patterns = [...(parts.reloader?.current?.redact ?? []), ...config.redact];
  const author = {
    by: by ?? { via: 'file', who: because, from: hostname() },
    hide: (text: string) => hideSecrets(text, patterns),
  } as const;
  const how = { ahead, author, now: () => options.clock.now() };
  const plan = await applyConfiguration(store, { ...config, isOvertaken }, at, how).catch(nullIfLate);
  if (plan === null) return null;
  if (store.isShared === true) await configMended(options, parts);
  parts.appliedAt = at;
  follow(config, parts);
  return plan;
}

/** Returns null for the error of a configuration that another instance has overtaken. */
function nullIfLate(error: unknown): null {
  if (error instanceof CronflowError && error.code === 'config_held') return null;
  throw error;
}

/** Makes the parts outside the store follow a configuration. */
function follow(config: Config, { worker, registry, heartbeat, liveness, server }: Parts): void {
  const changed = registry.apply(config.notifiers);
  // To an instance that starts beside others all notifiers are new, which is no news to those.
  const isStartBesideOthers = server === null && liveness.startedBesideOthers;
  if (!isStartBesideOthers) worker.notifiersChanged(changed);
  heartbeat.apply(config.heartbeat);
}

/** Judges a job that was posted: returns the valid declaration, or every fault. */
export function validateInput(input: unknown, config: Config | null): ValidDeclaration | readonly Fault[] {
  const isObject = typeof input === 'object' && input !== null && !Array.isArray(input);
  if (!isObject) {
    return [
      {
        code: 'wrong_type',
        path: '',
        message: 'must be a JSON object such as {"name": "backup", "schedule": "0 2 * * *"}',
      },
    ];
  }
  const { name, ...declaration } = input as Record<string, unknown>;
  const result = validateDeclaration(
    name,
    declaration,
    config ?? { defaults: {} },
    config?.globals.notifiers ?? [],
  );
  return Array.isArray(result) ? result : { name: name as string, declared: result.declared };
}

/** Says which configuration is applied, and why the files on disk are not. */
export function configStatusOf(
  path: string,
  { current, problem, standing, diskRevision }: ConfigReloader,
  appliedAt: number | null,
): ConfigStatus {
  const heldRevision = problem?.revision ?? null;
  return {
    revision: standing?.revision ?? current?.revision ?? null,
    disk_revision: diskRevision,
    source: path,
    files: current?.files.map((file) => file.path) ?? [],
    applied_at: standing?.applied_at ?? appliedAt,
    last_error:
      problem === null
        ? null
        : { at: problem.since_at, code: problem.code, detail: problem.text, faults: problem.faults },
    held: heldRevision === null ? null : { revision: heldRevision, detail: problem?.text ?? '' },
  };
}
