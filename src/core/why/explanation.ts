import type { Reason, Status } from '../model/reasons.ts';

/** One thing that is told, in one or a few short sentences. */
export interface Told {
  /** The instant at which it happened; null for what holds for longer. */
  at: number | null;
  text: string;
  /** The reason that docs/reasons.md explains further, where there is one. */
  reason: Reason | null;
  /** The row of the history that it is about. */
  run_id: string | null;
}

/** The parts of an explanation, in the order in which they are told. */
export const PARTS = ['expected', 'happened', 'unseen', 'incident', 'told', 'next', 'later'] as const;
export type Part = (typeof PARTS)[number];

/** Says when a job is expected, and by which rule (docs/design.md §3.1). */
export type Rule =
  /** A slot of its schedule. */
  | 'schedule'
  /** A time after its last start. */
  | 'every'
  /** It runs `every` so often, and a run is open. */
  | 'open_run'
  /** A slot that waits for pings which were kept while Cronflow was away. */
  | 'replay_window'
  /** It is paused. */
  | 'paused'
  /** It has no slots, or it was removed. */
  | 'none';

/** The next thing that time alone does to a job. */
export interface NextByTime {
  at: number;
  what: 'missed' | 'unknown' | 'timeout' | 'skipped' | 'announcement' | 'reminder' | 'resumption';
}

/** The slot that a job is expected at. */
export interface Expectation {
  rule: Rule;
  /** Null where nothing is expected. */
  slot_at: number | null;
  /** From this instant on a run may start and claim the slot. */
  early_from_at: number | null;
  /** By this instant the slot must be claimed. */
  deadline_at: number | null;
}

/** Says of one job why it was as it was at one instant. Instants are milliseconds since the Unix epoch. */
export interface Why {
  job: string;
  timezone: string;
  /** The instant that was asked about. */
  at: number;
  /** The stretch of the log that is told. */
  from_at: number;
  until_at: number;
  /** The instant at which the log begins. */
  log_from_at: number;
  /** The rest of these keys say how the job was at `at`; null before it was declared. */
  status: Status | null;
  expected: Expectation | null;
  incident_id: string | null;
  next: NextByTime | null;
  /** Says it in short. */
  verdict: readonly Told[];
  parts: readonly { part: Part; told: readonly Told[] }[];
}

/** Makes one thing that is told. */
export function told(text: string, more: Partial<Omit<Told, 'text'>> = {}): Told {
  return { at: null, reason: null, run_id: null, ...more, text };
}
