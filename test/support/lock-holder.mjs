// Tries to lock the directory named on its command line, says how that went, and holds on until it is killed.
import { systemClock } from '../../dist/clock.js';
import { acquireLock } from '../../dist/store/lowdb/lock.js';

try {
  await acquireLock(process.argv[2], systemClock);
  process.stdout.write('held\n');
} catch (error) {
  process.stdout.write(`${error.code}\n`);
}
// Ends when the parent does, too.
process.stdin.on('end', () => process.exit()).resume();
