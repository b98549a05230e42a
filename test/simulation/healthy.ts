import { slotAfter } from '../../src/core/model/slots.ts';
import { DEFAULT_GLOBALS, specOf } from '../../src/core/model/spec.ts';
import { instant } from './compare.ts';
import type { Happening, Script } from './script.ts';
import { verdictOf } from './system/system.ts';
import { Dice } from './world/dice.ts';
import { healthyWorld } from './world/world.ts';

/** Checks that nobody is told anything of a job in a world in which nothing goes wrong but Cronflow itself. */
export async function falseAlarms(seed: number): Promise<string[]> {
  const { tellings } = await verdictOf(healthyWorld(seed));
  return tellings.map(({ job, at, kind, reason }) => `${job} ${instant(at)} ${kind} ${reason}`);
}

/**
 * Checks a world that is healthy otherwise, in which one job dies for good: all of its pings from some instant on are
 * missing. Everyone must be told by the deadline of its next slot, as far as Cronflow was there to see it.
 */
export async function silences(seed: number): Promise<string[]> {
  const dice = new Dice(seed);
  const script = healthyWorld(seed);
  const job = dice.pick(Object.keys(script.jobs));
  const diedAt = dice.int(script.start_at, script.end_at);
  const began = new Set<string | undefined>();
  for (const each of script.happenings)
    if (each.type === 'ping' && each.ping.kind === 'start' && each.at - (each.ping.delay_ms ?? 0) < diedAt)
      began.add(each.ping.rid);
  // A run that has begun ends, and none begins after that.
  const dead = {
    ...script,
    happenings: script.happenings.filter(
      (each) => each.type !== 'ping' || each.job !== job || began.has(each.ping.rid),
    ),
  };
  const byAt = latestTellingAt(dead, job, diedAt);
  if (byAt === null || byAt >= script.end_at) return [];
  const { tellings } = await verdictOf(dead);
  const told = tellings.find((each) => each.job === job && each.kind === 'opened');
  if (told !== undefined && told.at <= byAt) return [];
  return [
    `${job} died at ${instant(diedAt)} and nobody was told by ${instant(byAt)} (${told?.at ?? 'never'})`,
  ];
}

/**
 * Returns the deadline of the second slot after a death, because the first may have been claimed early. A slot that a
 * gap touches does not count, because nobody can be told of it. Returns null where it cannot be said so simply.
 */
function latestTellingAt(script: Script, job: string, diedAt: number): number | null {
  const spec = specOf(job, script.jobs[job]!, DEFAULT_GLOBALS);
  const aways = script.happenings.filter(
    (each): each is Happening & { type: 'away' } => each.type === 'away',
  );
  if (spec.schedule?.kind !== 'cron') {
    // Every gap may put off what `every` expects by a period.
    const everyMs = spec.schedule?.everyMs ?? 0;
    const isSimple = !aways.some((away) => away.to_at > diedAt - 2 * everyMs);
    return isSimple ? diedAt + 1.5 * everyMs + spec.graceMs : null;
  }
  const isTouched = (slotAt: number): boolean =>
    aways.some(
      (away) => away.at - 20_000 <= slotAt + spec.graceMs && away.to_at + 20_000 >= slotAt - 120_000,
    );
  let slotAt = slotAfter(spec, diedAt + 120_000);
  while (slotAt !== null && isTouched(slotAt)) slotAt = slotAfter(spec, slotAt);
  return slotAt === null ? null : slotAt + spec.graceMs;
}
