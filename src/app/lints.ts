import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import { shownLints } from '../config/lint-words.ts';
import { lintsOf } from '../config/lints.ts';
import { locatorOf } from '../config/locator.ts';
import type { Env } from '../config/substitute.ts';
import type { ConfigLints } from '../http/deps.ts';
import type { UnknownPings } from '../ingest/unknown-pings.ts';
import { MINUTE_MS } from '../schedule/units.ts';

/** A longer configuration is not looked through here, because that would hold up pings. The command does it. */
const LENGTH_MAX = 64 * 1024;
/** What was found holds so long. Some lints depend on the day, and on who pings. */
const KEPT_MS = MINUTE_MS;

interface LintingParts {
  env: Env;
  clock: Pick<Clock, 'now'>;
  unknownPings: Pick<UnknownPings, 'recent'>;
}

/**
 * Makes the function that says what is probably not meant in the configuration that is applied, as `cronflow check`
 * does. It remembers what it has found for a minute.
 */
export function createLinting(
  reloader: { readonly current: Config | null },
  { env, clock, unknownPings }: LintingParts,
): () => ConfigLints {
  let kept: { of: Config; at: number; found: ConfigLints } | null = null;
  const names = (): string[] => unknownPings.recent().map(({ name }) => name);
  return () => {
    const config = reloader.current;
    if (config === null) return { lints: [], text: '', is_too_long: false };
    const at = clock.now();
    if (kept === null || kept.of !== config || Math.abs(at - kept.at) > KEPT_MS)
      kept = { of: config, at, found: lintsIn(config, env, { nowAt: at, pinging: names() }) };
    return kept.found;
  };
}

function lintsIn(
  config: Config,
  env: Env,
  facts: { nowAt: number; pinging: readonly string[] },
): ConfigLints {
  const length = config.files.reduce((sum, { text }) => sum + text.length, 0);
  if (length > LENGTH_MAX) return { lints: [], text: '', is_too_long: true };
  const lints = lintsOf(config, locatorOf(config, env), facts);
  return { ...shownLints(lints, config.files, config.redact), is_too_long: false };
}
