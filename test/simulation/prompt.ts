import { instant } from './compare.ts';
import type { Script } from './script.ts';
import { System } from './system/system.ts';

/** Jobs are asked this long before a message whether it is not due already. */
const BEFORE_MS = [1_000, 60_000] as const;
/** At most this many messages of one world are looked at. */
const MESSAGES_MAX = 150;

/**
 * Checks that everything that time does is told when it is due. Asking every job a little before each message must find
 * none of them sooner. A `due_at` that is too late, or a checker that oversleeps, would be found (docs/design.md §3).
 */
export async function tardiness(script: Script): Promise<string[]> {
  const usual = new System(script);
  await usual.play();
  const owedAt = owedAts(usual);
  const created = [...new Set(owedAt.values())].slice(0, MESSAGES_MAX);
  const asked = await askedAt(
    script,
    created.flatMap((at) => BEFORE_MS.map((beforeMs) => at - beforeMs)),
  );
  return [...owedAts(asked)]
    .filter(([id, at]) => at < (owedAt.get(id) ?? 0))
    .map(([id, at]) => `${id} was due by ${instant(at)} and owed at ${instant(owedAt.get(id)!)}`);
}

/** Plays a script, and asks every job at the given instants. */
async function askedAt(script: Script, instants: readonly number[]): Promise<System> {
  const system = new System(script);
  await system.begin();
  const left = instants.filter((at) => at > script.start_at && at < script.end_at).sort((a, b) => a - b);
  let backAt = script.start_at;
  for (const happening of script.happenings) {
    while (left[0] !== undefined && left[0] < happening.at) {
      const at = left.shift()!;
      if (at > backAt) await system.ask(at);
    }
    await system.happen(happening);
    if (happening.type === 'away') backAt = happening.to_at;
  }
  for (const at of left) if (at > backAt) await system.ask(at);
  await system.end();
  return system;
}

/** Maps each message about a job, by an id that is the same in every play, to the instant at which it was owed. */
function owedAts({ recorder }: System): Map<string, number> {
  const owed = new Map<string, number>();
  for (const { id, job_id: jobId, created_at: createdAt } of recorder.deliveries.values())
    if (jobId !== null) owed.set(id.replace(jobId, recorder.jobs.get(jobId)?.name ?? jobId), createdAt);
  return owed;
}
