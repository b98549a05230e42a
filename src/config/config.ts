import type { Declaration } from '../core/declaration.ts';
import type { Groups } from '../core/defaults.ts';
import type { NotifierConfig } from '../core/notifier-config.ts';
import type { Globals } from '../core/spec.ts';
import type { Place } from '../core/model.ts';

export type { NotifierConfig };

/** A job as the files declare it. */
export interface DeclaredJob {
  name: string;
  place: Place;
  /** As written. */
  declared: Declaration;
  /** With what its group and `defaults` say filled in. */
  declaration: Declaration;
}

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
  jobs: readonly DeclaredJob[];
  /** For links in messages; without a trailing slash; null when not set. */
  publicUrl: string | null;
  globals: Globals;
}
