import type { Delivery, DeliveryFacts, Incident, Job, Row } from '../../core/model/records.ts';
import type { Output } from '../../store/store.ts';
import type { Redact } from './redact.ts';

/** The kind of a message; a notifier may show each in its own colour. */
export type MessageKind =
  | 'opened'
  | 'reminder'
  | 'closed'
  | 'opened_and_closed'
  /** The job was paused or removed while in trouble. Only notifiers that keep state get this. */
  | 'closed_silently'
  /** Tells of several incidents (docs/design.md §7, Storms). */
  | 'merged';
export type Severity = 'bad' | 'good' | 'over';

export interface MessageField {
  label: string;
  value: string;
}

export interface MessageLink {
  label: string;
  text: string;
  /** Absolute, http or https; null for a link without an address, such as `cronflow.yaml:12`. */
  url: string | null;
}

/** Jobs of one group in a merged message. */
export interface MessageSection {
  /** The `group` of the jobs; null for those without one. */
  group: string | null;
  /** Each line names jobs in the same kind of trouble, such as `FAILED: exit 1`. */
  lines: readonly { what: string; names: readonly string[] }[];
}

/**
 * The records that one delivery is about, for notifiers that send data instead of words. Null stands for a record
 * that does not exist any more.
 */
export interface MessageSource {
  delivery: Delivery;
  incident: Incident | null;
  job: Job | null;
  run: Row | null;
  /** The facts of the closing that goes out in the same message. */
  closing: DeliveryFacts | null;
}

/** The message that told this notifier of the incident first. */
export interface Opening {
  /** The notifier's answer to that message; see `SendResult`. */
  receipt: string;
  /** True if that message told of other incidents, too. */
  isMerged: boolean;
  /**
   * That message itself, for the message that ends the incident. Null for other messages, and where it told of other
   * incidents, too.
   */
  said: Message | null;
}

/**
 * One notification in words, the same for every notifier. All texts are cleaned of control and invisible
 * characters; escaping is up to the notifier. Everything but `output` is on one line.
 */
export interface Message {
  /** The id of the delivery. It is the same at every attempt, so that a receiver can recognize a repeat. */
  deliveryId: string;
  /** The id of the incident; for a merged message that of the first incident in it. */
  incidentId: string;
  kind: MessageKind;
  severity: Severity;
  /**
   * The title, which must be understood alone: `FAILED daily-database-backup on web1: exit 1 after 4m12s (3rd in a
   * row)`.
   */
  title: string;
  /** The description of the job; null when its declaration has none. */
  description: string | null;
  fields: readonly MessageField[];
  /** The last lines that the run printed; null when there are none to show. */
  output: string | null;
  /** Says which part of the output is shown, e.g. `the last 20 lines`; null when all of it is. */
  outputNote: string | null;
  links: readonly MessageLink[];
  /** The people to call, as `mention` of the job names them. Empty except when trouble begins. */
  mentions: readonly string[];
  /** The jobs of a merged message; empty for all others. */
  sections: readonly MessageSection[];
  /** Null where the opening was not sent, left no receipt, or is this message itself. */
  opening: Opening | null;
  source: MessageSource;
}

/**
 * The facts that a message needs beyond the frozen ones of its delivery. Null stands for a record that does not exist
 * any more.
 */
export interface MessageContext {
  /** The instant at which the message is sent. */
  nowAt: number;
  incident: Incident | null;
  job: Job | null;
  run: Row | null;
  output: Output | null;
  /** Median duration of recent successful runs; null where there are none. */
  usualMs: number | null;
  /** The host of the last run. */
  lastHost: string | null;
  /** The zone in which instants are written where there is no job to give one. */
  timezone: string;
  /** The address of Cronflow without a trailing slash; null leaves out links to it. */
  publicUrl: string | null;
  /** Finds the address at which people read the line that declares a job; absent without `source_url`. */
  sourceUrlOf?: SourceUrlOf;
  /** The facts of the closing that goes out in the same message, because the opening was not yet sent. */
  closing: DeliveryFacts | null;
  /** The number of messages to this notifier that were given up since one last got through. */
  deadCount: number;
  opening: Opening | null;
  redact: Redact;
}

/** Returns the address of a line of the configuration; null where it has none. */
export type SourceUrlOf = (place: { file: string; line: number }) => string | null;
