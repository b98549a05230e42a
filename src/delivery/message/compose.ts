import type { Delivery, Job } from '../../core/model/records.ts';
import type { Output } from '../../store/store.ts';
import { cleanLine, cleanText, firstLines, lastLines } from './clean.ts';
import { fieldsOf } from './fields.ts';
import type {
  Message,
  MessageContext,
  MessageLink,
  MessageSection,
  MessageSource,
  Severity,
} from './message.ts';
import { type Parts, partsOf } from './parts.ts';
import { type Redact, redactDelivery, redactDetail, redactIncident } from './redact.ts';
import { isSystemReason, type SystemReason } from '../../core/model/reasons.ts';
import { titleOf } from './titles.ts';
import { webAddress } from '../../core/text/web-address.ts';
import { isEndKind } from '../../core/model/delivery-id.ts';

const OUTPUT_LINES_MAX = 20;
const OUTPUT_LINE_LENGTH_MAX = 300;
/** Trouble of Cronflow itself is shown from its beginning. These limits fit where a notifier shows output. */
const DETAIL_LINES_MAX = 40;
const DETAIL_LENGTH_MAX = 2_500;
/** Matches a long list of allowed words. It is left out, because it would hide the errors that follow. */
const LONG_LIST = / \(allowed: [^\n]{80,}\)$/gm;
/** A longer output is looked at from its end only, because the last lines are there and hiding secrets takes time. */
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
      // A reason that the title holds whole is not repeated.
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

/** Returns the severity. A message that Cronflow was away is `over`, because it is sent after the end. */
function severityOf({ kind, facts }: Parts): Severity {
  if (kind === 'closed') return 'good';
  return kind === 'opened_and_closed' || kind === 'closed_silently' || facts.reason === 'cronflow_away'
    ? 'over'
    : 'bad';
}

/**
 * Makes a message that says only what is given. The delivery is without its detail, because nothing in the detail can
 * be hidden when a message could not be written.
 */
export function bareMessage(
  delivery: Delivery,
  said: Pick<Message, 'kind' | 'severity' | 'title'> & { sections?: MessageSection[]; job?: Job | null },
): Message {
  const { job = null, sections = [], ...words } = said;
  return {
    deliveryId: delivery.id,
    incidentId: delivery.incident_id,
    ...words,
    description: null,
    fields: [],
    output: null,
    outputNote: null,
    links: [],
    mentions: [],
    sections,
    opening: null,
    source: { delivery: withoutDetail(delivery), incident: null, job, run: null, closing: null },
  };
}

function withoutDetail(delivery: Delivery): Delivery {
  return delivery.job_id === null
    ? { ...delivery, facts: { ...delivery.facts, detail: null } }
    : { ...delivery, facts: { ...delivery.facts, detail: null } };
}

/**
 * Writes the message that is left when `messageOf` fails, which only a bug can cause, because people must be told
 * even then.
 * @param isOver whether the closing goes out in the same message
 */
export function bareMessageOf(delivery: Delivery, isOver: boolean): Message {
  const { kind, facts } = delivery;
  const name = cleanLine(facts.job_name ?? 'Cronflow', VALUE_LENGTH_MAX);
  const verdict = kind.startsWith('closed') ? 'RESOLVED' : isOver ? 'IN TROUBLE AND RESOLVED' : 'IN TROUBLE';
  const severity = kind === 'closed' ? 'good' : kind === 'closed_silently' ? 'over' : 'bad';
  return bareMessage(delivery, { kind, severity, title: `${verdict} ${name}: ${facts.reason}` });
}

/** Returns the records of a message with the same parts hidden as in its words. */
function sourceOf(
  delivery: Delivery,
  { incident, job, run, redact }: MessageContext,
  parts: Parts,
): MessageSource {
  return {
    delivery: redactDelivery(delivery, redact),
    incident: incident === null ? null : redactIncident(incident, redact),
    job,
    run: run?.kind === 'run' ? redactDetail(run, redact) : run,
    closing: parts.closing,
  };
}

/** Returns the output of the run that went wrong, or for trouble of Cronflow itself the whole detail. */
function shownOf({ facts, kind, context }: Parts): Output | null {
  if (isEndKind(kind)) return null;
  if (facts.job_name !== null) {
    return context.output === null ? null : keptOf(context.output, context.redact);
  }
  const detail = facts.detail?.slice(0, KEPT_LENGTH_MAX) ?? '';
  const lineAt = detail.indexOf('\n');
  if (lineAt < 0) return null;
  // The title holds the whole first line where Cronflow was away; the first line of an error may be cut there.
  const text = facts.reason === 'cronflow_away' ? detail.slice(lineAt + 1) : detail.replaceAll(LONG_LIST, '');
  return { text, dropped_bytes: 0 };
}

/** Returns the end of an output, cleaned and without secrets. */
function keptOf({ text, dropped_bytes: dropped }: Output, redact: Redact): Output {
  const isCut = dropped > 0 || text.length > KEPT_LENGTH_MAX;
  const kept = cleanText(text.slice(-KEPT_LENGTH_MAX));
  // A word that lacks its beginning may be the rest of a secret, which no pattern would match.
  const whole = isCut ? kept.replace(/^\S{1,2000}/, '…') : kept;
  return { text: redact(whole), dropped_bytes: isCut ? Math.max(dropped, 1) : 0 };
}

function outputOf({ facts }: Parts, shown: Output | null): string[] {
  if (shown === null) return [];
  if (facts.job_name !== null) return lastLines(shown.text, OUTPUT_LINES_MAX, OUTPUT_LINE_LENGTH_MAX);
  return firstLines(shown.text, DETAIL_LINES_MAX, OUTPUT_LINE_LENGTH_MAX, DETAIL_LENGTH_MAX);
}

function outputNoteOf({ facts }: Parts, shown: Output | null, count: number): string | null {
  if (shown === null || count === 0) return null;
  const all = lastLines(shown.text, Infinity, OUTPUT_LINE_LENGTH_MAX).length;
  if (all <= count && shown.dropped_bytes === 0) return null;
  const which = facts.job_name === null ? 'first' : 'last';
  return count === 1 ? `the ${which} line` : `the ${which} ${count} lines`;
}

function linksOf({ facts, kind, context }: Parts): MessageLink[] {
  const { job, publicUrl, run } = context;
  const links: MessageLink[] = [];
  if (publicUrl !== null && isSystemReason(facts.reason)) links.push(systemLink(facts.reason, publicUrl));
  if (publicUrl !== null && facts.job_name !== null) {
    const jobUrl = `${publicUrl}/jobs/${encodeURIComponent(facts.job_name)}`;
    const hasRun = facts.run_id !== null && run !== null && run.outcome !== 'missed';
    links.push(
      hasRun
        ? { label: 'Run', text: run.id, url: `${jobUrl}/runs/${encodeURIComponent(run.id)}` }
        : { label: 'Job', text: facts.job_name, url: jobUrl },
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
  // Cronflow itself shows docs/reasons.md, so that whoever is called at night need not search for it.
  if (publicUrl !== null && !isEndKind(kind))
    links.push({ label: 'Reason', text: facts.reason, url: `${publicUrl}/docs/reasons#${facts.reason}` });
  return links;
}

/** Returns the link to the place where Cronflow says more about its own trouble. */
function systemLink(reason: SystemReason, publicUrl: string): MessageLink {
  const [label, path] =
    reason === 'config_invalid' || reason === 'config_held'
      ? ['Configuration', '/config']
      : reason === 'notifier_failing'
        ? ['What was not delivered', '/deliveries?status=dead']
        : ['Cronflow', '/'];
  return { label, text: `${publicUrl}${path}`, url: `${publicUrl}${path}` };
}

/**
 * Returns an address in its normal form, without a character that could end a link; null unless it is http or https.
 */
function linkAddress(text: string): string | null {
  return webAddress(text)?.href.replace(/\|/g, '%7C') ?? null;
}
