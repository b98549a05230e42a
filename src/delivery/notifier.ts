import type { Clock } from '../clock.ts';
import type { NotifierSettings } from '../core/model/notifier-config.ts';
import type { Logger } from '../observe/log.ts';
import type { Message } from './message/message.ts';
import type { Pacer } from './transport/pacer.ts';

/** What became of one attempt to send. One place (the worker) decides what to do about it. */
export type SendResult =
  | {
      result: 'ok';
      /**
       * What the receiver calls the message, for those that go on about the same incident (`Message.opening`); at most
       * a few hundred characters, and no secret.
       */
      receipt?: string;
    }
  /**
   * Nobody was told: Cronflow's own log has the message, and nothing else. `notSentBecause` says why where a person
   * was meant to be told; null where the log is what somebody chose.
   */
  | { result: 'logged'; notSentBecause: string | null }
  /** Try again; nothing at all to this notifier before `afterMs`, if the receiver said so. */
  | { result: 'retry'; detail: string; afterMs?: number }
  /** Trying again is pointless until the configuration changes. */
  | { result: 'permanent'; detail: string };

/** A configured destination. One folder per kind. */
export interface Notifier {
  readonly name: string;
  readonly type: string;
  /** How many messages it takes at a time; its own pace, if it keeps one, comes on top. */
  readonly concurrency: number;
  /**
   * Whether what it was told stays there as open until it is told otherwise: then it also hears, with
   * `closed_silently`, that a job in trouble was paused or removed (docs/design.md §3.3).
   */
  readonly keepsState: boolean;
  /** Set where nobody is told: Cronflow's own log has every message, and nothing else. */
  readonly onlyLogs?: true;
  /**
   * How many characters of jobs' names and the words around them a merged message may list (docs/design.md §7, Storms);
   * null: each delivery is a message of its own, whatever happens.
   */
  readonly mergedLengthMax: number | null;
  /**
   * Sends once, without repeating. Never throws; ends soon after `signal` aborts. What it answers holds no
   * secret: it goes to the log and the API.
   */
  send(message: Message, signal: AbortSignal): Promise<SendResult>;
  /** Waits for what is being sent. */
  close(): Promise<void>;
}

/** What notifiers are built with. */
export interface NotifierParts {
  clock: Clock;
  logger: Logger;
  /** One pace per destination, even where two notifiers or two revisions name the same. */
  pacerOf: (destination: string, intervalMs: number) => Pacer;
}

/** How a kind of notifier is built, from settings that the schema has let through. */
export type BuildNotifier = (name: string, settings: NotifierSettings, parts: NotifierParts) => Notifier;
