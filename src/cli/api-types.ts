/** Generated from schemas/openapi.yaml by scripts/generate-types.mjs. Do not edit. */

export type JobInput = Declaration & {
  /**
   * Letters, digits, dots, underscores and dashes, at most 128, a letter or digit first. Not `start`, `fail`, `log` or a bare number, which have a meaning in ping addresses.
   */
  name: string;
};
/**
 * What the job is doing, or how its last counted run or slot ended
 */
export type Status = 'pending' | 'running' | 'success' | 'failure' | 'missed' | 'timeout' | 'paused';
/**
 * Why something is as it is
 */
export type Reason =
  | 'succeeded'
  | 'reported_failure'
  | 'exit_code'
  | 'signal'
  | 'unreadable_report'
  | 'too_fast'
  | 'output_mismatch'
  | 'overlap'
  | 'stuck_lock'
  | 'timeout'
  | 'abandoned'
  | 'too_many_runs'
  | 'missed'
  | 'never_seen'
  | 'superseded'
  | 'overlap_skipped'
  | 'lock_held'
  | 'spec_changed'
  | 'outage'
  | 'late_report'
  | 'rerun'
  | 'started'
  | 'unscheduled'
  | 'duplicate'
  | 'logged'
  | 'paused'
  | 'resumed'
  | 'acknowledged'
  | 'declared'
  | 'removed'
  | 'reminder'
  | 'announced'
  | 'gap_noted'
  | 'nothing_due'
  | 'config_invalid'
  | 'config_held'
  | 'cronflow_away'
  | 'store_failing'
  | 'notifier_failing';
export type BadKind = 'failure' | 'missed' | 'timeout';
export type Instant = string;
export type InstantOrNull = string | null;
/**
 * How a run or slot ended; null while it is open
 */
export type Outcome =
  'success' | 'failure' | 'timeout' | 'missed' | 'abandoned' | 'skipped' | 'unknown' | null;
export type JobChanges = Declaration & {
  /**
   * Letters, digits, dots, underscores and dashes, at most 128, a letter or digit first. Not `start`, `fail`, `log` or a bare number, which have a meaning in ping addresses.
   */
  name?: string;
};
/**
 * A run with the name of its job
 */
export type NamedRun = Run & {
  job_name: string;
};
/**
 * What became of a slot: a run claimed it; it ended without one; it has come and waits for a run; or it is still to come
 */
export type SlotState = 'claimed' | 'missed' | 'skipped' | 'unknown' | 'waiting' | 'coming';

/**
 * The parameters, the body and the answer of each operation of the HTTP API.
 */
export interface Operations {
  get_root: {
    answer: Root;
  };
  get_healthz: {
    answer: Health;
  };
  get_readyz: {
    answer: Ready;
  };
  get_openapi: {
    answer: {};
  };
  get_docs: {
    answer: string;
  };
  get_reasons: {
    answer: string;
  };
  get_docs_script: {
    answer: string;
  };
  get_docs_style: {
    answer: string;
  };
  get_screen: {
    params: {
      /**
       * Which screen
       */
      screen: 'timeline' | 'incidents' | 'deliveries' | 'configuration' | 'audit' | 'check';
    };
    answer: string;
  };
  get_job_page: {
    params: {
      /**
       * Name of the job
       */
      name: string;
    };
    answer: string;
  };
  get_run_page: {
    params: {
      /**
       * Name of the job
       */
      name: string;
      /**
       * Id of the run
       */
      id: string;
    };
    answer: string;
  };
  get_incident_page: {
    params: {
      /**
       * Id of the incident
       */
      id: string;
    };
    answer: string;
  };
  get_page_file: {
    params: {
      /**
       * Name of the file, as the page has it
       */
      file: string;
    };
    answer: string;
  };
  post_job: {
    body: JobInput;
    answer: Job;
  };
  get_jobs: {
    query: {
      /**
       * How many to leave out
       */
      skip?: number;
      /**
       * How many at most
       */
      limit?: number;
      /**
       * Where the page begins: the cursor of the `Link` header of the page before. It does not go together with `skip`.
       */
      cursor?: string;
      status?: Status;
      /**
       * Jobs with an open incident, or those without
       */
      incident?: 'open' | 'none';
      /**
       * Jobs that have this tag
       */
      tag?: string;
      /**
       * Jobs of this group
       */
      group?: string;
      /**
       * Jobs of these names, each as a parameter of its own; no other filter goes with it
       *
       * @maxItems 50
       */
      name?: string[];
      /**
       * Part of the name or the description, in upper or lower case
       */
      q?: string;
    };
    answer: Job[];
  };
  get_job: {
    params: {
      /**
       * Name of the job
       */
      name: string;
    };
    answer: Job;
  };
  put_job: {
    params: {
      /**
       * Name of the job
       */
      name: string;
    };
    body: JobChanges;
    answer: Job;
  };
  patch_job: {
    params: {
      /**
       * Name of the job
       */
      name: string;
    };
    body: {};
    answer: Job;
  };
  delete_job: {
    params: {
      /**
       * Name of the job
       */
      name: string;
    };
    answer: null;
  };
  post_pause: {
    params: {
      /**
       * Name of the job
       */
      name: string;
    };
    query: {
      /**
       * A duration such as `4h`, or an instant with its zone; at most 366 days ahead
       */
      until?: string;
    };
    body: {
      until?: string;
    };
    answer: Job;
  };
  post_resume: {
    params: {
      /**
       * Name of the job
       */
      name: string;
    };
    answer: Job;
  };
  post_start: {
    params: {
      /**
       * Name of the job
       */
      name: string;
    };
    query: {
      /**
       * The run's id, chosen by the client; the same at start and end. Up to 128 visible ASCII characters; anything else counts as none.
       */
      rid?: string;
      /**
       * The command's exit code. Where present it alone decides on success. Negative and 32-bit codes are taken as they are.
       */
      exit_code?: number;
      /**
       * The signal that killed the command, as `TERM`, `SIGTERM` or `15`
       */
      signal?: string;
      /**
       * How long the run took
       */
      duration_ms?: number;
      /**
       * How long ago this happened, by the client's own clock, for pings that are sent later. More than 7 days counts as 7 days.
       */
      delay_ms?: number;
      /**
       * The machine on which the job runs
       */
      host?: string;
      /**
       * How many bytes of output the client left out before those it sends
       */
      output_dropped_bytes?: number;
    };
    body: PingInput;
    answer: PingAnswer;
  };
  get_start: {
    params: {
      /**
       * Name of the job
       */
      name: string;
    };
    query: {
      /**
       * The run's id, chosen by the client; the same at start and end. Up to 128 visible ASCII characters; anything else counts as none.
       */
      rid?: string;
      /**
       * The command's exit code. Where present it alone decides on success. Negative and 32-bit codes are taken as they are.
       */
      exit_code?: number;
      /**
       * The signal that killed the command, as `TERM`, `SIGTERM` or `15`
       */
      signal?: string;
      /**
       * How long the run took
       */
      duration_ms?: number;
      /**
       * How long ago this happened, by the client's own clock, for pings that are sent later. More than 7 days counts as 7 days.
       */
      delay_ms?: number;
      /**
       * The machine on which the job runs
       */
      host?: string;
      /**
       * How many bytes of output the client left out before those it sends
       */
      output_dropped_bytes?: number;
    };
    answer: PingAnswer;
  };
  post_success: {
    params: {
      /**
       * Name of the job
       */
      name: string;
    };
    query: {
      /**
       * The run's id, chosen by the client; the same at start and end. Up to 128 visible ASCII characters; anything else counts as none.
       */
      rid?: string;
      /**
       * The command's exit code. Where present it alone decides on success. Negative and 32-bit codes are taken as they are.
       */
      exit_code?: number;
      /**
       * The signal that killed the command, as `TERM`, `SIGTERM` or `15`
       */
      signal?: string;
      /**
       * How long the run took
       */
      duration_ms?: number;
      /**
       * How long ago this happened, by the client's own clock, for pings that are sent later. More than 7 days counts as 7 days.
       */
      delay_ms?: number;
      /**
       * The machine on which the job runs
       */
      host?: string;
      /**
       * How many bytes of output the client left out before those it sends
       */
      output_dropped_bytes?: number;
      /**
       * `false` says that the client captured none of the command's output, because it went to a terminal or was not wanted: then `expect.output` does not judge the run. A run without output whose end does not say so has printed nothing, and is judged by that.
       */
      captured?: boolean;
    };
    body: PingInput;
    answer: PingAnswer;
  };
  get_success: {
    params: {
      /**
       * Name of the job
       */
      name: string;
    };
    query: {
      /**
       * The run's id, chosen by the client; the same at start and end. Up to 128 visible ASCII characters; anything else counts as none.
       */
      rid?: string;
      /**
       * The command's exit code. Where present it alone decides on success. Negative and 32-bit codes are taken as they are.
       */
      exit_code?: number;
      /**
       * The signal that killed the command, as `TERM`, `SIGTERM` or `15`
       */
      signal?: string;
      /**
       * How long the run took
       */
      duration_ms?: number;
      /**
       * How long ago this happened, by the client's own clock, for pings that are sent later. More than 7 days counts as 7 days.
       */
      delay_ms?: number;
      /**
       * The machine on which the job runs
       */
      host?: string;
      /**
       * How many bytes of output the client left out before those it sends
       */
      output_dropped_bytes?: number;
      /**
       * `false` says that the client captured none of the command's output, because it went to a terminal or was not wanted: then `expect.output` does not judge the run. A run without output whose end does not say so has printed nothing, and is judged by that.
       */
      captured?: boolean;
    };
    answer: PingAnswer;
  };
  post_failure: {
    params: {
      /**
       * Name of the job
       */
      name: string;
    };
    query: {
      /**
       * The run's id, chosen by the client; the same at start and end. Up to 128 visible ASCII characters; anything else counts as none.
       */
      rid?: string;
      /**
       * The command's exit code. Where present it alone decides on success. Negative and 32-bit codes are taken as they are.
       */
      exit_code?: number;
      /**
       * The signal that killed the command, as `TERM`, `SIGTERM` or `15`
       */
      signal?: string;
      /**
       * How long the run took
       */
      duration_ms?: number;
      /**
       * How long ago this happened, by the client's own clock, for pings that are sent later. More than 7 days counts as 7 days.
       */
      delay_ms?: number;
      /**
       * The machine on which the job runs
       */
      host?: string;
      /**
       * How many bytes of output the client left out before those it sends
       */
      output_dropped_bytes?: number;
      /**
       * `false` says that the client captured none of the command's output, because it went to a terminal or was not wanted: then `expect.output` does not judge the run. A run without output whose end does not say so has printed nothing, and is judged by that.
       */
      captured?: boolean;
    };
    body: PingInput;
    answer: PingAnswer;
  };
  get_failure: {
    params: {
      /**
       * Name of the job
       */
      name: string;
    };
    query: {
      /**
       * The run's id, chosen by the client; the same at start and end. Up to 128 visible ASCII characters; anything else counts as none.
       */
      rid?: string;
      /**
       * The command's exit code. Where present it alone decides on success. Negative and 32-bit codes are taken as they are.
       */
      exit_code?: number;
      /**
       * The signal that killed the command, as `TERM`, `SIGTERM` or `15`
       */
      signal?: string;
      /**
       * How long the run took
       */
      duration_ms?: number;
      /**
       * How long ago this happened, by the client's own clock, for pings that are sent later. More than 7 days counts as 7 days.
       */
      delay_ms?: number;
      /**
       * The machine on which the job runs
       */
      host?: string;
      /**
       * How many bytes of output the client left out before those it sends
       */
      output_dropped_bytes?: number;
      /**
       * `false` says that the client captured none of the command's output, because it went to a terminal or was not wanted: then `expect.output` does not judge the run. A run without output whose end does not say so has printed nothing, and is judged by that.
       */
      captured?: boolean;
    };
    answer: PingAnswer;
  };
  post_log: {
    params: {
      /**
       * Name of the job
       */
      name: string;
    };
    query: {
      /**
       * The run's id, chosen by the client; the same at start and end. Up to 128 visible ASCII characters; anything else counts as none.
       */
      rid?: string;
      /**
       * The command's exit code. Where present it alone decides on success. Negative and 32-bit codes are taken as they are.
       */
      exit_code?: number;
      /**
       * The signal that killed the command, as `TERM`, `SIGTERM` or `15`
       */
      signal?: string;
      /**
       * How long the run took
       */
      duration_ms?: number;
      /**
       * How long ago this happened, by the client's own clock, for pings that are sent later. More than 7 days counts as 7 days.
       */
      delay_ms?: number;
      /**
       * The machine on which the job runs
       */
      host?: string;
      /**
       * How many bytes of output the client left out before those it sends
       */
      output_dropped_bytes?: number;
    };
    body: PingInput;
    answer: PingAnswer;
  };
  get_log: {
    params: {
      /**
       * Name of the job
       */
      name: string;
    };
    query: {
      /**
       * The run's id, chosen by the client; the same at start and end. Up to 128 visible ASCII characters; anything else counts as none.
       */
      rid?: string;
      /**
       * The command's exit code. Where present it alone decides on success. Negative and 32-bit codes are taken as they are.
       */
      exit_code?: number;
      /**
       * The signal that killed the command, as `TERM`, `SIGTERM` or `15`
       */
      signal?: string;
      /**
       * How long the run took
       */
      duration_ms?: number;
      /**
       * How long ago this happened, by the client's own clock, for pings that are sent later. More than 7 days counts as 7 days.
       */
      delay_ms?: number;
      /**
       * The machine on which the job runs
       */
      host?: string;
      /**
       * How many bytes of output the client left out before those it sends
       */
      output_dropped_bytes?: number;
    };
    answer: PingAnswer;
  };
  post_skip: {
    params: {
      /**
       * Name of the job
       */
      name: string;
    };
    query: {
      /**
       * The run's id, chosen by the client; the same at start and end. Up to 128 visible ASCII characters; anything else counts as none.
       */
      rid?: string;
      /**
       * The command's exit code. Where present it alone decides on success. Negative and 32-bit codes are taken as they are.
       */
      exit_code?: number;
      /**
       * The signal that killed the command, as `TERM`, `SIGTERM` or `15`
       */
      signal?: string;
      /**
       * How long the run took
       */
      duration_ms?: number;
      /**
       * How long ago this happened, by the client's own clock, for pings that are sent later. More than 7 days counts as 7 days.
       */
      delay_ms?: number;
      /**
       * The machine on which the job runs
       */
      host?: string;
      /**
       * How many bytes of output the client left out before those it sends
       */
      output_dropped_bytes?: number;
    };
    body: PingInput;
    answer: PingAnswer;
  };
  get_skip: {
    params: {
      /**
       * Name of the job
       */
      name: string;
    };
    query: {
      /**
       * The run's id, chosen by the client; the same at start and end. Up to 128 visible ASCII characters; anything else counts as none.
       */
      rid?: string;
      /**
       * The command's exit code. Where present it alone decides on success. Negative and 32-bit codes are taken as they are.
       */
      exit_code?: number;
      /**
       * The signal that killed the command, as `TERM`, `SIGTERM` or `15`
       */
      signal?: string;
      /**
       * How long the run took
       */
      duration_ms?: number;
      /**
       * How long ago this happened, by the client's own clock, for pings that are sent later. More than 7 days counts as 7 days.
       */
      delay_ms?: number;
      /**
       * The machine on which the job runs
       */
      host?: string;
      /**
       * How many bytes of output the client left out before those it sends
       */
      output_dropped_bytes?: number;
    };
    answer: PingAnswer;
  };
  get_events: {
    query: {
      /**
       * Only what is about the job of this name
       */
      job?: string;
      /**
       * Only what is about jobs of this group
       */
      group?: string;
      /**
       * Only what is about jobs with this tag
       */
      tag?: string;
    };
    answer: string;
  };
  get_runs: {
    params: {
      /**
       * Name of the job
       */
      name: string;
    };
    query: {
      /**
       * How many to leave out
       */
      skip?: number;
      /**
       * How many at most
       */
      limit?: number;
      /**
       * Where the page begins: the cursor of the `Link` header of the page before. It does not go together with `skip`.
       */
      cursor?: string;
      /**
       * Only those that ended so; `open` for runs that have not ended
       */
      outcome?: 'success' | 'failure' | 'timeout' | 'missed' | 'abandoned' | 'skipped' | 'unknown' | 'open';
      /**
       * Only those that this host reported
       */
      host?: string;
      /**
       * Only what began at this instant or later: an instant with a zone, or a time ago such as `24h`. What never began counts by its slot, and a row of several slots by the last of them.
       */
      since?: string;
      /**
       * Only what began before this instant, in the same form. A row of several slots counts by the first of them.
       */
      until?: string;
    };
    answer: Run[];
  };
  get_all_runs: {
    query: {
      /**
       * How many at most
       */
      limit?: number;
      /**
       * Where the page begins: the cursor of the `Link` header of the page before. It does not go together with `skip`.
       */
      cursor?: string;
      /**
       * Only those of the job with this name
       */
      job?: string;
      /**
       * Only those of jobs of this group
       */
      group?: string;
      /**
       * Only those of jobs that have this tag
       */
      tag?: string;
      /**
       * Only runs whose kept output has this text, in upper or lower case; each with the first line that has it. A search reads at most 16 MiB or for 2 s and then says in headers how far it got. One goes on at a time.
       */
      output?: string;
      /**
       * Only those that ended so; `open` for runs that have not ended
       */
      outcome?: 'success' | 'failure' | 'timeout' | 'missed' | 'abandoned' | 'skipped' | 'unknown' | 'open';
      /**
       * Only those that this host reported
       */
      host?: string;
      /**
       * Only what began at this instant or later: an instant with a zone, or a time ago such as `24h`. What never began counts by its slot, and a row of several slots by the last of them.
       */
      since?: string;
      /**
       * Only what began before this instant, in the same form. A row of several slots counts by the first of them.
       */
      until?: string;
    };
    answer: NamedRun[];
  };
  get_recent_runs: {
    query: {
      /**
       * The names of the jobs, each as a parameter of its own
       *
       * @maxItems 50
       */
      job?: string[];
      /**
       * How many runs of each job at most
       */
      limit?: number;
    };
    answer: RecentRuns[];
  };
  get_runs_summary: {
    query: {
      /**
       * Only what began at this instant or later: an instant with a zone, or a time ago such as `24h`. What never began counts by its slot, and a row of several slots by the last of them.
       */
      since?: string;
    };
    answer: RunsSummary;
  };
  get_slots: {
    query: {
      /**
       * The beginning of the stretch of time, an instant with a zone or a time ago; 24 hours ago by default
       */
      from?: string;
      /**
       * Its end, which is no part of it, an instant with a zone or a time ahead; 12 hours ahead by default, and at most 31 days after its beginning
       */
      to?: string;
      /**
       * The length of a cell, such as `15m`; `0` keeps every slot alone. By default it grows with the stretch of time, so that a job has about 144 cells: 15 minutes for 36 hours, and none for 2 hours.
       */
      fold?: string;
      /**
       * How many items at most
       */
      limit?: number;
      /**
       * Where the page begins: the cursor of the `Link` header of the page before. It does not go together with `skip`.
       */
      cursor?: string;
      /**
       * Only those of the job with this name
       */
      job?: string;
      /**
       * Only those of jobs of this group
       */
      group?: string;
      /**
       * Only those of jobs that have this tag
       */
      tag?: string;
    };
    answer: Slot[];
  };
  get_badge: {
    params: {
      /**
       * The name of the job with `.svg` or `.json`
       */
      file: string;
    };
    query: {
      /**
       * The key of an address that `GET /badges` shows, in place of a token
       */
      key?: string;
    };
    answer: ShieldsBadge;
  };
  get_group_badge: {
    params: {
      /**
       * The group with `.svg` or `.json`
       */
      file: string;
    };
    query: {
      /**
       * The key of an address that `GET /badges` shows, in place of a token
       */
      key?: string;
    };
    answer: ShieldsBadge;
  };
  get_tag_badge: {
    params: {
      /**
       * The tag with `.svg` or `.json`
       */
      file: string;
    };
    query: {
      /**
       * The key of an address that `GET /badges` shows, in place of a token
       */
      key?: string;
    };
    answer: ShieldsBadge;
  };
  get_badge_of_all: {
    query: {
      /**
       * The key of an address that `GET /badges` shows, in place of a token
       */
      key?: string;
    };
    answer: string;
  };
  get_badge_of_all_json: {
    query: {
      /**
       * The key of an address that `GET /badges` shows, in place of a token
       */
      key?: string;
    };
    answer: ShieldsBadge;
  };
  get_badges: {
    query: {
      /**
       * How many at most
       */
      limit?: number;
      /**
       * Where the page begins: the cursor of the `Link` header of the page before. It does not go together with `skip`.
       */
      cursor?: string;
    };
    answer: BadgeAddress[];
  };
  get_run: {
    params: {
      /**
       * Name of the job
       */
      name: string;
      /**
       * Id of the run
       */
      id: string;
    };
    answer: Run;
  };
  get_output: {
    params: {
      /**
       * Name of the job
       */
      name: string;
      /**
       * Id of the run
       */
      id: string;
    };
    answer: string;
  };
  get_days: {
    params: {
      /**
       * Name of the job
       */
      name: string;
    };
    query: {
      /**
       * How many to leave out
       */
      skip?: number;
      /**
       * How many at most
       */
      limit?: number;
    };
    answer: Day[];
  };
  get_why: {
    params: {
      /**
       * Name of the job
       */
      name: string;
    };
    query: {
      /**
       * The instant to explain, by default now: a time of day in the job's time zone such as `02:05`, which is the last one that has been, a local time such as `2026-12-24 18:00`, an instant with its zone, or a time ago such as `2h`
       */
      at?: string;
    };
    answer: Why;
  };
  get_incidents: {
    query: {
      /**
       * How many to leave out
       */
      skip?: number;
      /**
       * How many at most
       */
      limit?: number;
      /**
       * Where the page begins: the cursor of the `Link` header of the page before. It does not go together with `skip`.
       */
      cursor?: string;
      /**
       * Those of the job of this name
       */
      job?: string;
      /**
       * Only open ones, or only closed ones
       */
      open?: 'true' | 'false';
    };
    answer: Incident[];
  };
  get_incident: {
    params: {
      /**
       * Id of the incident
       */
      id: string;
    };
    answer: Incident;
  };
  post_ack: {
    params: {
      /**
       * Id of the incident
       */
      id: string;
    };
    query: {
      /**
       * A duration such as `4h`, or an instant with its zone; at most 366 days ahead
       */
      until?: string;
    };
    body: {
      until?: string;
    };
    answer: Incident;
  };
  get_deliveries: {
    query: {
      /**
       * How many to leave out
       */
      skip?: number;
      /**
       * How many at most
       */
      limit?: number;
      /**
       * Where the page begins: the cursor of the `Link` header of the page before. It does not go together with `skip`.
       */
      cursor?: string;
      /**
       * `pending`: owed, and not sent yet; `last_error` says why where it was tried. `logged`: only Cronflow's own log has it, and nobody was told. `dead`: given up
       */
      status?: 'pending' | 'sent' | 'logged' | 'dead';
      /**
       * The name of a notifier that is configured, or of which something is kept
       */
      notifier?: string;
      /**
       * Only those about the incident with this id
       */
      incident?: string;
    };
    answer: Delivery[];
  };
  get_login: {
    query: {
      /**
       * Where to go after the login, a path of this server; anything else counts as `/`
       */
      next?: string;
    };
    answer: string;
  };
  post_login: {
    body: Login;
    answer: Session;
  };
  post_logout: {
    answer: null;
  };
  get_session: {
    answer: Session;
  };
  get_audit: {
    query: {
      /**
       * How many to leave out
       */
      skip?: number;
      /**
       * How many at most
       */
      limit?: number;
      /**
       * Where the page begins: the cursor of the `Link` header of the page before. It does not go together with `skip`.
       */
      cursor?: string;
      /**
       * Only what happened at this instant or later; an instant with a zone, or a time ago such as `24h`
       */
      since?: string;
      /**
       * Only what happened before this instant, written likewise
       */
      until?: string;
      /**
       * Only what was done with the token of this name
       */
      who?: string;
      /**
       * Only what changed the job of this name, as it was called then
       */
      job?: string;
    };
    answer: AuditEntry[];
  };
  get_metrics: {
    answer: string;
  };
  post_ping_success: {
    params: {
      /**
       * Name of the job
       */
      name: string;
    };
    query: {
      /**
       * The run's id, chosen by the client; the same at start and end. Up to 128 visible ASCII characters; anything else counts as none.
       */
      rid?: string;
    };
    body: string;
    answer: string;
  };
  get_ping_success: {
    params: {
      /**
       * Name of the job
       */
      name: string;
    };
    query: {
      /**
       * The run's id, chosen by the client; the same at start and end. Up to 128 visible ASCII characters; anything else counts as none.
       */
      rid?: string;
    };
    answer: string;
  };
  post_ping_start: {
    params: {
      /**
       * Name of the job
       */
      name: string;
    };
    query: {
      /**
       * The run's id, chosen by the client; the same at start and end. Up to 128 visible ASCII characters; anything else counts as none.
       */
      rid?: string;
    };
    body: string;
    answer: string;
  };
  get_ping_start: {
    params: {
      /**
       * Name of the job
       */
      name: string;
    };
    query: {
      /**
       * The run's id, chosen by the client; the same at start and end. Up to 128 visible ASCII characters; anything else counts as none.
       */
      rid?: string;
    };
    answer: string;
  };
  post_ping_fail: {
    params: {
      /**
       * Name of the job
       */
      name: string;
    };
    query: {
      /**
       * The run's id, chosen by the client; the same at start and end. Up to 128 visible ASCII characters; anything else counts as none.
       */
      rid?: string;
    };
    body: string;
    answer: string;
  };
  get_ping_fail: {
    params: {
      /**
       * Name of the job
       */
      name: string;
    };
    query: {
      /**
       * The run's id, chosen by the client; the same at start and end. Up to 128 visible ASCII characters; anything else counts as none.
       */
      rid?: string;
    };
    answer: string;
  };
  post_ping_log: {
    params: {
      /**
       * Name of the job
       */
      name: string;
    };
    query: {
      /**
       * The run's id, chosen by the client; the same at start and end. Up to 128 visible ASCII characters; anything else counts as none.
       */
      rid?: string;
    };
    body: string;
    answer: string;
  };
  get_ping_log: {
    params: {
      /**
       * Name of the job
       */
      name: string;
    };
    query: {
      /**
       * The run's id, chosen by the client; the same at start and end. Up to 128 visible ASCII characters; anything else counts as none.
       */
      rid?: string;
    };
    answer: string;
  };
  post_ping_exit_code: {
    params: {
      /**
       * Name of the job
       */
      name: string;
      /**
       * The exit code of the command
       */
      exit_code: string;
    };
    query: {
      /**
       * The run's id, chosen by the client; the same at start and end. Up to 128 visible ASCII characters; anything else counts as none.
       */
      rid?: string;
    };
    body: string;
    answer: string;
  };
  get_ping_exit_code: {
    params: {
      /**
       * Name of the job
       */
      name: string;
      /**
       * The exit code of the command
       */
      exit_code: string;
    };
    query: {
      /**
       * The run's id, chosen by the client; the same at start and end. Up to 128 visible ASCII characters; anything else counts as none.
       */
      rid?: string;
    };
    answer: string;
  };
  get_unknown_pings: {
    query: {
      /**
       * How many to leave out
       */
      skip?: number;
      /**
       * How many at most
       */
      limit?: number;
    };
    answer: {
      name: string;
      /**
       * What the last ping said
       */
      kind: string;
      count: number;
      first_at: string;
      last_at: string;
      /**
       * The job that was probably meant
       */
      nearest: string | null;
    }[];
  };
  get_config: {
    query: {
      /**
       * How many to leave out
       */
      skip?: number;
      /**
       * How many at most
       */
      limit?: number;
    };
    answer: ConfigStatus;
  };
  get_config_jobs: {
    query: {
      /**
       * How many to leave out
       */
      skip?: number;
      /**
       * How many at most
       */
      limit?: number;
      /**
       * Only the job of this name
       */
      job?: string;
    };
    answer: DeclaredJobs;
  };
  get_config_lints: {
    answer: ConfigLints;
  };
  post_config_check: {
    body: {
      /**
       * The text of a cronflow.yaml
       */
      text: string;
    };
    answer: ConfigTrial;
  };
  post_reload: {
    query: {
      /**
       * The revision of the held change that is meant
       */
      confirm?: string;
    };
    answer: ConfigStatus;
  };
}
export interface Root {
  message: string;
  name: 'cronflow';
  version: string;
  links: {
    [k: string]: string;
  };
  warnings: string[];
}
export interface Health {
  status: 'ok';
}
export interface Ready {
  status: 'ready' | 'not_ready';
  /**
   * Why not
   */
  detail?: string | null;
  warnings?: string[];
}
/**
 * What a job may declare, the same keys as in `cronflow.yaml`; those left out come from `defaults`
 */
export interface Declaration {
  /**
   * When the job should start: a cron expression as Debian's cron reads it (5 fields), with seconds first (6 fields), or one of @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually. Put it in quotes. Excludes `every`. A job with neither is not expected at any time; only what it reports counts.
   */
  schedule?: string;
  /**
   * The job should start again this long after its last start. For jobs that are not started by the clock. Excludes `schedule`.
   */
  every?: string;
  /**
   * The time zone of `schedule`, as an IANA name.
   */
  timezone?: string;
  /**
   * How long after its expected start the first sign of life of a run may come before it is reported missed. How early it may come follows from it: the shortest of `grace`, half the time since the slot before, and 2 minutes.
   */
  grace?: string;
  /**
   * A run that has not ended after this long is reported as a timeout. Where a job says nothing it is 24h; with `every`, or with `overlap: skip`, where an open run hides that the next one does not come, it is 4 periods, at least 1h and at most 24h. The period of a `schedule` is the shortest time between two of its slots. `cronflow check` shows the limit in force.
   */
  max_runtime?: string;
  /**
   * A run that ends well after less than this is a failure, `too_fast`: it cannot have done its work. Runs whose duration is not known are not judged by it.
   */
  min_runtime?: string;
  /**
   * Exit codes that count as success.
   *
   * @minItems 1
   * @maxItems 256
   */
  success_exit_codes?: number[];
  /**
   * What a run must show besides ending well; one that does not is a failure.
   */
  expect?: {
    /**
     * Conditions for the kept end of the output; a run that does not meet them is a failure, `output_mismatch`. No output counts as empty; a run whose client says that it captured none (`captured=false`, as the wrapper does at a terminal and with `--no-output`) is not judged.
     */
    output?: {
      /**
       * A text that must stand in the output, or several that must all stand in it.
       *
       * @minItems 1
       * @maxItems 32
       */
      contains?: string | string[];
      /**
       * A text that must not stand in the output, or several of which none may stand in it.
       *
       * @minItems 1
       * @maxItems 32
       */
      not_contains?: string | string[];
      /**
       * A regular expression that must match somewhere in it, in RE2 syntax: no look-around and no back-references, so that no output can make it slow.
       */
      matches?: string;
    };
  };
  /**
   * Says what follows when a run starts while another one is open. `allow`: both are watched. `forbid`: the second is a failure, `overlap`. `skip`: the job's own lock or scheduler drops it, so that slots which come while a run is open are skipped and nobody is told.
   */
  overlap?: 'allow' | 'forbid' | 'skip';
  /**
   * How many bad outcomes since the last good one it takes until somebody is told: a number for bad outcomes of any kind together, or a number for each kind by itself. A kind that is left out has 1.
   */
  failure_threshold?:
    | number
    | {
        /**
         * Runs that failed.
         */
        failure?: number;
        /**
         * Runs that never started.
         */
        missed?: number;
        /**
         * Runs that took too long.
         */
        timeout?: number;
      };
  /**
   * How many good runs in a row it takes until the trouble counts as over.
   */
  recovery_threshold?: number;
  /**
   * While the trouble lasts, say so again this often. `off` for never, also where `defaults` say otherwise.
   */
  remind_every?: string;
  /**
   * Who is told, by name of a notifier; with `on`, only of these kinds of trouble. Without `notify`, every notifier is told; with an empty list, nobody is.
   *
   * @maxItems 32
   */
  notify?: (
    | string
    | {
        /**
         * Name of a notifier.
         */
        to: string;
        /**
         * The kinds of trouble it is told of. All, when absent.
         *
         * @minItems 1
         */
        on?: ('failure' | 'missed' | 'timeout')[];
      }
  )[];
  /**
   * Times in which trouble is recorded and nobody is told. What is still bad at the end is announced after `grace`, unless the job does well before. Each window has `schedule` and `duration`, or `from` and `to`.
   *
   * @maxItems 100
   */
  maintenance?: {
    /**
     * When the window begins, each time: a cron expression.
     */
    schedule?: string;
    /**
     * How long it lasts.
     */
    duration?: string;
    /**
     * When a single window begins: a local time, or an instant with its zone.
     */
    from?: string;
    /**
     * When it ends; not part of it any more.
     */
    to?: string;
    /**
     * The zone of `schedule`, and of `from` and `to` where they say none. That of the job, when absent.
     */
    timezone?: string;
  }[];
  /**
   * How many runs may be open at once. One more, and the oldest is given up as abandoned.
   */
  max_open_runs?: number;
  /**
   * How many ended runs are kept in the history: those that ended last.
   */
  keep_runs?: number;
  /**
   * How many bytes of the end of a run's output are kept: a number, or thousands such as `50kB`. With 0 none is kept, and none is judged by `expect`. The wrapper sends the last 10,000 bytes; `CRONFLOW_OUTPUT_BYTES` lets it send more.
   */
  output_limit?: number | string;
  /**
   * While true, pings are recorded and do not count, nothing is expected and nobody is told.
   */
  paused?: boolean;
  /**
   * What the job does, for those who are told that it did not.
   */
  description?: string;
  /**
   * Address of a page that says what to do when the job is in trouble.
   */
  runbook?: string;
  /**
   * The person or team that looks after the job.
   */
  owner?: string;
  /**
   * Who is mentioned in Slack when trouble begins, so that it makes a sound: members and user groups by their ids, or `here`, `channel`, `everyone`. It replaces that of `defaults`.
   *
   * @maxItems 20
   */
  mention?: string[];
  /**
   * Labels to filter jobs by. They replace those of `defaults`.
   *
   * @maxItems 32
   */
  tags?: string[];
  /**
   * Keeps jobs together in lists and messages, and takes over what `groups` say of it.
   */
  group?: string;
  /**
   * While true, anybody who has its address may see the badge of the job, without a token. Nobody can guess the address; `GET /badges` shows it.
   */
  badge?: boolean;
  /**
   * The name that the job had so far. Where the old name leaves the file as the new one appears, the history goes on under the new name, and for 30 days pings under the old one count. To be taken out some time after.
   */
  renamed_from?: string;
}
/**
 * A job; beside these, every key of its declaration, defaults filled in
 */
export interface Job {
  id: string;
  name: string;
  /**
   * Who declared it; only `api` jobs can be removed over the API
   */
  source: 'file' | 'api';
  /**
   * Where a `file` job is declared
   */
  place: Place | null;
  schedule: string | null;
  every: string | null;
  timezone: string;
  description: string | null;
  tags: string[];
  group: string | null;
  owner: string | null;
  mention?: string[];
  /**
   * The name it had before, for 30 days after it was renamed
   */
  renamed_from: string | null;
  /**
   * How long after its expected start the first sign of life of a run may come before it is reported missed. How early it may come follows from it: the shortest of `grace`, half the time since the slot before, and 2 minutes.
   */
  grace?: string;
  /**
   * A run that has not ended after this long is reported as a timeout. Where a job says nothing it is 24h; with `every`, or with `overlap: skip`, where an open run hides that the next one does not come, it is 4 periods, at least 1h and at most 24h. The period of a `schedule` is the shortest time between two of its slots. `cronflow check` shows the limit in force.
   */
  max_runtime?: string;
  /**
   * A run that ends well after less than this is a failure, `too_fast`: it cannot have done its work. Runs whose duration is not known are not judged by it.
   */
  min_runtime?: string;
  /**
   * Exit codes that count as success.
   *
   * @minItems 1
   * @maxItems 256
   */
  success_exit_codes?: number[];
  /**
   * What a run must show besides ending well; one that does not is a failure.
   */
  expect?: {
    /**
     * Conditions for the kept end of the output; a run that does not meet them is a failure, `output_mismatch`. No output counts as empty; a run whose client says that it captured none (`captured=false`, as the wrapper does at a terminal and with `--no-output`) is not judged.
     */
    output?: {
      /**
       * A text that must stand in the output, or several that must all stand in it.
       *
       * @minItems 1
       * @maxItems 32
       */
      contains?: string | string[];
      /**
       * A text that must not stand in the output, or several of which none may stand in it.
       *
       * @minItems 1
       * @maxItems 32
       */
      not_contains?: string | string[];
      /**
       * A regular expression that must match somewhere in it, in RE2 syntax: no look-around and no back-references, so that no output can make it slow.
       */
      matches?: string;
    };
  };
  /**
   * Says what follows when a run starts while another one is open. `allow`: both are watched. `forbid`: the second is a failure, `overlap`. `skip`: the job's own lock or scheduler drops it, so that slots which come while a run is open are skipped and nobody is told.
   */
  overlap?: 'allow' | 'forbid' | 'skip';
  /**
   * How many bad outcomes since the last good one it takes until somebody is told: a number for bad outcomes of any kind together, or a number for each kind by itself. A kind that is left out has 1.
   */
  failure_threshold?:
    | number
    | {
        /**
         * Runs that failed.
         */
        failure?: number;
        /**
         * Runs that never started.
         */
        missed?: number;
        /**
         * Runs that took too long.
         */
        timeout?: number;
      };
  /**
   * How many good runs in a row it takes until the trouble counts as over.
   */
  recovery_threshold?: number;
  /**
   * While the trouble lasts, say so again this often. `off` for never, also where `defaults` say otherwise.
   */
  remind_every?: string;
  /**
   * Who is told, by name of a notifier; with `on`, only of these kinds of trouble. Without `notify`, every notifier is told; with an empty list, nobody is.
   *
   * @maxItems 32
   */
  notify?: (
    | string
    | {
        /**
         * Name of a notifier.
         */
        to: string;
        /**
         * The kinds of trouble it is told of. All, when absent.
         *
         * @minItems 1
         */
        on?: ('failure' | 'missed' | 'timeout')[];
      }
  )[];
  /**
   * Times in which trouble is recorded and nobody is told. What is still bad at the end is announced after `grace`, unless the job does well before. Each window has `schedule` and `duration`, or `from` and `to`.
   *
   * @maxItems 100
   */
  maintenance?: {
    /**
     * When the window begins, each time: a cron expression.
     */
    schedule?: string;
    /**
     * How long it lasts.
     */
    duration?: string;
    /**
     * When a single window begins: a local time, or an instant with its zone.
     */
    from?: string;
    /**
     * When it ends; not part of it any more.
     */
    to?: string;
    /**
     * The zone of `schedule`, and of `from` and `to` where they say none. That of the job, when absent.
     */
    timezone?: string;
  }[];
  /**
   * How many runs may be open at once. One more, and the oldest is given up as abandoned.
   */
  max_open_runs?: number;
  /**
   * How many ended runs are kept in the history: those that ended last.
   */
  keep_runs?: number;
  /**
   * How many bytes of the end of a run's output are kept: a number, or thousands such as `50kB`. With 0 none is kept, and none is judged by `expect`. The wrapper sends the last 10,000 bytes; `CRONFLOW_OUTPUT_BYTES` lets it send more.
   */
  output_limit?: number | string;
  /**
   * Address of a page that says what to do when the job is in trouble.
   */
  runbook?: string;
  /**
   * While true, anybody who has its address may see the badge of the job, without a token. Nobody can guess the address; `GET /badges` shows it.
   */
  badge?: boolean;
  status: Status;
  paused: boolean;
  /**
   * The instant at which a pause of the API ends by itself
   */
  paused_until_at?: string | null;
  /**
   * The expected slot has passed and nothing was heard yet
   */
  late: boolean;
  /**
   * What to change where every run is missed first and then heard of only at its end
   */
  advice: string | null;
  /**
   * The open incident
   */
  incident: IncidentSummary | null;
  last_run: InstantOrNull;
  last_success_at: InstantOrNull;
  last_outcome: Outcome;
  last_outcome_at: InstantOrNull;
  expected_at: InstantOrNull;
  deadline_at: InstantOrNull;
  created_at: Instant;
  updated_at: Instant;
}
export interface Place {
  file: string;
  line: number;
}
export interface IncidentSummary {
  id: string;
  reason: Reason;
  kinds: BadKind[];
  bad_count: number;
  opened_at: Instant;
  acknowledged_until_at: InstantOrNull;
}
/**
 * An object with none of these keys is taken for output
 */
export interface PingInput {
  rid?: string;
  exit_code?: number;
  signal?: string;
  duration_ms?: number;
  delay_ms?: number;
  host?: string;
  output?: string;
  output_dropped_bytes?: number;
  captured?: boolean;
}
export interface PingAnswer {
  ok: true;
  /**
   * The name of the job, as `name` is
   */
  job: string;
  run_id: string | null;
  reason: Reason;
  id: string;
  name: string;
  /**
   * Null for a job with a period, and for one that may run at any time
   */
  schedule: string | null;
  status: Status;
  last_run: string | null;
  created_at: string;
  /**
   * Names what to mend although the ping counts, such as a value that cannot be read, or that the job has another name now
   */
  warning?: string;
}
export interface Run {
  id: string;
  job_id: string;
  /**
   * Only in the list over all jobs
   */
  job_name?: string;
  /**
   * Only in a search of outputs: the first line that has the text
   */
  output_line?: string;
  rid: string | null;
  slot_at: InstantOrNull;
  /**
   * It claimed its slot after the slot had been given up
   */
  late: boolean;
  started_at: InstantOrNull;
  ended_at: InstantOrNull;
  duration_ms: number | null;
  limit_at: InstantOrNull;
  outcome: Outcome;
  reason: Reason;
  /**
   * What was expected of it and is not so, for people
   */
  detail: string | null;
  /**
   * False for what was recorded while paused
   */
  counted: boolean;
  exit_code: number | null;
  signal: string | null;
  host: string | null;
  output_bytes: number;
  output_dropped_bytes: number;
  /**
   * How many missed slots in a row this row stands for
   */
  count: number;
  first_slot_at: InstantOrNull;
}
export interface RecentRuns {
  job_name: string;
  runs: ShortRun[];
}
/**
 * A run, or slots that ended without one, in short
 */
export interface ShortRun {
  id: string;
  outcome: Outcome;
  reason: Reason;
  began_at: InstantOrNull;
  ended_at: InstantOrNull;
  duration_ms: number | null;
  limit_at: InstantOrNull;
  /**
   * How many slots this row stands for
   */
  count: number;
}
export interface RunsSummary {
  since_at: Instant;
  /**
   * Runs, those that go on included
   */
  run_count: number;
  /**
   * The jobs that ran, or that had a slot
   */
  job_count: number;
  /**
   * Runs that go on
   */
  open_count: number;
  /**
   * How many runs and slots ended how
   */
  outcomes: {
    [k: string]: number;
  };
  /**
   * Incidents that opened since
   */
  incident_count: number;
  /**
   * Those of them that are over
   */
  closed_count: number;
  /**
   * False where more ran than is looked at, so that the numbers are of the latest
   */
  is_whole: boolean;
}
export interface Slot {
  job_id: string;
  job_name: string;
  state: SlotState;
  /**
   * How many slots this item stands for
   */
  count: number;
  first_slot_at: Instant;
  slot_at: Instant;
  outcome: Outcome;
  /**
   * Null where the slot is still expected
   */
  reason: Reason | null;
  /**
   * The run claimed its slot after the slot had been given up
   */
  late: boolean;
  /**
   * The row of the history that stands for the latest of the slots
   */
  run_id: string | null;
  started_at: InstantOrNull;
  ended_at: InstantOrNull;
  deadline_at: InstantOrNull;
}
/**
 * An endpoint badge of shields.io
 */
export interface ShieldsBadge {
  schemaVersion: 1;
  label: string;
  message: string;
  color: 'brightgreen' | 'yellow' | 'red' | 'blue' | 'lightgrey';
  cacheSeconds: number;
}
export interface BadgeAddress {
  of: 'job' | 'group' | 'tag' | 'all';
  /**
   * The job, the group or the tag; null for all jobs
   */
  name: string | null;
  /**
   * The path of the picture, with its key
   */
  svg: string;
  /**
   * The path of what shields.io reads, with its key
   */
  json: string;
}
export interface Day {
  /**
   * UTC
   */
  date: string;
  /**
   * How many runs and slots ended how
   */
  outcomes: {
    success: number;
    failure: number;
    timeout: number;
    missed: number;
    abandoned: number;
    skipped: number;
    unknown: number;
  };
  /**
   * The median of the durations of runs whose end was reported, good or bad, within 1 %; null without any
   */
  median_ms: number | null;
  /**
   * Their 95th percentile, within 1 %
   */
  p95_ms: number | null;
}
/**
 * Why a job was as it was at an instant. `status`, `expected`, `incident_id` and `next` are as of that instant.
 */
export interface Why {
  job: string;
  /**
   * The zone of the job, in which the sentences give instants
   */
  timezone: string;
  /**
   * The instant that is explained
   */
  at: string;
  /**
   * The beginning of what is told
   */
  from_at: string;
  /**
   * The end of what is told
   */
  until_at: string;
  /**
   * Where the log begins; what was before is not known
   */
  log_from_at: string;
  /**
   * null before the job was declared
   */
  status: Status | null;
  expected: {
    /**
     * By which rule it is expected: a slot of its `schedule`; `every` so long after its last start; not while a run is open (`open_run`); a slot that waits for pings which were kept while Cronflow was away (`replay_window`); not at all (`paused`, `none`)
     */
    rule: 'schedule' | 'every' | 'open_run' | 'replay_window' | 'paused' | 'none';
    slot_at: string | null;
    /**
     * From then on a run may begin and claim the slot
     */
    early_from_at: string | null;
    /**
     * By then the slot must be claimed
     */
    deadline_at: string | null;
  } | null;
  /**
   * The incident that was open
   */
  incident_id: string | null;
  /**
   * The next thing that time alone does; null where there is none
   */
  next: {
    at: string;
    what: 'missed' | 'unknown' | 'timeout' | 'skipped' | 'announcement' | 'reminder' | 'resumption';
  } | null;
  /**
   * It in short
   */
  verdict: Told[];
  /**
   * The whole of it; a part with nothing to tell is left out
   */
  parts: {
    /**
     * What is expected; what happened up to the instant; what nobody could see; the incident; who was told; what time alone does next; what came after the instant
     */
    part: 'expected' | 'happened' | 'unseen' | 'incident' | 'told' | 'next' | 'later';
    told: Told[];
  }[];
}
/**
 * One thing that is told, in one or a few sentences
 */
export interface Told {
  /**
   * When it happened; null for what holds for longer
   */
  at: string | null;
  text: string;
  reason: Reason | null;
  /**
   * The entry of the history that it is about
   */
  run_id: string | null;
  /**
   * The address, on this server, of what the reason means and what to do about it
   */
  link: string | null;
}
export interface Incident {
  id: string;
  /**
   * Null for trouble of Cronflow itself
   */
  job_id: string | null;
  job_name: string | null;
  kind: 'job' | 'config' | 'outage' | 'store' | 'notifier';
  opened_at: Instant;
  closed_at: InstantOrNull;
  reason: Reason;
  opened_by_run_id: string | null;
  close_reason: 'recovered' | 'late_report' | 'paused' | 'removed' | null;
  kinds: BadKind[];
  bad_count: number;
  /**
   * The latest outcomes in it, oldest first
   */
  outcomes: {
    run_id: string;
    outcome: Outcome;
    reason: Reason;
    at: Instant;
    began_at: Instant;
  }[];
  /**
   * Notifiers to which a message about its opening was owed. Whether it has arrived stands at `GET /deliveries?incident=ID`
   */
  told: string[];
  next_reminder_at: InstantOrNull;
  reminder_count: number;
  announce_at: InstantOrNull;
  acknowledged_until_at: InstantOrNull;
  /**
   * What is wrong with Cronflow itself
   */
  detail?: string;
  /**
   * For kind notifier: its name
   */
  subject?: string;
}
export interface Delivery {
  id: string;
  job_id: string | null;
  incident_id: string;
  notifier: string;
  kind: 'opened' | 'reminder' | 'closed' | 'closed_silently';
  created_at: Instant;
  status: 'pending' | 'sent' | 'logged' | 'dead';
  attempts: number;
  next_attempt_at: Instant;
  finished_at: InstantOrNull;
  last_error: string | null;
  /**
   * Other deliveries that the message of this one tells of, too
   */
  merged_ids?: string[];
  /**
   * The delivery whose message tells of this one
   */
  merged_into?: string;
  /**
   * It was given up before, and was owed anew when the notifier took messages again
   */
  redelivered?: boolean;
  /**
   * What the receiver calls the message
   */
  receipt?: string;
  /**
   * What the message says
   */
  facts: {
    job_name: string | null;
    outcome: Outcome;
    reason: Reason;
    at: Instant;
    run_id: string | null;
    exit_code?: number | null;
    signal?: string | null;
    host?: string | null;
    duration_ms?: number | null;
    expected_at?: InstantOrNull;
    deadline_at?: InstantOrNull;
    bad_count?: number;
    last_success_at?: InstantOrNull;
    next_slot_at?: InstantOrNull;
    incident_opened_at?: Instant;
    detail?: string | null;
  };
}
export interface Login {
  /**
   * A token that allows reading or everything
   */
  token: string;
  /**
   * Where a form leads on to, a path of this server; anything else counts as `/`
   */
  next?: string;
}
export interface Session {
  via: 'token' | 'session' | 'anybody';
  /**
   * The name of the token
   */
  who: string | null;
  allows: ('all' | 'read' | 'ping')[];
  /**
   * When the session ends unless it is used; null without a session
   */
  idle_expires_at: string | null;
  /**
   * When the session ends in any case; null without a session
   */
  expires_at: string | null;
}
export interface AuditEntry {
  id: string;
  at: Instant;
  /**
   * How it was done: with a token, with a session, by anybody where no token is needed, or by a file of the configuration
   */
  via: 'token' | 'session' | 'anybody' | 'file';
  /**
   * The name of the token; for a file, what made Cronflow read it
   */
  who: string | null;
  /**
   * The address of the client; for a file, the host of the Cronflow that read it
   */
  from: string | null;
  action:
    | 'job_registered'
    | 'job_changed'
    | 'job_renamed'
    | 'job_removed'
    | 'job_paused'
    | 'job_resumed'
    | 'incident_acknowledged'
    | 'configuration_applied';
  /**
   * The jobs that it changed, 500 at most
   */
  jobs: string[];
  /**
   * The incident that was acknowledged
   */
  incident_id: string | null;
  /**
   * What changed, key by key
   */
  changes: {
    job: string | null;
    key: string;
    /**
     * The value before; absent where there was none
     */
    from?: {
      [k: string]: unknown;
    };
    /**
     * The value after; absent where there is none
     */
    to?: {
      [k: string]: unknown;
    };
  }[];
  /**
   * How many jobs and changes are left out, because one entry is bounded
   */
  left_out: number;
}
export interface ConfigStatus {
  /**
   * SHA-256 of what is applied
   */
  revision: string | null;
  /**
   * SHA-256 of the files on the disk of the instance that answers; null where they are not valid
   */
  disk_revision: string | null;
  /**
   * The main file
   */
  source: string | null;
  files: string[];
  applied_at: InstantOrNull;
  /**
   * Why what is on disk is not what is applied
   */
  last_error: {
    at: Instant;
    code: string;
    detail: string;
    faults: Fault[];
  } | null;
  /**
   * A change that waits for a confirmation
   */
  held: {
    revision: string;
    detail: string;
  } | null;
}
export interface Fault {
  code: string;
  /**
   * Where in the input; empty for the whole
   */
  path: string;
  message: string;
  /**
   * What was probably meant
   */
  suggestion?: string;
  /**
   * Only of a lint
   */
  severity?: 'warning' | 'note';
  /**
   * Only of a lint that is about one job; its name
   */
  job?: string;
  file?: string;
  line?: number;
  column?: number;
}
export interface DeclaredJobs {
  /**
   * How many jobs there are in all
   */
  total: number;
  /**
   * SHA-256 of what is applied
   */
  revision: string | null;
  /**
   * Their names
   */
  notifiers: string[];
  replay_window_ms: number;
  /**
   * What is written in the file that belongs to no job, such as `notifiers.ops.type`, by path: variables as such, secrets as `(secret)`. Null where that is not known
   */
  settings: {
    [k: string]: string;
  } | null;
  jobs: {
    id: string;
    name: string;
    source: 'file' | 'api';
    /**
     * Where it is declared; null for a job of the API
     */
    place: {
      file: string;
      line: number;
    } | null;
    /**
     * As written
     */
    declared: {};
    /**
     * With its group and the defaults filled in
     */
    declaration: {};
    removed_at: InstantOrNull;
    /**
     * Its former names
     */
    renamed: {
      from: string;
      at: string;
    }[];
    /**
     * How many runs it has had
     */
    run_count: number;
  }[];
}
export interface ConfigLints {
  /**
   * What is valid and probably not meant; each has a severity. At most 1,000, and then one that counts the others
   */
  lints: Fault[];
  /**
   * The lints for people, each with its line and a caret
   */
  text: string;
  /**
   * Whether the configuration is too long to be looked through by a service
   */
  is_too_long: boolean;
}
export interface ConfigTrial {
  /**
   * Whether it is valid
   */
  ok: boolean;
  errors: Fault[];
  /**
   * What is valid and probably not meant; each has a severity. At most 1,000, and then one that counts the others
   */
  lints: Fault[];
  /**
   * The errors, or the lints, for people, each with its line and a caret
   */
  text: string;
  /**
   * What applying it would change; null where it is not valid
   */
  plan: {
    /**
     * As `cronflow plan` prints it
     */
    lines: string[];
    totals: string;
    /**
     * Whether it would change nothing
     */
    is_empty: boolean;
    /**
     * Whether it would wait to be confirmed
     */
    would_be_held: boolean;
  } | null;
  /**
   * Which incidents of the last 7 days would have been others, for people, as `cronflow backtest` says it. It takes at most 5 s and says how many jobs it left out. Null where nothing changes that counts, or where the text is not valid.
   */
  backtest: string | null;
  job_count: number | null;
  /**
   * What the text refers to and was not looked at
   */
  not_read: string[];
}

/** The method and the path of each operation. */
export const OPERATIONS = {
  get_root: { method: 'GET', path: '/' },
  get_healthz: { method: 'GET', path: '/healthz' },
  get_readyz: { method: 'GET', path: '/readyz' },
  get_openapi: { method: 'GET', path: '/openapi.json' },
  get_docs: { method: 'GET', path: '/docs' },
  get_reasons: { method: 'GET', path: '/docs/reasons' },
  get_docs_script: { method: 'GET', path: '/docs/docs.js' },
  get_docs_style: { method: 'GET', path: '/docs/docs.css' },
  get_screen: { method: 'GET', path: '/ui/{screen}' },
  get_job_page: { method: 'GET', path: '/ui/jobs/{name}' },
  get_run_page: { method: 'GET', path: '/ui/jobs/{name}/runs/{id}' },
  get_incident_page: { method: 'GET', path: '/ui/incidents/{id}' },
  get_page_file: { method: 'GET', path: '/ui/assets/{file}' },
  post_job: { method: 'POST', path: '/jobs' },
  get_jobs: { method: 'GET', path: '/jobs' },
  get_job: { method: 'GET', path: '/jobs/{name}' },
  put_job: { method: 'PUT', path: '/jobs/{name}' },
  patch_job: { method: 'PATCH', path: '/jobs/{name}' },
  delete_job: { method: 'DELETE', path: '/jobs/{name}' },
  post_pause: { method: 'POST', path: '/jobs/{name}/pause' },
  post_resume: { method: 'POST', path: '/jobs/{name}/resume' },
  post_start: { method: 'POST', path: '/jobs/{name}/start' },
  get_start: { method: 'GET', path: '/jobs/{name}/start' },
  post_success: { method: 'POST', path: '/jobs/{name}/success' },
  get_success: { method: 'GET', path: '/jobs/{name}/success' },
  post_failure: { method: 'POST', path: '/jobs/{name}/failure' },
  get_failure: { method: 'GET', path: '/jobs/{name}/failure' },
  post_log: { method: 'POST', path: '/jobs/{name}/log' },
  get_log: { method: 'GET', path: '/jobs/{name}/log' },
  post_skip: { method: 'POST', path: '/jobs/{name}/skip' },
  get_skip: { method: 'GET', path: '/jobs/{name}/skip' },
  get_events: { method: 'GET', path: '/events' },
  get_runs: { method: 'GET', path: '/jobs/{name}/runs' },
  get_all_runs: { method: 'GET', path: '/runs' },
  get_recent_runs: { method: 'GET', path: '/runs/recent' },
  get_runs_summary: { method: 'GET', path: '/runs/summary' },
  get_slots: { method: 'GET', path: '/slots' },
  get_badge: { method: 'GET', path: '/badge/{file}' },
  get_group_badge: { method: 'GET', path: '/badge/group/{file}' },
  get_tag_badge: { method: 'GET', path: '/badge/tag/{file}' },
  get_badge_of_all: { method: 'GET', path: '/badge.svg' },
  get_badge_of_all_json: { method: 'GET', path: '/badge.json' },
  get_badges: { method: 'GET', path: '/badges' },
  get_run: { method: 'GET', path: '/jobs/{name}/runs/{id}' },
  get_output: { method: 'GET', path: '/jobs/{name}/runs/{id}/output' },
  get_days: { method: 'GET', path: '/jobs/{name}/days' },
  get_why: { method: 'GET', path: '/jobs/{name}/why' },
  get_incidents: { method: 'GET', path: '/incidents' },
  get_incident: { method: 'GET', path: '/incidents/{id}' },
  post_ack: { method: 'POST', path: '/incidents/{id}/ack' },
  get_deliveries: { method: 'GET', path: '/deliveries' },
  get_login: { method: 'GET', path: '/login' },
  post_login: { method: 'POST', path: '/login' },
  post_logout: { method: 'POST', path: '/logout' },
  get_session: { method: 'GET', path: '/session' },
  get_audit: { method: 'GET', path: '/audit' },
  get_metrics: { method: 'GET', path: '/metrics' },
  post_ping_success: { method: 'POST', path: '/ping/{name}' },
  get_ping_success: { method: 'GET', path: '/ping/{name}' },
  post_ping_start: { method: 'POST', path: '/ping/{name}/start' },
  get_ping_start: { method: 'GET', path: '/ping/{name}/start' },
  post_ping_fail: { method: 'POST', path: '/ping/{name}/fail' },
  get_ping_fail: { method: 'GET', path: '/ping/{name}/fail' },
  post_ping_log: { method: 'POST', path: '/ping/{name}/log' },
  get_ping_log: { method: 'GET', path: '/ping/{name}/log' },
  post_ping_exit_code: { method: 'POST', path: '/ping/{name}/{exit_code}' },
  get_ping_exit_code: { method: 'GET', path: '/ping/{name}/{exit_code}' },
  get_unknown_pings: { method: 'GET', path: '/pings/unknown' },
  get_config: { method: 'GET', path: '/config' },
  get_config_jobs: { method: 'GET', path: '/config/jobs' },
  get_config_lints: { method: 'GET', path: '/config/lints' },
  post_config_check: { method: 'POST', path: '/config/check' },
  post_reload: { method: 'POST', path: '/config/reload' },
} as const satisfies Record<keyof Operations, { method: string; path: string }>;
