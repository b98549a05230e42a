import type { Delivery, DeliveryFacts, Incident, Job, Run } from '../../core/model/records.ts';
import type { Output } from '../../store/store.ts';
import type { Redact } from './redact.ts';

/** What a message is about; a notifier may show each in its own colour. */
export type MessageKind =
  | 'opened'
  | 'reminder'
  | 'closed'
  | 'opened_and_closed'
  /** The job was paused or removed while in trouble: only for notifiers that keep state. */
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
  /** Absolute, http or https; null for what has no address, such as `cronflow.yaml:12`. */
  url: string | null;
}

/** Jobs of one group in a merged message. */
export interface MessageSection {
  /** The `group` of the jobs; null for those without. */
  group: string | null;
  /** Jobs in the same kind of trouble together: `FAILED: exit 1`, and their names. */
  lines: readonly { what: string; names: readonly string[] }[];
}

/** The records one delivery is about, for notifiers that send data and no words. Null: not there any more. */
export interface MessageSource {
  delivery: Delivery;
  incident: Incident | null;
  job: Job | null;
  run: Run | null;
  /** Of the closing that goes out in the same message. */
  closing: DeliveryFacts | null;
}

/** The message that told this notifier of the incident first. */
export interface Opening {
  /** What the notifier answered then; see `SendResult`. */
  receipt: string;
  /** Whether it told of other incidents, too. */
  isMerged: boolean;
  /** What it said, for a message that ends the incident; null for others, and where it told of other incidents, too. */
  said: Message | null;
}

/**
 * One notification in words, the same for every notifier. All texts are cleaned of control and invisible
 * characters; escaping is up to the notifier. Everything but `output` is on one line.
 */
export interface Message {
  /** The same at every attempt, so that a receiver can tell a repeat. */
  deliveryId: string;
  /** Of a merged message, that of the first it tells of. */
  incidentId: string;
  kind: MessageKind;
  severity: Severity;
  /** Reads alone: `FAILED daily-database-backup on web1: exit 1 after 4m12s (3rd in a row)`. */
  title: string;
  /** What the job does; null when its declaration does not say. */
  description: string | null;
  fields: readonly MessageField[];
  /** The last lines the run printed; null when there are none to show. */
  output: string | null;
  /** What of the output is shown, e.g. `the last 20 lines`; null when that is all of it. */
  outputNote: string | null;
  links: readonly MessageLink[];
  /** Who is to be called, as `mention` of the job has it: when trouble begins, and at no other time. */
  mentions: readonly string[];
  /** What a merged message lists; empty for all others. */
  sections: readonly MessageSection[];
  /** Null where the opening was not sent, left no receipt, or is this message itself. */
  opening: Opening | null;
  source: MessageSource;
}

/** What a message says beyond the frozen facts of its delivery. Null is for what is not there any more. */
export interface MessageContext {
  /** When the message is sent. */
  nowAt: number;
  incident: Incident | null;
  job: Job | null;
  run: Run | null;
  output: Output | null;
  /** Median duration of recent successful runs. */
  usualMs: number | null;
  /** Where the job ran last. */
  lastHost: string | null;
  /** In which instants are named where no job says it. */
  timezone: string;
  /** Without a trailing slash; null: no links to Cronflow. */
  publicUrl: string | null;
  /** Where the line that declares a job is read; none without one. */
  sourceUrlOf?: SourceUrlOf;
  /** Of the closing that goes out in the same message, because the opening was not yet sent. */
  closing: DeliveryFacts | null;
  /** Messages to this notifier that were given up since one last got through. */
  undelivered: number;
  opening: Opening | null;
  redact: Redact;
}

/** The address of a line of the configuration; null where it has none. */
export type SourceUrlOf = (place: { file: string; line: number }) => string | null;
