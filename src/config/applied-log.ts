import { type Plan, planLinesInParts } from '../core/plan/plan.ts';
import type { Logger } from '../observe/log.ts';
import { byAndBy } from '../store/by-and-by.ts';
import { withoutAllowed } from './allowed-lints.ts';
import type { Config } from './config.ts';
import { formatFaults } from './format.ts';
import { hideSecrets } from './secrets/hide.ts';

const PLAN_LINES_MAX = 200;

interface Applied {
  config: Config;
  plan: Plan;
  /** Includes the patterns of the configuration before, because a plan shows old values, too. */
  redact: readonly string[];
  /** Says why the configuration was read, for the first line. */
  why: Readonly<Record<string, string | undefined>>;
}

/** Writes into the log that a configuration was applied, what it changes, and what is probably not meant in it. */
export async function logApplied(
  { logger, path }: { logger: Logger; path: string },
  { config, plan, redact, why }: Applied,
): Promise<void> {
  logger.info('configuration applied', {
    file: path,
    revision: config.revision,
    added: plan.added.length + plan.restored.length,
    changed: plan.changed.length + plan.renamed.length + plan.adopted.length + plan.refilled.length,
    removed: plan.removed.length,
    unchanged: plan.unchanged.length,
    ...why,
  });
  const hide = (text: string): string => hideSecrets(text, redact);
  for (const line of await byAndBy(planLinesInParts(plan, hide, PLAN_LINES_MAX))) logger.info(line);
  const { lints } = withoutAllowed([...config.lints, ...plan.lints], config.files);
  if (lints.length === 0) return;
  for (const line of formatFaults(lints, config.files, { redact }).split('\n')) logger.warn(line);
}
