import type { Config } from '../config/config.ts';
import { formatFaults } from '../config/format.ts';
import { severityOf, worded } from '../config/lint-words.ts';
import { lintsOf } from '../config/lints.ts';
import { loadStored } from '../config/load.ts';
import { locatorOf } from '../config/locator.ts';
import { hideInFault, hideSecrets } from '../config/secrets/hide.ts';
import { NO_ENV } from '../config/substitute.ts';
import type { Clock } from '../clock.ts';
import type { Fault } from '../core/model/errors.ts';
import { formatPlan, isEmptyPlan, massRemoval, planChanges, planTotals } from '../core/plan/plan.ts';
import type { ConfigTrial } from '../http/deps.ts';
import type { Store } from '../store/store.ts';

/** The name that a text has in faults, as that of a file would be. */
const NAME = 'cronflow.yaml';
const PLAN_LINES_MAX = 500;

interface TrialParts {
  store: Store;
  clock: Clock;
  /** The `redact` patterns of the configuration that runs. */
  redact: readonly string[];
  /** Names that have pinged and that nobody declared. */
  pinging: readonly string[];
}

/**
 * Says what a configuration is worth before it is applied: its errors, its lints, and what it would change. It changes
 * nothing. It reads nothing but the text either: no variable, no file of a secret and no included file, because whoever
 * sends the text may read what Cronflow shows, and not what is on its disk.
 */
export async function tryConfig(text: string, parts: TrialParts): Promise<ConfigTrial> {
  const files = [{ path: NAME, text }];
  const loaded = await loadStored(files, NO_ENV);
  const { includes } = loaded;
  if (!loaded.ok) return refused(loaded.faults, text, { includes, redact: parts.redact });
  const { config, texts } = loaded;
  const redact = [...config.redact, ...parts.redact];
  const { store, clock, pinging } = parts;
  const lints = lintsOf(config, locatorOf(config, NO_ENV, texts), { nowAt: clock.now(), pinging });
  const stored = await store.view({ all: true }, (view) => view.jobs());
  const plan = planChanges(stored, config.jobs, config);
  if (plan.faults.length > 0) return refused(plan.faults, text, { includes, redact });
  const all = [...lints, ...plan.lints];
  return {
    ok: true,
    errors: [],
    lints: all.map((lint) => ({ ...hideInFault(lint, redact), severity: severityOf(lint) })),
    text: formatFaults(all.map(worded), files, { redact }),
    plan: {
      lines: formatPlan(plan, (line) => hideSecrets(line, redact), PLAN_LINES_MAX),
      totals: planTotals(plan),
      is_empty: isEmptyPlan(plan),
      would_be_held: massRemoval(plan) !== null,
    },
    job_count: config.jobs.length,
    not_read: notRead(includes, config),
  };
}

function refused(
  faults: readonly Fault[],
  text: string,
  { includes, redact }: { includes: readonly string[]; redact: readonly string[] },
): ConfigTrial {
  return {
    ok: false,
    errors: faults.map((fault) => hideInFault(fault, redact)),
    lints: [],
    text: formatFaults(faults, [{ path: NAME, text }], { redact }),
    plan: null,
    job_count: null,
    not_read: includes,
  };
}

/** Returns what the text refers to and was not looked at. */
function notRead(includes: readonly string[], config: Config): string[] {
  const hasVariables = config.files.some(({ text }) => /\$\{\w/.test(text));
  return [...includes, ...(hasVariables ? ['the variables of the environment'] : [])];
}
