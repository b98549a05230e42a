// Commits to the store in the directory named on its command line as fast as it can, from several callers at
// once, and prints the number of every transaction that was acknowledged. It is made to be killed.
import { writeSync } from 'node:fs';
import { systemClock } from '../../dist/clock.js';
import { LowdbStore } from '../../dist/store/lowdb/store.js';

const CALLERS = 6;
/** Records of so many transactions are kept; kill.test.ts knows this number. */
const KEPT = 20;

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const store = new LowdbStore({
  directory: process.argv[2],
  clock: systemClock,
  log: quiet,
  limits: { snapshotJournalBytes: 10_000, logBytesMax: 100_000 },
});
await store.open();
process.stdin.on('end', () => process.exit()).resume();
await Promise.all(Array.from({ length: CALLERS }, callForEver));

async function callForEver() {
  for (;;) {
    const number = await store.transact({ all: true }, transaction);
    // At once: what this process keeps in a buffer dies with it.
    writeSync(1, `${number}\n`);
  }
}

/** Puts one record of each kind, removes those that are too old; nothing of it makes sense without the rest. */
function transaction(tx) {
  const number = (tx.meta('count') ?? 0) + 1;
  tx.putMeta('count', number);
  const id = `j${number}`;
  tx.putJob(jobOf(id, number));
  tx.putRun({ kind: 'skip', id: `${id}-1`, job_id: id, number: 1, rid: null, ended_at: number });
  tx.putOutput(id, `${id}-1`, { text: `output ${number}`, dropped_bytes: 0 });
  tx.putIncident({ id: `i${number}`, kind: 'job', job_id: id, opened_at: number, closed_at: null });
  tx.putDelivery({
    id: `d${number}`,
    job_id: id,
    notifier: 'ops',
    status: 'pending',
    created_at: number,
    next_attempt_at: number,
  });
  tx.logEvent(id, { type: 'paused', at: number });
  if (number > KEPT) tx.deleteJob(`j${number - KEPT}`);
  return number;
}

function jobOf(id, number) {
  const declaration = { description: 'x'.repeat(number % 300) };
  const declared = { place: null, declared: declaration, declaration };
  return { id, name: id, ...declared, removed_at: null, state: { status: 'pending', due_at: number } };
}
