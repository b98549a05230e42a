import { closeTrouble, openTrouble } from '../core/system/incidents.ts';
import type { Tx, View } from '../store/store.ts';
import { readGlobals } from './events.ts';
import { audience } from './system.ts';
import { putSystemChange } from './system-change.ts';

/**
 * Notes that a notifier loses messages or cannot be reached, and owes that news to the other notifiers of
 * `defaults.notify`. There is one `notifier` incident for each failing notifier, however much is lost (docs/design.md
 * §3.3). A notifier that is no longer configured troubles nobody.
 * @param why the answer of the notifier
 * @returns the names of those who are told; null if it was known already
 */
export function noteNotifierFails(tx: Tx, name: string, why: string, at: number): readonly string[] | null {
  if (!readGlobals(tx).notifiers.includes(name)) return null;
  const detail = `messages to ${name} are not delivered: ${why}`;
  const trouble = { kind: 'notifier', reason: 'notifier_failing', subject: name, detail } as const;
  const change = openTrouble(tx.openSystemIncidents(), trouble, audience(tx), at);
  putSystemChange(tx, change);
  return change.incidents[0]?.told ?? null;
}

/** Ends the incident of a notifier, because a message got through to it. */
export function noteNotifierWorks(tx: Tx, name: string, at: number): void {
  putSystemChange(tx, closeTrouble(tx.openSystemIncidents(), { kind: 'notifier', subject: name }, at));
}

/** Returns the names of the notifiers that are known to fail. */
export function failingNotifiers(tx: Pick<View, 'openSystemIncidents'>): string[] {
  return tx
    .openSystemIncidents()
    .flatMap((incident) => (incident.kind === 'notifier' ? incident.subject : []));
}
