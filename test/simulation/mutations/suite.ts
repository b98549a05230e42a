import { type Check, CHECKS } from '../check.ts';
import { clockStepAlarms, clockStepSilences } from '../clock-steps/clock-steps.ts';
import { corners } from '../corners.ts';
import { deliveryFaults } from '../crashes/deliveries.ts';
import { diskCallFaults } from '../crashes/disk-calls.ts';
import { falseAlarms, silences } from '../healthy.ts';
import { randomWorld } from '../world/world.ts';

/** Plays the world of a seed and returns lines that say what is wrong, and none where it is right. */
export type Trial = (seed: number) => Promise<string[]>;

/** Maps names to everything that the simulation demands of Cronflow. */
export const SUITE: Readonly<Record<string, Trial>> = {
  ...Object.fromEntries(
    Object.entries(CHECKS).map(([name, check]: [string, Check]): [string, Trial] => [
      name,
      (seed) => check(randomWorld(seed)),
    ]),
  ),
  corners,
  falseAlarms,
  silences,
  clockStepAlarms,
  clockStepSilences,
  diskCallFaults,
  deliveryFaults,
};

/** These play a world once and in memory. */
const QUICK = new Set([
  'model',
  'invariants',
  'corners',
  'falseAlarms',
  'silences',
  'clockStepAlarms',
  'clockStepSilences',
]);
export const SLOW: ReadonlySet<string> = new Set(Object.keys(SUITE).filter((name) => !QUICK.has(name)));

/** Tells whether a trial fails. A part that throws is as wrong as one that answers wrongly. */
export async function fails(trial: Trial, seed: number): Promise<boolean> {
  try {
    return (await trial(seed)).length > 0;
  } catch {
    return true;
  }
}
