import { fails, SUITE } from './suite.ts';

/**
 * Plays worlds until one of the simulation's checks fails, and prints as JSON which check it was in which world,
 * or null: `hunt.js FIRST_SEED WORLDS [CHECK]`.
 */
const [from = '1', worlds = '1', only] = process.argv.slice(2);
const trials = Object.entries(SUITE).filter(([name]) => only === undefined || name === only);

async function hunt(): Promise<{ check: string; seed: number } | null> {
  for (let seed = Number(from); seed < Number(from) + Number(worlds); seed += 1)
    for (const [check, trial] of trials) if (await fails(trial, seed)) return { check, seed };
  return null;
}

console.log(JSON.stringify(await hunt()));
