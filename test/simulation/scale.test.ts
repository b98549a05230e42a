import { expect, test } from 'vitest';
import type { Declaration } from '../../src/core/declaration.ts';
import type { Happening, Script } from './script.ts';
import { MemoryDisk } from './system/disk.ts';
import { System } from './system/system.ts';
import { Dice } from './world/dice.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const JOBS = Number(process.env.SIMULATION_JOBS ?? 50);
const HOURS = Number(process.env.SIMULATION_HOURS ?? 48);
const START_AT = Date.UTC(2025, 2, 10);
/** One run in so many fails, and the next one is good again. */
const FAILS_IN = 500;

/** Hourly jobs, each at a minute of its own, as a company has them. */
function hourlyJobs(): { script: Script; failures: number } {
  const dice = new Dice(1);
  const jobs: Record<string, Declaration> = {};
  const happenings: Happening[] = [];
  let failures = 0;
  for (let number = 0; number < JOBS; number += 1) {
    const job = `job-${number}`;
    jobs[job] = { schedule: `${number % 60} * * * *`, grace: '5m' };
    const first = START_AT + (number % 60) * MINUTE_MS + (number % 60 === 0 ? HOUR_MS : 0);
    let failed = false;
    for (let at = first; at < START_AT + HOURS * HOUR_MS; at += HOUR_MS) {
      const fails: boolean = !failed && dice.int(1, FAILS_IN) === 1;
      failed = fails;
      if (fails) failures += 1;
      const startAt = at + dice.int(100, 3_000);
      const rid = `${job}.${at}`;
      happenings.push({ at: startAt, type: 'ping', job, ping: { kind: 'start', rid } });
      const endAt = startAt + dice.int(1_000, 20 * MINUTE_MS);
      const ping = { kind: 'success', rid, exit_code: fails ? 1 : 0 } as const;
      if (endAt < START_AT + HOURS * HOUR_MS) happenings.push({ at: endAt, type: 'ping', job, ping });
      else if (fails) failures -= 1;
    }
  }
  happenings.sort((a, b) => a.at - b.at);
  const end = START_AT + HOURS * HOUR_MS;
  return {
    script: {
      start_at: START_AT,
      end_at: end,
      replay_window_ms: 900_000,
      notifiers: ['ops'],
      jobs,
      happenings,
    },
    failures,
  };
}

test(`${HOURS} hours of ${JOBS} hourly jobs tell of every failure once`, async () => {
  const { script, failures } = hourlyJobs();
  const system = new System(script, { disk: new MemoryDisk(), everyBeat: true, records: false });
  const startedMs = performance.now();
  await system.play();
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  console.log(`${HOURS} hours of ${JOBS} jobs, ${script.happenings.length} pings, in ${seconds} s`);
  const opened = (await system.deliveries()).filter((delivery) => delivery.kind === 'opened');
  expect(opened).toHaveLength(failures);
  expect(new Set(opened.map((delivery) => delivery.facts.reason))).toEqual(
    new Set(failures > 0 ? ['exit_code'] : []),
  );
}, 600_000);
