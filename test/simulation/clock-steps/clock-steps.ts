import { slotAfter } from '../../../src/core/model/slots.ts';
import { DEFAULT_GLOBALS, specOf } from '../../../src/core/model/spec.ts';
import { instant } from '../compare.ts';
import type { Recorder } from '../system/recorder.ts';
import { System } from '../system/system.ts';
import { periodMsOf } from '../world/declarations.ts';
import { Dice } from '../world/dice.ts';
import { type SteppedWorld, steppedWorld, wallAt } from './world.ts';
import { MINUTE_MS } from '../../../src/schedule/units.ts';
import { shownRow } from '../../../src/core/model/rows.ts';

/** A step of the clock touches no slot that is this far from it. */
const CLEAR_MS = 3 * MINUTE_MS;

/**
 * Checks that nobody is told anything of a healthy job, whichever way the wall clock steps and however far, and that no
 * run takes less than no time (docs/design.md §3.4).
 */
export async function clockStepAlarms(seed: number): Promise<string[]> {
  const world = steppedWorld(new Dice(seed));
  const { recorder } = await played(world, world.stretches.at(-1)!.to_ms);
  const told = recorder
    .verdict()
    .tellings.map(({ job, at, kind, reason }) => `${job} ${instant(at)} ${kind} ${reason}`);
  const faults = [...told, ...negativeDurations(recorder)];
  return faults.length === 0 ? [] : [...stepsOf(world), ...faults];
}

/**
 * Checks that a job that dies before or after a step of the wall clock is told of by a deadline on the clock as it is
 * then.
 */
export async function clockStepSilences(seed: number): Promise<string[]> {
  const dice = new Dice(seed);
  const world = steppedWorld(dice);
  const endMs = world.stretches.at(-1)!.to_ms;
  const job = dice.pick(Object.keys(world.jobs));
  const diedMs = dice.int(0, endMs);
  const begun = new Set(world.pings.filter((each) => each.ms < diedMs).map(({ run }) => run));
  const pings = world.pings.filter((each) => each.job !== job || begun.has(each.run));
  const lastMs = Math.max(diedMs, ...pings.filter((each) => each.job === job).map(({ ms }) => ms));
  const byMs = toldByMs(world, job, lastMs);
  if (byMs === null || byMs >= endMs) return [];
  const { recorder } = await played({ ...world, pings: pings.filter(({ ms }) => ms < byMs) }, byMs);
  const isTold = recorder.verdict().tellings.some((each) => each.job === job && each.kind === 'opened');
  if (isTold) return [];
  return [...stepsOf(world), `${job} died at ${instant(wallAt(world, diedMs))}, nobody was told by then`];
}

/** Plays a world up to an instant of true time. */
async function played(world: SteppedWorld, untilMs: number): Promise<System> {
  const { jobs, pings, stretches } = world;
  const system = new System({
    start_at: wallAt(world, 0),
    end_at: wallAt(world, untilMs),
    replay_window_ms: 15 * MINUTE_MS,
    notifiers: ['ops'],
    jobs,
    happenings: [],
  });
  await system.begin();
  const left = [...pings];
  for (const stretch of stretches) {
    if (stretch.from_ms >= untilMs) break;
    if (stretch.from_ms > 0) {
      const downMs = stretch.down_ms ?? 0;
      await system.stepClock(stretch.zero_at + stretch.from_ms + downMs, stretch.down_ms);
    }
    while (left[0] !== undefined && left[0].ms < Math.min(stretch.to_ms, untilMs)) {
      const { ms, job, ping } = left.shift()!;
      await system.happen({ at: stretch.zero_at + ms, type: 'ping', job, ping });
    }
    await system.advanceTo(stretch.zero_at + Math.min(stretch.to_ms, untilMs));
  }
  await system.end();
  return system;
}

function negativeDurations({ runs }: Recorder): string[] {
  return [...runs.values()]
    .map(shownRow)
    .flatMap(({ id, duration_ms: durationMs, started_at: startedAt, ended_at: endedAt }) => {
      const isNegative = (durationMs ?? 0) < 0 || (endedAt ?? Infinity) < (startedAt ?? -Infinity);
      return isNegative ? [`run ${id} took ${durationMs} ms, from ${startedAt} to ${endedAt}`] : [];
    });
}

/**
 * Returns the instant by which somebody must be told of a job that is heard of last at `lastMs`, in true time. It is
 * the deadline of the second slot that lies clear of the last step, or null if there is none.
 */
function toldByMs(world: SteppedWorld, job: string, lastMs: number): number | null {
  const { zero_at: zeroAt, from_ms: fromMs, down_ms: downMs } = world.stretches.at(-1)!;
  const declaration = world.jobs[job]!;
  const spec = specOf(job, declaration, DEFAULT_GLOBALS);
  const clearMs = Math.max(lastMs, fromMs + (downMs ?? 0)) + CLEAR_MS;
  if (declaration.every !== undefined) return clearMs + 2 * periodMsOf(declaration) + spec.graceMs;
  const first = slotAfter(spec, zeroAt + clearMs);
  const second = first === null ? null : slotAfter(spec, first);
  return second === null ? null : second + spec.graceMs - zeroAt + 1;
}

/** Describes the steps of a world for people. */
function stepsOf({ stretches }: SteppedWorld): string[] {
  return stretches.slice(1).map((stretch, index) => {
    const shownAt = stretches[index]!.zero_at + stretch.from_ms;
    const down = stretch.down_ms === null ? '' : `, dead for ${stretch.down_ms} ms meanwhile`;
    return `at ${instant(shownAt)} the clock was set to ${instant(stretch.zero_at + stretch.from_ms)}${down}`;
  });
}
