import { applyEvent } from '../apply/events.ts';
import type { Clock } from '../clock.ts';
import type { Logger } from '../observe/log.ts';
import type { Store } from '../store/store.ts';

/** The meta key of the version of the time zone rules by which the stored expectations were found. */
const ZONE_RULES_KEY = 'zone_rules';

/**
 * Lets every job expect its next slot by the rules of time zones that are in force now. A government can change them
 * with a few weeks' notice, and Node brings the new ones with an update. A slot that was stored before the update would
 * be an hour off. It is awaited before the first ping is taken and the first tick.
 * @param version the version of the rules, such as `2025b`; by default that of this Node
 */
export async function expectByZoneRules(
  { store, clock, logger }: { store: Store; clock: Clock; logger: Logger },
  version = process.versions['tz'] ?? process.version,
): Promise<void> {
  const isInForce = (known: unknown): boolean =>
    known === version || (store.isShared === true && isNewer(known, version));
  if (isInForce(await store.meta(ZONE_RULES_KEY))) return;
  const moved = await store.transact({ all: true }, (tx) => {
    // Another instance that started at the same time may have done it.
    if (isInForce(tx.meta(ZONE_RULES_KEY))) return [];
    const at = clock.now();
    const names: string[] = [];
    for (const job of tx.jobs()) {
      if (job.removed_at !== null || job.state.expected_at === null) continue;
      const { reason } = applyEvent(tx, job, { type: 'zone_rules_changed', at });
      if (reason === 'spec_changed') names.push(job.name);
    }
    tx.putMeta(ZONE_RULES_KEY, version);
    return names;
  });
  for (const name of moved)
    logger.warn('the rules of time zones have changed; the next slot was found again', {
      job: name,
      version,
    });
}

/** Matches a release of the rules, such as `2025b`. */
const RELEASE = /^\d{4}[a-z]$/;

/**
 * Tells whether stored rules are newer. An instance with an older Node that starts beside others must not take them
 * back.
 */
function isNewer(known: unknown, version: string): boolean {
  return typeof known === 'string' && RELEASE.test(known) && RELEASE.test(version) && known > version;
}
