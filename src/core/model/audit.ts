/** How somebody came to change something: with a token, with a session of one, where none is needed, or by a file. */
export const AUDIT_WAYS = ['token', 'session', 'anybody', 'file'] as const;

/** Whoever makes a change (docs/design.md §8). */
export interface Actor {
  via: (typeof AUDIT_WAYS)[number];
  /** The name of the token; for a file, what made Cronflow read it; null where nobody is known. */
  who: string | null;
  /** The address of the client; for a file, the host of the Cronflow that read it; null where it is not known. */
  from: string | null;
}

/** Somebody of whom nothing is known, as a caller within this process. */
export const NOBODY: Actor = { via: 'anybody', who: null, from: null };

/** What was done. */
export const AUDIT_ACTIONS = [
  'job_registered',
  'job_changed',
  'job_renamed',
  'job_removed',
  'job_paused',
  'job_resumed',
  'incident_acknowledged',
  'configuration_applied',
] as const;

/** One key that changed. A side on which it is not set is absent. */
export interface AuditChange {
  /** The job, by its name after the change; null for what belongs to none. */
  job: string | null;
  key: string;
  from?: unknown;
  to?: unknown;
}

/** One entry of the audit log: who changed what, from where and when. It is never changed. */
export interface AuditRecord extends Actor {
  id: string;
  at: number;
  action: (typeof AUDIT_ACTIONS)[number];
  /** The names of the jobs that it changed, in their order. */
  jobs: readonly string[];
  /** The incident that was acknowledged; null for anything else. */
  incident_id: string | null;
  changes: readonly AuditChange[];
  /** The number of jobs and changes that are left out, because one entry is bounded. */
  left_out: number;
}

/** One entry holds at most so many names of jobs, and so much text of changes, since a file may change all jobs. */
export const AUDIT_ENTRY = { jobsMax: 500, changesLengthMax: 16_384 } as const;

/** The store keeps at most so many entries; beyond them the oldest go. */
export const AUDIT_RECORDS_MAX = 10_000;
