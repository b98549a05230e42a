import { DAY_MS } from '../../schedule/units.ts';
import type { Changes } from '../local/changes.ts';
import type { Loading } from './loading.ts';
import { Lack } from './need.ts';
import type { RecordsInRows } from './records.ts';
import { NOTE_BASES } from './sql/note-bases.ts';
import { PUT_BASES } from './sql/put-bases.ts';
import { type Step, step } from './statement.ts';

/**
 * The log of commits has the records of a job about so often, from which its later events can be told. The events of a
 * job that was made within the log need none, since they begin with it.
 */
const BASED_EVERY_MS = 7 * DAY_MS;

/**
 * Returns the statements that add to the log the records of jobs as they were before a commit, where it has none of
 * late. It loads the history of such a job, which most commits do not have.
 */
export async function baseSteps(
  loading: Loading,
  { events }: Changes,
  { records, at }: { records: RecordsInRows; at: number },
): Promise<Step[]> {
  if (events.length === 0) return [];
  const { tables } = loading;
  const due = [...new Set(events.map((event) => event.job_id))].filter((id) => {
    const job = tables.jobById(id);
    return job !== undefined && at - (tables.basedAt.get(id) ?? job.created_at) >= BASED_EVERY_MS;
  });
  if (due.length === 0) return [];
  const lack = new Lack();
  lack.heads = !tables.coverage.hasHeads;
  for (const id of due) if (!tables.coverage.hasRecent(id)) lack.recent.add(id);
  if (!lack.isEmpty) await loading.more(lack);
  const bases = due.map((id) =>
    records.written({
      job: tables.jobById(id),
      runs: tables.runs.of(id).all(),
      incident: tables.openIncidentsOf(id).at(-1) ?? null,
    }),
  );
  return [step(PUT_BASES, due, at, bases), step(NOTE_BASES, due, at)];
}
