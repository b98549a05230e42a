import type { PublicBadges } from '../core/model/badge.ts';
import type { Declaration } from '../core/model/declaration.ts';
import type { Groups } from '../core/model/defaults.ts';
import type { Lint } from '../core/model/errors.ts';
import type { HeartbeatConfig } from '../core/model/heartbeat-config.ts';
import type { NotifierConfig } from '../core/model/notifier-config.ts';
import type { Globals } from '../core/model/spec.ts';
import type { PlannedJob } from '../core/plan/planned-job.ts';

export type { NotifierConfig };

export interface SourceFile {
  path: string;
  text: string;
}

/** A validated configuration. */
export interface Config {
  /** SHA-256 (hex) of the files that were read. */
  revision: string;
  files: readonly SourceFile[];
  defaults: Declaration;
  groups: Groups;
  notifiers: readonly NotifierConfig[];
  jobs: readonly PlannedJob[];
  /** Valid settings that are probably not meant, as far as the files alone can tell; the plan finds more. */
  lints: readonly Lint[];
  /** The address for links in messages, without a trailing slash; null when not set. */
  publicUrl: string | null;
  /**
   * The address at which people read the line that declares a job, with `{path}` and `{line}` in it; null when not
   * set.
   */
  sourceUrl: string | null;
  /** Patterns in RE2 syntax. Messages must not show the parts of a job's output that these match. */
  redact: readonly string[];
  /** The badges of many jobs that anybody may see who has their address. */
  badges: PublicBadges;
  /** Null where no heartbeat is to be sent. */
  heartbeat: HeartbeatConfig | null;
  /** Whether jobs may have metrics of their own. */
  perJobMetrics: boolean;
  globals: Globals;
  /** The settings that belong to no job, as they are written and by dotted path, for plans. They hold no secrets. */
  written: Readonly<Record<string, string>>;
}
