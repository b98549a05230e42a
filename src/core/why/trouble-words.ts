import { counted } from '../text/counts.ts';
import type { BadKind } from '../model/reasons.ts';
import type { JobIncident } from '../model/records.ts';
import type { FailureThreshold, Spec } from '../model/spec.ts';
import type { Happened } from '../replay/replay.ts';
import type { ClockWords } from './clock-words.ts';
import { told, type Told } from './explanation.ts';

/** Tells what an event did to the incident of the job, and what is owed to whom because of it. */
export function troubleTold(happened: Happened, at: number, words: ClockWords): Told[] {
  const { before, result, spec } = happened;
  const known = before.incident;
  const said = result.incidents.flatMap((incident) =>
    incidentTold(incident.id === known?.id ? known : null, incident, spec, words),
  );
  const owed = owedTold(happened, at);
  const bad = result.state.job.bad.length;
  if (result.incidents.length > 0 || bad <= before.job.bad.length) return [...said, ...owed];
  const text = `${counted(bad, 'bad outcome')} since the last good one ${bad === 1 ? 'does' : 'do'} not open an incident yet: ${thresholdWords(spec.failureThreshold)}.`;
  return [told(text, { at })];
}

/** Says when an incident opens, such as `failure_threshold is 3`. */
export function thresholdWords(threshold: FailureThreshold): string {
  if ('any' in threshold) return `failure_threshold is ${threshold.any}`;
  const each = Object.entries(threshold).map(([kind, count]) => `${kind}: ${count}`);
  return `failure_threshold is {${each.join(', ')}}`;
}

function incidentTold(before: JobIncident | null, after: JobIncident, spec: Spec, words: ClockWords): Told[] {
  const { reason } = after;
  if (before === null) {
    const opened = told('An incident opened.', { at: after.opened_at, reason });
    const closed = after.closed_at === null ? [] : closedTold(after);
    return [opened, ...heldTold(null, after, spec, words), ...closed];
  }
  if (before.closed_at === null && after.closed_at !== null) return closedTold(after);
  const held = heldTold(before, after, spec, words);
  if (after.bad_count > before.bad_count)
    return [told(`The incident goes on: ${counted(after.bad_count, 'bad outcome')} in it now.`), ...held];
  if (after.good_run_ids.length > before.good_run_ids.length) {
    const text = `The incident stays open: ${after.good_run_ids.length} of ${spec.recoveryThreshold} good runs in a row that close it (recovery_threshold).`;
    return [told(text), ...held];
  }
  return held;
}

function closedTold(incident: JobIncident): Told[] {
  const closed = {
    at: incident.closed_at,
    reason: incident.close_reason === 'recovered' ? null : incident.close_reason,
  };
  switch (incident.close_reason) {
    case 'late_report':
      return [
        told(
          'The incident closed, because the late report shows that it was not as bad as it had seemed.',
          closed,
        ),
      ];
    case 'paused':
      return [told('The incident closed, because the job was paused.', closed)];
    case 'removed':
      return [told('The incident closed, because the job was removed.', closed)];
    default:
      return [told('The incident closed, because the job works again.', closed)];
  }
}

/** Says that maintenance holds the message back, or that nobody takes it. */
function heldTold(before: JobIncident | null, after: JobIncident, spec: Spec, words: ClockWords): Told[] {
  if (after.announce_at !== null && after.announce_at !== before?.announce_at)
    return [
      told(
        `It falls into maintenance, so nobody is told before ${words.at(after.announce_at)}, and only if it is still open then.`,
      ),
    ];
  if (before !== null || after.told.length > 0 || after.announce_at !== null) return [];
  return [told(nobodyWords(spec, after.kinds))];
}

/** Says why nobody is told of an incident. */
export function nobodyWords(spec: Spec, kinds: readonly BadKind[]): string {
  if (spec.notify.length === 0) return 'Nobody is told, because the job has no notifier.';
  const names = spec.notify.map(({ to }) => to).join(', ');
  return `Nobody is told, because no notifier of the job (${names}) takes this kind of trouble: ${kinds.join(', ')}.`;
}

const OWED = {
  opened: 'A message about it is owed to',
  reminder: 'A reminder is owed to',
  closed: 'The news that it is over is owed to',
  closed_silently: 'The incident is closed, without a message, at',
} as const;

function owedTold({ result }: Happened, at: number): Told[] {
  return (['opened', 'reminder', 'closed', 'closed_silently'] as const).flatMap((kind) => {
    const names = result.deliveries.filter((each) => each.kind === kind).map(({ notifier }) => notifier);
    return names.length === 0 ? [] : [told(`${OWED[kind]} ${listed(names)}.`, { at })];
  });
}

/** Writes names as `a`, `a and b`, or `a, b and c`. */
export function listed(names: readonly string[]): string {
  const last = names.at(-1) ?? '';
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} and ${last}`;
}
