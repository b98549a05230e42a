/** Generated from schemas/cronflow.schema.json by scripts/generate-types.mjs. Do not edit. */
import type { Declaration } from '../core/declaration.ts';

/**
 * What Cronflow watches, and who is told.
 */
export interface ConfigFile {
  defaults?: Declaration;
  /**
   * What holds for the jobs of a group, by its name, before `defaults`. Where there are any, the `group` of a job must be one of them; without, `group` is a mere label.
   */
  groups?: {
    [k: string]: Declaration;
  };
  /**
   * Who can be told, by name. Without any, one named `slack` takes its webhook from the environment variable SLACK_WEBHOOK_URL.
   */
  notifiers?: {
    /**
     * Somebody who can be told.
     */
    [k: string]:
      | {
          /**
           * The kind of notifier: `slack` or `log`.
           */
          type: 'slack';
          /**
           * The address of the incoming webhook. A secret: take it from the environment. Empty: nothing is sent, every notification is logged.
           */
          webhook_url?: string;
          /**
           * A file that holds the address, instead of `webhook_url`. Relative to the file that names it; read at every load.
           */
          webhook_url_file?: string;
        }
      | {
          /**
           * The kind of notifier: `slack` or `log`.
           */
          type: 'log';
        };
  };
  /**
   * The jobs, by name. `{}` for none.
   */
  jobs?: {
    [k: string]: Declaration;
  };
  /**
   * Further files that bring jobs, and nothing else; relative to this file. `*`, `?`, `[abc]` and `{a,b}` stand for parts of a name, `**` for any directories; hidden files are not found by them. A file named without any must exist.
   *
   * @maxItems 100
   */
  include?: string[];
  /**
   * Where people reach Cronflow, for links in messages. Empty for none.
   */
  public_url?: string;
  /**
   * After Cronflow itself was away, how long jobs have to report what they did meanwhile, before such slots are written down as unknown.
   */
  replay_window?: string;
  /**
   * What messages must not show of what a job printed, beside what looks like a password, key or token anywhere: regular expressions in RE2 syntax. What one matches is replaced by `[redacted]`; where it has a group in parentheses, that alone. What is stored stays as it is.
   *
   * @maxItems 50
   */
  redact?: string[];
}
