import { formerOwnerId } from '../../apply/renames.ts';
import { CronflowError } from '../../core/model/errors.ts';
import type { PingKind } from '../../core/model/reasons.ts';
import type { PingLimits } from '../../core/model/named-token.ts';
import type { Services } from '../services.ts';

/**
 * Refuses a ping for a job that the token may not ping. A name that no job has is refused as well, unless the token names
 * it, because nobody can say which group it would be in; so such a token does not find out which jobs there are.
 * @throws CronflowError `forbidden`
 */
export async function requireMayPing(
  name: string,
  kind: PingKind,
  { only, token }: { only: PingLimits; token: string | null },
  services: Services,
): Promise<void> {
  if (only.jobs.includes(name)) return;
  const job = await jobBehind(name, services);
  if (job !== undefined) {
    const { group } = job.declaration;
    if (only.jobs.includes(job.name) || (group !== undefined && only.groups.includes(group))) return;
  }
  const { logger, pingLines, counts } = services;
  counts.notePing(kind, 'forbidden');
  const line = pingLines.take();
  if (line !== 'no')
    logger.warn('ping refused: the token may not ping this job', { job: name.slice(0, 128), token });
  if (line === 'last') logger.warn('no more pings that their tokens do not allow are logged for an hour');
  const groups = only.groups.length === 0 ? [] : [`jobs of the groups ${only.groups.join(', ')}`];
  const jobs = only.jobs.length === 0 ? [] : [`the jobs ${only.jobs.join(', ')}`];
  const shown = JSON.stringify(name.slice(0, 128));
  throw new CronflowError(
    'forbidden',
    `The token does not allow to ping ${shown}, only ${[...groups, ...jobs].join(' and ')}. Nothing was recorded.`,
  );
}

/** Finds the job that a ping under this name counts for, also under a name that it had. */
async function jobBehind(name: string, { store, clock }: Services) {
  const job = await store.jobByName(name);
  if (job !== undefined) return job;
  const id = await formerOwnerId(store, name, clock.now());
  return id === undefined ? undefined : store.jobById(id);
}
