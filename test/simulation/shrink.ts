import type { Declaration } from '../../src/core/model/declaration.ts';
import type { Happening, Script } from './script.ts';

/** Tells whether a script still fails in the same way. */
export type Fails = (script: Script) => Promise<boolean>;

/**
 * At most this many scripts are tried. The script that is left then is small enough to read, or will not get smaller.
 */
const TRIES_MAX = 600;

/** Finds the smallest script that still fails, by leaving things out. */
export async function shrink(script: Script, fails: Fails): Promise<Script> {
  let tries = 0;
  let current = script;
  const attempt = async (candidate: Script): Promise<boolean> => {
    tries += 1;
    if (tries > TRIES_MAX || !(await fails(candidate).catch(() => false))) return false;
    current = candidate;
    return true;
  };
  let before: string;
  do {
    before = JSON.stringify(current);
    for (const name of Object.keys(current.jobs)) await attempt(withoutJob(current, name));
    await shrinkEnd(() => current, attempt);
    await dropHappenings(() => current, attempt);
    await simplifyJobs(() => current, attempt);
    await simplifyPings(() => current, attempt);
  } while (before !== JSON.stringify(current));
  return current;
}

type Attempt = (candidate: Script) => Promise<boolean>;

function withoutJob(script: Script, name: string): Script {
  const { [name]: _dropped, ...jobs } = script.jobs;
  return {
    ...script,
    jobs,
    happenings: script.happenings.filter((each) => each.type === 'away' || each.job !== name),
  };
}

/** Makes the script end as early as it may. */
async function shrinkEnd(current: () => Script, attempt: Attempt): Promise<void> {
  for (let part = 0.5; part < 0.99;) {
    const { start_at: startAt, end_at: endAt, happenings } = current();
    const cutAt = Math.round(startAt + (endAt - startAt) * part);
    const kept = happenings.filter((each) => each.at < cutAt && (each.type !== 'away' || each.to_at < cutAt));
    const isDone = !(await attempt({ ...current(), end_at: cutAt, happenings: kept }));
    if (isDone) part = (1 + part) / 2;
  }
}

/** Leaves out half of the happenings, then quarters, and so on down to single ones. */
async function dropHappenings(current: () => Script, attempt: Attempt): Promise<void> {
  for (let size = Math.ceil(current().happenings.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let from = 0; from < current().happenings.length;) {
      const { happenings } = current();
      const kept = [...happenings.slice(0, from), ...happenings.slice(from + size)];
      if (!(await attempt({ ...current(), happenings: kept }))) from += size;
    }
  }
}

async function simplifyJobs(current: () => Script, attempt: Attempt): Promise<void> {
  for (const [name, declaration] of Object.entries(current().jobs)) {
    for (const key of Object.keys(declaration) as (keyof Declaration)[]) {
      const { [key]: _dropped, ...rest } = current().jobs[name]!;
      await attempt({ ...current(), jobs: { ...current().jobs, [name]: rest } });
    }
  }
}

async function simplifyPings(current: () => Script, attempt: Attempt): Promise<void> {
  for (const [index, happening] of current().happenings.entries()) {
    if (happening.type !== 'ping') continue;
    for (const key of ['output', 'signal', 'delay_ms', 'duration_ms', 'exit_code'] as const) {
      const now = current().happenings[index] as Happening & { type: 'ping' };
      if (now.ping[key] === undefined) continue;
      const { [key]: _dropped, ...ping } = now.ping;
      await attempt({ ...current(), happenings: current().happenings.with(index, { ...now, ping }) });
    }
  }
}
