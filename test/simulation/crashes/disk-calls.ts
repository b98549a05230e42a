import { seededRandom } from '../../support/random.ts';
import { differences, instant } from '../compare.ts';
import type { Happening, Script } from '../script.ts';
import { SimulatedDisk } from '../system/disk.ts';
import { System, verdictOf } from '../system/system.ts';
import { Dice } from '../world/dice.ts';
import { randomWorld } from '../world/world.ts';
import { AccountedDisk } from './accounted-disk.ts';
import { MINUTE_MS, SECOND_MS } from '../../../src/schedule/units.ts';

/** Only the first happenings are tried, because each crash plays the world again up to there. */
const HAPPENINGS_MAX = 12;
/** The world goes on for this long after its last happening. */
const REST_MS = 30 * MINUTE_MS;
/** A commit to the simulated disk and everything that follows may take this many turns of the event loop. */
const DISK_TURNS = 12;
/** The limit is small, so that some of the commits are followed by a snapshot. */
const SNAPSHOT_JOURNAL_BYTES = 2_000;

/** One crash: in which commit, before which of its calls of the disk, and of what kind. */
interface Crash {
  /** The index of the happening whose commit it is. */
  index: number;
  /** The number of calls of the disk that still succeed. */
  calls: number;
  cutsPower: boolean;
  awayMs: number;
  /** Says that a client that had no answer sends its ping again. */
  isSentAgain: boolean;
}

/**
 * Lets Cronflow die before each single call of the disk that one commit makes, alone or with its machine, and starts it
 * again. Nothing that was answered may be lost, and no commit may be there in part. The world must go on as if Cronflow
 * had died just before or just after that commit, so that no message is lost either (docs/design.md §6).
 */
export async function diskCallFaults(seed: number): Promise<string[]> {
  const dice = new Dice(seed);
  const script = beginningOf(randomWorld(seed));
  const indexes = [...script.happenings.keys()].filter(
    (index) => index < HAPPENINGS_MAX && script.happenings[index]!.type !== 'away',
  );
  if (indexes.length === 0) return [];
  const index = dice.pick(indexes);
  const awayMs = dice.spanMs(SECOND_MS, 20 * MINUTE_MS);
  const isSentAgain = dice.chance(0.5);
  const calls = await callsOf(script, index);
  for (let call = 0; call <= calls; call += 1) {
    for (const cutsPower of [false, true]) {
      const crash = { index, calls: call, cutsPower, awayMs, isSentAgain };
      const faults = await faultsOf(script, crash);
      const at = instant(script.happenings[index]!.at);
      const how = cutsPower ? 'power failure' : 'kill';
      if (faults.length > 0)
        return [`${how} before call ${call} of ${calls} in what happened at ${at}:`, ...faults];
    }
  }
  return [];
}

function beginningOf(world: Script): Script {
  const happenings = world.happenings.slice(0, 2 * HAPPENINGS_MAX).map(withOutput);
  const last = happenings.at(-1);
  const lastAt = last === undefined ? world.start_at : 'to_at' in last ? last.to_at : last.at;
  return { ...world, happenings, end_at: Math.min(world.end_at, lastAt + REST_MS) };
}

/** Gives every ping an output, because an output is written with its commit and must not be lost either. */
function withOutput(happening: Happening, index: number): Happening {
  if (happening.type !== 'ping' || happening.ping.captured !== undefined) return happening;
  return { ...happening, ping: { output: `said with ping ${index}`, ...happening.ping } };
}

/** Counts the calls of the disk that a happening makes. */
async function callsOf(script: Script, index: number): Promise<number> {
  const { system, disk } = await playedUpTo(script, index);
  const before = disk.calls;
  await system.happen(script.happenings[index]!);
  return disk.calls - before;
}

async function playedUpTo(script: Script, index: number): Promise<{ system: System; disk: AccountedDisk }> {
  const disk = new AccountedDisk(new SimulatedDisk({ snapshotJournalBytes: SNAPSHOT_JOURNAL_BYTES }));
  const system = new System(script, { disk, turns: DISK_TURNS, random: seededRandom(script.end_at) });
  disk.onFound = (writes) => system.recorder.commit(writes);
  await system.begin();
  for (const happening of script.happenings.slice(0, index)) await system.happen(happening);
  await system.advanceTo(script.happenings[index]!.at);
  return { system, disk };
}

async function faultsOf(script: Script, crash: Crash): Promise<string[]> {
  const { system, disk } = await playedUpTo(script, crash.index);
  const happening = script.happenings[crash.index]!;
  disk.stopBefore(disk.calls + crash.calls);
  let isThere = true;
  try {
    await system.happen(happening);
  } catch {
    isThere = false;
  }
  disk.cutsPower = crash.cutsPower;
  await system.happen(awayOf(happening.at, crash.awayMs));
  disk.cutsPower = null;
  if (!isThere && happening.type !== 'away') isThere = disk.foundNames.includes(happening.job);
  const rest = restOf(script, crash, isThere);
  for (const each of rest) await system.happen(each);
  await system.end();
  if (disk.faults.length > 0) return disk.faults;
  const found = [...disk.faults, ...(await system.lostRecords())];
  // The start that follows reads a changed file again, whether the commit is there or not.
  if (happening.type === 'edit') return found;
  const before = script.happenings.slice(0, crash.index);
  const happened = isThere ? [happening] : [];
  const same = [...before, ...happened, awayOf(happening.at, crash.awayMs), ...rest];
  const expected = await verdictOf({ ...script, happenings: same });
  const sides = { left: isThere ? 'died after' : 'died before', right: 'died in between' };
  return [...found, ...differences(expected, system.recorder.verdict(), sides)];
}

function awayOf(at: number, awayMs: number): Happening {
  return { at, type: 'away', how: 'crash', to_at: at + awayMs };
}

/** Lists what happens after Cronflow is there again. */
function restOf(
  { happenings }: Script,
  { index, awayMs, isSentAgain }: Crash,
  isThere: boolean,
): Happening[] {
  const happening = happenings[index]!;
  const backAt = happening.at + awayMs;
  const again = isSentAgain && !isThere ? [{ ...happening, at: backAt + SECOND_MS }] : [];
  const rest = happenings.slice(index + 1).filter(({ at }) => at > backAt + SECOND_MS);
  return [...again, ...rest];
}
