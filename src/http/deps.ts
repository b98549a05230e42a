import type { Clock } from '../clock.ts';
import type { Actor } from '../core/model/audit.ts';
import type { PublicBadges } from '../core/model/badge.ts';
import type { Declaration } from '../core/model/declaration.ts';
import type { Fault } from '../core/model/errors.ts';
import type { HeartbeatStatus } from '../core/model/heartbeat-config.ts';
import type { NamedToken } from '../core/model/named-token.ts';
import type { PingKind } from '../core/model/reasons.ts';
import type { Globals } from '../core/model/spec.ts';
import type { Ingest } from '../ingest/ingest.ts';
import type { UnknownPing } from '../ingest/unknown-pings.ts';
import type { Logger } from '../observe/log.ts';
import type { ServiceCounts } from '../observe/service-counts.ts';
import type { MessageCounts } from '../observe/message-counts.ts';
import type { Store } from '../store/store.ts';
import type { BasePathOptions } from './request/base-path.ts';
import type { HttpLimits } from './limits.ts';
import type { Tokens } from './access/tokens.ts';

/** The configuration that is applied, and the result of the last attempt to change it. */
export interface ConfigStatus {
  /** SHA-256 (hex) of the configuration that is applied; null when none ever was. */
  revision: string | null;
  /** That of the files on the disk of this instance; null where they are not valid. */
  disk_revision: string | null;
  /** Path of the main file; null without one. */
  source: string | null;
  /** All files that were read for it, the main one included. */
  files: readonly string[];
  applied_at: number | null;
  /** The reason why the files on disk are not what is applied; null when they are. */
  last_error: ConfigError | null;
  /** A change that waits for `POST /config/reload?confirm=REVISION`. */
  held: { revision: string; detail: string } | null;
}

export interface ConfigError {
  at: number;
  code: string;
  detail: string;
  faults: readonly Fault[];
}

/** What a configuration is worth that is not applied. */
export interface ConfigTrial {
  ok: boolean;
  errors: readonly Fault[];
  lints: readonly (Fault & { severity: 'warning' | 'note' })[];
  /** The errors, or the lints, for people: each with its line and a caret. */
  text: string;
  /** What applying it would change; null where it is not valid. */
  plan: { lines: readonly string[]; totals: string; is_empty: boolean; would_be_held: boolean } | null;
  /** Which incidents of the last week would have been others; null where nothing that counts changes. */
  backtest: string | null;
  job_count: number | null;
  /** What the text refers to and was not looked at. */
  not_read: readonly string[];
}

/** What is probably not meant in the configuration that is applied. */
export interface ConfigLints {
  lints: ConfigTrial['lints'];
  /** The lints for people: each with its line and a caret. */
  text: string;
  /** True where the configuration is too long to be looked through by a service. */
  is_too_long: boolean;
}

/** A declaration that may be registered, as the caller wrote it. */
export interface ValidDeclaration {
  name: string;
  declared: Declaration;
}

/**
 * The parts that HTTP is built from, as a plain object, since the routes get a copy of it with more. Everything that
 * reads files or the configuration is handed in.
 */
export interface HttpDeps {
  store: Store;
  ingest: Ingest;
  clock: Clock;
  logger: Logger;
  /** The tokens of the variables. */
  tokens: Tokens;
  /** Returns the tokens of `CRONFLOW_TOKENS_FILE` as of now; null, or no function, without such a file. */
  namedTokens?: () => readonly NamedToken[] | null;
  version: string;
  /** Judges `{name, schedule, ...}` as posted to `/jobs`: returns the valid declaration, or every fault. */
  validateDeclaration(input: unknown): ValidDeclaration | readonly Fault[];
  configStatus(): ConfigStatus;
  /**
   * Reads the configuration again at once.
   * @param options.by whoever asks
   * @throws CronflowError `config_invalid` with its faults, `config_held` naming the revision to confirm
   */
  reload(options: { confirm?: string; by?: Actor }): Promise<ConfigStatus>;
  /** Says what the text of a configuration is worth. It changes nothing, and reads nothing but the text. */
  tryConfig(text: string): Promise<ConfigTrial>;
  /** Says what is probably not meant in the configuration that is applied. */
  configLints(): ConfigLints;
  /** Returns warnings for people, such as that nobody will be told of anything. */
  notices(): readonly string[];
  /** Returns the state of heartbeats; null while none is configured. */
  heartbeat(): HeartbeatStatus | null;
  /** Returns the names of the notifiers that are meant to tell somebody and tell nobody. */
  tellingNobody(): readonly string[];
  /** Names the notifiers whose receivers refuse what this instance sends, while others may send it; absent, none. */
  refusing?: () => readonly string[];
  /**
   * Tells whether the metrics of this instance have what is read from the store. Of instances that share one it is true
   * for one at a time, so that a sum over them counts each job once. Without it, they have it.
   */
  metersStore?: () => boolean;
  /** The outcomes of messages since the start. */
  messages: MessageCounts;
  /** What was counted since the start; absent, nothing is counted outside HTTP. */
  counts?: ServiceCounts;
  /** Returns when a check last left nothing undone, on the monotonic clock; null for never. */
  checkedMs?: () => number | null;
  /** Tells whether the configuration allows metrics of single jobs. */
  perJobMetrics?: () => boolean;
  /** Returns the settings that complete a spec. Only the deadlines that are shown depend on them. */
  globals(): Globals;
  /** Returns the badges of many jobs that anybody may see who has their address. */
  publicBadges(): PublicBadges;
  /** Called for every ping that names no job. */
  onUnknownPing(name: string, kind: PingKind): void;
  /** Returns the names that pinged and that nobody declared, those that pinged last first. */
  unknownPings(): readonly UnknownPing[];
  /** Called for every ping under a former name of a job. */
  onFormerName(name: string, job: string, kind: PingKind): void;
  /** Where a reverse proxy shows Cronflow; absent, at the root. */
  base?: BasePathOptions;
  /** The limits that are not as usual. */
  limits?: Partial<HttpLimits>;
}
