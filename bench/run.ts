import { benchCheck } from './check.ts';
import { benchChecker } from './checker.ts';
import { benchCommit } from './commit.ts';
import { benchGroupCommit } from './group-commit.ts';
import { benchHttp } from './http.ts';
import { benchFarDatabase } from './far-database.ts';
import { benchIdleDatabase } from './idle-database.ts';
import { benchInstances } from './instances.ts';
import { benchLarge } from './large.ts';
import { benchLife } from './life.ts';
import { benchPing } from './ping.ts';
import { benchReload } from './reload.ts';
import { benchSlots } from './slots.ts';
import { benchSpike } from './spike.ts';
import { benchStart } from './start.ts';
import { benchTransition } from './transition.ts';
import { benchWrapper } from './wrapper.ts';

const BENCHMARKS: Readonly<Record<string, () => Promise<void>>> = {
  http: benchHttp,
  instances: benchInstances,
  'far-database': benchFarDatabase,
  'idle-database': benchIdleDatabase,
  spike: benchSpike,
  life: benchLife,
  transition: benchTransition,
  ping: benchPing,
  checker: benchChecker,
  commit: benchCommit,
  'group-commit': benchGroupCommit,
  reload: benchReload,
  large: benchLarge,
  slots: benchSlots,
  start: benchStart,
  check: benchCheck,
  wrapper: benchWrapper,
};

const names = process.argv.slice(2);
const unknown = names.filter((name) => !(name in BENCHMARKS));
if (unknown.length > 0) {
  console.error(
    `There is no benchmark ${unknown.join(', ')}; there are ${Object.keys(BENCHMARKS).join(', ')}.`,
  );
  process.exit(2);
}

let underWay: string | null = null;
// Nothing that can still happen is waited for, as after a child has ended without an answer. Node ends without a word then.
process.on('exit', () => {
  if (underWay === null) return;
  process.exitCode = 1;
  console.error(
    `The benchmark ${underWay} ended in the middle: it waited for what cannot come any more. ` +
      'Look for a process of it that has ended.',
  );
});
// A signal would end it without a word, too.
for (const signal of ['SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => {
    console.error(`The benchmark ${underWay} was ended by ${signal}.`);
    underWay = null;
    process.exit(1);
  });

for (const [name, bench] of Object.entries(BENCHMARKS)) {
  if (names.length > 0 && !names.includes(name)) continue;
  underWay = name;
  try {
    await bench();
  } catch (error) {
    console.error(`The benchmark ${name} failed:`, error);
    process.exitCode = 1;
  }
  underWay = null;
  if (process.exitCode !== undefined) break;
}
