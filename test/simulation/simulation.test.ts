import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { PING_KINDS } from '../../src/core/model/reasons.ts';
import { repetitions } from '../support/repetitions.ts';
import { coreAlone, report } from './check.ts';
import { corners } from './corners.ts';
import { formatRegression } from './format.ts';
import { falseAlarms, silences } from './healthy.ts';
import { loadRegressions } from './regressions.ts';
import { randomWorld } from './world/world.ts';

/** The worlds are the same every time, so a failure here is one for everyone. */
const FIXED_SEEDS = Array.from({ length: repetitions(15, 25) }, (_, index) => index + 1);

/** The small worlds of `corners.ts` take a few milliseconds each. */
const CORNER_SEEDS = repetitions(100, 150);

const REGRESSIONS = await loadRegressions();

test('hosts of some world send every kind of ping', () => {
  const worlds = FIXED_SEEDS.flatMap((seed) => randomWorld(seed).happenings);
  const kinds = worlds.flatMap((happening) => (happening.type === 'ping' ? happening.ping.kind : []));
  expect([...new Set(kinds)].sort()).toEqual([...PING_KINDS].sort());
});

describe('a simulated world', () => {
  const titled = REGRESSIONS.map(({ title, script }) => [title, script] as const);
  test.each(titled)('agrees with the design: %s', async (_title, script) => {
    expect(await report(script, 0)).toBeNull();
  });

  test.each(FIXED_SEEDS)('is told of as docs/design.md says (seed %i)', async (seed) => {
    expect(await report(randomWorld(seed), seed)).toBeNull();
  });

  test.each(FIXED_SEEDS)('is told of by the core alone as docs/design.md says (seed %i)', async (seed) => {
    expect(await coreAlone(randomWorld(seed))).toEqual([]);
  });

  test('around a rule that few worlds meet is told of as docs/design.md says', async () => {
    for (let seed = 1; seed <= CORNER_SEEDS; seed += 1) {
      expect({ seed, lines: await corners(seed) }).toEqual({ seed, lines: [] });
    }
  });

  test.each(FIXED_SEEDS)('that is healthy tells nobody anything (seed %i)', async (seed) => {
    expect(await falseAlarms(seed)).toEqual([]);
  });

  test.each(FIXED_SEEDS)('in which a job dies tells of it by its next deadline (seed %i)', async (seed) => {
    expect(await silences(seed)).toEqual([]);
  });
});

describe('the worlds that once went wrong', () => {
  test('have each a title of their own', () => {
    expect(REGRESSIONS.length).toBeGreaterThan(50);
    expect(new Set(REGRESSIONS.map(({ title }) => title)).size).toBe(REGRESSIONS.length);
  });

  test('can be pasted as the simulator prints them', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'cronflow-regressions-'));
    try {
      const script = randomWorld(1);
      writeFileSync(join(directory, 'pasted.ts'), formatRegression(script));
      expect(await loadRegressions(pathToFileURL(`${directory}/`))).toMatchObject([{ script }]);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
