import { seededRandom } from '../support/random.ts';
import { differences } from './compare.ts';
import { formatRegression } from './format.ts';
import { brokenInvariants } from './invariants.ts';
import { expectedOf } from './model/model.ts';
import { tardiness } from './prompt.ts';
import { replayDifferences } from './replay.ts';
import type { Happening, Script, Verdict } from './script.ts';
import { shrink } from './shrink.ts';
import { CorePlayer } from './system/core-player.ts';
import { SimulatedDisk } from './system/disk.ts';
import { System, verdictOf } from './system/system.ts';

/**
 * Finds one way in which the system can be wrong. It returns lines that say how, and none where the system is right.
 */
export type Check = (script: Script) => Promise<string[]>;

/** A longer script is played on a simulated disk only where the seed says so, because that is slow. */
const DISK_HAPPENINGS_MAX = 150;
/** A commit to the simulated disk and everything that follows may take this many turns of the event loop. */
const DISK_TURNS = 12;

const playedAlready = new WeakMap<Script, Promise<System>>();

/**
 * Plays a script in memory with every tick in time. It does so once, because most checks compare something with that
 * play.
 */
function promptly(script: Script): Promise<System> {
  const known = playedAlready.get(script);
  if (known !== undefined) return known;
  const system = new System(script);
  const playing = system.play().then(() => system);
  playedAlready.set(script, playing);
  return playing;
}

async function promptVerdict(script: Script): Promise<Verdict> {
  return (await promptly(script)).recorder.verdict();
}

/** Checks that what was told and recorded is what the words of docs/design.md make of the script. */
const model: Check = async (script) => differences(expectedOf(script), await promptVerdict(script));

/** Checks the rules that must hold whatever happened. */
const invariants: Check = async (script) => brokenInvariants((await promptly(script)).recorder);

/**
 * Checks that no outcome depends on how late a tick comes (docs/design.md §3). Outcomes that fall due between the last
 * sign of life and an absence are exempt. A tick in time has acted upon them, while for a tick after the absence they
 * fell into the gap, because nobody can tell any more that Cronflow was still there.
 */
const lateTicks: Check = async (script) => {
  const prompt = await promptly(script);
  const random = seededRandom(script.start_at);
  const late = await verdictOf(script, { lazy: true, random, promptBefore: prompt.actedJustBefore });
  return played(prompt.recorder.verdict(), late, 'prompt', 'late');
};

/** Checks that the same run id and kind twice change nothing (docs/design.md §3.2). */
const duplicates: Check = async (script) => {
  const twice = { ...script, happenings: script.happenings.flatMap(doubled) };
  return played(await promptVerdict(script), await verdictOf(twice), 'once', 'twice');
};

/** Checks that nothing acknowledged is lost, whenever the process or the machine dies. */
const simulatedDisk: Check = async (script) => {
  if (script.happenings.length > DISK_HAPPENINGS_MAX) return [];
  const random = seededRandom(script.end_at);
  const disk = new SimulatedDisk();
  const system = new System(script, { disk, turns: DISK_TURNS, random });
  await system.play();
  return [
    ...played(await promptVerdict(script), system.recorder.verdict(), 'memory', 'disk'),
    ...(await system.lostRecords()),
  ];
};

/** Checks that the log of commits replays what happened, from wherever it begins (docs/design.md §3.5). */
const replay: Check = async (script) => {
  if (script.happenings.length > DISK_HAPPENINGS_MAX) return [];
  const random = seededRandom(script.end_at);
  const logBytesMax = random() < 0.5 ? Infinity : 20_000;
  const disk = new SimulatedDisk({ snapshotJournalBytes: 6_000, logBytesMax });
  const system = new System(script, { disk, turns: DISK_TURNS, random });
  await system.play();
  return replayDifferences(disk.disk, disk.directory, script.end_at);
};

/**
 * Checks that the pure core alone does what the words of docs/design.md make of a script, which is many worlds in
 * little time.
 */
export const coreAlone: Check = (script) =>
  Promise.resolve(differences(expectedOf(script), new CorePlayer(script).play()));

/** Checks that skipping idle time makes no difference. */
export const everyBeat: Check = async (script) =>
  played(await promptVerdict(script), await verdictOf(script, { everyBeat: true }), 'skipping', 'every beat');

/** Any script must pass these checks. */
export const CHECKS: Readonly<Record<string, Check>> = {
  model,
  invariants,
  lateTicks,
  duplicates,
  tardiness,
  simulatedDisk,
  replay,
};

/**
 * Runs checks on a script.
 * @returns null if it passes all, else a report with the smallest script that could be found
 */
export async function report(
  script: Script,
  seed: number,
  checks: Readonly<Record<string, Check>> = CHECKS,
): Promise<string | null> {
  for (const [name, check] of Object.entries(checks)) {
    const lines = await linesOf(check, script);
    if (lines.length === 0) continue;
    const small = await shrink(script, async (candidate) => (await linesOf(check, candidate)).length > 0);
    return [
      `seed ${seed} fails "${name}"; its smallest script, as a file of test/simulation/regressions/ named by what went wrong:`,
      formatRegression(small),
      ...(await linesOf(check, small)),
    ].join('\n');
  }
  return null;
}

/** Runs a check. A part that throws is as wrong as one that answers wrongly. */
async function linesOf(check: Check, script: Script): Promise<string[]> {
  try {
    return await check(script);
  } catch (error) {
    return [error instanceof Error ? (error.stack ?? error.message) : String(error)];
  }
}

function doubled(happening: Happening): Happening[] {
  const isTwice = happening.type === 'ping' && happening.ping.rid !== undefined;
  return isTwice ? [happening, happening] : [happening];
}

/** Compares two plays of the same script. */
function played(left: Verdict, right: Verdict, leftName: string, rightName: string): string[] {
  return differences(left, right, { left: leftName, right: rightName });
}
