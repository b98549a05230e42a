import type { Delivery, Row } from '../../src/core/model/records.ts';
import { shownRow, startOf } from '../../src/core/model/rows.ts';
import { DEFAULT_GLOBALS, specOf } from '../../src/core/model/spec.ts';
import { instant } from './compare.ts';
import type { Recorder } from './system/recorder.ts';

/**
 * Lists for people the broken rules that must hold whatever happened. They are read from everything that was ever
 * committed.
 */
export function brokenInvariants(recorder: Recorder): string[] {
  return [...incidentFaults(recorder), ...deliveryFaults(recorder), ...runFaults(recorder)];
}

function incidentFaults({ incidents }: Recorder): string[] {
  const faults: string[] = [];
  const lastOf = new Map<string, string>();
  for (const incident of incidents.values()) {
    const { id, opened_at: openedAt, closed_at: closedAt } = incident;
    if (closedAt !== null && closedAt < openedAt) faults.push(`incident ${id} closed before it opened`);
    if (incident.kind !== 'job') continue;
    const before = incidents.get(lastOf.get(incident.job_id) ?? '');
    if (before !== undefined && before.closed_at === null)
      faults.push(`incident ${id} opened while ${before.id} was open`);
    lastOf.set(incident.job_id, id);
  }
  return faults;
}

/** Checks that each notifier is told once that an incident opened, then reminded, then told once that it closed. */
function deliveryFaults({ deliveries, incidents, owedTwice }: Recorder): string[] {
  const faults = owedTwice.map((id) => `${id} was owed twice`);
  const told = new Map<string, Delivery[]>();
  for (const delivery of deliveries.values()) {
    if (delivery.job_id === null) continue;
    const key = `${delivery.incident_id} -> ${delivery.notifier}`;
    told.set(key, [...(told.get(key) ?? []), delivery]);
  }
  for (const [key, list] of told) {
    const words = list.map(({ kind }) => kind).join(' ');
    if (!/^opened( reminder)*( closed| closed_silently)?$/.test(words)) faults.push(`${key}: ${words}`);
    const isClosed = incidents.get(list[0]!.incident_id)?.closed_at !== null;
    if (isClosed !== / closed/.test(words))
      faults.push(`${key}: ${isClosed ? 'closed' : 'open'}, but told ${words}`);
  }
  return faults;
}

function runFaults({ runs, jobs }: Recorder): string[] {
  const faults: string[] = [];
  const open = new Map<string, number>();
  const slots = new Map<string, string>();
  for (const run of runs.values()) {
    faults.push(...faultsOf(run));
    if (run.outcome === null) open.set(run.job_id, (open.get(run.job_id) ?? 0) + 1);
    if (run.slot_at === null || startOf(run) === null) continue;
    const key = `${run.job_id} ${instant(run.slot_at)}`;
    const other = slots.get(key);
    if (other !== undefined) faults.push(`the slot ${key} belongs to ${other} and ${run.id}`);
    slots.set(key, run.id);
  }
  for (const [jobId, count] of open) {
    const declaration = jobs.get(jobId)?.declaration ?? {};
    const most = specOf('', declaration, DEFAULT_GLOBALS).openRunsMax;
    // A limit that was lowered since applies when the next run starts.
    if (count > Math.max(most, 10)) faults.push(`${count} runs of ${jobId} are open, at most ${most} may be`);
  }
  return faults;
}

function faultsOf(row: Row): string[] {
  const run = shownRow(row);
  const faults: string[] = [];
  if ((run.duration_ms ?? 0) < 0) faults.push(`run ${run.id} took ${run.duration_ms} ms`);
  if ((run.outcome === null) !== (run.ended_at === null)) faults.push(`run ${run.id} ended in part`);
  if (run.outcome !== null && run.limit_at !== null) faults.push(`run ${run.id} ended and may time out`);
  return faults;
}
