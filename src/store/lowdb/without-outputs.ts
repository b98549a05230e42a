import type { LoggedEvent } from '../../core/model/event.ts';
import type { Row } from '../../core/model/records.ts';
import type { Changes, OutputRef } from '../local/changes.ts';
import type { Tables } from '../local/tables.ts';

/**
 * Returns the changes of a commit without its outputs, which the disk does not take. Each run says that nothing of its
 * output is kept and how many bytes are missing. The log says that nobody knows what the run printed, so that a replay
 * never judges the run by an output that it lacks.
 * @returns null where the commit has no output, so that nothing would be gained
 */
export function withoutOutputs(
  changes: Changes,
  texts: ReadonlyMap<string, string>,
  tables: Tables,
): Changes | null {
  const refs = changes.put.outputs ?? [];
  if (refs.length === 0 && !changes.events.some(({ event }) => hasOutput(event))) return null;
  const runs = new Map((changes.put.runs ?? []).map((run) => [run.id, run]));
  for (const ref of refs) {
    if (!texts.has(ref.run_id)) continue;
    const run = runs.get(ref.run_id) ?? tables.runs.get(ref.run_id);
    if (run !== undefined) runs.set(run.id, withoutOutput(run, ref));
  }
  const { outputs: _outputs, ...put } = changes.put;
  const stored = refs.map((ref) => ref.run_id).filter((id) => tables.outputRef(id) !== undefined);
  return {
    put: runs.size === 0 ? put : { ...put, runs: [...runs.values()] },
    del:
      stored.length === 0
        ? changes.del
        : { ...changes.del, outputs: [...(changes.del.outputs ?? []), ...stored] },
    events: changes.events.map(({ job_id, event }) => ({ job_id, event: eventWithoutOutput(event) })),
  };
}

function withoutOutput(run: Row, { bytes, dropped_bytes: droppedBytes }: OutputRef): Row {
  return run.kind === 'slots' ? run : { ...run, output_bytes: 0, output_dropped_bytes: droppedBytes + bytes };
}

function hasOutput(event: LoggedEvent): boolean {
  return event.type === 'ping' && event.ping.output !== null;
}

function eventWithoutOutput(event: LoggedEvent): LoggedEvent {
  if (event.type !== 'ping' || event.ping.output === null) return event;
  const { output, output_dropped_bytes: droppedBytes } = event.ping;
  const bytes = droppedBytes + Buffer.byteLength(output);
  return { ...event, ping: { ...event.ping, output: null, output_dropped_bytes: bytes, captured: false } };
}
