/** Generated from schemas/cronflow.schema.json by scripts/generate-types.mjs. Do not edit. */

/**
 * A job: facts about it, and what is expected of it.
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
