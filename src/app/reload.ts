import { hostname } from 'node:os';
import { applyConfiguration, planAhead, storedConfiguration } from '../apply/configuration.ts';
import { reportMended, reportTrouble } from '../apply/system.ts';
import type { Config } from '../config/config.ts';
import type { LoadResult } from '../config/load.ts';
import { ConfigReloader, type ReloadCause } from '../config/reloader.ts';
import { hideSecrets } from '../config/secrets/hide.ts';
import { validateDeclaration } from '../config/validate.ts';
import type { Fault } from '../core/model/errors.ts';
import type { PlanAhead } from '../core/plan/ahead.ts';
import type { Plan } from '../core/plan/plan.ts';
import type { ConfigStatus, ValidDeclaration } from '../http/deps.ts';
import type { AppOptions, Parts } from './parts.ts';

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
    onProblem: async ({ code, text, causes }) => {
      // A store that takes no commit takes no report of it either. The log has it.
      if (code === 'store_unavailable') return;
      const reason = code === 'config_held' ? 'config_held' : 'config_invalid';
      await parts.backlog.do(CONFIG_NEWS, () =>
        reportTrouble(store, { kind: 'config', reason, detail: text, causes }, clock.now()),
      );
    },
    onReloaded: (result, durationMs) => parts.counts.noteReload(result, durationMs, clock.now()),
    onResolved: () => configMended(options, parts),
  });
}

/** Ends the incident about the configuration. */
export function configMended({ clock }: AppOptions, { store, backlog }: Parts): Promise<void> {
  return backlog.do(CONFIG_NEWS, () => reportMended(store, 'config', clock.now()));
}

/** Applies a configuration in one commit; the parts outside the store then follow it. */
async function applyConfig(
  config: Config,
  { because, by }: ReloadCause,
  { options, parts, ahead }: { options: AppOptions; parts: Parts; ahead: PlanAhead | undefined },
): Promise<Plan> {
  const at = options.clock.now();
  // The entry shows old values, too, so the patterns of the configuration before count as well.
  const patterns = [...(parts.reloader?.current?.redact ?? []), ...config.redact];
  const plan = await applyConfiguration(parts.store, config, at, ahead, {
    by: by ?? { via: 'file', who: because, from: hostname() },
    hide: (text) => hideSecrets(text, patterns),
  });
  parts.appliedAt = at;
  follow(config, parts);
  return plan;
}

/** Makes the parts outside the store follow a configuration. */
function follow(config: Config, { worker, registry, heartbeat }: Parts): void {
  worker.notifiersChanged(registry.apply(config.notifiers));
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
  { current, problem }: ConfigReloader,
  appliedAt: number | null,
): ConfigStatus {
  const heldRevision = problem?.revision ?? null;
  return {
    revision: current?.revision ?? null,
    source: path,
    files: current?.files.map((file) => file.path) ?? [],
    applied_at: appliedAt,
    last_error:
      problem === null
        ? null
        : { at: problem.since_at, code: problem.code, detail: problem.text, faults: problem.faults },
    held: heldRevision === null ? null : { revision: heldRevision, detail: problem?.text ?? '' },
  };
}
