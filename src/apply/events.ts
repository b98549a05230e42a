import { transition } from '../core/job/transition.ts';
import { type Event, instantOf, type LoggedEvent, type Transition } from '../core/model/event.ts';
import type { Job } from '../core/model/records.ts';
import { DEFAULT_GLOBALS, type Globals, type Spec } from '../core/model/spec.ts';
import { TIME_EVENTS_KEY, type Tx, type View } from '../store/store.ts';
import { LIVENESS_KEY, readTimeEvents, type TimeEvent, untoldBefore, untoldOf } from './alive.ts';
import { keptSpecOf } from './specs.ts';

/** The meta key of the globals of the applied configuration, which every instance reads. */
export const GLOBALS_KEY = 'globals';
/** The meta keys that the scope of a transaction names which applies an event. */
export const EVENT_META: readonly string[] = [LIVENESS_KEY, TIME_EVENTS_KEY, GLOBALS_KEY];

export function readGlobals(tx: Pick<View, 'meta'>): Globals {
  return (tx.meta(GLOBALS_KEY) as Globals | undefined) ?? DEFAULT_GLOBALS;
}

export function writeGlobals(tx: Tx, globals: Globals): void {
  tx.putMeta(GLOBALS_KEY, globals);
}

/**
 * Applies one event to one job inside a transaction. The state of a job changes in no other way. A time without a sign
 * of life before the event is noted first, and so is a clock that was set back. A gap that is told before an earlier one
 * would make a slot of that one a miss.
 * @param job the job as it stands in the transaction, with its new declaration if that is what changed
 * @param event the event; a `spec_changed` gives the spec that the job had as `previous`
 * @param nowAt now; a tick can be for a part of the time that is over by now
 * @returns what the event did; its records are already written to `tx`
 */
export function applyEvent(tx: Tx, job: Job, event: Event, nowAt = instantOf(event)): Transition {
  const spec = specOfJob(tx, job);
  const isOfTime = event.type === 'gap' || event.type === 'clock_set_back';
  const untold = isOfTime ? notedBefore(tx, job, nowAt) : untoldBefore(tx, job, nowAt);
  const before = event.type === 'spec_changed' ? event.previous : spec;
  return applyOne(tx, tellOf(tx, job, before, untold), spec, event);
}

/** Tells a job of what happened to time, as far as that is noted for all jobs and this one was not told yet. */
export function tellOfTime(tx: Tx, job: Job, nowAt: number): void {
  const untold = notedBefore(tx, job, nowAt);
  if (untold.length > 0) tellOf(tx, job, specOfJob(tx, job), untold);
}

function notedBefore(tx: Tx, { state }: Job, nowAt: number): TimeEvent[] {
  return untoldOf(readTimeEvents(tx)?.events ?? [], state, nowAt);
}

/** @returns the job as it stands then */
function tellOf(tx: Tx, job: Job, spec: Spec, untold: readonly TimeEvent[]): Job {
  let told = job;
  for (const each of untold) told = { ...job, state: applyOne(tx, told, spec, each).state.job };
  return told;
}

function applyOne(tx: Tx, job: Job, spec: Spec, event: Event): Transition {
  const state = {
    job_id: job.id,
    job: job.state,
    runs: tx.runsOf(job.id),
    incident: tx.openIncidentOf(job.id) ?? null,
  };
  const result = transition(spec, state, event);
  // A tick that did nothing is not logged, because the next event does the same, unless Cronflow dies before the next
  // sign of life.
  if (event.type !== 'tick' || result.reason !== 'nothing_due') tx.logEvent(job.id, loggedEvent(event, spec));
  if (isDeclared(event)) tx.putJob({ ...job, state: result.state.job });
  else tx.putState(job.id, result.state.job);
  for (const run of result.runs) tx.putRun(run);
  for (const id of result.removed_run_ids) tx.deleteRun(id);
  tx.tally(job.id, result.tallies);
  for (const incident of result.incidents) tx.putIncident(incident);
  for (const delivery of result.deliveries) tx.putDelivery(delivery);
  return result;
}

/** Tells whether the event comes with what a job declares now. Every other leaves that record alone. */
function isDeclared({ type }: Event): boolean {
  return type === 'spec_changed' || type === 'restored';
}

function loggedEvent(event: Event, spec: Spec): LoggedEvent {
  if (event.type === 'spec_changed') return { type: 'spec_changed', at: event.at, spec };
  return event.type === 'restored' ? { ...event, spec } : event;
}

/** Returns the spec of a stored job under the globals that are in force now. */
export function specOfJob(tx: Pick<View, 'meta'>, job: Job): Spec {
  return keptSpecOf(job.name, job.declaration, readGlobals(tx));
}
