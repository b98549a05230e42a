import { expect, test } from 'vitest';
import { report } from './check.ts';
import { randomWorld } from './world/world.ts';

const { SIMULATION_SECONDS, SIMULATION_SEED } = process.env;

/**
 * Fresh worlds are made for this long: a minute where a seed is to be repeated, and otherwise only if somebody asks for
 * it.
 */
const BUDGET_MS = Number(SIMULATION_SECONDS ?? (SIMULATION_SEED === undefined ? 0 : 60)) * 1_000;

const FIRST_SEED = Number(SIMULATION_SEED ?? Date.now() % 1_000_000_000);

test.runIf(BUDGET_MS > 0)(
  `fresh simulated worlds are told of as docs/design.md says (seeds from ${FIRST_SEED})`,
  async () => {
    console.log(`fresh worlds with seeds from ${FIRST_SEED}; SIMULATION_SEED=${FIRST_SEED} repeats them`);
    const endMs = performance.now() + BUDGET_MS;
    let seed = FIRST_SEED;
    for (; performance.now() < endMs; seed += 1) expect(await report(randomWorld(seed), seed)).toBeNull();
    console.log(`${seed - FIRST_SEED} fresh worlds agree`);
  },
  // A script that fails is made small before it is printed, which takes its time.
  BUDGET_MS * 10 + 60_000,
);
