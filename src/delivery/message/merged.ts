import { isEndKind } from '../../core/model/delivery-id.ts';
import type {
  Delivery,
  DeliveryFacts,
  Incident,
  Job,
  JobFacts,
  SystemFacts,
} from '../../core/model/records.ts';
import { cleanLine } from './clean.ts';
import { bareMessage } from './compose.ts';
import type { Message, MessageField, MessageSection, Severity } from './message.ts';
import { type Redact, redactDelivery, redactDetail, redactIncident } from './redact.ts';
import { failingNotifierOf, systemRecovery } from './system-words.ts';
import { fullTime } from '../../schedule/wall-time.ts';
import { deadCountWords, groupedWords, listedSystemWords, verdictOf } from './words.ts';

/** One of the deliveries that a merged message tells of. */
export interface MergedItem {
  delivery: Delivery;
  /** Null where the incident does not exist any more. */
  incident: Incident | null;
  job: Job | null;
  /** The closing of an incident that closed before its opening was sent; the message tells of both. */
  closing: DeliveryFacts | null;
}

const WHAT_LENGTH_MAX = 160;
const SYSTEM_WHAT_LENGTH_MAX = 300;
/**
 * The number of kinds of trouble that get a heading of their own within one verdict and group. The others stand under
 * the verdict alone, because a thousand jobs that each failed in their own way must not need a heading each.
 */
const HEADINGS_MAX = 8;
/** The characters that a notifier puts around a name or a heading: a comma or a line feed, and a space. */
const AROUND_LENGTH = 2;
/** The characters that a notifier puts around a mention; Slack's are the longest: `<!subteam^S0615G0KT> `. */
const AROUND_MENTION_LENGTH = 13;

/**
 * Writes the one message that tells of many deliveries (docs/design.md §7, Storms). It lists every job, by group and
 * by kind of trouble; no name is left out or cut. Pure.
 * @param items at least one, in the order in which they are owed
 * @param context the instant of sending, the address for links, and the number of messages to this notifier that were
 * given up
 */
export function mergedMessageOf(
  items: readonly MergedItem[],
  context: { nowAt: number; publicUrl: string | null; deadCount: number; redact: Redact },
): Message {
  const list = new Listing();
  const redacted = items.map((item) => redactItem(item, context.redact));
  const [first] = redacted;
  if (first === undefined) throw new Error('a merged message of nothing: a bug');
  for (const item of redacted) list.add(item);
  const { delivery, incident, job, closing } = first;
  const { publicUrl } = context;
  return {
    deliveryId: delivery.id,
    incidentId: delivery.incident_id,
    kind: 'merged',
    severity: list.severity,
    title: list.title(),
    description: null,
    fields: fieldsOf(items, context),
    output: null,
    outputNote: null,
    links: publicUrl === null ? [] : [{ label: 'Cronflow', text: publicUrl, url: `${publicUrl}/` }],
    mentions: list.mentions,
    sections: list.sections(),
    opening: null,
    source: { delivery, incident, job, run: null, closing },
  };
}

/**
 * Counts how many of the first items fit into one merged message, which is at least one. The limit is for the
 * characters of names, headings and mentions and those around them, before a notifier escapes anything.
 */
export function mergedCountOf(items: readonly MergedItem[], lengthMax: number): number {
  const list = new Listing();
  for (const [index, item] of items.entries()) {
    list.add(item);
    if (list.length > lengthMax) return Math.max(index, 1);
  }
  return items.length;
}

function redactItem(item: MergedItem, redact: Redact): MergedItem {
  const { delivery, incident, closing } = item;
  return {
    ...item,
    delivery: redactDelivery(delivery, redact),
    incident: incident === null ? null : redactIncident(incident, redact),
    closing: closing === null ? null : redactDetail(closing, redact),
  };
}

/** The words of a merged message about one item. The worst item comes first. */
interface Telling {
  /** `FAILED`, `RESOLVED`, `STILL FAILED`, `FAILED AND RESOLVED`. */
  verdict: string;
  /** The heading, which begins with the verdict: `FAILED: exit 1`. */
  what: string;
  /** The length that `what` may reach, because hiding a secret in a detail may make it longer. */
  whatLengthMax: number;
  rank: Rank;
  severity: Severity;
}

const RANKS = ['system', 'opened', 'still', 'past', 'silent', 'closed'] as const;
type Rank = (typeof RANKS)[number];

interface Line {
  rank: Rank;
  names: Set<string>;
}

/**
 * Collects deliveries one at a time and counts as it goes, so that nothing is counted twice to find out how many fit.
 */
class Listing {
  /** The number of characters so far; see `mergedCountOf`. */
  length = 0;
  readonly #sections = new Map<string | null, Map<string, Line>>();
  /** The number of headings in use within a group and verdict. */
  readonly #headings = new Map<string, number>();
  /** The jobs by verdict. */
  readonly #jobs = new Map<string, Line>();
  readonly #system = new Set<string>();
  readonly #severities = new Set<Severity>();
  /** Jobs whose trouble ended earlier in this message. Their next trouble is marked as having begun again. */
  readonly #over = new Set<string>();
  readonly #mentions = new Set<string>();

  get mentions(): string[] {
    return [...this.#mentions];
  }

  get severity(): Severity {
    if (this.#severities.has('bad')) return 'bad';
    return this.#severities.has('over') ? 'over' : 'good';
  }

  add(item: MergedItem): void {
    const { delivery, job, closing } = item;
    const { facts } = delivery;
    if (facts.job_name === null) return this.#addSystem(item, facts);
    const name = facts.job_name;
    const telling = this.#tellingOf(item, facts);
    this.#severities.add(telling.severity);
    if (isEnd(telling.rank)) this.#over.add(name);
    const jobs = this.#jobs.get(telling.verdict) ?? { rank: telling.rank, names: new Set() };
    this.#jobs.set(telling.verdict, jobs);
    jobs.names.add(name);
    const group = cleanLine(job?.declaration.group ?? '', WHAT_LENGTH_MAX);
    this.#list(group === '' ? null : group, telling, name);
    if (delivery.kind === 'opened' && closing === null) this.#mention(job?.declaration.mention ?? []);
  }

  #addSystem(item: MergedItem, facts: SystemFacts): void {
    const telling = systemTellingOf(item, facts);
    this.#severities.add(telling.severity);
    this.#system.add(telling.verdict);
    const subject = cleanLine(failingNotifierOf(item.incident) ?? '', WHAT_LENGTH_MAX);
    this.#list(null, telling, subject === '' ? 'Cronflow' : subject);
  }

  #tellingOf(item: MergedItem, facts: JobFacts): Telling {
    const telling = jobTellingOf(item, facts);
    if (telling.rank !== 'opened' || !this.#over.has(facts.job_name)) return telling;
    const verdict = `${telling.verdict} AGAIN`;
    const what = telling.what.replace(telling.verdict, verdict);
    return { ...telling, verdict, what, whatLengthMax: Math.max(what.length, telling.whatLengthMax + 6) };
  }

  #list(group: string | null, telling: Telling, name: string): void {
    const lines = this.#sections.get(group) ?? new Map<string, Line>();
    if (!this.#sections.has(group)) this.#count(group ?? '', AROUND_LENGTH);
    this.#sections.set(group, lines);
    const what = this.#headingOf(group, lines, telling);
    const line = lines.get(what) ?? { rank: telling.rank, names: new Set() };
    if (!lines.has(what)) this.length += Math.max(what.length, telling.whatLengthMax) + AROUND_LENGTH;
    lines.set(what, line);
    if (!line.names.has(name)) this.#count(name, AROUND_LENGTH);
    line.names.add(name);
  }

  /** Returns the heading for an item: its own while there are few, else the verdict. */
  #headingOf(
    group: string | null,
    lines: ReadonlyMap<string, Line>,
    { verdict, what, rank }: Telling,
  ): string {
    if (lines.has(what) || rank === 'system') return what;
    const key = `${verdict}\n${group ?? ''}`;
    const count = this.#headings.get(key) ?? 0;
    if (count >= HEADINGS_MAX) return verdict;
    this.#headings.set(key, count + 1);
    return what;
  }

  #mention(mentions: readonly string[]): void {
    for (const mention of mentions) {
      if (!this.#mentions.has(mention)) this.#count(mention, AROUND_MENTION_LENGTH);
      this.#mentions.add(mention);
    }
  }

  #count(text: string, around: number): void {
    this.length += text.length + around;
  }

  /** Returns the title, such as `23 JOBS: 20 FAILED, 3 MISSED`; trouble of Cronflow itself comes first. */
  title(): string {
    const jobs = [...this.#jobs].toSorted(([, a], [, b]) => worstFirst(a, b));
    const names = new Set(jobs.flatMap(([, line]) => [...line.names]));
    const subject = names.size === 1 ? [...names].join('') : `${names.size} JOBS`;
    const counts = jobs.map(([verdict, line]) =>
      names.size === 1 ? verdict : `${line.names.size} ${verdict}`,
    );
    const told = jobs.length === 1 ? `${subject} ${jobs[0]?.[0]}` : `${subject}: ${counts.join(', ')}`;
    return [...this.#system, ...(names.size === 0 ? [] : [told])].join('; ');
  }

  /**
   * Returns the jobs by group. Those without a group come first, because nothing would separate them from a group
   * before them.
   */
  sections(): MessageSection[] {
    return [...this.#sections]
      .toSorted(([a], [b]) => compare(a ?? '', b ?? ''))
      .map(([group, lines]) => ({
        group,
        lines: [...lines]
          .toSorted(
            ([, a], [, b]) => RANKS.indexOf(a.rank) - RANKS.indexOf(b.rank) || b.names.size - a.names.size,
          )
          .map(([what, { names }]) => ({ what, names: [...names].toSorted(compare) })),
      }));
  }
}

/** Tells whether the trouble has ended. */
function isEnd(rank: Rank): boolean {
  return rank === 'past' || rank === 'silent' || rank === 'closed';
}

function jobTellingOf({ delivery, incident, job, closing }: MergedItem, facts: JobFacts): Telling {
  const { kind } = delivery;
  if (kind === 'closed') return { ...plain('RESOLVED'), rank: 'closed', severity: 'good' };
  if (kind === 'closed_silently') {
    const verdict = incident?.close_reason === 'removed' ? 'REMOVED' : 'PAUSED';
    return { ...plain(verdict), rank: 'silent', severity: 'over' };
  }
  const words = groupedWords(facts, job?.declaration.timezone ?? 'UTC', kind);
  const isOver = kind === 'opened' && closing !== null;
  const before = kind === 'reminder' ? 'STILL ' : '';
  const verdict = `${before}${words.verdict}${isOver ? ' AND RESOLVED' : ''}`;
  const what = cleanLine(`${verdict}: ${words.what}`, WHAT_LENGTH_MAX);
  const rank = isOver ? 'past' : kind === 'reminder' ? 'still' : 'opened';
  const whatLengthMax = facts.detail === null ? what.length : WHAT_LENGTH_MAX;
  return { verdict, what, whatLengthMax, rank, severity: isOver ? 'over' : 'bad' };
}

function plain(verdict: string): Pick<Telling, 'verdict' | 'what' | 'whatLengthMax'> {
  return { verdict, what: verdict, whatLengthMax: verdict.length };
}

function systemTellingOf({ delivery, incident, closing }: MergedItem, facts: SystemFacts): Telling {
  const { kind } = delivery;
  const reason = incident?.reason ?? facts.reason;
  const rank = 'system';
  const line = (verdict: string, what: string, severity: Severity): Telling => ({
    verdict,
    what: cleanLine(`${verdict}: ${what}`, SYSTEM_WHAT_LENGTH_MAX),
    whatLengthMax: SYSTEM_WHAT_LENGTH_MAX,
    rank,
    severity,
  });
  if (isEndKind(kind)) {
    const verdict = verdictOf(reason);
    if (kind === 'closed')
      return line(`${verdict} RESOLVED`, systemRecovery(reason, failingNotifierOf(incident)), 'good');
    const isRemoved = incident?.close_reason === 'removed';
    if (isRemoved) return line(`${verdict} REMOVED`, 'it is configured no longer', 'over');
    return line(`${verdict} REPLACED`, 'what is wrong now has an alert of its own', 'over');
  }
  const { verdict, what } = listedSystemWords(facts);
  if (closing !== null) return line(`${verdict} AND RESOLVED`, what, 'over');
  if (kind === 'reminder') return line(`STILL ${verdict}`, what, 'bad');
  return line(verdict, what, facts.reason === 'cronflow_away' ? 'over' : 'bad');
}

/**
 * Returns when the first and the last of it happened, because messages that waited for a notifier may be hours old.
 */
function fieldsOf(
  items: readonly MergedItem[],
  { nowAt, deadCount }: { nowAt: number; deadCount: number },
): MessageField[] {
  const zones = new Set(items.flatMap(({ job }) => job?.declaration.timezone ?? []));
  const [only] = zones;
  const timezone = zones.size === 1 && only !== undefined ? only : 'UTC';
  let fromAt = Infinity;
  let toAt = -Infinity;
  for (const { delivery, closing } of items) {
    fromAt = Math.min(fromAt, delivery.facts.at);
    toAt = Math.max(toAt, closing?.at ?? delivery.facts.at);
  }
  const from = fullTime(fromAt, timezone);
  const to = fullTime(toAt, timezone);
  const fields = [
    { label: 'Happened', value: from === to ? from : `${from} to ${to}` },
    { label: 'Now', value: `${fullTime(nowAt, timezone)} (${timezone})` },
  ];
  return deadCount === 0 ? fields : [...fields, { label: 'Not delivered', value: deadCountWords(deadCount) }];
}

function worstFirst(a: Line, b: Line): number {
  return RANKS.indexOf(a.rank) - RANKS.indexOf(b.rank) || b.names.size - a.names.size;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * Writes the message that is left when `mergedMessageOf` fails, which only a bug can cause: no name is lost even
 * then.
 */
export function bareMergedMessageOf(items: readonly MergedItem[]): Message {
  const [first] = items;
  if (first === undefined) throw new Error('a merged message of nothing: a bug');
  const { delivery, job } = first;
  const names = [...new Set(items.map((item) => item.delivery.facts.job_name ?? 'Cronflow'))];
  return bareMessage(delivery, {
    kind: 'merged',
    severity: 'bad',
    title: `${names.length} JOBS IN TROUBLE OR RESOLVED`,
    sections: [{ group: null, lines: [{ what: 'IN TROUBLE OR RESOLVED', names }] }],
    job,
  });
}
