import { textOf } from './text-of.ts';
import { Replay } from '../../src/core/replay/replay.ts';
import type { LoggedEvent } from '../../src/core/model/event.ts';
import type { Incident } from '../../src/core/model/records.ts';
import { DEFAULT_GLOBALS, type Globals, specOf } from '../../src/core/model/spec.ts';
import type { Tables } from '../../src/store/local/tables.ts';
import { readHistory, readTables } from '../../src/store/lowdb/history.ts';
import type { CrashDisk } from '../support/crash-disk.ts';

/**
 * Replays the log of a data directory, job by job, as it was (docs/design.md §3.5, §10).
 * @param endAt the instant up to which it is replayed
 * @returns a line for each incident that the replay sees otherwise than the store
 */
export async function replayDifferences(
  disk: CrashDisk,
  directory: string,
  endAt: number,
): Promise<string[]> {
  const history = await readHistory(directory, disk);
  const events = new Map<string, LoggedEvent[]>();
  for await (const commit of history.commits())
    for (const { job_id: id, event } of commit.events) events.set(id, [...(events.get(id) ?? []), event]);
  const stored = await readTables(directory, disk);
  return [...stored.jobs()].flatMap((job) => {
    const replay = new Replay(job.id, startOf(history.begin, job.id, history.begin_at), null);
    for (const event of events.get(job.id) ?? []) replay.apply(event);
    replay.pass(endAt);
    const replayed = new Map(replay.incidents().map(({ incident }) => [incident.id, incident]));
    return stored
      .incidents({ job_id: job.id })
      .filter((incident) => (incident.closed_at ?? Infinity) > history.begin_at)
      .flatMap((incident) => difference(incident, replayed.get(incident.id)));
  });
}

function startOf(begin: Tables, jobId: string, at: number): ConstructorParameters<typeof Replay>[1] {
  const job = begin.jobById(jobId);
  if (job === undefined) return null;
  const globals = (begin.meta('globals') as Globals | undefined) ?? DEFAULT_GLOBALS;
  return {
    at,
    job: job.state,
    runs: begin.runs.of(jobId).all(),
    incident: begin.openIncidentsOf(jobId).at(-1) ?? null,
    spec: specOf(job.name, job.declaration, globals),
  };
}

function difference(stored: Incident, replayed: Incident | undefined): string[] {
  const [left, right] = [textOf(stored), textOf(replayed)];
  return left === right ? [] : [`${stored.id}: stored ${left}`, `${stored.id}: replayed ${right}`];
}
