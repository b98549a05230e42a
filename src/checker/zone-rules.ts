import { applyEvent, EVENT_META } from '../apply/events.ts';
import type { Clock } from '../clock.ts';
import type { Logger } from '../observe/log.ts';
import type { Job } from '../core/model/records.ts';
import { jobIdsInParts } from '../store/job-ids.ts';
import type { Store, Tx } from '../store/store.ts';
import { TOLD_AT_ONCE } from './time-teller.ts';

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
  const names: string[] = [];
  if (store.isShared !== true) {
    names.push(
      ...(await store.transact({ all: true }, (tx) => {
        const moved = expectAnew(tx, tx.jobs(), clock.now());
        tx.putMeta(ZONE_RULES_KEY, version);
        return moved;
      })),
    );
  } else {
    for await (const moved of expectInParts(store, clock, isInForce)) names.push(...moved);
    // If this start is cut short before, the next one tells all jobs once more, which changes nothing of those that know.
    await store.transact({ meta: [ZONE_RULES_KEY] }, (tx) => {
      if (!isInForce(tx.meta(ZONE_RULES_KEY))) tx.putMeta(ZONE_RULES_KEY, version);
    });
  }
  for (const name of names)
    logger.warn('the rules of time zones have changed; the next slot was found again', {
      job: name,
      version,
    });
}

/** Tells the jobs some at a time, where instances share the store, until another one that started as well has done it. */
async function* expectInParts(
  store: Store,
  clock: Clock,
  isInForce: (known: unknown) => boolean,
): AsyncGenerator<string[]> {
  for await (const ids of jobIdsInParts(store, TOLD_AT_ONCE)) {
    const at = clock.now();
    const moved = await store.transact({ ids, meta: [...EVENT_META, ZONE_RULES_KEY] }, (tx) => {
      if (isInForce(tx.meta(ZONE_RULES_KEY))) return null;
      return expectAnew(
        tx,
        ids.flatMap((id) => tx.jobById(id) ?? []),
        at,
      );
    });
    if (moved === null) return;
    yield moved;
  }
}

/** @returns the names of the jobs that expect another slot than before */
function expectAnew(tx: Tx, jobs: readonly Job[], at: number): string[] {
  const names: string[] = [];
  for (const job of jobs) {
    if (job.removed_at !== null || job.state.expected_at === null) continue;
    const { reason } = applyEvent(tx, job, { type: 'zone_rules_changed', at });
    if (reason === 'spec_changed') names.push(job.name);
  }
  return names;
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
