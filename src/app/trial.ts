import { backtestJobs } from '../apply/backtest.ts';
import { readGlobals } from '../apply/events.ts';
import type { Config } from '../config/config.ts';
import { formatFaults } from '../config/format.ts';
import { shownLints } from '../config/lint-words.ts';
import { lintsOf } from '../config/lints.ts';
import { loadStored } from '../config/load.ts';
import { locatorOf } from '../config/locator.ts';
import { hideInFault, hideSecrets } from '../config/secrets/hide.ts';
import { NO_ENV } from '../config/substitute.ts';
import type { Clock } from '../clock.ts';
import type { Fault } from '../core/model/errors.ts';
import { respecified, sameCount, unloggedNames } from '../core/backtest/backtest.ts';
import { reportText } from '../core/backtest/report.ts';
import type { Globals } from '../core/model/spec.ts';
import {
  isEmptyPlan,
  massRemoval,
  type Plan,
  planInParts,
  planLinesInParts,
  planTotals,
} from '../core/plan/plan.ts';
import type { ConfigTrial } from '../http/deps.ts';
import { byAndBy } from '../store/by-and-by.ts';
import type { Store } from '../store/store.ts';
import { DAY_MS, SECOND_MS } from '../schedule/units.ts';

/** The name that a text has in faults, as that of a file would be. */
const NAME = 'cronflow.yaml';
const PLAN_LINES_MAX = 500;
/** The last week says what a change would have told. The command goes back as far as the log. */
const BACKTEST_MS = 7 * DAY_MS;
/** A check must not keep a service from its work, so further jobs are left out after this time. */
const BACKTEST_MS_MAX = 5 * SECOND_MS;
const BACKTEST_BYTES_MAX = 2 ** 30;

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
  const stored = await store.view({ all: true }, (view) => ({
    jobs: view.jobs(),
    globals: readGlobals(view),
  }));
  const plan = await byAndBy(planInParts(stored.jobs, config.jobs, config));
  if (plan.faults.length > 0) return refused(plan.faults, text, { includes, redact });
  return {
    ok: true,
    errors: [],
    ...shownLints([...lints, ...plan.lints], files, redact),
    plan: {
      lines: await byAndBy(planLinesInParts(plan, (line) => hideSecrets(line, redact), PLAN_LINES_MAX)),
      totals: planTotals(plan),
      is_empty: isEmptyPlan(plan),
      would_be_held: massRemoval(plan) !== null,
    },
    backtest: await backtested(plan, { running: stored.globals, next: config.globals }, parts),
    job_count: config.jobs.length,
    not_read: notRead(includes, config),
  };
}

/** Says for people which incidents of the last week would have been others; null where nothing that counts changes. */
async function backtested(
  plan: Plan,
  { running, next }: { running: Globals; next: Globals },
  { store, clock }: TrialParts,
): Promise<string | null> {
  const pairs = respecified(plan, running, next);
  if (pairs.length === 0) return null;
  const nowAt = clock.now();
  const replayed = await backtestJobs(store, pairs, {
    since_at: nowAt - BACKTEST_MS,
    until_at: nowAt,
    monotonic: () => clock.monotonic(),
    ms_max: BACKTEST_MS_MAX,
    past: { bytes_max: BACKTEST_BYTES_MAX, ms_max: BACKTEST_MS_MAX },
  });
  return reportText({ ...replayed, jobs_same: sameCount(plan, pairs), unlogged: unloggedNames(plan) });
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
    backtest: null,
    job_count: null,
    not_read: includes,
  };
}

/** Returns what the text refers to and was not looked at. */
function notRead(includes: readonly string[], config: Config): string[] {
  const hasVariables = config.files.some(({ text }) => /\$\{\w/.test(text));
  return [...includes, ...(hasVariables ? ['the variables of the environment'] : [])];
}
