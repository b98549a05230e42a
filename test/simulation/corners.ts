import { type Check, CHECKS, coreAlone } from './check.ts';
import type { Happening, Script, ScriptedPing } from './script.ts';
import { Dice } from './world/dice.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/schedule/units.ts';

/**
 * This file makes small worlds around rules that random worlds meet too rarely to show that they hold. Each puts one
 * job where the rule decides, and lets chance choose what lies on either side of it.
 */

const JOB = 'sync';
const START_AT = Date.UTC(2025, 4, 6);
const REPLAY_WINDOW_MS = 15 * MINUTE_MS;

/** Maps each world to a name that says what decides in it. */
const CORNERS: Readonly<Record<string, { scriptOf: (dice: Dice) => Script; check: Check }>> = {
  restartInGrace: { scriptOf: restartInGrace, check: coreAlone },
  deathInGap: { scriptOf: deathInGap, check: coreAlone },
  graceOfPeriods: { scriptOf: graceOfPeriods, check: coreAlone },
  oldRepetition: { scriptOf: oldRepetition, check: coreAlone },
  startOnItsWay: { scriptOf: startOnItsWay, check: coreAlone },
  overlapTakenBack: { scriptOf: overlapTakenBack, check: coreAlone },
  heldForHours: { scriptOf: heldForHours, check: CHECKS['lateTicks']! },
};

/** Lists what is wrong in one world of each kind. */
export async function corners(seed: number): Promise<string[]> {
  const lines: string[] = [];
  for (const [name, corner] of Object.entries(CORNERS)) {
    const found = await corner.check(corner.scriptOf(new Dice(seed)));
    lines.push(...found.map((line) => `${name}: ${line}`));
  }
  return lines;
}

/**
 * Lets a job fall silent that has reported about as often as it takes to know when it reports, while Cronflow restarts
 * within its grace.
 */
function restartInGrace(dice: Dice): Script {
  const claimed = dice.int(7, 13);
  const usualMs = dice.spanMs(SECOND_MS, 20 * MINUTE_MS);
  const pings = Array.from({ length: claimed }, (_, index) =>
    pingAt(hour(index + 1) + dice.int(0, usualMs), { kind: 'success', rid: `a${index}` }),
  );
  const awayAt = hour(claimed + 1) + dice.spanMs(SECOND_MS, 50 * MINUTE_MS);
  const toAt = awayAt + dice.int(SECOND_MS, 9 * MINUTE_MS);
  const away: Happening = { at: awayAt, type: 'away', how: dice.pick(['crash', 'stop']), to_at: toAt };
  return scriptOf({ schedule: '0 * * * *', grace: '50m' }, [...pings, away], toAt + 3 * HOUR_MS);
}

/**
 * Lets a job die in an absence, while the pings that were kept meanwhile are waited for longer than until its next
 * slots are due.
 */
function deathInGap(dice: Dice): Script {
  const ping = pingAt(START_AT + MINUTE_MS, { kind: 'success', rid: 'a' });
  const awayAt = START_AT + dice.int(2 * MINUTE_MS, HOUR_MS);
  const toAt = awayAt + dice.spanMs(MINUTE_MS, HOUR_MS);
  const away: Happening = { at: awayAt, type: 'away', how: dice.pick(['crash', 'stop']), to_at: toAt };
  const declaration = { schedule: '*/10 * * * *', grace: `${dice.int(1, 15)}m` };
  const script = scriptOf(declaration, [ping, away], toAt + dice.int(MINUTE_MS, 2 * HOUR_MS));
  return { ...script, replay_window_ms: HOUR_MS };
}

/** Lets a start take some seconds to come, or be kept for a little longer, while its run has less than a minute. */
function startOnItsWay(dice: Dice): Script {
  const start = pingAt(START_AT + MINUTE_MS, { kind: 'start', rid: 'a', delay_ms: dice.int(0, 20_000) });
  return scriptOf({ max_runtime: `${dice.int(5, 50)}s` }, [start], START_AT + 5 * MINUTE_MS);
}

/**
 * Lets nobody look at a job for a day in which it was missed in a window, so that people would be told hours after
 * that.
 */
function heldForHours(dice: Dice): Script {
  const graceHours = dice.int(6, 10);
  const missedAt = hour(2 + graceHours);
  const window = {
    from: new Date(missedAt - dice.int(1, 60) * MINUTE_MS).toISOString(),
    to: new Date(missedAt + dice.int(1, 60) * MINUTE_MS).toISOString(),
  };
  const declaration = { schedule: '0 2 * * *', grace: `${graceHours}h`, maintenance: [window] };
  return scriptOf(declaration, [], START_AT + 26 * HOUR_MS);
}

/**
 * Makes grace as long as a few periods and a host that is a little fast or slow, and loses runs with their slots now
 * and then.
 */
function graceOfPeriods(dice: Dice): Script {
  const graceMinutes = 10 * dice.int(1, 3) + dice.pick([0, 0, 1, -1]);
  const skewMs = dice.int(-150, 20) * SECOND_MS;
  const pings: Happening[] = [];
  for (let slot = 1; slot < 30; slot += 1) {
    if (dice.chance(0.3)) continue;
    pings.push(pingAt(START_AT + slot * 10 * MINUTE_MS + skewMs, { kind: 'success', rid: `a${slot}` }));
  }
  const declaration = { schedule: '*/10 * * * *', grace: `${graceMinutes}m` };
  return scriptOf(declaration, pings, START_AT + 6 * HOUR_MS + SECOND_MS);
}

/**
 * Lets a run start while an earlier one seems to be open that its job does not allow beside another. The end of the
 * earlier one is reported afterwards. It may turn out to lie before the later run began, which was no failure then.
 */
function overlapTakenBack(dice: Dice): Script {
  const secondAt = START_AT + dice.int(20, 40) * MINUTE_MS;
  const firstEndAt = secondAt + dice.int(-15, 5) * MINUTE_MS;
  const reportedAt = Math.max(firstEndAt, secondAt) + dice.int(1, 60) * MINUTE_MS;
  const secondEndAt = secondAt + dice.int(1, 90) * MINUTE_MS;
  const pings = [
    pingAt(START_AT + MINUTE_MS, { kind: 'start', rid: 'a' }),
    pingAt(secondAt, { kind: 'start', rid: 'b' }),
    pingAt(reportedAt, { kind: 'success', rid: 'a', delay_ms: reportedAt - firstEndAt }),
    pingAt(secondEndAt, { kind: dice.pick(['success', 'failure']), rid: 'b' }),
  ];
  const inOrder = pings.toSorted((left, right) => left.at - right.at);
  return scriptOf({ overlap: 'forbid', max_runtime: '2h' }, inOrder, START_AT + 5 * HOUR_MS);
}

/** Lets a start come again after the history has let its run go, or nearly. */
function oldRepetition(dice: Dice): Script {
  const runs = dice.int(95, 130);
  const pings = Array.from({ length: runs }, (_, index) =>
    pingAt(START_AT + (index + 1) * MINUTE_MS, { kind: 'success', rid: `a${index}`, duration_ms: 5_000 }),
  );
  const again = dice.int(0, 40);
  const at = START_AT + (runs + 1) * MINUTE_MS + 10 * SECOND_MS;
  const startedAt = START_AT + (again + 1) * MINUTE_MS - 5_000;
  const start = pingAt(at, { kind: 'start', rid: `a${again}`, delay_ms: at - startedAt });
  return scriptOf({ max_runtime: '10m' }, [...pings, start], at + HOUR_MS);
}

function scriptOf(declaration: Script['jobs'][string], happenings: Happening[], endAt: number): Script {
  return {
    start_at: START_AT,
    end_at: endAt,
    replay_window_ms: REPLAY_WINDOW_MS,
    notifiers: ['ops'],
    jobs: { [JOB]: declaration },
    happenings,
  };
}

function pingAt(at: number, ping: ScriptedPing): Happening {
  return { at, type: 'ping', job: JOB, ping };
}

function hour(number: number): number {
  return START_AT + number * HOUR_MS;
}
