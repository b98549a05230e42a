import { CHECKS, everyBeat, report } from './check.ts';
import { randomWorld } from './world/world.ts';

/** Runs fresh seeds and prints what fails: `simulate.js --seeds 1000 --from 1 [--check NAME]`. */
const argument = (name: string, otherwise: string): string => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : (process.argv[at + 1] ?? otherwise);
};
const count = Number(argument('seeds', '100'));
const from = Number(argument('from', String(Date.now() % 1_000_000_000)));
const only = argument('check', '');
const all = { ...CHECKS, everyBeat };
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
process.exitCode = failed.length === 0 ? 0 : 1;
