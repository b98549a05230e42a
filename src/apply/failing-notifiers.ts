import { closeTrouble, openTrouble } from '../core/system/incidents.ts';
import type { Tx } from '../store/store.ts';
import { readGlobals } from './events.ts';
import { audience } from './system.ts';
import { putSystemChange } from './system-change.ts';

/**
 * Notes that a notifier loses messages or cannot be reached, and owes that to the others of
 * `defaults.notify`: one `notifier` incident each, however much is lost (docs/design.md §3.3). One that is
 * configured no longer is nobody's trouble.
 * @param why what it answered
 * @returns names of those who are told; null if it was known already
 */
export function noteNotifierFails(tx: Tx, name: string, why: string, at: number): readonly string[] | null {
  if (!readGlobals(tx).notifiers.includes(name)) return null;
  const detail = `messages to ${name} are not delivered: ${why}`;
  const trouble = { kind: 'notifier', reason: 'notifier_failing', subject: name, detail } as const;
  const change = openTrouble(tx.openSystemIncidents(), trouble, audience(tx), at);
  putSystemChange(tx, change);
  return change.incidents[0]?.told ?? null;
}

/** Ends it: something got through. */
export function noteNotifierWorks(tx: Tx, name: string, at: number): void {
  putSystemChange(tx, closeTrouble(tx.openSystemIncidents(), { kind: 'notifier', subject: name }, at));
}

/** Names of the notifiers known to fail. */
export function failingNotifiers(tx: Tx): string[] {
  return tx
    .openSystemIncidents()
    .flatMap(({ kind, subject }) => (kind === 'notifier' ? (subject ?? []) : []));
}
