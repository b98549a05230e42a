import { randomUUID } from 'node:crypto';
import { type Actor, AUDIT_ENTRY, type AuditChange, type AuditRecord } from '../core/model/audit.ts';
import type { Declaration } from '../core/model/declaration.ts';
import { atOnce } from '../core/plan/at-once.ts';
import { differences, type KeyChange } from '../core/plan/comparisons.ts';
import type { Plan } from '../core/plan/plan.ts';
import { hideInValue, redact } from '../core/text/redact.ts';
import type { Tx } from '../store/store.ts';

/** Whoever makes a change, and what hides secrets in it. */
export interface Author {
  by: Actor;
  /** Takes everything that is surely a secret out of a text; unless given, what looks like one anywhere. */
  hide?: (text: string) => string;
}

type Entry = Pick<AuditRecord, 'at' | 'action' | 'jobs'> & {
  incident_id?: string;
  changes: Iterable<Changes>;
};

/** Changes that are written only where there is room for them, because a file may change every job. */
interface Changes {
  count: number;
  list: () => readonly AuditChange[];
}

/**
 * Adds an entry to the audit log, in the commit of the change that it tells of (docs/design.md §8). What exceeds the
 * bounds of an entry is counted and left out.
 */
export function putAudit(tx: Tx, author: Author, entry: Entry): void {
  tx.putAudit({ id: randomUUID(), ...atOnce(auditInParts(author, entry)) });
}

/** So many changes are counted before a pause. */
const COUNTED_AT_ONCE = 2_000;

/** Writes an entry, all but its id, and pauses now and then, because a file may change every job. */
function* auditInParts(
  { by, hide = redact }: Author,
  { jobs, changes, incident_id, ...entry }: Entry,
): Generator<undefined, Omit<AuditRecord, 'id'>> {
  const kept: AuditChange[] = [];
  let length = 0;
  let count = 0;
  let looked = 0;
  for (const each of changes) {
    if (++looked % COUNTED_AT_ONCE === 0) yield;
    count += each.count;
    if (length > AUDIT_ENTRY.changesLengthMax) continue;
    for (const change of each.list()) {
      const hidden = hideInValue(change, (text) => hide(text));
      length += JSON.stringify(hidden).length;
      if (length > AUDIT_ENTRY.changesLengthMax) break;
      kept.push(hidden);
    }
  }
  const named = jobs.slice(0, AUDIT_ENTRY.jobsMax);
  return {
    ...entry,
    ...by,
    jobs: named,
    incident_id: incident_id ?? null,
    changes: kept,
    left_out: jobs.length - named.length + count - kept.length,
  };
}

/** Returns changes that are at hand, for an entry. */
export function listed(list: readonly AuditChange[]): Changes[] {
  return [{ count: list.length, list: () => list }];
}

/** Returns the keys in which two declarations of a job differ, for an entry. */
export function changesOf(job: string, from: Declaration, to: Declaration): AuditChange[] {
  return keyChanges(job, differences(from, to));
}

/**
 * Adds an entry about a configuration that is applied. One that changes nothing, as at most starts, is no change.
 */
export function putPlanAudit(tx: Tx, author: Author, applied: AppliedPlan): void {
  const entry = atOnce(planAuditInParts(author, applied));
  if (entry !== null) tx.putAudit({ id: randomUUID(), ...entry });
}

/** A plan that is applied, with the revision of the configuration before, undefined for the first, and that of this one. */
interface AppliedPlan {
  plan: Plan;
  at: number;
  revisions: [string | undefined, string];
}

/** Does as `putPlanAudit`, but for the writing: it returns the entry, all but its id, and pauses now and then. */
export function* planAuditInParts(
  author: Author,
  { plan, at, revisions: [from, to] }: AppliedPlan,
): Generator<undefined, Omit<AuditRecord, 'id'> | null> {
  const changed = [...plan.changed, ...plan.adopted, ...plan.renamed, ...plan.restored];
  const jobs = [
    ...plan.removed.map(({ name }) => name),
    ...changed.map(({ next }) => next.name),
    ...plan.added.map(({ name }) => name),
    ...plan.refilled.map(({ job }) => job.name),
  ];
  if (from === to && jobs.length === 0) return null;
  yield;
  const entry = {
    at,
    action: 'configuration_applied',
    jobs,
    changes: changesOfPlan(plan, from, to),
  } as const;
  return yield* auditInParts(author, entry);
}

function* changesOfPlan(plan: Plan, from: string | undefined, to: string): Generator<Changes> {
  if (from !== to) yield* listed([{ job: null, key: 'revision', ...sides(from, to) }]);
  for (const { name } of plan.removed) yield one({ job: name, key: 'removed', to: true });
  for (const { job, next } of plan.renamed)
    yield one({ job: next.name, key: 'name', from: job.name, to: next.name });
  for (const { next } of plan.adopted) yield one({ job: next.name, key: 'source', from: 'api', to: 'file' });
  for (const { next } of plan.restored) yield one({ job: next.name, key: 'removed', from: true });
  for (const planned of [...plan.changed, ...plan.adopted, ...plan.renamed, ...plan.restored])
    yield { count: planned.keys.length, list: () => keyChanges(planned.next.name, planned.keys) };
  for (const { job, keys } of plan.refilled)
    yield { count: keys.length, list: () => keyChanges(job.name, keys) };
  for (const { name, declared } of plan.added)
    yield { count: Object.keys(declared).length, list: () => changesOf(name, {}, declared) };
}

function one(change: AuditChange): Changes {
  return { count: 1, list: () => [change] };
}

function keyChanges(job: string, keys: readonly KeyChange[]): AuditChange[] {
  return keys.map(({ key, from, to }) => ({ job, key, ...sides(from, to) }));
}

/** Leaves out the side on which a key is not set, because JSON has no word for that. */
function sides(from: unknown, to: unknown): Pick<AuditChange, 'from' | 'to'> {
  return { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
}
