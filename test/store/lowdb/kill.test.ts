import { dueIds } from '../../support/store.ts';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLogger } from '../../../src/observe/log.ts';
import { readLog } from '../../../src/store/lowdb/log.ts';
import { LowdbStore } from '../../../src/store/lowdb/store.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { HANG_LIMIT_MS } from '../../support/limits.ts';
import { seededRandom } from '../../support/random.ts';
import { ids, NOW_AT } from '../../support/records.ts';
import { repetitions } from '../../support/repetitions.ts';

/** CI has more of them. Each kill is the same but for its instant, which is one by chance. */
const KILLS = repetitions(15, 30);
const SEED = Number(process.env.CRONFLOW_SEED ?? Math.floor(Math.random() * 2 ** 31));
const WRITER = fileURLToPath(new URL('../../support/store-writer.mjs', import.meta.url));
/** As in the writer. */
const KEPT = 20;
const CALLERS = 6;
const PAGE = { skip: 0, limit: 1000 };

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cronflow-kill-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

test(
  `${KILLS} kills under load lose nothing that was acknowledged (seed ${SEED})`,
  { timeout: Math.max(HANG_LIMIT_MS, KILLS * 20_000) },
  async () => {
    const random = seededRandom(SEED);
    let count = 0;
    for (let kill = 1; kill <= KILLS; kill += 1) {
      const acknowledged = await writeUntilKilled(Math.floor(random() * 300), Math.floor(random() * 2_000));
      const before = count;
      try {
        count = await checkStore();
        expect(count).toBeGreaterThanOrEqual(Math.max(before, ...acknowledged));
        // What was not acknowledged was in flight: one transaction of each caller at most.
        expect(count).toBeLessThanOrEqual(Math.max(before, ...acknowledged) + CALLERS);
      } catch (error) {
        throw new Error(`after kill ${kill}, seed ${SEED}`, { cause: error });
      }
    }
    expect(count).toBeGreaterThan(KILLS);
  },
);

/** Starts the writer, and kills it so many acknowledgements and turns of the event loop later. */
async function writeUntilKilled(acknowledgements: number, turns: number): Promise<number[]> {
  const writer = spawn(process.execPath, [WRITER, directory], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(writer, 'exit');
  const numbers: number[] = [];
  let killing = false;
  for await (const line of createInterface(writer.stdout)) {
    numbers.push(Number(line));
    if (killing || numbers.length < acknowledgements) continue;
    killing = true;
    let left = turns;
    const turn = (): void => {
      left -= 1;
      if (left > 0) setImmediate(turn);
      else writer.kill('SIGKILL');
    };
    turn();
  }
  expect(await exited).toEqual([null, 'SIGKILL']);
  return numbers;
}

/** Opens what the writer left; every transaction must be there as a whole or not at all. */
async function checkStore(): Promise<number> {
  const seqs: number[] = [];
  const store = new LowdbStore({ directory, clock: createFakeClock(NOW_AT), log: silentLogger });
  await store.open();
  for await (const commit of readLog(directory)) seqs.push(commit.seq);
  expect(seqs).toEqual(seqs.map((_, i) => seqs[0]! + i));
  const count = Number(await store.meta('count'));
  const kept = Array.from({ length: Math.min(KEPT, count) }, (_, i) => count - i);
  expect(ids((await store.incidents(PAGE)).items)).toEqual(kept.map((n) => `i${n}`));
  expect(ids((await store.deliveries(PAGE)).items)).toEqual(kept.map((n) => `d${n}`));
  expect(ids((await store.listJobs(PAGE)).items).sort()).toEqual(kept.map((n) => `j${n}`).sort());
  expect(await dueIds(store, Infinity)).toEqual(kept.map((n) => `j${n}`).reverse());
  for (const number of kept) {
    const page = await store.runsOf(`j${number}`, PAGE);
    expect(page.items).toMatchObject([{ id: `j${number}-1`, ended_at: number }]);
    const output = { text: `output ${number}`, dropped_bytes: 0 };
    expect(await store.output(`j${number}`, `j${number}-1`)).toEqual(output);
  }
  await store.close();
  return count;
}
