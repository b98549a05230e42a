import type { Clock } from '../clock.ts';
import type { NotifierSettings } from '../core/model/notifier-config.ts';
import type { Logger } from '../observe/log.ts';
import type { Message } from './message/message.ts';
import type { Pacer } from './transport/pacer.ts';

/** The result of one attempt to send. Only the worker decides what follows from it. */
export type SendResult =
  | {
      result: 'ok';
      /**
       * The receiver's name for the message, for later messages about the same incident (`Message.opening`). It has a
       * few hundred characters at most and holds no secret.
       */
      receipt?: string;
    }
  /**
   * Nobody was told, and only Cronflow's own log has the message. `notSentBecause` gives the reason where a person
   * was meant to be told; it is null where somebody chose the log.
   */
  | { result: 'logged'; notSentBecause: string | null }
  /**
   * The message may be tried again. If the receiver said so, nothing at all goes to this notifier before `afterMs`
   * have passed.
   */
  | { result: 'retry'; detail: string; afterMs?: number }
  /** Another attempt is pointless until the configuration changes. */
  | { result: 'permanent'; detail: string };

/** A configured destination. One folder per kind. */
export interface Notifier {
  readonly name: string;
  readonly type: string;
  /** The number of messages that it takes at a time; its own pace, if it keeps one, comes on top. */
  readonly concurrency: number;
  /**
   * True if the receiver keeps trouble as open until it is told otherwise. Then it also hears, with
   * `closed_silently`, that a job in trouble was paused or removed (docs/design.md §3.3).
   */
  readonly keepsState: boolean;
  /** Set where nobody is told, because only Cronflow's own log has the messages. */
  readonly onlyLogs?: true;
  /**
   * The number of characters of jobs' names and the words around them that a merged message may list (docs/design.md
   * §7, Storms). Null makes each delivery a message of its own, whatever happens.
   */
  readonly mergedLengthMax: number | null;
  /**
   * Sends once, without repeating. Never throws; ends soon after `signal` aborts. Its answer holds no secret, because
   * that goes to the log and the API.
   */
  send(message: Message, signal: AbortSignal): Promise<SendResult>;
  /** Waits for the messages that are being sent. */
  close(): Promise<void>;
}

/** The parts of the process that a notifier is built with. */
export interface NotifierParts {
  clock: Clock;
  logger: Logger;
  /** Returns the one pacer of a destination, even where two notifiers or two revisions name the same. */
  pacerOf: (destination: string, intervalMs: number) => Pacer;
}

/** Builds a notifier of one kind, from settings that the schema has accepted. */
export type BuildNotifier = (name: string, settings: NotifierSettings, parts: NotifierParts) => Notifier;
