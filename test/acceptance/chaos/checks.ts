import { expect } from 'vitest';
import type { Traffic } from './traffic.ts';

/** A row of history as the API shows it. */
export interface RunJson {
  id: string;
  rid: string | null;
  outcome: string | null;
  count: number;
  first_slot_at: string | null;
  slot_at: string | null;
  limit_at: string | null;
  ended_at: string | null;
}

/** Returns the runs of jobs of which a client was told that they are there, and that are not. */
export async function lostPings(traffic: Traffic, jobs: readonly string[]): Promise<string[]> {
  const stored = new Map<string, Map<string, RunJson>>();
  for (const name of jobs) {
    const runs = await traffic.readAll<RunJson>(`/jobs/${name}/runs`);
    stored.set(name, new Map(runs.map((run) => [run.rid ?? run.id, run])));
  }
  const lost: string[] = [];
  for (const { job, kind, rid } of traffic.answered) {
    if (!stored.has(job)) continue;
    const run = stored.get(job)!.get(rid);
    if (run === undefined) lost.push(`${job} ${kind} ${rid} is not there`);
    else if (kind === 'success' && run.outcome !== 'success') lost.push(`${job} ${rid} ended ${run.outcome}`);
  }
  return lost;
}

/**
 * Returns the slots of a job that runs every second and never reports which were judged twice, or not at all: rows that
 * overlap, or a slot between two that no row has.
 */
export async function misjudgedSlots(traffic: Traffic, job: string): Promise<string[]> {
  const rows = await traffic.readAll<RunJson>(`/jobs/${job}/runs`);
  const spans = rows
    .filter(({ slot_at: slot }) => slot !== null)
    .map(({ first_slot_at: first, slot_at: last, count }) => {
      return { first: Date.parse(first!) / 1_000, last: Date.parse(last!) / 1_000, count };
    })
    .sort((a, b) => a.first - b.first);
  expect(spans.length).toBeGreaterThan(0);
  return spans.flatMap(({ first, last, count }, index) => {
    const next = spans[index + 1];
    const faults: string[] = [];
    if (count !== last - first + 1) faults.push(`${first} to ${last} counts ${count} slots`);
    if (next !== undefined && next.first !== last + 1) faults.push(`${last} is followed by ${next.first}`);
    return faults;
  });
}
