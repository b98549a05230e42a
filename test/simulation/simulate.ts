import { isDeepStrictEqual } from 'node:util';
import { CHECKS, coreAlone, everyBeat, report } from './check.ts';
import { playMonth } from './month.ts';
import { randomWorld } from './world/world.ts';

/**
 * This program runs fresh seeds and prints those that fail: `simulate.js --seeds 1000 --from 1 [--check NAME]`. Or it
 * runs a month of many jobs that must be recorded and told exactly: `simulate.js --month [--jobs 1000] [--days 31]`.
 */
const argument = (name: string, otherwise: string): string => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : (process.argv[at + 1] ?? otherwise);
};

async function simulateSeeds(): Promise<boolean> {
  const count = Number(argument('seeds', '100'));
  const from = Number(argument('from', String(Date.now() % 1_000_000_000)));
  const only = argument('check', '');
  const all = { ...CHECKS, coreAlone, everyBeat };
  const checks =
    only === '' ? CHECKS : Object.fromEntries(Object.entries(all).filter(([name]) => name === only));

  const startedMs = performance.now();
  const failed: number[] = [];
  for (let seed = from; seed < from + count; seed += 1) {
    const text = await report(randomWorld(seed), seed, checks);
    if (text === null) continue;
    failed.push(seed);
    console.log(`${text}\n`);
  }
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  console.log(
    `${count} seeds from ${from} in ${seconds} s: ${failed.length === 0 ? 'all agree' : `${failed.length} fail: ${failed.join(' ')}`}`,
  );
  return failed.length === 0;
}

async function simulateMonth(): Promise<boolean> {
  const [jobs, days] = [Number(argument('jobs', '1000')), Number(argument('days', '31'))];
  const { pings, seconds, expected, found } = await playMonth({ jobs, days, troubleIn: 150 });
  const told = new Set(found.tellings);
  const due = new Set(expected.tellings);
  const wrong = [
    ...expected.tellings.filter((line) => !told.has(line)).map((line) => `not told: ${line}`),
    ...found.tellings.filter((line) => !due.has(line)).map((line) => `told and not so: ${line}`),
  ];
  for (const line of wrong.slice(0, 20)) console.log(line);
  const rows = [expected, found].map(({ outcomes, rows: runs, incidents, open, tellings }) => ({
    runs,
    ...outcomes,
    incidents,
    'still open': open,
    messages: tellings.length,
  }));
  console.table({ expected: rows[0], found: rows[1] });
  const agrees = wrong.length === 0 && isDeepStrictEqual(expected, found);
  const verdict = agrees ? 'all as expected' : 'NOT as expected';
  console.log(`${days} days of ${jobs} hourly jobs, ${pings} pings, in ${seconds.toFixed(1)} s: ${verdict}`);
  return agrees;
}

const agrees = process.argv.includes('--month') ? await simulateMonth() : await simulateSeeds();
process.exitCode = agrees ? 0 : 1;
