import { randomUUID } from 'node:crypto';
import { type Actor, AUDIT_ENTRY, type AuditChange, type AuditRecord } from '../core/model/audit.ts';
import type { Declaration } from '../core/model/declaration.ts';
import { differences, type KeyChange, type Plan } from '../core/plan/plan.ts';
import { hideInValue, redact } from '../core/text/redact.ts';
import type { Tx } from '../store/store.ts';

/** Whoever makes a change, and what hides secrets in it. */
export interface Author {
  by: Actor;
  /** Takes everything that is surely a secret out of a text; unless given, what looks like one anywhere. */
  hide?: (text: string) => string;
}

type Entry = Pick<AuditRecord, 'at' | 'action' | 'jobs' | 'changes'> & { incident_id?: string };

/**
 * Adds an entry to the audit log, in the commit of the change that it tells of (docs/design.md §8). What exceeds the
 * bounds of an entry is counted and left out.
 */
export function putAudit(
  tx: Tx,
  { by, hide = redact }: Author,
  { jobs, changes, incident_id, ...entry }: Entry,
): void {
  const kept: AuditChange[] = [];
  let length = 0;
  for (const change of changes) {
    const hidden = hideInValue(change, (text) => hide(text));
    length += JSON.stringify(hidden).length;
    if (length > AUDIT_ENTRY.changesLengthMax) break;
    kept.push(hidden);
  }
  const named = jobs.slice(0, AUDIT_ENTRY.jobsMax);
  tx.putAudit({
    id: randomUUID(),
    ...entry,
    ...by,
    jobs: named,
    incident_id: incident_id ?? null,
    changes: kept,
    left_out: jobs.length - named.length + changes.length - kept.length,
  });
}

/** Returns the keys in which two declarations of a job differ, for an entry. */
export function changesOf(job: string, from: Declaration, to: Declaration): AuditChange[] {
  return keyChanges(job, differences(from, to));
}

/**
 * Adds an entry about a configuration that is applied. One that changes nothing, as at most starts, is no change.
 * @param revisions that of the configuration before, undefined for the first, and that of this one
 */
export function putPlanAudit(
  tx: Tx,
  author: Author,
  { plan, at, revisions: [from, to] }: { plan: Plan; at: number; revisions: [string | undefined, string] },
): void {
  const changed = [...plan.changed, ...plan.adopted, ...plan.renamed, ...plan.restored];
  const jobs = [
    ...plan.removed.map(({ name }) => name),
    ...changed.map(({ next }) => next.name),
    ...plan.added.map(({ name }) => name),
    ...plan.refilled.map(({ job }) => job.name),
  ];
  if (from === to && jobs.length === 0) return;
  const changes: AuditChange[] = [
    ...(from === to ? [] : [{ job: null, key: 'revision', ...sides(from, to) }]),
    ...plan.removed.map(({ name }) => ({ job: name, key: 'removed', to: true })),
    ...plan.renamed.map(({ job, next }) => ({ job: next.name, key: 'name', from: job.name, to: next.name })),
    ...plan.adopted.map(({ next }) => ({ job: next.name, key: 'source', from: 'api', to: 'file' })),
    ...plan.restored.map(({ next }) => ({ job: next.name, key: 'removed', from: true })),
    ...changed.flatMap(({ next, keys }) => keyChanges(next.name, keys)),
    ...plan.refilled.flatMap(({ job, keys }) => keyChanges(job.name, keys)),
    ...plan.added.flatMap(({ name, declared }) => changesOf(name, {}, declared)),
  ];
  putAudit(tx, author, { at, action: 'configuration_applied', jobs, changes });
}

function keyChanges(job: string, keys: readonly KeyChange[]): AuditChange[] {
  return keys.map(({ key, from, to }) => ({ job, key, ...sides(from, to) }));
}

/** Leaves out the side on which a key is not set, because JSON has no word for that. */
function sides(from: unknown, to: unknown): Pick<AuditChange, 'from' | 'to'> {
  return { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
}
