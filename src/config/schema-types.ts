/** Generated from schemas/cronflow.schema.json by scripts/generate-types.mjs. Do not edit. */
import type { Declaration } from '../core/model/declaration.ts';

/**
 * The jobs that Cronflow watches, and who is told of trouble.
 */
export interface ConfigFile {
  defaults?: Declaration;
  /**
   * Defaults for the jobs of a group, by the name of the group; they go before `defaults`. Where there are groups, the `group` of a job must be one of them; otherwise `group` is a mere label.
   */
  groups?: {
    [k: string]: Declaration;
  };
  /**
   * The notifiers that can be told, by name. Without any, one named `slack` takes its webhook from the environment variable SLACK_WEBHOOK_URL.
   */
  notifiers?: {
    /**
     * Somebody who can be told.
     */
    [k: string]:
      | {
          /**
           * The kind of notifier.
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
          /**
           * The Bot User OAuth Token of an app with the scope `chat:write`, instead of a webhook. A secret: take it from the environment.
           */
          bot_token?: string;
          /**
           * A file that holds the token, instead of `bot_token`. Relative to the file that names it; read at every load.
           */
          bot_token_file?: string;
          /**
           * The channel that a bot token posts to: its id, or its name, in quotes where it begins with a #. The app must be a member of it.
           */
          channel?: string;
          /**
           * The address of Slack's Web API, for a bot token. GovSlack and proxies have another one.
           */
          api_url?: string;
          /**
           * Who is mentioned in this channel when trouble of any job begins, beside those whom the job itself mentions.
           *
           * @maxItems 20
           */
          mention?: string[];
        }
      | {
          /**
           * The kind of notifier.
           */
          type: 'webhook';
          /**
           * The address that messages are posted to. A secret, because it may hold a token: take it from the environment. Redirects are not followed.
           */
          url?: string;
          /**
           * A file that holds it, instead of `url`. Relative to the file that names it; read at every load.
           */
          url_file?: string;
          /**
           * Post in the words and within the limits of this service, instead of JSON of the incident. `type: discord` and the like say the same in short. `url` is then, for `discord`, that of a channel's webhook; for `telegram`, `https://api.telegram.org/bot<token>/sendMessage`; for `teams`, that of a workflow that posts what it receives to a channel; for `ntfy`, that of a topic, such as `https://ntfy.sh/my-topic`.
           */
          preset?: 'discord' | 'telegram' | 'teams' | 'ntfy';
          /**
           * For `preset: telegram`: the number of the chat, in quotes, or the @name of a channel.
           */
          chat_id?: string;
          /**
           * Further headers, by name. Their values are secrets: take them from the environment.
           */
          headers?: {
            [k: string]: string;
          };
          /**
           * The key that the body is signed with (HMAC-SHA256), so that the receiver can tell that it comes from Cronflow. Without one nothing is signed.
           */
          secret?: string;
          /**
           * A file that holds it, instead of `secret`. Relative to the file that names it; read at every load.
           */
          secret_file?: string;
          /**
           * A second key to sign with, while receivers change from one to the other.
           */
          previous_secret?: string;
          /**
           * A file that holds it, instead of `previous_secret`. Relative to the file that names it; read at every load.
           */
          previous_secret_file?: string;
          /**
           * A body of your own. `{{title}}`, `{{job.name}}` and the like stand for the value at that path of the JSON of the incident. In a JSON body the value is text within quotes, and a JSON value elsewhere. In a body of another type it is text, escaped for forms, XML and HTML.
           */
          template?: string;
          /**
           * The media type of the `template`.
           */
          content_type?: string;
          /**
           * True if the receiver keeps trouble open until it is told of the end. Then it is also told, as `closed_silently`, that a job in trouble was paused or removed. The default is true for JSON of the incident, and false with `template` or `preset`.
           */
          keeps_state?: boolean;
        }
      | {
          /**
           * The chat service.
           */
          type: 'discord' | 'telegram' | 'teams' | 'ntfy';
          /**
           * The address that messages are posted to. For `discord`, that of a channel's webhook; for `telegram`, `https://api.telegram.org/bot<token>/sendMessage`; for `teams`, that of a workflow that posts what it receives to a channel; for `ntfy`, that of a topic, such as `https://ntfy.sh/my-topic`. A secret: take it from the environment.
           */
          url?: string;
          /**
           * A file that holds it, instead of `url`. Relative to the file that names it; read at every load.
           */
          url_file?: string;
          /**
           * For `type: telegram`: the number of the chat, in quotes, or the @name of a channel.
           */
          chat_id?: string;
          /**
           * Further headers, by name. Their values are secrets: take them from the environment.
           */
          headers?: {
            [k: string]: string;
          };
        }
      | {
          /**
           * The kind of notifier.
           */
          type: 'email';
          /**
           * The mail server.
           */
          host: string;
          /**
           * Its port. The default is 587 with `security: starttls`, 465 with `tls`, and 25 with `none`.
           */
          port?: number;
          /**
           * `starttls`: the connection is encrypted after it was made, or nothing is sent. `tls`: from the start. `none`: not at all, for a server on the same machine.
           */
          security?: 'starttls' | 'tls' | 'none';
          /**
           * The user who logs in; without it there is no login.
           */
          username?: string;
          /**
           * The password of `username`. A secret: take it from the environment.
           */
          password?: string;
          /**
           * A file that holds it, instead of `password`. Relative to the file that names it; read at every load.
           */
          password_file?: string;
          /**
           * A file with the certificates (PEM) of the authority that is trusted, instead of those that the system trusts.
           */
          ca_file?: string;
          /**
           * The certificates themselves, instead of `ca_file`.
           */
          ca?: string;
          /**
           * The sender of the mail. Its domain is also that of the mails' ids.
           */
          from: string;
          /**
           * The recipients.
           *
           * @minItems 1
           * @maxItems 50
           */
          to: string[];
          /**
           * The address for answers, if that is not `from`.
           */
          reply_to?: string;
        }
      | {
          /**
           * The kind of notifier.
           */
          type: 'pagerduty';
          /**
           * The Integration Key of an Events API v2 integration of the service. A secret: take it from the environment.
           */
          routing_key?: string;
          /**
           * A file that holds the key, instead of `routing_key`. Relative to the file that names it; read at every load.
           */
          routing_key_file?: string;
          /**
           * The severity of trouble in PagerDuty. Where the urgency of a service follows it, `warning` and `info` wake nobody.
           */
          severity?: 'critical' | 'error' | 'warning' | 'info';
          /**
           * The address that events are sent to. Accounts in the EU and proxies have another one.
           */
          url?: string;
        }
      | {
          /**
           * The kind of notifier.
           */
          type: 'log';
        };
  };
  /**
   * The jobs, by name. A job that is a text is its schedule. `{}` for none.
   */
  jobs?: {
    /**
     * This interface was referenced by `undefined`'s JSON-Schema definition
     * via the `patternProperty` "^(schedule|every|timezone|grace|max_runtime|min_runtime|success_exit_codes|expect|overlap|failure_threshold|recovery_threshold|remind_every|notify|maintenance|max_open_runs|keep_runs|output_limit|paused|description|runbook|owner|mention|tags|group|badge|renamed_from)$".
     */
    [k: string]: Declaration;
  };
  /**
   * Further files that bring jobs, and nothing else; relative to this file. `*`, `?`, `[abc]` and `{a,b}` stand for parts of a name, `**` for any directories; hidden files are not found by them. A file named without any must exist.
   *
   * @maxItems 100
   */
  include?: string[];
  /**
   * The address at which people reach Cronflow, for links in messages. Empty for no links.
   */
  public_url?: string;
  /**
   * The address at which people read the file, for a link in messages to the line that declares a job. `{path}` stands for the path of the file, relative to the directory of this one, and `{line}` for the line. Empty for no link.
   */
  source_url?: string;
  /**
   * What `/metrics` shows beyond the service as a whole.
   */
  metrics?: {
    /**
     * Whether jobs have series of their own: status, last success, durations. For at most 1,000 jobs, the first by name, because each job is some twenty series.
     */
    per_job?: boolean;
  };
  /**
   * The time that jobs have, after Cronflow itself was away, to report what they did meanwhile. Slots of which nothing is heard then end as `unknown`.
   */
  replay_window?: string;
  /**
   * Regular expressions in RE2 syntax for text that must not be shown, in addition to text that looks like a password, key or token. They apply to the output of a job in messages, to this file in errors, plans and the log, and to the answers of receivers. A match is replaced by `[redacted]`; if the expression has a group in parentheses, only the group is. The stored output stays as it is, and so the API shows it.
   *
   * @maxItems 50
   */
  redact?: string[];
  /**
   * The badges of many jobs together that anybody who has their address may see, without a token. Nobody can guess the addresses; `GET /badges` shows them.
   */
  badges?: {
    /**
     * While true, the badge of all jobs is one of them.
     */
    all?: boolean;
    /**
     * The groups whose badges are.
     *
     * @maxItems 100
     *
     * Items: Keeps jobs together in lists and messages, and takes over what `groups` say of it.
     */
    groups?: string[];
    /**
     * The tags whose badges are, each of the jobs that have it.
     *
     * @maxItems 100
     */
    tags?: string[];
  };
  /**
   * An address that Cronflow calls again and again while it does its work. A service there tells somebody when the calls stop, so that the death of Cronflow itself is noticed. Needs one of `url` and `url_file`.
   */
  heartbeat?: {
    /**
     * The address, which is called by GET. A secret: take it from the environment. Empty: no heartbeat is sent.
     */
    url?: string;
    /**
     * A file that holds the address, instead of `url`. Relative to the file that names it; read at every load.
     */
    url_file?: string;
    /**
     * The time between two calls. The service should wait for this long and two minutes more before it tells anybody.
     */
    every?: string;
  };
}
