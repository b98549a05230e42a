import type { Declaration } from '../core/model/declaration.ts';
import type { Groups } from '../core/model/defaults.ts';
import type { Lint } from '../core/model/errors.ts';
import type { HeartbeatConfig } from '../core/model/heartbeat-config.ts';
import type { NotifierConfig } from '../core/model/notifier-config.ts';
import type { Globals } from '../core/model/spec.ts';
import type { PlannedJob } from '../core/plan/planned-job.ts';

export type { NotifierConfig };

/** One file that was read, as text. */
export interface SourceFile {
  path: string;
  text: string;
}

/** A validated configuration. */
export interface Config {
  /** SHA-256 (hex) of what was read. */
  revision: string;
  files: readonly SourceFile[];
  defaults: Declaration;
  groups: Groups;
  notifiers: readonly NotifierConfig[];
  jobs: readonly PlannedJob[];
  /** What is valid and probably not meant, as far as the files tell; the plan knows more. */
  lints: readonly Lint[];
  /** For links in messages; without a trailing slash; null when not set. */
  publicUrl: string | null;
  /** Where the line that declares a job is read, with `{path}` and `{line}` in it; null when not set. */
  sourceUrl: string | null;
  /** Patterns in RE2 syntax: what messages must not show of what a job printed. */
  redact: readonly string[];
  /** Null where none is to be sent. */
  heartbeat: HeartbeatConfig | null;
  globals: Globals;
  /** What of all this belongs to no job, as it is written, by dotted path: for plans. Without secrets. */
  written: Readonly<Record<string, string>>;
}
