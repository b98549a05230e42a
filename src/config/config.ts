import type { Declaration } from '../core/declaration.ts';
import type { Globals } from '../core/spec.ts';
import type { Place } from '../core/model.ts';

/** A job as the files declare it. */
export interface DeclaredJob {
  name: string;
  place: Place;
  /** As written. */
  declared: Declaration;
  /** With `defaults` filled in. */
  declaration: Declaration;
}

/** A notifier as the files declare it; secrets are resolved. */
export type NotifierConfig =
  | {
      name: string;
      type: 'slack';
      /** Empty: nothing is sent, every notification is logged. */
      webhookUrl: string;
    }
  | { name: string; type: 'log' };

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
  notifiers: readonly NotifierConfig[];
  jobs: readonly DeclaredJob[];
  /** For links in messages; without a trailing slash; null when not set. */
  publicUrl: string | null;
  globals: Globals;
}
