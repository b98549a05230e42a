import { describe, expect, test } from 'vitest';
import { missingPostgres } from '../support/postgres.ts';
import { repetitions } from '../support/repetitions.ts';
import { alone, together } from './instances/check.ts';

/** Each takes a second or more, because every transaction asks a real database. CI plays more of them. */
const ALONE_SEEDS = [2, 5, 3, 7, 14, 12, 1, 4].slice(0, repetitions(2, 8));
const TOGETHER_SEEDS = [2, 5, 7, 3, 14, 12, 8, 1, 4].slice(0, repetitions(3, 9));

const { SIMULATION_SECONDS, SIMULATION_SEED } = process.env;
/** Fresh worlds are played for this long, which CI asks for. */
const BUDGET_MS = Number(SIMULATION_SECONDS ?? repetitions(0, 60)) * 1_000;
const FIRST_SEED = Number(SIMULATION_SEED ?? Date.now() % 1_000_000_000);

const TOO_SLOW = 'The machine is too slow: commits are refused.';

describe.skipIf(missingPostgres() !== null)('a simulated world over a PostgreSQL database', () => {
  test.for(ALONE_SEEDS)(
    'is told of by one Cronflow as docs/design.md says (seed %i)',
    async (seed, { skip }) => {
      const lines = await alone(seed);
      if (lines === null) return skip(TOO_SLOW);
      expect(lines).toEqual([]);
    },
  );

  test.for(TOGETHER_SEEDS)(
    'is told of by several instances as by one that is never away (seed %i)',
    async (seed, { skip }) => {
      const lines = await together(seed);
      if (lines === null) return skip(TOO_SLOW);
      expect(lines).toEqual([]);
    },
  );

  test.runIf(BUDGET_MS > 0)(
    `that is fresh is told of as docs/design.md says (seeds from ${FIRST_SEED})`,
    async () => {
      const startedMs = performance.now();
      let seed = FIRST_SEED;
      for (; performance.now() - startedMs < BUDGET_MS; seed += 1) {
        expect({ seed, lines: (await alone(seed)) ?? [] }).toEqual({ seed, lines: [] });
        expect({ seed, lines: (await together(seed)) ?? [] }).toEqual({ seed, lines: [] });
      }
      const seconds = (performance.now() - startedMs) / 1_000;
      console.log(
        `${seed - FIRST_SEED} fresh worlds over PostgreSQL, each once alone and once together, in ${seconds.toFixed(0)} s`,
      );
    },
    BUDGET_MS * 10 + 60_000,
  );
});
