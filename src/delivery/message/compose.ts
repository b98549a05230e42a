import type { Delivery } from '../../core/model/records.ts';
import type { Output } from '../../store/store.ts';
import { cleanLine, cleanText, firstLines, lastLines } from './clean.ts';
import { fieldsOf } from './fields.ts';
import type { Message, MessageContext, MessageLink, MessageSource, Severity } from './message.ts';
import { type Parts, partsOf } from './parts.ts';
import { type Redact, redactDetail } from './redact.ts';
import { isSystemReason, type SystemReason } from '../../core/model/reasons.ts';
import { titleOf } from './titles.ts';
import { webAddress } from '../../core/text/web-address.ts';
import { isEndKind } from '../../core/model/delivery-id.ts';

const OUTPUT_LINES_MAX = 20;
const OUTPUT_LINE_LENGTH_MAX = 300;
/** Of what is wrong with Cronflow itself the beginning is shown; it fits where a notifier shows output. */
const DETAIL_LINES_MAX = 40;
const DETAIL_LENGTH_MAX = 2_500;
/** What is allowed instead, where that is much: it would hide the errors that follow. */
const LONG_LIST = / \(allowed: [^\n]{80,}\)$/gm;
/** Of a longer output the end is looked at: the last lines are in it, and what is hidden costs time. */
const KEPT_LENGTH_MAX = 65_536;
const TITLE_LENGTH_MAX = 400;
const VALUE_LENGTH_MAX = 400;

/**
 * Writes the message of a delivery (docs/design.md §7, Slack: title, fields, output, links). Pure.
 */
export function messageOf(delivery: Delivery, context: MessageContext): Message {
  const parts = partsOf(delivery, context);
  const shown = shownOf(parts);
  const output = outputOf(parts, shown);
  const description = context.job?.declaration.description;
  const title = cleanLine(titleOf(parts), TITLE_LENGTH_MAX);
  return {
    deliveryId: delivery.id,
    incidentId: delivery.incident_id,
    kind: parts.kind,
    severity: severityOf(parts),
    title,
    description: description === undefined ? null : cleanLine(description, VALUE_LENGTH_MAX) || null,
    fields: fieldsOf(parts)
      .map(({ label, value }) => ({ label, value: cleanLine(value, VALUE_LENGTH_MAX) }))
      // What the title says whole is not said again.
      .filter(({ label, value }) => label !== 'Reason' || !title.includes(value)),
    output: output.length === 0 ? null : output.join('\n'),
    outputNote: outputNoteOf(parts, shown, output.length),
    links: linksOf(parts),
    mentions: parts.kind === 'opened' ? (context.job?.declaration.mention ?? []) : [],
    sections: [],
    opening: context.opening,
    source: sourceOf(delivery, context, parts),
  };
}

/** That Cronflow was away is told when it is over. */
function severityOf({ kind, facts }: Parts): Severity {
  if (kind === 'closed') return 'good';
  return kind === 'opened_and_closed' || kind === 'closed_silently' || facts.reason === 'cronflow_away'
    ? 'over'
    : 'bad';
}

/** Of which nothing is left that could not be shown: where a message could not be written, nothing can be hidden. */
export function withoutDetail(delivery: Delivery): Delivery {
  return { ...delivery, facts: { ...delivery.facts, detail: null } };
}

/**
 * What can still be said when `messageOf` failed, which only a bug can cause: no silence even then.
 * @param isOver whether the closing goes out in the same message
 */
export function bareMessageOf(delivery: Delivery, isOver: boolean): Message {
  const { kind, facts } = delivery;
  const name = cleanLine(facts.job_name ?? 'Cronflow', VALUE_LENGTH_MAX);
  const verdict = kind.startsWith('closed') ? 'RESOLVED' : isOver ? 'IN TROUBLE AND RESOLVED' : 'IN TROUBLE';
  return {
    deliveryId: delivery.id,
    incidentId: delivery.incident_id,
    kind,
    severity: kind === 'closed' ? 'good' : kind === 'closed_silently' ? 'over' : 'bad',
    title: `${verdict} ${name}: ${facts.reason}`,
    description: null,
    fields: [],
    output: null,
    outputNote: null,
    links: [],
    mentions: [],
    sections: [],
    opening: null,
    source: { delivery: withoutDetail(delivery), incident: null, job: null, run: null, closing: null },
  };
}

/** With no more to see than the words have. */
function sourceOf(
  delivery: Delivery,
  { incident, job, run, redact }: MessageContext,
  parts: Parts,
): MessageSource {
  return {
    delivery: { ...delivery, facts: redactDetail(delivery.facts, redact) },
    incident: incident === null ? null : redactDetail(incident, redact),
    job,
    run: run === null ? null : redactDetail(run, redact),
    closing: parts.closing,
  };
}

/** What was printed by the run that went wrong; of what is wrong with Cronflow itself, all that is known. */
function shownOf({ facts, kind, name, context }: Parts): Output | null {
  if (isEndKind(kind)) return null;
  if (name !== null) return context.output === null ? null : keptOf(context.output, context.redact);
  const detail = facts.detail?.slice(0, KEPT_LENGTH_MAX) ?? '';
  const lineAt = detail.indexOf('\n');
  if (lineAt < 0) return null;
  // The title has the first line of a time away whole; that of an error may be cut.
  const text = facts.reason === 'cronflow_away' ? detail.slice(lineAt + 1) : detail.replaceAll(LONG_LIST, '');
  return { text, dropped_bytes: 0 };
}

/** The end of what was printed, cleaned and without secrets. */
function keptOf({ text, dropped_bytes: dropped }: Output, redact: Redact): Output {
  const isCut = dropped > 0 || text.length > KEPT_LENGTH_MAX;
  const kept = cleanText(text.slice(-KEPT_LENGTH_MAX));
  // A word of which the beginning is not there may be the rest of a secret that no pattern knows.
  const whole = isCut ? kept.replace(/^\S{1,2000}/, '…') : kept;
  return { text: redact(whole), dropped_bytes: isCut ? Math.max(dropped, 1) : 0 };
}

function outputOf(parts: Parts, shown: Output | null): string[] {
  if (shown === null) return [];
  if (parts.name !== null) return lastLines(shown.text, OUTPUT_LINES_MAX, OUTPUT_LINE_LENGTH_MAX);
  return firstLines(shown.text, DETAIL_LINES_MAX, OUTPUT_LINE_LENGTH_MAX, DETAIL_LENGTH_MAX);
}

function outputNoteOf(parts: Parts, shown: Output | null, count: number): string | null {
  if (shown === null || count === 0) return null;
  const all = lastLines(shown.text, Infinity, OUTPUT_LINE_LENGTH_MAX).length;
  if (all <= count && shown.dropped_bytes === 0) return null;
  const which = parts.name === null ? 'first' : 'last';
  return count === 1 ? `the ${which} line` : `the ${which} ${count} lines`;
}

function linksOf({ facts, name, context }: Parts): MessageLink[] {
  const { job, publicUrl, run } = context;
  const links: MessageLink[] = [];
  if (publicUrl !== null && isSystemReason(facts.reason)) links.push(systemLink(facts.reason, publicUrl));
  if (publicUrl !== null && name !== null) {
    const jobUrl = `${publicUrl}/jobs/${encodeURIComponent(name)}`;
    const hasRun = facts.run_id !== null && run !== null && run.outcome !== 'missed';
    links.push(
      hasRun
        ? { label: 'Run', text: run.id, url: `${jobUrl}/runs/${encodeURIComponent(run.id)}` }
        : { label: 'Job', text: name, url: jobUrl },
    );
  }
  const runbook = job?.declaration.runbook;
  const url = runbook === undefined ? null : linkAddress(runbook);
  if (url !== null) links.push({ label: 'Runbook', text: cleanLine(url, VALUE_LENGTH_MAX), url });
  const place = job?.place ?? null;
  if (place !== null) {
    const text = cleanLine(`${place.file}:${place.line}`, VALUE_LENGTH_MAX);
    const source = context.sourceUrlOf?.(place) ?? null;
    links.push({ label: 'Declared in', text, url: source === null ? null : linkAddress(source) });
  }
  return links;
}

/** Where Cronflow says more about trouble of its own. */
function systemLink(reason: SystemReason, publicUrl: string): MessageLink {
  const [label, path] =
    reason === 'config_invalid' || reason === 'config_held'
      ? ['Configuration', '/config']
      : reason === 'notifier_failing'
        ? ['What was not delivered', '/deliveries?status=dead']
        : ['Cronflow', '/'];
  return { label, text: `${publicUrl}${path}`, url: `${publicUrl}${path}` };
}

/** The address in its normal form, without a character that could end a link; null unless http or https. */
function linkAddress(text: string): string | null {
  return webAddress(text)?.href.replace(/\|/g, '%7C') ?? null;
}
